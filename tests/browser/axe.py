"""What axe-core finds wrong with a part of a page, for people who see little or use no mouse."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
"""The rules of WCAG 2.1, levels A and AA, contrast included: https://www.w3.org/TR/WCAG21/"""

WEIGHTY = ("serious", "critical")

HEAD_LENGTH = 160

RUN = """async (node, options) => {
    const body = document.body.style;
    const height = body.height;
    body.height = '100vh';
    try {
        return await window.axe.run(node, options);
    } finally {
        body.height = height;
    }
}"""
"""JupyterLab's body is 0 px high and cuts what stands out of it, its one child aside, which lies over it: axe takes
all text in there for hidden, and would look at the contrast of none. So the body gets its height while axe looks."""


@cache
def script() -> str:
    """The text of axe-core, from the package that carries it: nothing is loaded from outside."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def findings(page: Any, within: Any) -> list[str]:
    """The serious and critical findings in what a locator names, a line each, sorted.

    A line says the rule, the head of the element's HTML, and what is wrong with it.
    """
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(script())
    options = {"runOnly": {"type": "tag", "values": list(RULES)}, "resultTypes": ["violations"]}
    found = within.evaluate(RUN, options)
    return sorted(
        _line(rule["id"], node) for rule in found["violations"] for node in rule["nodes"] if node["impact"] in WEIGHTY
    )


def _line(rule: str, node: dict[str, Any]) -> str:
    html = " ".join(node["html"].split())
    head = html if len(html) <= HEAD_LENGTH else html[:HEAD_LENGTH] + "..."
    wrong = [check["message"] for kind in ("any", "all", "none") for check in node[kind]]
    return f"{rule}: {head}: {'; '.join(wrong)}"
