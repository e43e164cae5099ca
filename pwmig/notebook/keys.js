// JupyterLab's command mode takes arrows and letters from whatever is focused and is no text field. A list of the
// workbench keeps them: Lumino passes over what has this attribute.
if (!window.pwmigKeys) {
  window.pwmigKeys = true;
  document.addEventListener("focusin", (event) => {
    if (event.target instanceof Element && event.target.matches(".pwmig-bench select")) {
      event.target.setAttribute("data-lm-suppress-shortcuts", "");
    }
  });
}
