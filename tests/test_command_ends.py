"""A command ends at once, and yet with all that others see of an end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from projects import CONFIG, CREATE_PLAYER, open_project, run_cli, write_project

LEFT = """
import atexit
from pathlib import Path

atexit.register(Path("left.txt").write_text, "by an exit handler")
"""
WORKING = """
import threading
import time
from pathlib import Path

def work():
    time.sleep(1)
    Path("left.txt").write_text("by a thread")

threading.Thread(target=work).start()
"""
WEAK = """
import weakref
from pathlib import Path

class Kept:
    pass

kept = Kept()
weakref.finalize(kept, Path("left.txt").write_text, "by a finalizer")
"""


@pytest.mark.parametrize(
    ("more", "left"),
    [(LEFT, "by an exit handler"), (WORKING, "by a thread"), (WEAK, "by a finalizer")],
    ids=["exit handler", "thread", "finalizer"],
)
@pytest.mark.parametrize(("command", "code"), [("migrate", 0), ("status", 1)])
def test_what_the_project_wants_done_at_the_end_is_done(
    more: str, left: str, command: str, code: int, tmp_path: Path
) -> None:
    write_project(tmp_path, {"create_player": CREATE_PLAYER}, config=CONFIG + more)
    assert run_cli(tmp_path, command).returncode == code
    assert (tmp_path / "left.txt").read_text() == left


def test_a_database_that_the_project_opened_is_closed(tmp_path: Path) -> None:
    """SQLite takes the files of its write-ahead log away when the last connection closes."""
    opened = 'database.connect()\ndatabase.execute_sql("PRAGMA journal_mode = wal")\n'
    write_project(tmp_path, {"create_player": CREATE_PLAYER}, config=CONFIG + opened)
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert not [path.name for path in tmp_path.rglob("*-wal")]


def test_all_that_is_printed_arrives(tmp_path: Path) -> None:
    """Through a pipe that somebody reads slowly, and that holds less than is printed."""
    names = {f"step_{number:04}_{'x' * 80}": CREATE_PLAYER for number in range(1500)}
    write_project(tmp_path, names)
    with subprocess.Popen([sys.executable, "-m", "pwmig", "status"], cwd=tmp_path, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        printed = running.stdout.read(10) + running.stdout.read()
    assert printed.count(b"step_") == len(names) and running.returncode == 1


def test_within_a_program_it_returns(tmp_path: Path) -> None:
    open_project(tmp_path, {"create_player": CREATE_PLAYER}).database.close()
    code = f"from pwmig.cli import main; print(main(['status', '--project', {str(tmp_path)!r}]), 'and on')"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("1 and on\n")
