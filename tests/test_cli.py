"""The command line is a contract: exit codes, JSON keys, options; and its output harms no terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import CONFIG, CREATE_PLAYER, HEAD, open_project, run_cli, sql_migration, states, write_project

from pwmig import __version__
from pwmig.project import Project

ROOT = Path(__file__).resolve().parent.parent
MODELS = """
from peewee import *
from db.migrations_config import database

class Player(Model):
    name = CharField(max_length=80)
    class Meta:
        database = database
"""
LEVEL = (
    HEAD
    + "def migrate_forward():\n    migrate(migrator.add_column('player', 'level', IntegerField(default=1)))\n\n"
    + "def migrate_backward():\n    migrate(migrator.drop_column('player', 'level'))\n"
)
FILL = sql_migration("INSERT INTO player (name) VALUES ('Tal'), ('Hou')", "DELETE FROM player")
ALL = {"create_player": CREATE_PLAYER, "fill": FILL, "add_level": LEVEL}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of three migrations; the first two are applied."""
    project = open_project(tmp_path, ALL, models=MODELS)
    project.apply(to="fill")
    project.database.close()
    return tmp_path


def names_of(root: Path) -> dict[str, str]:
    return states(Project.open(root))


# Exit codes and effects

CODES: list[tuple[list[str], int, str]] = [
    (["status"], 1, "pending"),
    (["migrate"], 0, "applied 20250101_000002_add_level\n"),
    (["migrate", "--dry-run"], 0, "would apply 20250101_000002_add_level\n"),
    (["migrate", "--dry-run", "--backward"], 0, "would revert 20250101_000001_fill\n"),
    (["migrate", "--dry-run", "--fake"], 0, "would apply 20250101_000002_add_level, without running it\n"),
    (["migrate", "--backward"], 0, "reverted 20250101_000001_fill\n"),
    (["migrate", "--backward", "--steps", "2"], 0, "reverted 20250101_000000_create_player\n"),
    (["migrate", "--backward", "--to", "zero"], 0, "reverted 20250101_000000_create_player\n"),
    (["migrate", "--backward", "--to", "create_player"], 0, "reverted 20250101_000001_fill\n"),
    (["migrate", "--to", "fill"], 0, "migrate --backward --to fill goes back to it\n"),
    (["migrate", "--fake"], 0, "faked 20250101_000002_add_level\n"),
    (["sql"], 0, "-- 20250101_000002_add_level, forward\n"),
    (["sql", "--backward"], 0, "DELETE FROM player;"),
    (["rehearse"], 0, "the database itself was not touched\n"),
    (["rehearse", "--backward"], 0, "2 rows of player"),
    (["diff"], 0, "the database is what the models declare\n"),
    (["diff", "fill", "add_level"], 1, "+ "),
    (["diff", "--drift"], 0, "no drift: "),
    (["check"], 1, "failed: models"),
    (["baseline", "--help"], 0, "--models"),
    (["create", "next_step"], 0, "_next_step.py\n"),
    (["--version"], 0, f"pwmig {__version__}\n"),
    (["--help"], 0, "usage: pwmig"),
    (["migrate", "--help"], 0, "--allow"),
]


@pytest.mark.parametrize(("words", "code", "told"), CODES, ids=[" ".join(row[0]) for row in CODES])
def test_exit_code_and_output(root: Path, words: list[str], code: int, told: str) -> None:
    done = run_cli(root, *words)
    assert (done.returncode, done.stderr) == (code, ""), done.stderr
    assert told in done.stdout


def test_exit_codes_when_nothing_is_left_to_do(root: Path) -> None:
    assert run_cli(root, "migrate").returncode == 0
    assert run_cli(root, "status").returncode == 0
    assert run_cli(root, "migrate").stdout == "nothing to do: no migration is pending\n"
    drifted = run_cli(root, "diff")
    assert drifted.returncode == 1 and "- " in drifted.stdout and "level" in drifted.stdout
    assert run_cli(root, "migrate", "--backward", "--to", "zero").returncode == 0
    assert run_cli(root, "migrate", "--backward").stdout == "nothing to do: no migration is applied\n"
    assert run_cli(root, "rehearse", "--backward").stdout == "nothing to rehearse: no migration is applied\n"


@pytest.mark.parametrize("module", ["pwmig", "pwmig.cli", "scripts.manage_migrations"])
def test_every_door_leads_to_the_same_commands(root: Path, module: str) -> None:
    for words, code in ((["status"], 1), (["migrate"], 0), (["migrate", "--backward"], 0), (["create", "x"], 0)):
        done = run_cli(root, *words, module=module)
        assert done.returncode == code, done.stderr


def test_the_command_on_the_path_is_the_same(root: Path) -> None:
    command = Path(sys.executable).with_name("pwmig")
    if not command.exists():
        pytest.skip("pwmig is not installed in this environment")
    done = subprocess.run([command, "status"], cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "20250101_000002_add_level" in done.stdout


def test_another_folder_s_project_is_named_by_an_option(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert run_cli(elsewhere, "migrate", "--project", str(root)).returncode == 0
    assert names_of(root)["add_level"] == "applied"
    assert list(elsewhere.iterdir()) == []


def test_what_the_user_s_folder_holds_is_not_taken_for_the_project_s(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = write_project(tmp_path_factory.mktemp("other"), {"own": CREATE_PLAYER})
    done = run_cli(other, "status", "--project", str(root))
    assert "add_level" in done.stdout and "_own" not in done.stdout


def test_changed_and_missing_files_are_told_and_allowed_by_name(root: Path) -> None:
    folder = root / "db" / "migrations"
    (folder / "20250101_000000_create_player.py").unlink()
    with (folder / "20250101_000001_fill.py").open("a") as file:
        file.write("# a comment\n")
    told = run_cli(root, "status").stdout
    assert "1 changed after being applied" in told and "1 applied, but the file is gone" in told
    assert run_cli(root, "migrate").returncode == 2
    assert run_cli(root, "migrate", "--allow", "changed").returncode == 2
    assert run_cli(root, "migrate", "--allow", "changed", "--allow", "missing").returncode == 0


def test_windows_line_ends_are_no_change(root: Path) -> None:
    for path in (root / "db" / "migrations").glob("2*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert set(names_of(root).values()) == {"applied", "pending"}


# JSON

JSON_KEYS: list[tuple[list[str], dict[str, Any]]] = [
    (
        ["status", "--json"],
        {
            "database": str,
            "pending": int,
            "migrations": [
                {
                    "name": str,
                    "state": str,
                    "path": str,
                    "applied_at": (str, type(None)),
                    "applied_by": str,
                    "elapsed_s": float,
                    "how": str,
                    "reversible": bool,
                    "stopped": str,
                    "undo": str,
                    "way_out": str,
                }
            ],
        },
    ),
    (
        ["diff", "--json"],
        {"database": str, "before": str, "after": str, "changes": list, "renames": list, "notes": list},
    ),
    (
        ["sql", "--json"],
        {
            "steps": [
                {
                    "step": {"name": str, "direction": str, "path": str, "checksum": str, "reversible": bool},
                    "outcome": str,
                    "statements": [{"sql": str, "params": list, "elapsed_s": float, "row_count": (int, type(None))}],
                    "operations": list,
                    "elapsed_s": float,
                    "kept": list,
                    "restored": list,
                }
            ]
        },
    ),
    (
        ["rehearse", "--json"],
        {
            "target": str,
            "direction": str,
            "elapsed_s": float,
            "steps": list,
            "changes": list,
            "losses": list,
            "original_changed": bool,
            "sampled": list,
            "rows": {"player": {"before": dict, "after": dict}},
        },
    ),
    (
        ["rehearse", "--backward", "--json"],
        {"losses": [{"table": str, "column": (str, type(None)), "row_count": int, "sampled": bool, "kept": bool}]},
    ),
]


def assert_shape(found: Any, wanted: Any, *, exact: bool = True) -> None:
    """Every key that is promised is there, and of its kind; and no other is, where ``exact``."""
    if isinstance(wanted, dict):
        assert set(found) == set(wanted) if exact else set(wanted) <= set(found)
        for key, shape in wanted.items():
            assert_shape(found[key], shape)
    elif isinstance(wanted, list):
        assert found
        for item in found:
            assert_shape(item, wanted[0])
    else:
        assert isinstance(found, wanted)


@pytest.mark.parametrize(("words", "shape"), JSON_KEYS, ids=[" ".join(row[0]) for row in JSON_KEYS])
def test_json_keys_are_a_promise(root: Path, words: list[str], shape: dict[str, Any]) -> None:
    done = run_cli(root, *words)
    assert done.returncode in (0, 1), done.stderr
    assert_shape(json.loads(done.stdout), shape, exact="--backward" not in words)


def test_json_of_changes_names_kind_sign_and_table(root: Path) -> None:
    run_cli(root, "migrate")
    changes = json.loads(run_cli(root, "diff", "--json").stdout)["changes"]
    assert [(change["kind"], change["sign"], change["table"]) for change in changes] == [("DropColumn", "-", "player")]


def test_an_error_is_json_too_where_json_is_asked_for(tmp_path: Path) -> None:
    done = run_cli(tmp_path, "status", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 2 and set(told) == {"error", "what", "why", "way_out"}
    assert told["error"] == "ProjectError"


def test_json_is_strict_whatever_the_cells_hold(tmp_path: Path) -> None:
    sql = "INSERT INTO odd VALUES (9e999), (-9e999), (x'00ff'), (char(0, 27, 10)), (NULL), (1.5), ('é')"
    made = {"a": sql_migration("CREATE TABLE odd (x)"), "b": sql_migration(sql)}
    write_project(tmp_path, made)
    done = run_cli(tmp_path, "rehearse", "--json")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    rows = json.loads(done.stdout, parse_constant=refuse)["rows"]["odd"]["after"]["rows"]
    assert [row[-1] for row in rows] == ["inf", "-inf", "00ff", "\0\x1b\n", None, 1.5, "é"]


# Terminals and pipes


def on_terminal(root: Path, *words: str, **environment: str) -> str:
    """What a command shows on a terminal."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pwmig", *words],
        cwd=root,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"} | environment,
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            piece = os.read(controller, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    process.wait(timeout=30)
    os.close(controller)
    return shown.decode()


COLOUR = re.compile(r"\x1b\[\d+m")


def test_colours_are_for_terminals(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert COLOUR.search(on_terminal(root, "status"))
    assert not COLOUR.search(on_terminal(root, "status", NO_COLOR="1"))
    assert not COLOUR.search(on_terminal(root, "status", TERM="dumb"))
    assert "\x1b" not in run_cli(root, "status").stdout


def test_progress_is_shown_on_a_terminal_and_wiped(root: Path) -> None:
    shown = on_terminal(root, "migrate")
    assert "20250101_000002_add_level: " in shown
    assert "\r\x1b[Kapplied 20250101_000002_add_level\r\n" in shown


def test_a_closed_pipe_is_no_error(root: Path) -> None:
    folder = root / "db" / "migrations"
    for number in range(3000):
        (folder / f"20260101_{number:06d}_{'long_name_' * 8}x.py").write_text("def migrate_forward(): pass\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "pwmig", "status"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait(timeout=30)


@pytest.mark.parametrize("words", ["status --json", "diff --json", "--version", "diff --json no-such-side live"])
def test_a_pipe_that_was_closed_before_is_no_error(root: Path, words: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "pwmig", *words.split()]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=root, stdout=writer, stderr=subprocess.PIPE, env=environment, timeout=60)
    os.close(writer)
    assert (done.returncode, done.stderr) == (2, b"")


@pytest.mark.parametrize("words", ["status", "migrate", "status --json", "migrate --to nothing"])
def test_no_output_at_all_is_no_error(root: Path, words: str) -> None:
    command = f"{sys.executable} -m pwmig {words} >&- 2>&-"
    done = subprocess.run(["sh", "-c", command], cwd=root, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=60)
    assert done.returncode == {"status": 1, "status --json": 1, "migrate": 0}.get(words, 2)


ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b31m\r\b"


def hostile_table(root: Path) -> None:
    name = f'pla"yer{ESCAPES}'.replace("\0", "")
    quoted = '"' + name.replace('"', '""') + '"'
    create = f"database.execute_sql({'CREATE TABLE ' + quoted + ' (x)'!r})"
    fill = f"database.execute_sql({'INSERT INTO ' + quoted + ' VALUES (?)'!r}, ({ESCAPES!r},))"
    source = "from db.migrations_config import database\n\ndef migrate_forward():\n"
    write_project(root, {"hostile": f"{source}    {create}\n    {fill}\n"})


def hostile_error(root: Path) -> None:
    write_project(root, {"hostile": f"def migrate_forward():\n    raise ValueError({ESCAPES!r})\n"})


def hostile_history(root: Path) -> None:
    project = open_project(root, {"a": CREATE_PLAYER})
    project.apply()
    project.database.close()
    connection = sqlite3.connect(root / "db" / "app.sqlite")
    connection.execute("UPDATE pwmig_history SET applied_by = ?, applied_at = ?", (ESCAPES, ESCAPES))
    connection.execute("UPDATE pwmig_history SET name = name || ?", (ESCAPES,))
    connection.commit()
    connection.close()


def hostile_config(root: Path) -> None:
    write_project(root, {}, config=f"raise ValueError({ESCAPES!r})\n")


def hostile_location(root: Path) -> None:
    text = f"from peewee import *\ndatabase = SqliteDatabase({'db/app' + ESCAPES + '.sqlite'!r})\n"
    write_project(root, {"a": CREATE_PLAYER}, config=text)


HOSTILE: list[tuple[Callable[[Path], None], list[str]]] = [
    (hostile_table, ["sql"]),
    (hostile_table, ["rehearse"]),
    (hostile_table, ["rehearse", "--json"]),
    (hostile_table, ["migrate"]),
    (hostile_error, ["migrate"]),
    (hostile_history, ["status"]),
    (hostile_history, ["migrate"]),
    (hostile_history, ["migrate", "--backward", "--dry-run"]),
    (hostile_config, ["status"]),
    (hostile_location, ["status"]),
    (hostile_location, ["diff"]),
]


@pytest.mark.parametrize(("make", "words"), HOSTILE, ids=[f"{row[0].__name__} {' '.join(row[1])}" for row in HOSTILE])
def test_hostile_names_and_cells_move_no_cursor(tmp_path: Path, make: Callable[[Path], None], words: list[str]) -> None:
    make(tmp_path)
    done = run_cli(tmp_path, *words)
    out = (done.stdout + done.stderr).replace("\n", "")
    assert not [character for character in out if ord(character) < 32 or 127 <= ord(character) < 160]
    assert "Traceback" not in done.stderr
    shown = on_terminal(tmp_path, *words).replace("\x1b[K", "")
    assert "\x1b]" not in shown and "\x1b[2J" not in shown and "\x9b" not in shown and "\x07" not in shown


def test_statements_keep_their_lines_and_tabs(tmp_path: Path) -> None:
    write_project(tmp_path, {"a": sql_migration("CREATE TABLE a (\n\tx,  -- é\u00a0!\n\ty\n)")})
    assert "CREATE TABLE a (\n\tx,  -- é\u00a0!\n\ty\n);\n" in run_cli(tmp_path, "sql").stdout


# What else must hold


def test_an_error_that_nobody_foresaw_exits_with_2_and_hides_passwords(tmp_path: Path) -> None:
    config = (
        "from peewee import SqliteDatabase\n"
        "class Odd(SqliteDatabase):\n"
        "    def _connect(self):\n        raise RuntimeError('postgresql://ann:hunter2@host/db')\n"
        "database = Odd('app.sqlite')\n"
    )
    write_project(tmp_path, {"a": "def migrate_forward(): pass\n"}, config=config)
    done = run_cli(tmp_path, "migrate")
    assert done.returncode == 2 and "hunter2" not in done.stderr and "***@host" in done.stderr


@pytest.mark.parametrize("words", [["status"], ["migrate"], ["--help"]], ids=" ".join)
def test_commands_of_a_pipeline_import_nothing_heavy(root: Path, words: list[str]) -> None:
    program = (
        "import sys\nfrom pwmig.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "heavy = {'pandas', 'numpy', 'IPython', 'ipywidgets', 'jupyterlab'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr


def test_status_tells_who_applied_and_when(root: Path) -> None:
    told = run_cli(root, "status").stdout.splitlines()
    assert told[0] == "SQLite db/app.sqlite"
    assert re.fullmatch(r"  applied  20250101_000000_create_player  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  \S+@\S+", told[1])
    assert told[3] == "  pending  20250101_000002_add_level"
    assert told[4] == "1 pending: pwmig migrate applies them"


def test_a_migration_without_a_way_back_is_said_before_and_after(tmp_path: Path) -> None:
    write_project(tmp_path, {"one_way": sql_migration("CREATE TABLE t (x)")})
    assert "(no migrate_backward)" in run_cli(tmp_path, "status").stdout
    done = run_cli(tmp_path, "migrate")
    assert done.returncode == 0 and "one_way has no migrate_backward() and can't be taken back" in done.stderr


def test_sql_of_a_name_shows_this_one_alone(tmp_path: Path) -> None:
    migrations = {
        "create_player": CREATE_PLAYER,
        "create_club": sql_migration("CREATE TABLE club (x)", "DROP TABLE club"),
        "create_game": sql_migration("CREATE TABLE game (x)", "DROP TABLE game"),
    }
    write_project(tmp_path, migrations)
    assert [line for line in run_cli(tmp_path, "sql", "create_club").stdout.splitlines() if "TABLE" in line] == [
        "CREATE TABLE club (x);"
    ]
    run_cli(tmp_path, "migrate")
    back = run_cli(tmp_path, "sql", "create_club", "--backward")
    assert [line for line in back.stdout.splitlines() if "TABLE" in line] == ["DROP TABLE club;"]
    again = run_cli(tmp_path, "sql", "create_club")
    assert again.returncode == 2 and "--backward" in again.stderr
    assert run_cli(tmp_path, "sql").stdout == "-- nothing to run: no migration is pending\n"


def test_going_forward_to_what_is_applied_points_backward(tmp_path: Path) -> None:
    write_project(tmp_path, {"create_player": CREATE_PLAYER})
    run_cli(tmp_path, "migrate")
    assert "--backward --to create_player" in run_cli(tmp_path, "migrate", "--to", "create_player").stdout


def test_a_database_in_memory_is_not_migrated_by_a_command(tmp_path: Path) -> None:
    config = CONFIG.replace('Path(__file__).parent / "app.sqlite"', '":memory:"')
    write_project(tmp_path, {"create_player": CREATE_PLAYER}, config=config)
    done = run_cli(tmp_path, "migrate")
    assert done.returncode == 2 and "memory" in done.stderr and "Traceback" not in done.stderr
