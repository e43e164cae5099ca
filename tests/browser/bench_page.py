"""The workbench as a person meets it: by the names of its buttons, tabs and fields."""

from __future__ import annotations

from typing import Any

from browser.lab import LabPage

CELL = "from pwmig.notebook import Workbench\n\nworkbench = Workbench()\nworkbench"


class BenchPage:
    """A workbench in a notebook that is open in JupyterLab."""

    def __init__(self, lab: LabPage) -> None:
        self.lab = lab
        self.page = lab.page
        self.root = lab.page.locator(".jp-OutputArea .pwmig-bench:not(.pwmig-static)")
        lab.run_all()
        self.button("Rehearse").wait_for()

    def button(self, name: str) -> Any:
        return self.root.get_by_role("button", name=name, exact=True)

    def click(self, name: str) -> None:
        self.button(name).click()

    def field(self, name: str) -> Any:
        """A field of the form that is shown, by its label."""
        return self.root.locator(".pwmig-form").get_by_label(name, exact=True)

    def tab(self, name: str) -> Any:
        """Open a tab, and give what it shows."""
        self.root.get_by_role("tab", name=name, exact=True).click()
        return self.root.locator(".pwmig-tabs .widget-tab-contents > :not(.lm-mod-hidden)")

    def choose(self, migration: str) -> None:
        """Choose a migration of the timeline; ``no migration`` is the moment before the first."""
        timeline = self.root.get_by_label("Migrations", exact=True)
        labels = [" ".join(label.split()) for label in timeline.locator("option").all_inner_texts()]
        timeline.select_option(index=next(n for n, label in enumerate(labels) if migration in label))

    def timeline(self) -> list[tuple[str, str]]:
        """Each migration as (state, name), without its sign."""
        labels = self.root.get_by_label("Migrations", exact=True).locator("option").all_inner_texts()
        return [(parts[1], parts[2]) for label in labels if len(parts := label.split()) == 3]

    def await_pending(self, count: int) -> None:
        """Wait until the header says so many pending: it is renewed last."""
        said = "nothing pending" if count == 0 else f"{count} migration{'s' if count > 1 else ''} pending"
        self.root.get_by_text(said, exact=True).wait_for()

    def await_run(self, title: str) -> None:
        """Wait until the Plan tab tells of a run."""
        self.tab("Plan").get_by_text(title).first.wait_for()
        self.await_idle()

    def await_idle(self) -> None:
        self.root.locator(".pwmig-tools button:disabled", has_text="Cancel").wait_for()

    def overflow(self) -> list[str]:
        """What of the workbench stands out of it sideways, or is cut off: nothing should."""
        return list(
            self.root.evaluate(
                """(root) => {
                    const box = root.getBoundingClientRect();
                    const scrolled = (node) => node.closest('.pwmig-scroll, pre, select, .widget-tab-contents');
                    const shown = [...root.querySelectorAll('button, h3, .lm-TabBar-tab, input, select, .pwmig-badge')];
                    return shown.filter((node) => {
                        const place = node.getBoundingClientRect();
                        const out = place.right > box.right + 1 || place.left < box.left - 1;
                        const cut = node.tagName === 'BUTTON' && node.scrollWidth > node.clientWidth + 1;
                        return place.width > 0 && (cut || (out && !scrolled(node)));
                    }).map((node) => node.outerHTML.slice(0, 120));
                }"""
            )
        )
