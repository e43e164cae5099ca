"""``%pwmig`` in a cell: prints as it comes, ends with the kernel's interrupt, and says its errors in words."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from projects import CONFIG, CREATE_PLAYER, HEAD, open_project, sql_migration, state, states, write_project

from pwmig.errors import Cancelled, PwmigError
from pwmig.notebook.magic import COMMANDS, pwmig
from pwmig.project import Project

FILL = sql_migration("INSERT INTO player (name) VALUES ('Tal')", "DELETE FROM player")
SECRET = "s3cr3t-w0rd"
URL = f"postgresql://ada:{SECRET}@example.org/players"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two pending migrations, which is the current folder."""
    made = write_project(tmp_path / "players", {"create_player": CREATE_PLAYER, "fill_player": FILL})
    monkeypatch.chdir(made)
    return made


def add(root: Path, name: str, source: str) -> None:
    (root / "db" / "migrations" / f"20250102_000000_{name}.py").write_text(source)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "pending  20250101_000000_create_player"),
        ("status", "2 pending"),
        ("status --json", '"pending": 2'),
        ("diff", "the database is what the models declare"),
        ("diff --drift", "no drift"),
        ("check", "round trip"),
        ("sql", "CREATE TABLE player"),
        ("sql create_player", "CREATE TABLE player"),
        ("rehearse", "the database itself was not touched"),
        ("migrate --dry-run", "would apply 20250101_000000_create_player"),
        ("migrate", "applied 20250101_000001_fill_player"),
        ("create add_level", "wrote "),
        ('create "add_level"', "wrote "),
        ("migrate --help", "usage: pwmig migrate"),
        ("help", "%pwmig COMMAND --help"),
    ],
)
def test_each_command_prints_what_it_prints_on_the_command_line(
    root: Path, line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pwmig(line)
    assert said in capsys.readouterr().out


def test_every_command_is_tried_above_and_known_to_the_command_line(root: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "pwmig", "--help"], capture_output=True, text=True, timeout=60)
    assert all(f"    {command} " in done.stdout for command in COMMANDS)


def test_a_command_goes_to_the_project_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_project(tmp_path / "one", {"create_player": CREATE_PLAYER})
    pwmig(f"status --project '{tmp_path / 'one'}'")
    pwmig(f"status --project={tmp_path / 'one'}")
    assert capsys.readouterr().out.count("1 pending") == 2


@pytest.mark.parametrize(
    ("line", "what", "why", "way_out"),
    [
        ("dance", "no command 'dance'", "status", "one of these"),
        ("lab", "no command 'lab'", "status", "one of these"),
        ("create 'half", "can't be read: create 'half", "no closing quotation", "close the quote"),
        ("create half\\", "can't be read", "no escaped character", "close the quote"),
        ("migrate --to nowhere", "no migration 'nowhere'", "in its name", "pwmig status"),
        ("migrate --bogus", "unrecognized arguments: --bogus", "usage: pwmig", "%pwmig migrate --help"),
        ("migrate --steps many", "invalid int value: 'many'", "usage", "--help"),
        ("create", "a migration needs a name", "none was given", "pwmig create NAME"),
    ],
)
def test_an_error_says_what_why_and_the_way_out(
    root: Path, line: str, what: str, why: str, way_out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PwmigError) as caught:
        pwmig(line)
    error = caught.value
    assert what in error.what and why in error.why and way_out in error.way_out
    assert capsys.readouterr().err == "", "it is raised, and not printed as well"


def test_a_migration_is_written_from_the_models_and_what_is_open_is_told_with_its_options(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can be asked in a cell."""
    pwmig("migrate")
    (root / "db" / "models.py").write_text(
        "from peewee import *\nfrom db.migrations_config import database\n\n\n"
        "class Player(Model):\n    name = CharField(max_length=80)\n    level = IntegerField()\n\n"
        "    class Meta:\n        database = database\n"
    )
    with pytest.raises(PwmigError, match="1 question is open") as caught:
        pwmig("create --from-models")
    assert "--fill player.level=VALUE" in caught.value.way_out
    capsys.readouterr()
    pwmig("create --from-models --fill player.level=7")
    assert "_add_player_level.py" in capsys.readouterr().out
    pwmig("migrate")
    pwmig("create --from-models")
    assert "nothing to do: the database is what the models declare" in capsys.readouterr().out


def test_a_failing_migration_is_told_with_its_way_out(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(root, "fails", HEAD + "def migrate_forward():\n    raise ValueError('of three\\nlines\\nof text')\n")
    with pytest.raises(PwmigError, match="20250102_000000_fails") as caught:
        pwmig("migrate")
    assert "of three\nlines\nof text" in caught.value.why and caught.value.way_out
    assert "applied 20250101_000001_fill_player" in capsys.readouterr().out


def test_an_error_that_nobody_foresaw_keeps_its_last_words(root: Path) -> None:
    (root / "db" / "migrations_config.py").write_text(CONFIG + "import os\nos._exit(7)\n")
    with pytest.raises(PwmigError, match="code 7") as caught:
        pwmig("status --project .")
    assert caught.value.why == "something ended its process"


def test_no_project_is_an_error_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PwmigError, match="no pwmig project") as caught:
        pwmig("status")
    assert caught.value.way_out


def test_no_password_is_printed_or_raised(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    says = f"import sys\nprint({URL!r})\nprint({URL!r}, file=sys.stderr)\n"
    add(root, "says", HEAD + says + f"def migrate_forward():\n    raise ValueError({URL!r})\n")
    with pytest.raises(PwmigError) as caught:
        pwmig("migrate")
    printed = capsys.readouterr()
    assert "ada:***@example.org" in printed.out + printed.err
    assert SECRET not in printed.out + printed.err + str(caught.value)


class _Answering(io.StringIO):
    """A stream that does something when a text is written to it."""

    def __init__(self, text: str, answer: Callable[[], object]) -> None:
        super().__init__()
        self._text, self._answer = text, answer

    def write(self, text: str) -> int:
        if self._text in text:
            self._answer()
        return super().write(text)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_comes_while_the_command_runs(root: Path, monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    """The migration goes on only when its line has been heard, and fails where it is not."""
    heard = root / "heard"
    waits = (
        "import sys, time\nfrom pathlib import Path\n\ndef migrate_forward():\n"
        f"    print('are you there', file=sys.{stream})\n"
        "    end = time.monotonic() + 30\n"
        f"    while not Path({str(heard)!r}).exists():\n"
        "        assert time.monotonic() < end, 'nobody heard it'\n"
        "        time.sleep(0.02)\n"
    )
    add(root, "waits", waits)
    monkeypatch.setattr(sys, stream, _Answering("are you there", heard.touch))
    pwmig("migrate")
    assert states(Project.open(root))["waits"] == "applied"


def endless(mark: Path) -> str:
    """A migration that begins, leaves a mark, and never ends by itself."""
    return (
        "from pathlib import Path\nfrom db.migrations_config import database\n\ndef migrate_forward():\n"
        "    database.execute_sql('CREATE TABLE half_way (id INTEGER)')\n"
        f"    Path({str(mark)!r}).touch()\n"
        "    database.execute_sql('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12) '\n"
        "                         'INSERT INTO half_way SELECT max(i) FROM n')\n"
    )


def when(mark: Path, do: Callable[[], object]) -> None:
    """On a thread: do something as soon as a file is there."""

    def wait() -> None:
        while not mark.exists():
            time.sleep(0.02)
        do()

    threading.Thread(target=wait, daemon=True).start()


def test_an_interrupt_of_the_kernel_stops_the_command_which_rolls_back(root: Path) -> None:
    mark = root / "begun"
    add(root, "endless", endless(mark))
    when(mark, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT))
    with pytest.raises(Cancelled) as caught:
        pwmig("migrate")
    assert "20250102_000000_endless" in caught.value.what and caught.value.way_out
    assert states(Project.open(root)) == {"create_player": "applied", "fill_player": "applied", "endless": "pending"}
    assert not any("half_way" in str(row) for row in state(root / "db" / "app.sqlite"))


def test_the_command_dies_with_the_kernel(root: Path) -> None:
    mark, ended = root / "begun", root / "ended"
    source = endless(mark).replace("def migrate_forward", "import atexit, os\n\ndef migrate_forward")
    add(root, "endless", source.replace("    Path(", f"    atexit.register(Path({str(ended)!r}).touch)\n    Path(", 1))
    kernel = subprocess.Popen([sys.executable, "-c", "from pwmig.notebook.magic import pwmig; pwmig('migrate')"])
    end = time.monotonic() + 60
    while not mark.exists():
        assert time.monotonic() < end, "the migration did not begin"
        time.sleep(0.02)
    kernel.kill()
    kernel.wait()
    while not ended.exists():
        assert time.monotonic() < end, "the command outlives the kernel"
        time.sleep(0.02)
    assert states(Project.open(root))["endless"] == "pending"


def test_load_ext_gives_it_to_a_real_shell(root: Path, tmp_path: Path) -> None:
    cell = "%load_ext pwmig\n%pwmig\n%pwmig migrate --to nowhere"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=nocolor", "-c", cell],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"IPYTHONDIR": str(tmp_path / "ipython"), "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert "pending  20250101_000000_create_player" in done.stdout
    assert "no migration 'nowhere'" in done.stdout + done.stderr
    assert "way out: pwmig status" in done.stdout + done.stderr and "Traceback" not in done.stdout + done.stderr
