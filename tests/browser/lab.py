"""JupyterLab on loopback with a folder of its own, and a page of it in Chromium."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TOKEN = "pwmig-browser-test"

CHROMIUM_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

KERNEL_SPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_notebook(path: Path, cells: Sequence[str]) -> Path:
    """A notebook of code cells without outputs."""
    made = [
        {"cell_type": "code", "id": f"cell-{n}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for n, text in enumerate(cells)
    ]
    content = {"cells": made, "metadata": {"kernelspec": KERNEL_SPEC}, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@contextmanager
def jupyter_lab(root: Path, home: Path) -> Iterator[str]:
    """A server whose files are those below ``root``; nothing of the person's own settings is read or written."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"),
        *(f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"),
        *("--ServerApp.terminals_enabled=False", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    environment = _environment(home)
    _ask_for_no_news(Path(environment["JUPYTERLAB_SETTINGS_DIR"]))
    log = (home / "server.log").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _await_answer(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()


def _environment(home: Path) -> dict[str, str]:
    """The environment of the tests, with every folder of Jupyter's below ``home``."""
    own = {
        "HOME": "home",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    made = {name: str(home / folder) for name, folder in own.items()}
    for folder in made.values():
        Path(folder).mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PWMIG_PROJECT")}
    return kept | made | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def _ask_for_no_news(settings: Path) -> None:
    """Answer JupyterLab's question about news, which would lie over the page."""
    file = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))


def _await_answer(url: str, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not answer within {seconds} s (it ended with {server.poll()})")


class LabPage:
    """A notebook open in JupyterLab, and what its page did that it should not: ``errors`` of its console and dialogs
    that it opened, and ``strangers``, the addresses it asked for that are not the server's own.
    """

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address
        self.errors: list[str] = []
        self.strangers: list[str] = []
        context = page.context
        context.on("console", self._heard)
        context.on("weberror", lambda fault: self.errors.append(str(fault.error)))
        context.on("dialog", self._asked)
        context.on("request", lambda request: self._sent(request.url))
        context.on("page", self._watch)
        self._watch(page)

    def _watch(self, page: Any) -> None:
        page.on("websocket", lambda socket: self._sent(socket.url))

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _asked(self, dialog: Any) -> None:
        self.errors.append(f"a dialog was opened ({dialog.type}): {dialog.message}")
        dialog.dismiss()

    def _sent(self, url: str) -> None:
        """Also what was sent in vain, or was not let out; data that stands in the address itself goes nowhere."""
        asked = urlsplit(url)
        if asked.netloc and asked.netloc != urlsplit(self.address).netloc:
            self.strangers.append(url)

    def open(self, notebook: str) -> LabPage:
        """Load JupyterLab with a notebook, and wait until its kernel is ready."""
        self.page.goto(f"{self.address}/lab/tree/{notebook}?token={TOKEN}&reset")
        self.page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.context", timeout=90_000)
        return self._await_kernel()

    def turn_to(self, notebook: str) -> LabPage:
        """Open another notebook where JupyterLab is loaded already, which takes a quarter of the time."""
        self.errors.clear()
        self.strangers.clear()
        self.page.evaluate(
            "async (path) => { await jupyterapp.commands.execute('docmanager:open', {path}); }", notebook
        )
        return self._await_kernel()

    def leave(self) -> None:
        """End the notebook's kernel and close it without a question, whatever is not saved."""
        self.shut_down()
        self.page.evaluate("() => jupyterapp.shell.currentWidget.dispose()")

    def _await_kernel(self) -> LabPage:
        self.page.wait_for_function("() => jupyterapp.shell.currentWidget.context.isReady === true", timeout=90_000)
        self.page.evaluate("async () => { await jupyterapp.shell.currentWidget.context.sessionContext.ready; }")
        self.page.wait_for_function(
            "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'", timeout=60_000
        )
        return self

    def run_all(self) -> None:
        self.page.evaluate("async () => { await jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def run_cell(self, text: str) -> str:
        """Put a new cell at the end, run it, and return the text of its output once it is done."""
        self.page.evaluate(
            """async (text) => {
                const run = (name) => jupyterapp.commands.execute(name);
                const content = jupyterapp.shell.currentWidget.content;
                content.activeCellIndex = content.widgets.length - 1;
                await run('notebook:insert-cell-below');
                content.activeCell.model.sharedModel.setSource(text);
                await run('notebook:run-cell');
            }""",
            text,
        )
        return str(
            self.page.evaluate(
                """() => {
                    const cells = jupyterapp.shell.currentWidget.content.widgets;
                    const outputs = cells[cells.length - 1].model.outputs;
                    let text = '';
                    for (let i = 0; i < outputs.length; i++) {
                        const made = outputs.get(i).toJSON();
                        text += [made.text, made.data?.['text/plain'], made.ename, made.evalue]
                            .flat().filter(Boolean).join('');
                    }
                    return text;
                }"""
            )
        )

    def theme(self, name: str) -> None:
        """``JupyterLab Light`` or ``JupyterLab Dark``."""
        if self.page.evaluate("() => document.body.dataset.jpThemeName") == name:
            return
        self.page.evaluate(
            "async (name) => { await jupyterapp.commands.execute('apputils:change-theme', {theme: name}); }", name
        )
        self.page.wait_for_function("(name) => document.body.dataset.jpThemeName === name", arg=name, timeout=20_000)
        # JupyterLab's splash fades for a moment more; a theme chosen in that moment would have it taken away twice.
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def settle(self) -> None:
        """Wait until the kernel has answered what was asked by now, and the page has shown it."""
        self.page.evaluate(
            """async () => {
                await jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestKernelInfo();
                await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)));
            }"""
        )

    def save(self) -> None:
        """Write the notebook's file, and wait until it is written."""
        self.page.evaluate("async () => { await jupyterapp.commands.execute('docmanager:save'); }")
        self.page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty", timeout=20_000)

    def shut_down(self) -> None:
        """End the notebook's kernel."""
        self.page.evaluate("async () => { await jupyterapp.shell.currentWidget.context.sessionContext.shutdown(); }")
