"""Bad input: a clear error (what, why, way out), exit code 2, nothing changed, nothing created."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import peewee
import pytest
from projects import CONFIG, CREATE_PLAYER, HEAD, open_project, run_cli, sql_migration, states, write_project

from pwmig.project import Project

SECRET = "hunter2-s3cret"
GOOD = {"create_player": CREATE_PLAYER}
FILE = 'SqliteDatabase(Path(__file__).parent / "app.sqlite", pragmas={"foreign_keys": 1})'
MADE = CREATE_PLAYER.replace("player", "club")


def forward(*lines: str) -> str:
    return HEAD + "def migrate_forward():\n" + "".join(f"    {line}\n" for line in lines)


def tree(root: Path) -> dict[str, str]:
    """Every file and folder below, compiled Python aside, files with their bytes hashed."""
    found = {}
    for path in sorted(root.rglob("*")):
        if "__pycache__" not in path.parts:
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            found[str(path.relative_to(root))] = content
    return found


def refused(root: Path, *command: str, **environment: str) -> str:
    """Run a command that must be refused, and return what it tells; nothing may be changed or created."""
    before = tree(root)
    done = run_cli(root, *command, **environment)
    told = done.stderr
    assert done.returncode == 2, (done.returncode, done.stdout, told)
    assert "Traceback" not in told and "Traceback" not in done.stdout
    assert told.startswith("error: ") or "\nerror: " in told
    assert "\n  why: " in told and "\n  way out: " in told
    assert SECRET not in told + done.stdout
    assert tree(root) == before
    return told


# No project, no config


def nothing(root: Path) -> None:
    pass


def config(text: str) -> Callable[[Path], None]:
    return lambda root: void(write_project(root, GOOD, config=text))


def void(*things: object) -> None:
    """The things were done for their effect."""


def pyproject(text: str) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        write_project(root, GOOD)
        (root / "pyproject.toml").write_text(text)

    return write


URL = f"postgresql://ann:{SECRET}@db.example.org/shop"

PROJECTS: list[tuple[str, Callable[[Path], None], str]] = [
    ("an empty folder", nothing, "there is no pwmig project at"),
    ("a syntax error", config("database = (\n"), "db/migrations_config.py can't be imported"),
    ("a missing import", config("import not_installed_here\n"), "No module named 'not_installed_here'"),
    ("a missing name", config("from peewee import Nothing\n"), "cannot import name 'Nothing'"),
    ("an error, with a password", config(f"raise ValueError('{URL}')\n"), "postgresql://ann:***@db.example.org/shop"),
    ("a key, with a password", config(f"raise KeyError(dict(password='{SECRET}'))\n"), "***"),
    ("a setting, with a password", config(f"raise ValueError('PGPASSWORD={SECRET}')\n"), "PGPASSWORD=***"),
    ("its line is told", config("x = 1\n\nraise ValueError('x')\n"), "(db/migrations_config.py, line 3)"),
    ("sys.exit", config("import sys\nsys.exit(0)\n"), "SystemExit: 0"),
    ("no database", config("x = 1\n"), "db.migrations_config has no `database`"),
    ("a database that is none", config("database = 'app.sqlite'\n"), "is no Peewee database, but a str"),
    ("an unset proxy", config("from peewee import *\ndatabase = DatabaseProxy()\n"), "points nowhere yet"),
    (
        "a deferred database",
        config("from peewee import *\ndatabase = SqliteDatabase(None)\n"),
        "names no file or server yet",
    ),
    (
        "a stranger among databases",
        config("from playhouse.sqliteq import SqliteQueueDatabase as Q\ndatabase = Q('x.db', autostart=False)\n"),
        "pwmig does not work on SqliteQueueDatabase",
    ),
    ("broken TOML", pyproject("[tool.pwmig\n"), "pyproject.toml can't be read"),
    ("TOML that is no text", lambda root: void(pyproject("")(root), bad_toml(root)), "pyproject.toml can't be read"),
    ("an unknown key", pyproject("[tool.pwmig]\ntypo = 'x'\n"), "unknown key 'typo'"),
    ("a value that is no text", pyproject("[tool.pwmig]\nmodels = 3\n"), "a value that is no text"),
    ("a setting that is no table", pyproject("tool.pwmig = 3\n"), "is no table"),
    ("another config that is not there", pyproject("[tool.pwmig]\nconfig = 'shop.db'\n"), "shop/db.py"),
    ("an empty config", pyproject("[tool.pwmig]\nconfig = ''\n"), "a value that is no text"),
    ("an empty history table", pyproject("[tool.pwmig]\nhistory_table = ''\n"), "a value that is no text"),
]


def bad_toml(root: Path) -> None:
    (root / "pyproject.toml").write_bytes(b"[tool.pwmig]\nmodels = '\xff'\n")


@pytest.mark.parametrize("command", ["status", "migrate"])
@pytest.mark.parametrize(("make", "words"), [row[1:] for row in PROJECTS], ids=[row[0] for row in PROJECTS])
def test_no_project_to_work_on(tmp_path: Path, make: Callable[[Path], None], words: str, command: str) -> None:
    make(tmp_path)
    assert words in refused(tmp_path, command)


@pytest.mark.parametrize("words", [["status"], ["create", "x"], ["sql"], ["rehearse"], ["diff"], ["lab"]], ids=" ".join)
def test_no_project_here_whatever_the_command(tmp_path: Path, words: list[str]) -> None:
    assert "there is no pwmig project at" in refused(tmp_path, *words)
    assert "pwmig init" in refused(tmp_path, *words, "--project", str(tmp_path / "nowhere"))


# The database


def write_with(root: Path, database: str, **settings: object) -> None:
    write_project(root, GOOD, config=CONFIG.replace(FILE, database))


def elsewhere(root: Path) -> None:
    write_with(root, "SqliteDatabase(Path(__file__).parent / 'no' / 'such' / 'app.sqlite')")


def only_readable(root: Path) -> None:
    write_with(root, "SqliteDatabase(f'file:{Path(__file__).parent}/app.sqlite?mode=ro', uri=True)")
    connection = sqlite3.connect(root / "db" / "app.sqlite")
    connection.execute("CREATE TABLE club (x)")
    connection.close()


def only_readable_and_missing(root: Path) -> None:
    write_with(root, "SqliteDatabase(f'file:{Path(__file__).parent}/app.sqlite?mode=ro', uri=True)")


def a_folder_in_its_place(root: Path) -> None:
    write_project(root, GOOD)
    (root / "db" / "app.sqlite").mkdir()


def no_database(root: Path) -> None:
    write_project(root, GOOD)
    (root / "db" / "app.sqlite").write_bytes(b"This is a letter, and no database.\n" * 100)


def damaged(root: Path) -> None:
    project = open_project(root, GOOD)
    project.apply()
    project.database.close()
    path = root / "db" / "app.sqlite"
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)


DATABASES: list[tuple[str, Callable[[Path], None], list[str], str]] = [
    ("in a folder that is not there", elsewhere, ["migrate"], "can't be opened"),
    ("only readable", only_readable, ["migrate"], "can't be written"),
    ("only readable and missing", only_readable_and_missing, ["migrate"], "can't be opened"),
    ("a folder, read", a_folder_in_its_place, ["status"], "can't be read"),
    ("a folder, written", a_folder_in_its_place, ["migrate"], "can't be read"),
    ("a letter, read", no_database, ["status"], "is no SQLite database"),
    ("a letter, written", no_database, ["migrate"], "is no SQLite database"),
    ("a letter, rehearsed", no_database, ["rehearse"], "is no SQLite database"),
    ("a letter, compared", no_database, ["diff"], "is no SQLite database"),
    ("damaged, read", damaged, ["status"], "is damaged"),
    ("damaged, written", damaged, ["migrate", "--backward"], "is damaged"),
]


@pytest.mark.parametrize(
    ("make", "command", "words"), [row[1:] for row in DATABASES], ids=[row[0] for row in DATABASES]
)
def test_a_database_that_can_t_be_used(
    tmp_path: Path, make: Callable[[Path], None], command: list[str], words: str
) -> None:
    make(tmp_path)
    told = refused(tmp_path, *command)
    assert words in told and "app.sqlite" in told


@pytest.mark.parametrize("command", [["status"], ["rehearse"], ["diff"], ["sql"]], ids=" ".join)
def test_a_database_in_a_folder_that_is_not_there_is_unreachable(tmp_path: Path, command: list[str]) -> None:
    elsewhere(tmp_path)
    assert "there is no folder" in refused(tmp_path, *command)


def test_reading_a_database_that_is_not_there_finds_all_pending(tmp_path: Path) -> None:
    only_readable_and_missing(tmp_path)
    before = tree(tmp_path)
    done = run_cli(tmp_path, "status")
    assert done.returncode == 1 and "1 pending" in done.stdout
    assert tree(tmp_path) == before


@pytest.mark.parametrize("command", [["status"], ["migrate"], ["rehearse"], ["diff"], ["sql"]], ids=" ".join)
@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_database_that_is_not_supported_yet_is_refused_without_its_password(
    tmp_path: Path, scheme: str, command: list[str]
) -> None:
    text = "from playhouse.db_url import connect\nimport os\ndatabase = connect(os.environ['DATABASE_URL'])\n"
    write_project(tmp_path, GOOD, config=text)
    told = refused(tmp_path, *command, DATABASE_URL=f"{scheme}://ann:{SECRET}@127.0.0.1:9/shop")
    assert {"postgresql": "PostgreSQL", "mysql": "MySQL"}[scheme] in told


def test_where_a_database_is_never_shows_its_password(tmp_path: Path) -> None:
    database = peewee.PostgresqlDatabase(URL)
    assert Project(database=database, migrations=tmp_path).location == "PostgreSQL db.example.org/shop"


# The files


def files(**sources: str) -> Callable[[Path], None]:
    return lambda root: void(write_project(root, GOOD | sources))


def same_time(root: Path) -> None:
    write_project(root, GOOD)
    (root / "db" / "migrations" / "20250101_000000_other.py").write_text(MADE)


def stray(root: Path) -> None:
    write_project(root, GOOD)
    (root / "db" / "migrations" / "20250101_add-level.py").write_text(MADE)


FILES: list[tuple[str, Callable[[Path], None], list[str], str]] = [
    ("a syntax error", files(broken="def migrate_forward(:\n"), ["migrate"], "20250101_000001_broken.py is not valid"),
    ("a syntax error, rehearsed", files(broken="x = (\n"), ["rehearse"], "broken.py is not valid Python"),
    ("a syntax error, as SQL", files(broken="x = (\n"), ["sql"], "broken.py is not valid Python"),
    ("no migrate_forward", files(empty="x = 1\n"), ["migrate"], "20250101_000001_empty has no migrate_forward()"),
    ("an import that fails", files(late="import nothing_here\n"), ["migrate"], "20250101_000001_late can't be loaded"),
    ("an exit", files(late="raise SystemExit(0)\n"), ["migrate"], "20250101_000001_late can't be loaded"),
    ("two with the same time", same_time, ["migrate"], "20250101_000000_create_player and 20250101_000000_other"),
    ("two with the same time, seen", same_time, ["status"], "the same time"),
    ("a name that is none", stray, ["status"], "20250101_add-level.py is not named as a migration"),
    ("an unknown name", files(), ["migrate", "--to", "nothing"], "there is no migration 'nothing'"),
    ("an unknown name, rehearsed", files(), ["rehearse", "--to", "nothing"], "there is no migration 'nothing'"),
    ("an unknown name, as SQL", files(), ["sql", "nothing"], "there is no migration 'nothing'"),
    ("an unknown name, dry", files(), ["migrate", "--to", "nothing", "--dry-run"], "there is no migration 'nothing'"),
    ("an unknown name, backward", files(), ["migrate", "--to", "nothing", "--backward"], "no migration 'nothing'"),
    ("an unknown name, recorded", files(), ["migrate", "--to", "nothing", "--fake"], "no migration 'nothing'"),
    ("a name of many", files(club=MADE), ["migrate", "--to", "2025"], "more than one migration"),
    ("no steps", files(), ["migrate", "--steps", "0"], "--steps 0"),
    ("an unknown allowance", files(), ["migrate", "--allow", "everything"], "everything"),
]


@pytest.mark.parametrize(("make", "command", "words"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_files_and_wishes_that_make_no_run(
    tmp_path: Path, make: Callable[[Path], None], command: list[str], words: str
) -> None:
    make(tmp_path)
    assert words in refused(tmp_path, *command)


def test_a_migration_without_a_way_back_is_not_taken_back(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create_player": sql_migration("CREATE TABLE player (x)")})
    project.apply()
    project.database.close()
    told = refused(tmp_path, "migrate", "--backward")
    assert "20250101_000000_create_player can't be taken back" in told and "migrate_backward()" in told


NAMES = [
    "",
    " ",
    "../evil",
    "a/b",
    "a b",
    "it's",
    'say"x"',
    "a" * 101,
    "a" * 300,
    "größe",
    "x\n",
    "-x",
    "\x1b[31mx",
    "a;b",
]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "x\n"], ids=lambda name: repr(name)[:20])
def test_a_name_that_can_t_name_a_migration(tmp_path: Path, name: str) -> None:
    write_project(tmp_path, GOOD)
    told = refused(tmp_path, "create", "--", name)
    assert "can't name a migration" in told and "\x1b" not in told


# A migration that misbehaves while it runs

MISBEHAVING: list[tuple[str, list[str], str]] = [
    ("raises half-way", ["raise ValueError('the third player has no name')"], "the third player has no name"),
    ("raises with a password", [f"raise ValueError('{URL}')"], "postgresql://ann:***@"),
    ("sends bad SQL", ["database.execute_sql('INSERT INTO nowhere VALUES (1)')"], "no such table: nowhere"),
    ("sends a BEGIN", ["database.execute_sql('BEGIN')"], "BEGIN"),
    ("sends a COMMIT", ["database.execute_sql('COMMIT')"], "COMMIT"),
    ("sends an END", ["database.execute_sql('END')"], "COMMIT by itself"),
    ("begins with Peewee", ["database.begin()"], "BEGIN by itself"),
    ("commits with Peewee", ["database.commit()"], "COMMIT by itself"),
    ("rolls back with Peewee", ["database.rollback()"], "ROLLBACK by itself"),
    ("commits with the driver", ["database.connection().commit()"], "COMMIT by itself"),
    ("runs a script", ["database.connection().executescript('CREATE TABLE x (y)')"], "COMMIT by itself"),
    ("calls sys.exit", ["import sys", "sys.exit(0)"], "it called sys.exit()"),
    ("calls quit", ["quit()"], "it called sys.exit()"),
    ("closes the database", ["database.close()"], "close"),
    ("closes the driver's connection", ["database.connection().close()"], "closed its database connection"),
    (
        "closes the connection and goes on",
        ["database.connection().close()", "database.execute_sql('CREATE TABLE x (y)')"],
        "closed its database connection",
    ),
    (
        "closes, opens and goes on",
        ["database.connection().close()", "database._state.reset()", "database.execute_sql('CREATE TABLE x (y)')"],
        "closed its database connection",
    ),
    ("changes the folder and raises", ["import os", "os.chdir('/')", "raise ValueError('elsewhere')"], "elsewhere"),
    ("switches on writing the schema", ["database.execute_sql('VACUUM')"], "VACUUM"),
]


@pytest.mark.parametrize("lines", [row[1:] for row in MISBEHAVING], ids=[row[0] for row in MISBEHAVING])
@pytest.mark.parametrize("command", ["migrate", "rehearse"])
def test_a_migration_that_misbehaves_leaves_nothing_behind(
    tmp_path: Path, lines: tuple[list[str], str], command: str
) -> None:
    wrong = forward("database.execute_sql('CREATE TABLE half (x)')", *lines[0])
    project = open_project(tmp_path, GOOD | {"wrong": wrong, "club": MADE})
    project.apply(to="create_player")
    project.database.close()
    told = refused(tmp_path, command)
    assert "20250101_000001_wrong failed" in told and lines[1] in told
    assert ("rolled back" if command == "migrate" else "the database itself was not touched") in told
    assert states(Project.open(tmp_path)) == {"create_player": "applied", "wrong": "pending", "club": "pending"}


def test_going_to_another_folder_does_not_move_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    relative = CONFIG.replace(FILE, "SqliteDatabase('db/app.sqlite')")
    away = forward("import os", "os.chdir('/')", "database.execute_sql('CREATE TABLE away (x)')")
    write_project(tmp_path, {"away": away} | GOOD, config=relative)
    done = run_cli(tmp_path, "migrate")
    assert done.returncode == 0, done.stderr
    assert not os.path.exists("/db/app.sqlite")
    monkeypatch.chdir(tmp_path)
    assert states(Project.open(tmp_path)) == {"away": "applied", "create_player": "applied"}


def test_what_a_migration_prints_is_passed_on(tmp_path: Path) -> None:
    chatty = forward("for number in range(20000): print('line', number)")
    write_project(tmp_path, {"chatty": chatty})
    done = run_cli(tmp_path, "migrate")
    assert done.returncode == 0 and done.stdout.count("line ") == 20000
    assert done.stdout.endswith("applied 20250101_000000_chatty\n")


# Wrong words on the command line

USAGE = [
    [],
    ["nothing"],
    ["migrate", "--steps", "many"],
    ["migrate", "--wait", "long"],
    ["status", "--nothing"],
    ["lab", "--port", "x"],
]


@pytest.mark.parametrize("words", USAGE, ids=" ".join)
def test_words_that_are_no_command_are_told_with_the_usage(tmp_path: Path, words: list[str]) -> None:
    write_project(tmp_path, GOOD)
    before = tree(tmp_path)
    done = run_cli(tmp_path, *words)
    assert done.returncode == 2 and "usage: pwmig" in done.stderr and "Traceback" not in done.stderr
    assert tree(tmp_path) == before
