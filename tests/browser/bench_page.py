"""The workbench as a person meets it: by the names of its buttons, tabs and fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from browser.lab import LabPage

CELL = "from pwmig.notebook import Workbench\n\nworkbench = Workbench()\nworkbench"

TABS = ("Plan", "Schema", "Rows", "Diagram", "Explore", "Diff", "Log")
EDITOR_TABS = ("Code", "SQL", "Schema", "Rows")

WAIT_MS = 30_000

OVERFLOW = """(root) => {
    const box = root.getBoundingClientRect();
    const scrolled = (node) => node.closest('.pwmig-scroll, pre, select, .widget-tab-contents, .pwmig-facts');
    const named = 'button, label, h3, h4, h5, th, summary, legend, .lm-TabBar-tab, .lm-TabBar-tabLabel, input, select, '
        + 'textarea, progress, .pwmig-badge, .pwmig-elapsed, .pwmig-location';
    const own = (node) => 'BUTTON LABEL H3 H4 H5 TH SUMMARY'.split(' ').includes(node.tagName)
        || node.matches('.lm-TabBar-tab, .lm-TabBar-tabLabel, .pwmig-badge, .pwmig-elapsed');
    const shown = [...root.querySelectorAll(named)].filter((node) => node.checkVisibility());
    return shown.flatMap((node) => {
        const place = node.getBoundingClientRect();
        if (place.width === 0) return [];
        const out = place.right > box.right + 1 || place.left < box.left - 1;
        const cut = own(node) && (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 2)
            && getComputedStyle(node).overflow !== 'visible';
        const spills = own(node) && node.clientWidth > 0 && node.scrollWidth > node.clientWidth + 1;
        const why = cut ? 'cut off' : spills ? 'spills' : out && !scrolled(node) ? 'stands out' : '';
        return why ? [why + ': ' + node.outerHTML.slice(0, 120)] : [];
    });
}"""
"""What is too narrow or too low for what it says, or stands out of the workbench sideways where nothing scrolls."""

PLACES = """(root) => Object.fromEntries(['.pwmig-top', '.pwmig-tools', '.pwmig-timeline', '.pwmig-tabs',
    '.pwmig-tabs > .lm-TabBar, .pwmig-tabs > .widget-tab-bar, .pwmig-tabs .lm-TabBar'].map((name) => {
    const place = root.querySelector(name).getBoundingClientRect(), box = root.getBoundingClientRect();
    return [name, [place.x - box.x, place.y - box.y, place.width, place.height].map(Math.round).join(' ')];
}))"""
"""Where the parts stand that a person's eyes and hand go to, from the workbench's corner: x y width height, in px."""


def expect(place: Any, why: str | None = None) -> Any:
    """Playwright's claims, which wait until they hold; imported late, as it may not be installed."""
    from playwright import sync_api

    return sync_api.expect(place, why)


class BenchPage:
    """A workbench in a notebook that is open in JupyterLab."""

    def __init__(self, lab: LabPage) -> None:
        self.lab = lab
        self.page = lab.page
        self.root = lab.page.locator(".jp-OutputArea .pwmig-bench:not(.pwmig-static)")
        lab.run_all()
        self.button("Rehearse").wait_for()
        self.editor = EditorPage(self)

    def button(self, name: str) -> Any:
        return self.root.get_by_role("button", name=name, exact=True)

    def click(self, name: str) -> None:
        self.button(name).click()

    def field(self, name: str) -> Any:
        """A field that can be seen, by its label."""
        return self.root.get_by_label(name, exact=True).locator("visible=true")

    def tab(self, name: str) -> Any:
        """Open a tab, and give what it shows."""
        self.root.get_by_role("tab", name=name, exact=True).click()
        return self.root.locator(".pwmig-tabs > .widget-tab-contents > :not(.lm-mod-hidden)")

    def choose(self, migration: str) -> None:
        """Choose a migration of the timeline; ``no migration`` is the moment before the first."""
        timeline = self.root.get_by_label("Migrations", exact=True)
        labels = [" ".join(label.split()) for label in timeline.locator("option").all_inner_texts()]
        timeline.select_option(index=next(n for n, label in enumerate(labels) if migration in label))

    def timeline(self) -> list[tuple[str, str]]:
        """Each migration as (state, name), without its sign and its age."""
        labels = self.root.get_by_label("Migrations", exact=True).locator("option").all_inner_texts()
        return [(parts[1], parts[-1]) for label in labels if len(parts := label.split()) > 2]

    @property
    def alert(self) -> Any:
        """What went wrong, as it is told above the tabs."""
        return self.root.locator(".pwmig-error").get_by_role("alert")

    @property
    def question(self) -> Any:
        return self.root.get_by_role("alertdialog")

    def in_code(self) -> str:
        """The call that does what was clicked last."""
        return str(self.root.locator(".pwmig-status .pwmig-line").inner_text())

    def await_in_code(self, line: str) -> None:
        self.root.locator(".pwmig-status").get_by_text(line, exact=True).wait_for(timeout=WAIT_MS)

    def await_pending(self, count: int) -> None:
        """Wait until the header says so many pending: it is renewed last."""
        said = "nothing pending" if count == 0 else f"{count} migration{'s' if count > 1 else ''} pending"
        self.root.get_by_text(said, exact=True).wait_for(timeout=WAIT_MS)

    def await_run(self, title: str) -> None:
        """Wait until the Plan tab tells of a run."""
        self.tab("Plan").get_by_text(title).first.wait_for(timeout=WAIT_MS)
        self.await_idle()

    def await_idle(self) -> None:
        self.root.locator(".pwmig-tools button:disabled", has_text="Cancel").wait_for(timeout=WAIT_MS)

    def picture(self, shot: Callable[[Any, str], None], name: str) -> None:
        """A picture of the workbench alone, without the mark of what has the focus."""
        self.page.evaluate("() => document.activeElement.blur()")
        self.lab.settle()
        shot(self.root, name)

    def overflow(self) -> list[str]:
        """What of the workbench stands out of it sideways, or is cut off: nothing should."""
        return list(self.root.evaluate(OVERFLOW))

    def places(self) -> dict[str, str]:
        """Where tools, timeline and tabs stand: nothing of it should jump."""
        return dict(self.root.evaluate(PLACES))


class EditorPage:
    """The editor of a workbench, which is there after New migration or Edit."""

    def __init__(self, bench: BenchPage) -> None:
        self.lab, self.page = bench.lab, bench.page
        self.box = bench.root.locator(".pwmig-editor")
        self.code = self.box.get_by_label("Code", exact=True).locator("visible=true")

    def field(self, label: str) -> Any:
        """A field that can be seen, by its label."""
        return self.box.get_by_label(label, exact=True).locator("visible=true")

    def button(self, name: str) -> Any:
        """A button of the editor; of those that lists in the form have as well, the editor's own comes first."""
        return self.box.get_by_role("button", name=name, exact=True).first

    def click(self, name: str) -> None:
        self.button(name).click()

    def tab(self, name: str) -> Any:
        """Open a tab of the editor, and give what it shows."""
        self.box.get_by_role("tab", name=name, exact=True).click()
        return self.box.locator(".pwmig-editor-tabs .widget-tab-contents > :not(.lm-mod-hidden)")

    def operations(self) -> list[str]:
        """The operations of the draft in words, without their numbers."""
        options = self.box.get_by_label("Operations", exact=True).locator("option").all_inner_texts()
        return [" ".join(option.split()[1:]) for option in options]

    def choose(self, place: int) -> None:
        """Choose the operation of that place, from 0."""
        self.box.get_by_label("Operations", exact=True).select_option(index=place)

    def add(self, operation: str, **fields: str) -> None:
        """Fill in the form, Column="level" and so on, and add the operation; a list's choice is its label."""
        self.field("Operation").select_option(operation)
        self.lab.settle()
        for label, value in fields.items():
            field = self.field(label.replace("_", " "))
            field.wait_for()
            if field.evaluate("(node) => node.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        self.box.locator(".pwmig-editor-left button:enabled", has_text="Add").last.wait_for()
        self.click("Add")
        self.lab.settle()

    def await_state(self, text: str) -> None:
        """Wait until the line below the title says so: whether it is saved, and how far the rehearsal is."""
        self.box.locator(".pwmig-editor-state", has_text=text).wait_for(timeout=WAIT_MS)
