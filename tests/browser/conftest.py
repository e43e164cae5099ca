"""One Chromium and one JupyterLab for all browser tests, a page and a folder for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from example_project import copy_example
from requirements import ROOT, require_or_skip

from browser.bench_page import CELL
from browser.lab import CHROMIUM_OPTIONS, LabPage, jupyter_lab, write_notebook
from pwmig.project import Project

SHOTS = ROOT / "test-output"

HARMLESS = ("favicon",)  # a missing icon of the page
"""What the console may say that has nothing to do with pwmig."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """The machine's own Chromium, driven by Playwright."""
    sync_api = _playwright()
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if not found:
        require_or_skip("browser", "there is no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=list(CHROMIUM_OPTIONS))
        yield browser
        browser.close()


def _playwright() -> Any:
    try:
        from playwright import sync_api
    except ImportError:
        require_or_skip("browser", "Playwright is not installed (it is in the dev group)")
    return sync_api


@dataclass(frozen=True)
class Server:
    """JupyterLab's address, and the folder whose files it shows."""

    address: str
    root: Path


@pytest.fixture(scope="package")
def server(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home, root = tmp_path_factory.mktemp("jupyter-home"), tmp_path_factory.mktemp("lab")
    with jupyter_lab(root, home) as address:
        yield Server(address, root)


@pytest.fixture
def folder(server: Server, request: pytest.FixtureRequest) -> Path:
    """An empty folder that the server shows, for the project of one test."""
    made = server.root / request.node.name.replace("[", "-").replace("]", "")
    made.mkdir()
    return made


class Window:
    """One window of Chromium in which JupyterLab is loaded once: each test opens its notebook in it."""

    def __init__(self, chromium: Any, address: str) -> None:
        self._chromium, self._address = chromium, address
        self._context: Any = None
        self.page: LabPage | None = None

    def open(self, notebook: str, theme: str, width: int, height: int) -> LabPage:
        size = {"width": width, "height": height}
        if self.page is None:
            self._context = self._chromium.new_context(viewport=size)
            self.page = LabPage(self._context.new_page(), self._address).open(notebook)
        else:
            self.page.page.set_viewport_size(size)
            self.page.turn_to(notebook)
        self.page.theme(f"JupyterLab {theme}")
        return self.page

    def close(self) -> None:
        if self._context is not None:
            self._context.close()
        self._context = self.page = None


@pytest.fixture(scope="package")
def window(chromium: Any, server: Server) -> Iterator[Window]:
    window = Window(chromium, server.address)
    yield window
    window.close()


@pytest.fixture
def lab(window: Window, server: Server, request: pytest.FixtureRequest) -> Iterator[Callable[..., LabPage]]:
    """``lab(notebook, width=1280, theme="Light")``: the notebook's page; once a test.

    At the end its console must hold no error, and it must have asked nobody but the server for anything.
    After a test that failed the next one gets a new window.
    """
    failed = request.session.testsfailed
    opened: list[LabPage] = []

    def open_page(notebook: Path, width: int = 1280, height: int = 1000, theme: str = "Light") -> LabPage:
        assert not opened, "one notebook a test"
        opened.append(window.open(notebook.relative_to(server.root).as_posix(), theme, width, height))
        return opened[0]

    yield open_page
    for page in opened:
        page.leave()
    errors = [error for page in opened for error in page.errors if not any(word in error for word in HARMLESS)]
    strangers = [url for page in opened for url in page.strangers]
    if errors or strangers or request.session.testsfailed > failed:
        window.close()
    assert errors == [], "the page's console holds errors"
    assert strangers == [], "the page asked for something outside"


@pytest.fixture
def example(folder: Path) -> Path:
    """A copy of the example project with all its migrations applied, and a notebook of one cell."""
    root = copy_example(folder / "players")
    project = Project.open(root)
    project.apply()
    project.database.close()
    write_notebook(root / "workbench.ipynb", [CELL])
    return root


@pytest.fixture
def shot() -> Callable[[Any, str], None]:
    """``shot(page, name)``: a picture into test-output, for people to look at."""
    SHOTS.mkdir(exist_ok=True)

    def take(page: Any, name: str) -> None:
        page.screenshot(path=SHOTS / f"{name}.png")

    return take
