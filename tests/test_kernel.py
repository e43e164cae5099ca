"""A real kernel with a workbench in it: it stays its user's while something runs, and takes the worker with it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from projects import CREATE_PLAYER, HEAD, sql_migration, write_project

from pwmig.worker import Worker

FILL = sql_migration("INSERT INTO player (name) VALUES ('Tal'), ('Euwe'), ('Spassky')", "DELETE FROM player")

WAITS = (
    HEAD + "import pathlib, time\n\nROOT = pathlib.Path(__file__).parents[2]\n\n"
    "def migrate_forward():\n"
    "    database.execute_sql(\"INSERT INTO player (name) VALUES ('nobody')\")\n"
    "    database.execute_sql('CREATE TABLE half_way AS SELECT 1 AS x')\n"
    "    {more}\n"
    "    (ROOT / 'began').touch()\n"
    "    while not (ROOT / 'go').exists():\n"
    "        time.sleep(0.02)\n"
)
"""Does half of its work, touches ``began``, and goes on when ``go`` is there."""

LOOK = (
    "print(database.execute_sql('SELECT count(*) FROM player').fetchone()[0], "
    "'half_way' in database.get_tables(), database.database, database.is_closed())"
)


class Kernel:
    """A kernel whose current folder is the project's, and whose temporary files are in ``temporary``."""

    def __init__(self, root: Path, temporary: Path) -> None:
        from jupyter_client.manager import start_new_kernel

        temporary.mkdir()
        environment = os.environ | {"TMPDIR": str(temporary), "IPYTHONDIR": str(temporary.parent / "ipython")}
        self.temporary = temporary
        self.manager, self.client = start_new_kernel(cwd=str(root), env=environment)

    def run(self, cell: str) -> str:
        """Run a cell and give what it printed; what it raises fails the test."""
        printed: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = self.client.execute_interactive(cell, output_hook=hear, timeout=60)["content"]
        assert reply["status"] == "ok", reply
        return "".join(printed).strip()

    @property
    def process_id(self) -> int:
        return int(self.run("import os; print(os.getpid())"))

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Kernel]]:
    """``start(more="")``: a kernel with ``bench``, and ``database`` of a project whose last migration waits."""
    started: list[Kernel] = []

    def make(more: str = "pass") -> Kernel:
        migrations = {"create_player": CREATE_PLAYER, "fill": FILL, "waits": WAITS.replace("{more}", more)}
        root = write_project(tmp_path / "players", migrations)
        Worker(root, "apply", {"to": "fill"}).start().wait(60)
        kernel = Kernel(root, tmp_path / "temporary")
        started.append(kernel)
        kernel.run(
            "import sys; sys.path.insert(0, '.')\n"
            "from db.migrations_config import database\n"
            "from pwmig.notebook import Workbench\n"
            "bench = Workbench('.')"
        )
        return kernel

    yield make
    for kernel in started:
        kernel.end()


def wait_until(true: Callable[[], bool], why: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


def children(process_id: int) -> list[int]:
    """The processes that one has started and that have not ended."""
    import psutil

    return [child.pid for child in psutil.Process(process_id).children(recursive=True)]


def alive(process_id: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


CLICKS = {
    "rehearsal": "bench.select('waits'); bench.face.rehearse.click()",
    "apply": "bench.select('waits'); import threading\n"
    "applying = threading.Thread(target=bench.apply, kwargs={'confirm': True}, daemon=True); applying.start()",
}
ENDS = {"rehearsal": "run = bench.wait(60)", "apply": "applying.join(60)"}
MANY_PAGES = (
    "database.execute_sql('CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n '"
    " 'WHERE i < 16000) SELECT i, randomblob(1000) AS x FROM n')"
)
"""More than SQLite keeps in its cache for a connection."""


@pytest.mark.parametrize("more", ["pass", MANY_PAGES], ids=["a few rows", "many pages"])
@pytest.mark.parametrize("what", CLICKS)
def test_cells_see_the_real_database_while_something_runs(
    start: Callable[..., Kernel], tmp_path: Path, what: str, more: str
) -> None:
    kernel = start(more)
    began, go = tmp_path / "players" / "began", tmp_path / "players" / "go"
    before = kernel.run(LOOK)
    assert before == f"3 False {tmp_path / 'players' / 'db' / 'app.sqlite'} False"
    kernel.run(CLICKS[what])
    wait_until(began.exists, "it did not begin")
    assert kernel.run(LOOK) == before
    go.touch()
    kernel.run(ENDS[what])
    after = kernel.run(LOOK)
    assert after == (before if what == "rehearsal" else before.replace("3 False", "4 True", 1))


def test_a_cell_can_write_while_a_rehearsal_runs(start: Callable[..., Kernel], tmp_path: Path) -> None:
    kernel = start()
    kernel.run(CLICKS["rehearsal"])
    wait_until((tmp_path / "players" / "began").exists, "it did not begin")
    kernel.run("done = database.execute_sql(\"INSERT INTO player (name) VALUES ('Botvinnik')\")")
    assert kernel.run(LOOK).startswith("4 False")
    (tmp_path / "players" / "go").touch()
    kernel.run(ENDS["rehearsal"])
    assert kernel.run(LOOK).startswith("4 False")


@pytest.mark.parametrize("what", CLICKS)
def test_the_worker_ends_with_its_kernel_and_leaves_no_copy(
    start: Callable[..., Kernel], tmp_path: Path, what: str
) -> None:
    kernel = start()
    process_id = kernel.process_id
    others = set(children(process_id))
    kernel.run(CLICKS[what])
    wait_until((tmp_path / "players" / "began").exists, "it did not begin")
    workers = set(children(process_id)) - others
    assert workers
    os.kill(process_id, signal.SIGKILL)
    wait_until(lambda: not any(map(alive, workers)), "the worker lives on without its kernel")
    wait_until(lambda: not list(kernel.temporary.glob("pwmig-*")), "a copy was left behind")
