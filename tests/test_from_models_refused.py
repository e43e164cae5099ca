"""What the rows that are there will refuse is said when the migration is written: with count and an example."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest
from markup import text_of
from projects import CONFIG, sql_migration, write_project
from server_projects import SERVERS, place_on
from test_from_models import created, files

from pwmig.errors import PwmigError
from pwmig.notebook import Workbench
from pwmig.project import Project

EVERYWHERE = [pytest.param("sqlite"), *SERVERS]

TEAM = "CREATE TABLE team (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40))"
PLAYER = (
    "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(80), size INTEGER, team_id INTEGER, "
    "uuid VARCHAR(40))"
)
UUID = "0f5d9c5e-2f5b-4a51-9d3c-6b4b0e2f1a77"
ROWS = (
    "INSERT INTO player (id, email, size, team_id, uuid) VALUES "
    f"(1, 'x@y', 5, 1, '{UUID}'), (2, 'x@y', -3, 7, '{UUID}'), (3, 'a@b', 0, 7, NULL), "
    "(4, 'a@b', NULL, NULL, NULL), (5, 'alone', 9, 8, '1')"
)

HEAD = (
    "from peewee import *\nfrom db.migrations_config import database\n\n\n"
    "class Base(Model):\n    class Meta:\n        database = database\n        legacy_table_names = False\n\n\n"
    "class Team(Base):\n    id = IntegerField(primary_key=True)\n    name = CharField(40, null=True)\n\n\n"
)
FIELDS = {
    "id": "IntegerField(primary_key=True)",
    "email": "CharField(80, null=True)",
    "size": "IntegerField(null=True)",
    "team": "IntegerField(null=True, column_name='team_id')",
    "uuid": "CharField(40, null=True)",
}


def models(meta: str = "", more: str = "", **fields: str) -> str:
    body = "".join(f"    {name} = {field}\n" for name, field in (FIELDS | fields).items())
    return f"{HEAD}class Player(Base):\n{body}\n    class Meta:\n        pass\n{meta}{more}"


@pytest.fixture(params=EVERYWHERE)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A project with the two tables and their rows, on each database."""
    migrations = {
        name: sql_migration(sql)
        for name, sql in (("a", TEAM), ("b", PLAYER), ("c", "INSERT INTO team VALUES (1, 'one')"), ("d", ROWS))
    }
    if request.param == "sqlite":
        yield made(tmp_path, migrations, CONFIG)
        return
    with place_on(request.getfixturevalue(f"{request.param}_server")) as place:
        yield made(tmp_path, migrations, place.config)


def made(root: Path, migrations: dict[str, str], config: str) -> Path:
    project = Project.open(write_project(root, migrations, config=config, models=models()))
    project.apply()
    project.database.close()
    return root


def declare(root: Path, declared: str) -> Project:
    (root / "db" / "models.py").write_text(declared)
    return Project.open(root)


_REFUSED = "in several rows|to what is not there|against it"


def noted(root: Path, *options: str) -> list[str]:
    """What create says that rows will refuse; the file is written all the same."""
    before = len(files(root))
    done = created(root, "--no-renames", *options)
    assert len(files(root)) == before + 1
    return [line.removeprefix("note: ") for line in done.stdout.splitlines() if re.search(_REFUSED, line)]


def is_refused(root: Path) -> bool:
    """Whether a rehearsal of what was written is refused by the rows."""
    project = Project.open(root)
    try:
        project.rehearse()
    except PwmigError:
        return True
    finally:
        project.database.close()
    return False


REFUSED: dict[str, tuple[dict[str, str], str, tuple[str, ...], str]] = {
    "a unique column": (
        {"email": "CharField(80, null=True, unique=True)"}, "", (),
        "player: unique index (email): 2 values are in several rows, as 'a@b' in 2 rows; "
        "the migration will be refused until they are mended",
    ),
    "a unique constraint": (
        {}, "        constraints = [SQL('CONSTRAINT one_email UNIQUE (email)')]\n", (),
        "player: unique (email): 2 values are in several rows, as 'a@b' in 2 rows; "
        "the migration will be refused until they are mended",
    ),
    "a unique index of several": (
        {}, "        indexes = ((('email', 'uuid'), True),)\n", (),
        f"player: unique index (email, uuid): 1 value is in several rows, as ('x@y', '{UUID}') in 2 rows; "
        "the migration will be refused until it is mended",
    ),
    "a foreign key": (
        {"team": "ForeignKeyField(Team, null=True)"}, "", (),
        "player: foreign key (team_id) -> team (id): 3 rows refer to what is not there, as 7 in 2 rows; "
        "the migration will be refused until they are mended",
    ),
    "a check": (
        {}, "        constraints = [Check('size > 0')]\n", (),
        "player: check (size > 0): 2 rows are against it, as that with id = 2, size = -3; "
        "the migration will be refused until they are mended",
    ),
    "a check of a field": (
        {"size": "IntegerField(null=True, constraints=[Check('size >= 0')])"}, "", (),
        "player: check (size >= 0): 1 row is against it, as that with id = 2, size = -3; "
        "the migration will be refused until it is mended",
    ),
    "a value for a foreign key that comes": (
        {"club": "ForeignKeyField(Team)"}, "", ("--fill", "player.club_id=9"),
        "player: foreign key (club_id) -> team (id): 5 rows would refer to what is not there, as 9 in 5 rows; "
        "the migration will be refused with this value for club_id",
    ),
    "one value for a unique column that comes": (
        {"code": "CharField(9, unique=True)"}, "", ("--fill", "player.code=x"),
        "player: unique index (code): 1 value would be in several rows, as 'x' in 5 rows; "
        "the migration will be refused with this value for code",
    ),
    "a value for a check that comes": (
        {"level": "IntegerField(constraints=[Check('level < 9')])"}, "", ("--fill", "player.level=10"),
        "player: check (level < 9): 5 rows would be against it, as that with id = 1, level = 10; "
        "the migration will be refused with this value for level",
    ),
    "a value where a foreign key holds NULL": (
        {"team": "ForeignKeyField(Team)"}, "", ("--fill", "player.team_id=99"),
        "player: foreign key (team_id) -> team (id): 4 rows would refer to what is not there, as 7 in 2 rows; "
        "the migration will be refused until they are mended, and the value for team_id fits",
    ),
}  # fmt: skip


def plain(note: str) -> str:
    """A note without the quotes that MariaDB puts into a check, where each unique constraint is an index as well."""
    return note.replace("`", "").replace("unique index", "unique")


@pytest.mark.parametrize("what", REFUSED)
def test_what_rows_refuse_is_said_with_count_and_example(root: Path, what: str) -> None:
    fields, meta, options, note = REFUSED[what]
    project = declare(root, models(meta, **fields))
    unseen = project.dialect.name == "mysql" and what == "a value for a check that comes"
    said = note.replace("the migration will be refused with this value for level", UNSEEN) if unseen else note
    assert list(map(plain, noted(root, *options))) == [plain(said)]
    assert is_refused(root) is not unseen


def test_a_preview_that_rows_refuse_says_why_all_the_same(root: Path) -> None:
    fields, meta, options, note = REFUSED["a unique column"]
    declare(root, models(meta, **fields))
    done = created(root, "--preview", *options, code=2)
    assert plain(f"note: {note}") in plain(done.stdout)
    assert "def migrate_forward():" in done.stdout and "failed" in done.stderr


UNSEEN = "the migration does not look at them, and the database refuses what is written to them later"


@pytest.mark.postgres
def test_a_view_that_keeps_a_column_as_it_is_is_named(postgres_server: Any, tmp_path: Path) -> None:
    with place_on(postgres_server) as place:
        view = 'CREATE VIEW "Big ones" AS SELECT id, size FROM player'
        root = made(tmp_path, {"a": sql_migration(PLAYER), "b": sql_migration(view)}, place.config)
        declare(root, models(size="TextField(null=True)", email="TextField(null=True)"))
        done = created(root, "--no-renames")
        (said,) = [line for line in done.stdout.splitlines() if "will be refused" in line]
        assert said == (
            'note: player.size: its type can\'t change while the view "Big ones" reads it; '
            "the migration will be refused until that is dropped"
        )
        assert is_refused(root)


@pytest.mark.mariadb
def test_mariadb_looks_at_no_row_for_the_check_of_a_column_that_comes(mariadb_server: Any, tmp_path: Path) -> None:
    """So nothing is refused, but for what is written to these rows later."""
    migrations = {name: sql_migration(sql) for name, sql in (("a", TEAM), ("b", PLAYER), ("d", ROWS))}
    with place_on(mariadb_server) as place:
        root = made(tmp_path, migrations, place.config)
        project = declare(root, models(level="IntegerField(constraints=[Check('level < 9')])"))
        created(root, "--fill", "player.level=10")
        project.apply()
        project.database.close()
        assert created(root).stdout.startswith("nothing to do")
        with pytest.raises(peewee.DatabaseError, match="level"):
            place.database.execute_sql("UPDATE player SET size = 1 WHERE id = 1")


NOT_REFUSED: dict[str, tuple[dict[str, str], str, tuple[str, ...]]] = {
    "a unique column": ({"size": "IntegerField(null=True, unique=True)"}, "", ()),
    "an index that is not unique": ({"email": "CharField(80, null=True, index=True)"}, "", ()),
    "a unique index of several": ({}, "        indexes = ((('id', 'email'), True),)\n", ()),
    "a foreign key": ({"id": "ForeignKeyField(Team, primary_key=True, column_name='id')"}, "", ()),
    "a check": ({}, "        constraints = [Check('size > -4')]\n", ()),
    "a value for a foreign key that comes": ({"club": "ForeignKeyField(Team)"}, "", ("--fill", "player.club_id=1")),
    "a foreign key that comes without values": ({"club": "ForeignKeyField(Team, null=True)"}, "", ()),
    "a value for a check that comes": (
        {"level": "IntegerField(constraints=[Check('level < 9')])"}, "", ("--fill", "player.level=8")
    ),
    "a default of the database": (
        {"level": "IntegerField(constraints=[SQL('DEFAULT 3'), Check('level < 9')])"}, "", ()
    ),
    "a unique column of NULLs": ({"code": "CharField(9, null=True, unique=True)"}, "", ()),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_REFUSED)
def test_of_what_rows_let_pass_nothing_is_said(root: Path, what: str) -> None:
    fields, meta, options = NOT_REFUSED[what]
    declare(root, models(meta, **fields))
    if what == "a foreign key":
        fill_teams(root)
    assert noted(root, *options) == []
    assert not is_refused(root)


def fill_teams(root: Path) -> None:
    project = Project.open(root)
    with project.database.connection_context():
        for number in range(2, 10):
            project.database.execute_sql(f"INSERT INTO team VALUES ({number}, 'x')")
    project.database.close()


# What is filled into a column that constraints hold already


HELD = (
    "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, team_id INTEGER REFERENCES team (id), size INTEGER, "
    "CONSTRAINT small CHECK (size < 10))"
)
HELD_MODELS = HEAD + (
    "class Player(Base):\n    id = IntegerField(primary_key=True)\n"
    "    team = ForeignKeyField(Team, {team}index=False)\n    size = IntegerField({size})\n"
    "    class Meta:\n        constraints = [SQL('CONSTRAINT small CHECK (size < 10)')]\n"
)
HELD_ROWS = "INSERT INTO player (id, team_id, size) VALUES (1, 1, 5), (2, NULL, NULL), (3, NULL, 7)"

FILLED = {
    "a foreign key": (
        {"team": "", "size": "null=True"}, "player.team_id=9",
        "player: foreign key (team_id) -> team (id): 2 rows would refer to what is not there, as 9 in 2 rows; "
        "the migration will be refused with this value for team_id",
    ),
    "a foreign key that fits": ({"team": "", "size": "null=True"}, "player.team_id=1", None),
    "a check": (
        {"team": "null=True, ", "size": ""}, "player.size=12",
        "player: check (size < 10): 1 row would be against it, as that with id = 2, size = 12; "
        "the migration will be refused with this value for size",
    ),
    "a check that fits": ({"team": "null=True, ", "size": ""}, "player.size=9", None),
}  # fmt: skip


@pytest.fixture(params=EVERYWHERE)
def held(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    one = "INSERT INTO team VALUES (1, 'one')"
    migrations = {name: sql_migration(sql) for name, sql in zip("abcd", (TEAM, HELD, one, HELD_ROWS))}
    if request.param == "sqlite":
        yield made(tmp_path, migrations, CONFIG)
        return
    engine = "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, team_id INTEGER, size INTEGER, "
    engine += "CONSTRAINT small CHECK (size < 10), FOREIGN KEY (team_id) REFERENCES team (id))"
    with place_on(request.getfixturevalue(f"{request.param}_server")) as place:
        yield made(tmp_path, migrations | {"b": sql_migration(engine)}, place.config)


@pytest.mark.parametrize("what", FILLED)
def test_a_value_is_held_against_the_constraints_that_are_there(held: Path, what: str) -> None:
    facts, fill, note = FILLED[what]
    declare(held, HELD_MODELS.format(**facts))
    assert list(map(plain, noted(held, "--fill", fill))) == ([] if note is None else [note])
    assert is_refused(held) is (note is not None)


# On SQLite


def sqlite_project(tmp_path: Path, *statements: str, config: str = CONFIG, declared: str) -> Path:
    migrations = {f"m{number}": sql_migration(sql) for number, sql in enumerate(statements)}
    root = write_project(tmp_path, migrations, config=config, models=declared)
    project = Project.open(root)
    project.apply()
    project.database.close()
    return root


@pytest.mark.parametrize("field", ["ForeignKeyField(Team, null=True)", "ForeignKeyField(Team)"])
def test_where_sqlite_enforces_no_foreign_keys_it_is_said_if_it_is_refused(tmp_path: Path, field: str) -> None:
    config = CONFIG.replace('"foreign_keys": 1', '"foreign_keys": 0')
    root = sqlite_project(tmp_path, TEAM, PLAYER, ROWS, config=config, declared=models(team=field, club=field))
    options = () if "null" in field else ("--fill", "player.team_id=9", "--fill", "player.club_id=9")
    assert bool(noted(root, *options)) is is_refused(root)


@pytest.mark.parametrize("name", ['it\'s "a"', "a;b", "%s {x}", "order"])
def test_hostile_names_and_values_are_data(tmp_path: Path, name: str) -> None:
    """Of columns in constraints, of tables, and of cells."""
    quoted = '"' + name.replace('"', '""') + '"'
    create = f"CREATE TABLE {quoted} (id INTEGER NOT NULL PRIMARY KEY, {quoted} TEXT)"
    field = f"TextField(null=True, unique=True, column_name={name!r})"
    declared = (
        f"{HEAD}class Player(Base):\n    id = IntegerField(primary_key=True)\n    a = {field}\n"
        f"    class Meta:\n        table_name = {name!r}\n"
    )
    root = sqlite_project(tmp_path, TEAM, create, declared=declared)
    with sqlite3.connect(root / "db" / "app.sqlite") as connection:
        cell = name + "\x1b[31m" + "x" * 200
        connection.executemany(f"INSERT INTO {quoted} ({quoted}) VALUES (?)", [(cell,), (cell,)])
    connection.close()
    (note,) = noted(root)
    assert "1 value is in several rows" in note and "\x1b" not in note and len(note) < 300
    assert is_refused(root)


def test_renamed_columns_and_tables_are_looked_at_by_the_names_that_they_have_now(tmp_path: Path) -> None:
    declared = models("        table_name = 'person'\n        constraints = [Check('height > 0')]\n").replace(
        "size = Int", "height = Int"
    ).replace("email = CharField(80, null=True)", "mail = CharField(80, null=True, unique=True)")  # fmt: skip
    root = sqlite_project(tmp_path, TEAM, PLAYER, ROWS, declared=declared)
    renames = ("--rename-table", "player:person", "--rename", "person.size:height", "--rename", "person.email:mail")
    done = created(root, *renames)
    assert "person: unique index (mail): 2 values are in several rows, as 'a@b' in 2 rows; " in done.stdout
    assert "person: check (height > 0): 2 rows are against it, as that with id = 2, height = -3; " in done.stdout
    assert is_refused(root)


def test_a_type_that_changes_at_once_is_not_guessed_at(tmp_path: Path) -> None:
    """'188' is more than any number as a text, and less than 300 as the number that it becomes."""
    create = "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, height VARCHAR(9))"
    declared = (
        f"{HEAD}class Player(Base):\n    id = IntegerField(primary_key=True)\n"
        "    height = IntegerField(null=True, constraints=[Check('height < 300')])\n"
    )
    root = sqlite_project(tmp_path, TEAM, create, "INSERT INTO player VALUES (1, '188')", declared=declared)
    assert noted(root) == [] and not is_refused(root)


@pytest.mark.parametrize(("old", "new"), [("COLLATE NOCASE", ""), ("", "COLLATE NOCASE")])
def test_a_collation_that_changes_at_once_is_not_guessed_at(tmp_path: Path, old: str, new: str) -> None:
    """What tells values apart is another one afterwards."""
    create = f"CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(9) {old} NULL)"
    collate = f", constraints=[SQL({new!r})]" if new else ""
    field = f"CharField(9, null=True, unique=True{collate})"
    declared = f"{HEAD}class Player(Base):\n    id = IntegerField(primary_key=True)\n    name = {field}\n"
    rows = "INSERT INTO player VALUES (1, 'a'), (2, 'A')"
    root = sqlite_project(tmp_path, TEAM, create, rows, declared=declared)
    assert noted(root) == [] and is_refused(root) is bool(new)


def test_a_column_that_can_not_be_told_keeps_nothing_else_from_being_said(root: Path) -> None:
    """One that comes with a function for a default, and one that is converted."""
    declare(
        root,
        models(
            email="CharField(80, null=True, unique=True)",
            size="CharField(9, null=True)",
            made="DateTimeField(default=__import__('datetime').datetime.now)",
        ),
    )
    assert list(map(plain, noted(root, "--using", "player.size=CAST(size AS CHAR(9))"))) == [
        "player: unique (email): 2 values are in several rows, as 'a@b' in 2 rows; "
        "the migration will be refused until they are mended"
    ]


def test_rows_are_those_behind_what_is_pending(tmp_path: Path) -> None:
    root = sqlite_project(tmp_path, TEAM, PLAYER, declared=models(email="CharField(80, null=True, unique=True)"))
    Project.open(root).create("fill", sql_migration(ROWS))
    assert len(noted(root)) == 1


# In the workbench


def test_the_workbench_says_the_same_words(root: Path) -> None:
    declare(root, models("        constraints = [Check('size > 0')]\n", email="CharField(80, null=True, unique=True)"))
    bench = Workbench(root)
    draft = bench.from_models()
    refused = [note.text for note in draft.notes if note.refused]
    assert len(refused) == 2
    said = text_of(bench.editor.models.says.value)
    assert all(f"note: {text}" in said for text in refused)
    assert bench.editor.save().exists()
