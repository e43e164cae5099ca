"""One Chromium and one JupyterLab for all browser tests, a page and a folder for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from requirements import ROOT, require_or_skip

from browser.lab import CHROMIUM_OPTIONS, LabPage, jupyter_lab

SHOTS = ROOT / "test-output"

HARMLESS = ("favicon",)  # a missing icon of the page
"""What the console may say that has nothing to do with pwmig."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
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


@pytest.fixture
def lab(chromium: Any, server: Server) -> Iterator[Callable[..., LabPage]]:
    """``lab(notebook, width=1280)``: the notebook's page.

    At the end its console must hold no error, and it must have asked nobody but the server for anything.
    """
    opened: list[LabPage] = []

    def open_page(notebook: Path, width: int = 1280, height: int = 1000) -> LabPage:
        context = chromium.new_context(viewport={"width": width, "height": height})
        page = LabPage(context.new_page(), server.address)
        opened.append(page)
        return page.open(notebook.relative_to(server.root).as_posix())

    yield open_page
    errors = [error for page in opened for error in page.errors if not any(word in error for word in HARMLESS)]
    for page in opened:
        page.shut_down()
        page.page.context.close()
    assert errors == [], "the page's console holds errors"
    assert [url for page in opened for url in page.strangers] == [], "the page asked for something outside"


@pytest.fixture
def shot() -> Callable[[Any, str], None]:
    """``shot(page, name)``: a picture into test-output, for people to look at."""
    SHOTS.mkdir(exist_ok=True)

    def take(page: Any, name: str) -> None:
        page.screenshot(path=SHOTS / f"{name}.png")

    return take
