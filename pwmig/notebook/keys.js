// JupyterLab's command mode takes arrows and letters from whatever is focused and is no text field. A list and a choice
// of the workbench keep them: Lumino passes over what has this attribute.
//
// Questions that take the place of the button that was pressed get the focus, which would be lost with it; nothing is
// taken from where a person writes. Each question is a group by its text, described by what was seen, and so is the field
// for its answer: ipywidgets gives no way to say that.
if (!window.pwmigKeys) {
  window.pwmigKeys = true;
  document.addEventListener("focusin", (event) => {
    if (event.target instanceof Element && event.target.matches(".pwmig-bench select, .pwmig-bench input[type=radio]")) {
      event.target.setAttribute("data-lm-suppress-shortcuts", "");
    }
  });
  const lost = (node) =>
    !node || node === document.body || node.matches(".jp-Notebook, .jp-Cell") || node.closest(".pwmig-models, .pwmig-editor-top");
  let told = 0;
  const named = (node) => {
    node.id ||= `pwmig-told-${++told}`;
    return node.id;
  };
  const group = (question) => {
    const [text, seen] = ["h4", "ul"].map((name) => question.querySelector(`.pwmig-asked-about ${name}`));
    if (text && seen) {
      question.setAttribute("role", "group");
      question.setAttribute("aria-labelledby", named(text));
      for (const node of [question, ...question.querySelectorAll("input[type=text]")]) {
        node.setAttribute("aria-describedby", named(seen));
      }
    }
  };
  new MutationObserver((records) => {
    const added = records.flatMap((record) => [...record.addedNodes]).filter((node) => node instanceof Element);
    if (added.some((node) => node.closest(".pwmig-questions"))) {
      // A widget gets its classes only once it is shown.
      setTimeout(() => document.querySelectorAll(".pwmig-question").forEach(group), 50);
    }
    const first = added.map((node) => node.closest(".pwmig-questions")?.querySelector("input")).find((found) => found);
    if (first && lost(document.activeElement)) {
      first.focus();
    }
  }).observe(document.body, { childList: true, subtree: true });
}
