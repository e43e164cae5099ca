"""`pwmig create --from-models`: what is written, what is asked, and what is said where nobody can be asked."""

from __future__ import annotations

import os
import pty
import re
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from projects import CONFIG, open_project, sql_migration, state, write_project
from server_projects import SERVERS, place_on

from pwmig.cli import main
from pwmig.drafting import Wishes
from pwmig.errors import PlanError, PwmigError
from pwmig.project import Project

CREATE = sql_migration(
    "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, height VARCHAR(9), born DATE)",
    "DROP TABLE player",
)
ROWS = sql_migration(
    "INSERT INTO player (name, height, born) VALUES ('Tal', '188', NULL), ('Hou', 'tall', '2001-02-03'), "
    "('Ada', NULL, NULL)",
    "DELETE FROM player",
)


def models(*fields: str, table: str = "player", more: str = "") -> str:
    body = "\n    ".join(fields)
    return (
        "import enum\nfrom peewee import *\nfrom db.migrations_config import database\n\n"
        f"class Base(Model):\n    class Meta:\n        database = database\n        legacy_table_names = False\n\n"
        f"class Player(Base):\n    {body}\n    class Meta:\n        table_name = {table!r}\n{more}"
    )


NAME, HEIGHT, BORN = "name = CharField(80)", "height = CharField(9, null=True)", "born = DateField(null=True)"


def project_in(root: Path, declared: str, *migrations: str, **parts: str) -> Project:
    """A project with these migrations applied, and what the models declare now."""
    project = open_project(root, dict(zip(("create", "rows"), migrations, strict=False)), models=declared, **parts)
    project.apply()
    project.database.close()
    return project


def files(root: Path) -> list[str]:
    return sorted(path.name[16:] for path in (root / "db" / "migrations").glob("*.py"))


def new_source(root: Path) -> str:
    """The text of the latest file."""
    return sorted((root / "db" / "migrations").glob("*.py"))[-1].read_text()


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def run_cli(root: Path, command: str, *options: str) -> Done:
    """The command line in this process, where it is quicker."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        code = main([command, *options, "--project", str(root)])
    return Done(code, out.getvalue(), err.getvalue())


def created(root: Path, *options: str, code: int = 0) -> Done:
    done = run_cli(root, "create", "--from-models", *options)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def printed_options(error: str) -> list[list[str]]:
    """The options that a refusal prints, each as a shell would take it."""
    lines = [line.strip() for line in error.splitlines() if line.strip().startswith("--")]
    return [shlex.split(line.split("   (")[0]) for line in lines if line.count("'") != 1]


# -- what is written


def test_nothing_to_do_is_said_and_writes_nothing(tmp_path: Path) -> None:
    project_in(tmp_path, models(NAME, HEIGHT, BORN), CREATE)
    done = created(tmp_path)
    assert done.stdout == "nothing to do: the database is what the models declare\n"
    assert files(tmp_path) == ["create.py"]


def test_a_file_is_written_that_a_second_time_has_nothing_to_add_to(tmp_path: Path) -> None:
    """Also while it is pending: what it will do is seen on a copy."""
    project = project_in(tmp_path, models(NAME, HEIGHT, BORN, "level = IntegerField(default=1)"), CREATE, ROWS)
    before = state(tmp_path / "db" / "app.sqlite")
    assert "_add_player_level.py" in created(tmp_path).stdout
    assert new_source(tmp_path) == (
        "from playhouse.migrate import *\nfrom db.migrations_config import migrator\n"
        "from peewee import IntegerField\n\n\n"
        "def migrate_forward():\n    migrate(\n"
        '        migrator.add_column("player", "level", IntegerField(default=1)),\n    )\n\n\n'
        "def migrate_backward():\n    migrate(\n"
        '        migrator.drop_column("player", "level"),\n    )\n'
    )
    assert created(tmp_path).stdout.endswith("what the models declare, once what is pending is applied\n")
    assert state(tmp_path / "db" / "app.sqlite") == before, "nothing is applied"
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert created(tmp_path).stdout.startswith("nothing to do")
    assert run_cli(tmp_path, "diff").returncode == 0
    assert run_cli(tmp_path, "migrate", "--backward").returncode == 0
    assert state(tmp_path / "db" / "app.sqlite") == before
    assert len(files(tmp_path)) == len(project.files()) == 3


def test_a_project_without_a_database_yet(tmp_path: Path) -> None:
    write_project(tmp_path, {}, models=models(NAME, HEIGHT))
    assert "_create_player.py" in created(tmp_path).stdout
    assert not (tmp_path / "db" / "app.sqlite").exists()
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert created(tmp_path).stdout.startswith("nothing to do")


def test_two_creations_write_the_same_text(tmp_path: Path) -> None:
    texts = set()
    for name in ("one", "two"):
        root = tmp_path / name
        declared = models(NAME, HEIGHT, "club = CharField(null=True, index=True)", "rank = IntegerField(null=True)")
        project_in(root, declared, CREATE, ROWS)
        created(root, "--no-renames")
        texts.add(new_source(root))
    assert len(texts) == 1


def test_a_model_that_is_gone_takes_its_table_along(tmp_path: Path) -> None:
    """Where the project's migrations make it: another table without a model may be somebody else's."""
    project = project_in(tmp_path, models(NAME, table="team"), CREATE, ROWS)
    project.database.execute_sql("CREATE TABLE others (x)")
    project.database.close()
    before = state(tmp_path / "db" / "app.sqlite")
    done = created(tmp_path, "--no-renames")
    assert "note: table player goes with all its rows; the attic keeps them\n" in done.stdout
    assert re.search(r"_drop_player_and_create_team\.py\n", done.stdout)
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert {row[1] for row in state(tmp_path / "db" / "app.sqlite") if row[0] == "table"} == {"team", "others"}
    assert run_cli(tmp_path, "migrate", "--backward").returncode == 0
    assert state(tmp_path / "db" / "app.sqlite") == before


def test_a_table_that_is_ignored_stays(tmp_path: Path) -> None:
    project_in(tmp_path, models(NAME, table="team"), CREATE)
    (tmp_path / "pyproject.toml").write_text('[tool.pwmig]\nignore = ["player"]\n')
    assert "_create_team.py" in created(tmp_path, "--no-renames").stdout
    assert "drop_table" not in new_source(tmp_path).partition("def migrate_backward")[0]


def test_the_name_that_is_given(tmp_path: Path) -> None:
    project_in(tmp_path, models(NAME, HEIGHT, BORN, "level = IntegerField(null=True)"), CREATE)
    assert "_levels.py\n" in created(tmp_path, "levels").stdout
    bad = created(tmp_path, "no/name", code=2)
    assert "can't name a migration" in bad.stderr


SPLIT = (
    NAME,
    "size = CharField(9, null=True)",
    "club = CharField(null=True, index=True)",
    "rank = IntegerField(null=True)",
)


def test_a_file_for_each_change(tmp_path: Path) -> None:
    project_in(tmp_path, models(*SPLIT), CREATE, ROWS)
    before = state(tmp_path / "db" / "app.sqlite")
    created(tmp_path, "--split", "--rename", "player.height:size")
    assert files(tmp_path) == sorted(
        f"{name}.py"
        for name in (
            *("create", "rows", "rename_player_height_to_size", "add_player_club", "add_player_rank"),
            "drop_player_born",
        )
    )
    assert created(tmp_path).stdout.startswith("nothing to do")
    assert run_cli(tmp_path, "migrate").stdout.count("applied") == 4
    assert run_cli(tmp_path, "diff").returncode == 0
    assert run_cli(tmp_path, "migrate", "--backward", "--steps", "4").returncode == 0
    assert state(tmp_path / "db" / "app.sqlite") == before


def test_split_files_bear_the_name_that_is_given(tmp_path: Path) -> None:
    project_in(tmp_path, models(*SPLIT), CREATE)
    created(tmp_path, "season", "--split", "--no-renames")
    assert all(name.startswith(("season_", "create")) for name in files(tmp_path))


def test_a_preview_prints_and_writes_nothing(tmp_path: Path) -> None:
    project_in(tmp_path, models(NAME, HEIGHT, BORN, "level = IntegerField(default=1)"), CREATE, ROWS)
    before = state(tmp_path / "db" / "app.sqlite")
    done = created(tmp_path, "--preview")
    for part in (
        '        migrator.add_column("player", "level", IntegerField(default=1)),',
        "-- add_player_level, forward",
        "+ column player.level",
        "player before: 3 rows",
        "player after: 3 rows",
        "the database itself was not touched",
    ):
        assert part in done.stdout
    assert files(tmp_path) == ["create.py", "rows.py"] and state(tmp_path / "db" / "app.sqlite") == before


# -- what is asked, where nobody can be asked


ASKED = {
    "a rename": (
        (NAME.replace("name", "title", 1), HEIGHT, BORN),
        ["--rename", "player.name:title"],
        "80%|similar|same",
    ),
    "a required column": ((NAME, HEIGHT, BORN, "level = IntegerField()"), ["--fill", "player.level=VALUE"], "3 rows"),
    "no NULL": ((NAME, HEIGHT, "born = DateField()"), ["--fill", "player.born=VALUE"], "2 rows hold NULL"),
    "a type": ((NAME, "height = IntegerField(null=True)", BORN), ["--using", "player.height=SQL"], "tall"),
}
VALUES = {"player.level=VALUE": "7", "player.born=VALUE": "1999-09-09", "player.height=SQL": "CAST(height AS INTEGER)"}


@pytest.mark.parametrize("what", ASKED)
def test_without_an_answer_nothing_is_written_and_the_options_are_printed(tmp_path: Path, what: str) -> None:
    fields, option, seen = ASKED[what]
    project_in(tmp_path, models(*fields), CREATE, ROWS)
    refused = created(tmp_path, code=2)
    assert files(tmp_path) == ["create.py", "rows.py"]
    assert "nothing was written: 1 question is open" in refused.stderr
    assert re.search(seen, refused.stderr)
    options = printed_options(refused.stderr)
    assert options[0] == option
    assert ("--no-renames" in [one[0] for one in options]) is (what == "a rename")
    place = option[1]
    answer = place if what == "a rename" else place.rpartition("=")[0] + "=" + VALUES[place]
    created(tmp_path, option[0], answer)
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert run_cli(tmp_path, "diff").returncode == 0
    before = sql_rows(tmp_path)
    assert len(before) == 3 and run_cli(tmp_path, "migrate", "--backward").returncode == 0
    assert [row[1:] for row in sql_rows(tmp_path)] == [
        ("Tal", "188", None), ("Hou", "tall", "2001-02-03"), ("Ada", None, None)
    ]  # fmt: skip


def sql_rows(root: Path) -> list[Any]:
    return [row[1:] for row in state(root / "db" / "app.sqlite") if row[0] == "player"]


NOT_ASKED = {
    "no rows": ((CREATE,), (NAME, HEIGHT, BORN, "level = IntegerField()")),
    "no NULL there": ((CREATE, ROWS.replace("NULL", "'2000-01-01'")), (NAME, HEIGHT, "born = DateField()")),
    "a default": ((CREATE, ROWS), (NAME, HEIGHT, BORN, "level = IntegerField(default=3)")),
    "a default of the database": (
        (CREATE, ROWS), (NAME, HEIGHT, BORN, "level = IntegerField(constraints=[SQL('DEFAULT 3')])")
    ),
    "a type that holds all": ((CREATE, ROWS), (NAME, "height = CharField(90, null=True)", BORN)),
    "values that convert": (
        (CREATE, ROWS.replace("'tall'", "'191'")), (NAME, "height = IntegerField(null=True)", BORN)
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_ASKED)
def test_what_no_row_makes_necessary_is_not_asked(tmp_path: Path, what: str) -> None:
    migrations, fields = NOT_ASKED[what]
    project_in(tmp_path, models(*fields), *migrations)
    created(tmp_path)
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert run_cli(tmp_path, "diff").returncode == 0


def test_no_renames_drops_and_adds(tmp_path: Path) -> None:
    project_in(
        tmp_path, models(NAME.replace("name", "title", 1) + ".", HEIGHT, BORN).replace(").", ", null=True)"), CREATE
    )
    created(tmp_path, "--no-renames")
    assert "rename" not in new_source(tmp_path)


def test_a_conversion_that_rows_do_not_go_through_is_refused(tmp_path: Path) -> None:
    project_in(tmp_path, models("name = CharField(80)", "height = IntegerField()", BORN), CREATE, ROWS)
    options = ("--using", "player.height=CAST(nullif(height, 'tall') AS INTEGER)", "--fill", "player.height=1")
    refused = created(tmp_path, *options, code=2)
    assert "does not convert player.height to INTEGER" in refused.stderr
    assert "1 row of player" in refused.stderr and "tall (key 2)" in refused.stderr
    assert files(tmp_path) == ["create.py", "rows.py"]


HOSTILE = {
    "a colon": ("a:b", "c:d"),
    "a dot": ("a.b", "c.d"),
    "an equals sign": ("a=b", "c=d"),
    "quotes": ("it's", 'say "hi"'),
    "a statement": ('x"; import os', "x'); DROP TABLE player; --"),
    "braces": ("{x}", "%s"),
    "a line": ("a\nb", "c\nd"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_names_are_data(tmp_path: Path, what: str) -> None:
    """In the file, and in the options, which can be given as they are printed."""
    old, new = HOSTILE[what]
    table = f"t {old}"
    there, column = ('"' + name.replace('"', '""') + '"' for name in (table, old))
    sql = f"CREATE TABLE {there} (id INTEGER NOT NULL PRIMARY KEY, {column} VARCHAR(80))"
    insert = f"INSERT INTO {there} VALUES (1, 'x')"
    fields = (f"a = CharField(80, null=True, column_name={new!r})", f"b = CharField(null=True, default={old + new!r})")
    project_in(
        tmp_path,
        models(*fields, f"c = CharField(column_name={'z' + new!r})", table=table),
        sql_migration(sql),
        sql_migration(insert),
    )
    refused = created(tmp_path, code=2)
    rename = f"{table}.{old}:{new}"
    assert ["--rename", rename] in printed_options(refused.stderr) or "\n" in rename
    refused = created(tmp_path, "--rename", rename, code=2)
    fill = f"{table}.z{new}="
    assert ["--fill", f"{fill}VALUE"] in printed_options(refused.stderr) or "\n" in fill
    created(tmp_path, "--rename", rename, "--fill", f"{fill}{old}")
    compile(new_source(tmp_path), "new.py", "exec")
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert created(tmp_path).stdout.startswith("nothing to do")
    rows = [row for row in state(tmp_path / "db" / "app.sqlite") if row[0] == table]
    assert [set(row[2:]) for row in rows] == [{"x", old, old + new}] or [set(row[2:]) for row in rows] == [
        {"x", old, None}
    ]


MEANINGLESS = {
    ("--rename", "player"): "there is no : in it",
    ("--rename", "nobody.a:b"): "there is no table nobody",
    ("--rename", "player.a:title"): "the database has no column a",
    ("--rename", "player.name:b"): "the models have no column b",
    ("--rename", "player.name:height"): "there is a column of player called height already",
    ("--rename-table", "a:b"): "the database has no table a",
    ("--rename-table", "player:b"): "no model has the table b",
    ("--fill", "player.level"): "there is no =",
    ("--fill", "player.nothing=1"): "no model has a column player.nothing; those of player are id, title, height",
    ("--fill", "nobody.level=1"): "no model has a column nobody.level",
    ("--fill", "level=1"): "no table is named in front of the =",
    ("--fill", "player.level=NULL"): "write a whole number",
    ("--fill", "player.level=many"): "'many' can't be filled into player.level",
    ("--fill", "player.level="): "there is none behind the =",
    ("--fill", "player.height=x"): "no column that becomes required",
    ("--fill", "player.level=2"): "--fill player.level was told twice",
    ("--using", "player.height="): "no SQL stands behind",
    ("--using", "player.height=upper(height)"): "its type stays",
}


@pytest.mark.parametrize("option", MEANINGLESS)
def test_an_answer_that_means_nothing_is_refused(tmp_path: Path, option: tuple[str, str]) -> None:
    declared = models("title = CharField(80)", HEIGHT, BORN, "level = IntegerField()")
    project_in(tmp_path, declared, CREATE, ROWS)
    others = [] if option[0].startswith("--rename") else ["--rename", "player.name:title"]
    others += [] if option[1] in ("player.level=", "player.level=many") else ["--fill", "player.level=1"]
    done = created(tmp_path, *option, *others, code=2)
    assert MEANINGLESS[option] in done.stderr and "way out: " in done.stderr
    assert files(tmp_path) == ["create.py", "rows.py"]


TAKEN = (
    "from peewee import *\nfrom db.migrations_config import database\n\n"
    "class A(Model):\n    y = IntegerField(null=True)\n    class Meta:\n        database = database\n"
)


@pytest.mark.parametrize(
    ("option", "why"),
    [(("--rename", "a.x:y"), "a column of a called y"), (("--rename-table", "b:a"), "a table called a")],
)
def test_a_name_that_is_not_given_up_is_no_new_one(tmp_path: Path, option: tuple[str, str], why: str) -> None:
    tables = [sql_migration(f"CREATE TABLE {sql}") for sql in ("a (id INTEGER PRIMARY KEY, x, y)", "b (id, name)")]
    project_in(tmp_path, TAKEN, *tables)
    refused = created(tmp_path, *option, code=2)
    assert f"{option[1]} is no rename" in refused.stderr and f"there is {why} already" in refused.stderr
    assert files(tmp_path) == ["create.py", "rows.py"]


AROUND = sql_migration(
    "CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY, text TEXT, a INTEGER, b INTEGER CHECK (b > 0))",
    "DROP TABLE {name}",
)
AROUND_HEAD = "from peewee import *\nfrom db.migrations_config import database\n\n"
AROUND_MODEL = (
    "class {model}(Model):\n    text = TextField(null=True)\n    {fields}\n"
    "    class Meta:\n        database = database\n        table_name = {name!r}\n\n"
)
CHAIN = "b = IntegerField(null=True)\n    c = IntegerField(null=True, constraints=[Check('c > 0')])"
CIRCLE = "b = IntegerField(null=True)\n    a = IntegerField(null=True, constraints=[Check('a > 0')])"
RENAMED: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "a chain of columns": ("one", "two", CHAIN, ("--rename", "one.a:b", "--rename", "one.b:c")),
    "a chain of columns, the last first": ("one", "two", CHAIN, ("--rename", "one.b:c", "--rename", "one.a:b")),
    "columns that swap": ("one", "two", CIRCLE, ("--rename", "one.a:b", "--rename", "one.b:a")),
    "a chain of tables": ("two", "three", "", ("--rename-table", "one:two", "--rename-table", "two:three")),
    "tables that swap": ("two", "one", "", ("--rename-table", "one:two", "--rename-table", "two:one")),
    "both": (
        "two", "one", CIRCLE,
        ("--rename-table", "one:two", "--rename-table", "two:one", "--rename", "two.a:b", "--rename", "two.b:a"),
    ),
}  # fmt: skip
AS_IT_WAS = "a = IntegerField(null=True)\n    b = IntegerField(null=True, constraints=[Check('b > 0')])"


@pytest.mark.parametrize("split", [(), ("--split",)], ids=["one file", "a file for each"])
@pytest.mark.parametrize("what", RENAMED)
def test_names_that_others_give_up(tmp_path: Path, what: str, split: tuple[str, ...]) -> None:
    first, second, fields, options = RENAMED[what]
    declared = AROUND_MODEL.format(model="One", name=first, fields=fields or AS_IT_WAS)
    declared += AROUND_MODEL.format(model="Two", name=second, fields=AS_IT_WAS)
    project = project_in(tmp_path, AROUND_HEAD + declared, *(AROUND.replace("{name}", name) for name in ("one", "two")))
    for name in ("one", "two"):
        project.database.execute_sql(f"INSERT INTO {name} (text, a, b) VALUES ('was {name}', 1, 2)")
    project.database.close()
    before = state(tmp_path / "db" / "app.sqlite")
    created(tmp_path, *options, *split)
    made = len(files(tmp_path)) - 2
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert run_cli(tmp_path, "diff").returncode == 0
    assert created(tmp_path).stdout.startswith("nothing to do")
    with project.database.connection_context():
        assert project.database.execute_sql(f"SELECT text FROM {first}").fetchall() == [("was one",)]
        if fields:
            last = "c" if fields is CHAIN else "a"
            assert project.database.execute_sql(f"SELECT b, {last} FROM {first}").fetchall() == [(1, 2)]
    project.database.close()
    assert run_cli(tmp_path, "migrate", "--backward", "--steps", str(made)).returncode == 0
    assert state(tmp_path / "db" / "app.sqlite") == before


@pytest.mark.parametrize("turned", [False, True])
def test_a_table_whose_name_is_passed_on_is_meant_by_its_new_name(tmp_path: Path, turned: bool) -> None:
    """As the questions name it, in whichever order the renames are told."""
    more = AS_IT_WAS + "\n    more = IntegerField()"
    declared = AROUND_MODEL.format(model="One", name="two", fields=more)
    declared += AROUND_MODEL.format(model="Two", name="three", fields=more)
    project = project_in(tmp_path, AROUND_HEAD + declared, *(AROUND.replace("{name}", name) for name in ("one", "two")))
    for name in ("one", "two"):
        project.database.execute_sql(f"INSERT INTO {name} (text) VALUES ('was {name}')")
    project.database.close()
    renames = [("--rename-table", "one:two"), ("--rename-table", "two:three")]
    options = [word for pair in (reversed(renames) if turned else renames) for word in pair]
    refused = created(tmp_path, *options, code=2)
    fills = [option for _, option in printed_options(refused.stderr)]
    assert fills == ["two.more=VALUE", "three.more=VALUE"] or fills == ["three.more=VALUE", "two.more=VALUE"]
    created(tmp_path, *options, "--fill", "two.more=1", "--fill", "three.more=2")
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert created(tmp_path).stdout.startswith("nothing to do")
    with project.database.connection_context():
        for name, row in (("two", ("was one", 1)), ("three", ("was two", 2))):
            assert project.database.execute_sql(f"SELECT text, more FROM {name}").fetchall() == [row]
    project.database.close()


def test_a_chain_is_asked_for_one_rename_after_the_other(tmp_path: Path) -> None:
    declared = AROUND_MODEL.format(model="One", name="one", fields=CHAIN)
    project_in(tmp_path, AROUND_HEAD + declared, AROUND.replace("{name}", "one"))
    options = ["--rename", "one.b:c"]
    refused = created(tmp_path, *options, code=2)
    assert ["--rename", "one.a:b"] in printed_options(refused.stderr)
    created(tmp_path, *options, "--rename", "one.a:b")
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert created(tmp_path).stdout.startswith("nothing to do")


@pytest.mark.parametrize("split", [(), ("--split",)], ids=["one file", "a file for each"])
def test_tables_that_swap_by_three_migrations(tmp_path: Path, split: tuple[str, ...]) -> None:
    """The way out that the refusal tells, with rows that say which is which, and back again."""
    fields = (
        "    text = TextField(null=True)\n    class Meta:\n        database = database\n        table_name = {!r}\n"
    )
    head = "from peewee import *\nfrom db.migrations_config import database\n\n"
    tables = [
        sql_migration(f"CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY, text TEXT)", f"DROP TABLE {name}")
        for name in "ab"
    ]
    project = project_in(tmp_path, head, *tables)
    for name in "ab":
        project.database.execute_sql(f"INSERT INTO {name} (text) VALUES ('was {name}')")
    project.database.close()
    before = state(tmp_path / "db" / "app.sqlite")
    for first, second, renamed in (("c", "b", "a:c"), ("c", "a", "b:a"), ("b", "a", "c:b")):
        classes = f"class One(Model):\n{fields.format(first)}\n\nclass Two(Model):\n{fields.format(second)}"
        (tmp_path / "db" / "models.py").write_text(head + classes)
        created(tmp_path, "--rename-table", renamed, *split)
        assert run_cli(tmp_path, "migrate").returncode == 0
    assert run_cli(tmp_path, "diff").returncode == 0
    found = {row[0]: row[2] for row in state(tmp_path / "db" / "app.sqlite") if row[0] in ("a", "b")}
    assert found == {"b": "was a", "a": "was b"}
    assert run_cli(tmp_path, "migrate", "--backward", "--steps", "3").returncode == 0
    assert state(tmp_path / "db" / "app.sqlite") == before


ALONE = (["create"], ["create", "x", "--fill", "a.b=1"], ["create", "--no-renames"], ["create", "x", "--preview"])


@pytest.mark.parametrize("arguments", ALONE)
def test_without_from_models(tmp_path: Path, arguments: list[str]) -> None:
    project_in(tmp_path, models(NAME), CREATE)
    done = run_cli(tmp_path, *arguments)
    assert done.returncode == 2 and "--from-models" in done.stderr
    assert files(tmp_path) == ["create.py"]


BROKEN = {
    "a syntax error": ("def (:\n", r"db/models\.py can't be imported\n  why: SyntaxError: .*line"),
    "an import that fails": ("import nothing_like_it\n", r"No module named 'nothing_like_it'.*models\.py, line 14"),
    "two models on one table": (
        "\nclass Other(Base):\n    x = IntegerField()\n    class Meta:\n        table_name = 'player'\n",
        r"db\.models\.Other and db\.models\.Player both have the table 'player'",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_models_that_can_not_be_read(tmp_path: Path, what: str) -> None:
    more, message = BROKEN[what]
    project_in(tmp_path, models(NAME, more=more), CREATE)
    done = created(tmp_path, code=2)
    assert re.search(message, done.stderr) and "way out: " in done.stderr
    assert files(tmp_path) == ["create.py"]


# -- in a terminal


def typed(root: Path, answers: Sequence[str], *options: str) -> tuple[int, str]:
    """Run it in a terminal and type the answers, each when it is asked for; exit code and all that was shown."""
    command = [sys.executable, "-m", "pwmig", "create", "--from-models", "--project", str(root), *options]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parent.parent), "TERM": "dumb"}
    child, leader = pty.fork()
    if child == 0:
        os.execve(command[0], command, environment)
    shown, left = "", list(answers)
    prompts = 0
    try:
        while True:
            try:
                part = os.read(leader, 10_000).decode()
            except OSError:
                break
            if not part:
                break
            shown += part
            asked = len(re.findall(r"\[y/n\] |value \(.*?\): |SQL for the new value: ", shown))
            if asked > prompts and left:
                prompts = asked
                time.sleep(0.05)
                os.write(leader, left.pop(0).encode())
    finally:
        os.close(leader)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.replace("\r\n", "\n")


def test_a_terminal_is_asked(tmp_path: Path) -> None:
    declared = models("title = CharField(80)", "height = IntegerField(null=True)", "born = DateField()")
    project_in(tmp_path, declared, CREATE, ROWS)
    answers = ["perhaps\n", "y\n", "nullif(CAST(height AS INTEGER), 0)\n", "1999-09-09\n"]
    code, shown = typed(tmp_path, answers)
    assert code == 0, shown
    assert "is column player.name now called title?" in shown and "y or n" in shown
    assert "tall (key 2)" in shown and "2 rows hold NULL" in shown
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert [row[1:] for row in sql_rows(tmp_path)] == [
        ("Tal", 188, "1999-09-09"), ("Hou", None, "2001-02-03"), ("Ada", None, "1999-09-09")
    ]  # fmt: skip


def test_no_in_a_terminal_is_a_drop_and_an_add(tmp_path: Path) -> None:
    project_in(tmp_path, models("title = CharField(80, null=True)", HEIGHT, BORN), CREATE, ROWS)
    code, shown = typed(tmp_path, ["n\n"])
    assert code == 0 and "column player.name goes with its values; the attic keeps them" in shown
    assert "rename" not in new_source(tmp_path)


@pytest.mark.parametrize("answer", ["\x04", "\x03"], ids=["end of file", "ctrl-c"])
def test_a_terminal_that_does_not_answer_writes_nothing(tmp_path: Path, answer: str) -> None:
    project_in(tmp_path, models("title = CharField(80)", HEIGHT, BORN), CREATE, ROWS)
    code, shown = typed(tmp_path, [answer])
    assert code == 2 and ("nothing was written" in shown or "stopped" in shown)
    assert files(tmp_path) == ["create.py", "rows.py"]


def test_an_answer_of_no_sense_in_a_terminal_is_asked_again(tmp_path: Path) -> None:
    project_in(tmp_path, models(NAME, HEIGHT, BORN, "level = IntegerField()"), CREATE, ROWS)
    code, shown = typed(tmp_path, ["many\n", "7\n"])
    assert code == 0 and "'many' can't be filled into player.level" in shown
    assert "IntegerField(default=7)" in new_source(tmp_path)


def test_only_a_conversion_that_fails_is_asked_again(tmp_path: Path) -> None:
    declared = models(NAME, "height = IntegerField(null=True)", "born = DateField()", "level = IntegerField()")
    project_in(tmp_path, declared, CREATE, ROWS)
    failing = "abs(-9223372036854775807 - (height = 'tall'))\n"  # The least number has no such.
    code, shown = typed(tmp_path, ["7\n", failing, "1999-09-09\n", "0\n"])
    assert code == 0, shown
    assert shown.count("SQL for the new value: ") == 2 and len(re.findall(r"value \(\w+\): ", shown)) == 2


# -- on each database


@pytest.fixture(params=["sqlite", *SERVERS])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """The config of a project on a database of each kind, and the statement that makes a key there."""
    if request.param == "sqlite":
        yield CONFIG, "INTEGER NOT NULL PRIMARY KEY"
        return
    with place_on(request.getfixturevalue(f"{request.param}_server")) as place:
        counted = {"postgres": "SERIAL PRIMARY KEY", "mariadb": "INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY"}
        yield place.config, counted[request.param]


def test_all_questions_on_each_database(anywhere: tuple[str, Any], tmp_path: Path) -> None:
    config, key = anywhere
    sql = f"CREATE TABLE player (id {key}, name VARCHAR(80) NOT NULL, height VARCHAR(9), born DATE)"
    make = sql_migration(sql, "DROP TABLE player")
    declared = models(
        "title = CharField(80)", "height = IntegerField(null=True)", "born = DateField()", "level = IntegerField()"
    )
    project = project_in(tmp_path, declared, make, ROWS, config=config)
    before = project.snapshot().rows
    first = project.draft()
    assert [(one.kind, one.old, one.new) for one in first.questions] == [("rename", "name", "title")]
    wishes = Wishes().with_answer(first.questions[0], True)
    second = project.draft("season", wishes)
    asked = {(one.kind, one.column): one for one in second.questions}
    assert asked.keys() == {("cast", "height"), ("fill", "born"), ("fill", "level")}
    assert any("tall" in line for line in asked["cast", "height"].evidence)
    assert asked["fill", "born"].evidence == ("2 rows hold NULL in it",)
    with pytest.raises(PlanError, match="3 questions are open"):
        second.require_answers()
    answers = {
        ("cast", "height"): "CASE height WHEN 'tall' THEN 200 ELSE 0 + CAST(height AS DECIMAL) END",
        ("fill", "born"): "1999-09-09",
        ("fill", "level"): "7",
    }
    for place, question in asked.items():
        wishes = wishes.with_answer(question, answers[place])
    done = project.draft("season", wishes)
    assert not done.questions and [file.name for file in done.files] == ["season"]
    project.create(done.files[0].name, done.files[0].source)
    assert not project.draft(), "a second creation has nothing to add"
    project.apply()
    assert project.diff() == ()
    after = {row["title"]: row for rows in project.snapshot().rows for row in _dicts(rows)}
    assert [after[name]["height"] for name in ("Tal", "Hou", "Ada")] == [188, 200, None]
    assert {after["Ada"]["level"], str(after["Ada"]["born"])} == {7, "1999-09-09"}
    project.revert()
    assert project.snapshot().rows == before


def _dicts(rows: Any) -> list[dict[str, Any]]:
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]


def test_a_pending_migration_that_can_not_run_is_told(tmp_path: Path) -> None:
    project = project_in(tmp_path, models(NAME, HEIGHT, BORN, "level = IntegerField(null=True)"), CREATE)
    project.create("broken", sql_migration("ALTER TABLE nobody ADD COLUMN x"))
    with pytest.raises(PwmigError, match="what has to run first did not"):
        project.draft()


def test_a_function_of_the_application_is_asked_for_and_told(tmp_path: Path) -> None:
    declared = models(NAME, HEIGHT, BORN, "level = IntegerField(default=lambda: 3)")
    project_in(tmp_path, declared, CREATE, ROWS)
    refused = created(tmp_path, code=2)
    assert "is a function of the application's, or" in refused.stderr
    created(tmp_path, "--fill", "player.level=3")


def test_what_goes_is_told_by_what_the_config_says_of_the_attic(tmp_path: Path) -> None:
    project_in(tmp_path, models(NAME, "height = IntegerField(null=True)"), CREATE, ROWS)
    options = ("--no-renames", "--using", "player.height=1", "--preview")
    told = created(tmp_path, *options).stdout
    assert "note: column player.born goes with its values; the attic keeps them\n" in told
    assert "note: the values of player.height are converted, and what they were goes; the attic keeps them\n" in told
    (tmp_path / "pyproject.toml").write_text("[tool.pwmig]\nattic = false\n")
    assert (
        "goes with its values; nothing keeps them, as the config says attic = false\n"
        in created(tmp_path, *options).stdout
    )


@pytest.mark.parametrize("written", [True, False], ids=["a table without rows", "a table that is not there yet"])
def test_where_no_row_is_nothing_is_said_to_go_with_it(tmp_path: Path, written: bool) -> None:
    project = project_in(tmp_path, models(NAME, "height = IntegerField(null=True)"), CREATE)
    if not written:
        (tmp_path / "db" / "app.sqlite").unlink()
    told = created(tmp_path, "--no-renames", "--using", "player.height=1", "--preview").stdout
    assert "note: column player.born goes; no row is there\n" in told
    assert "attic" not in told and "converted" not in told
    (tmp_path / "db" / "models.py").write_text(models(NAME, table="team"))
    assert "note: table player goes; no row is there\n" in created(tmp_path, "--no-renames").stdout
    assert project.attic() == ()


WITHOUT_A_SIGN = {
    "no colon": ("--rename", "player.name", "there is no : in it", "TABLE.OLD:NEW"),
    "no new name": ("--rename", "player.name:", "no new name stands behind the :", "TABLE.OLD:NEW"),
    "no dot": ("--rename", "name:title", "there is no . in front of the :", "TABLE.OLD:NEW"),
    "no old name": ("--rename", "player.:title", "no old name stands in front of the :", "TABLE.OLD:NEW"),
    "no table": ("--rename", ".name:title", "no table stands in front of the .", "TABLE.OLD:NEW"),
    "a table and no colon": ("--rename-table", "player", "there is no : in it", "OLD:NEW"),
    "a table and no new name": ("--rename-table", "player:", "no new name stands behind the :", "OLD:NEW"),
    "a table and no old name": ("--rename-table", ":team", "no old name stands in front of the :", "OLD:NEW"),
}


@pytest.mark.parametrize("what", WITHOUT_A_SIGN)
def test_a_rename_that_is_not_in_its_form_is_told_what_it_lacks(tmp_path: Path, what: str) -> None:
    option, text, why, form = WITHOUT_A_SIGN[what]
    project_in(tmp_path, models(NAME, HEIGHT, BORN), CREATE, ROWS)
    told = created(tmp_path, option, text, code=2).stderr
    assert f"{option} {text} means nothing here" in told
    assert f"why: {why}\n" in told and f"give it as {option} {form}\n" in told


@pytest.mark.parametrize("answer", [("--fill", "player.height=1"), ("--using", "player.height=height")])
def test_an_answer_that_nothing_needs_is_refused_where_nothing_differs(tmp_path: Path, answer: tuple[str, str]) -> None:
    project_in(tmp_path, models(NAME, HEIGHT, BORN), CREATE, ROWS)
    assert "has nothing to do" in created(tmp_path, *answer, code=2).stderr
    assert created(tmp_path).stdout.startswith("nothing to do")


def test_a_check_of_a_list_is_written_once(anywhere: tuple[str, Any], tmp_path: Path) -> None:
    config, key = anywhere
    make = sql_migration(f"CREATE TABLE player (id {key}, name VARCHAR(80) NOT NULL)", "DROP TABLE player")
    texts = "constraints=[Check(\"name in ('Tal', 'it''s', 'a, b', '(ARRAY[''x''::text])::text[]')\")]"
    side = "side = CharField(5, null=True, constraints=[Check(\"side in ('white', 'black')\")])"
    project = project_in(tmp_path, models(f"name = CharField(80, {texts})", side), make, config=config)
    (file,) = project.draft("checks").files
    project.create(file.name, file.source)
    assert not project.draft()
    project.apply()
    assert project.diff() == () and not project.draft()
    project.database.execute_sql("INSERT INTO player (name, side) VALUES ('Tal', 'white')")
    project.database.close()
    project.revert()
    assert [column.name for column in project.schema().tables[0].columns] == ["id", "name"]


DEFAULTS = {
    "a time that the field makes a number": ("made = TimestampField()", "--fill"),
    "a uuid that the field makes bytes": ("key = BinaryUUIDField(default=__import__('uuid').uuid4)", "--fill"),
    "bytes": ("data = BlobField(default=b'a\\x00b')", ""),
    "a uuid for each row": ("key = UUIDField(default=__import__('uuid').uuid4, unique=True)", ""),
    "a time": ("made = DateTimeField(default=__import__('datetime').datetime.now)", ""),
    "a decimal": ("price = DecimalField(default=__import__('decimal').Decimal('1.5'))", ""),
    "a text": ("text = TextField(default='it\\'s {x} %s')", ""),
}


@pytest.mark.parametrize("what", DEFAULTS)
def test_rows_get_what_the_model_would_give_them(anywhere: tuple[str, Any], tmp_path: Path, what: str) -> None:
    config, key = anywhere
    field, asked = DEFAULTS[what]
    make = sql_migration(f"CREATE TABLE player (id {key}, name VARCHAR(80) NOT NULL)", "DROP TABLE player")
    rows = sql_migration("INSERT INTO player (name) VALUES ('Tal'), ('Hou')", "DELETE FROM player")
    project = project_in(tmp_path, models("name = CharField(80)", field), make, rows, config=config)
    draft = project.draft("defaults")
    assert [question.options[0].partition(" ")[0] for question in draft.questions] == [asked] * bool(asked)
    if asked:
        assert "converts" in draft.questions[0].evidence[1]
        return
    project.create("defaults", draft.files[0].source)
    project.apply()
    assert not project.draft()
    (found,) = project.snapshot(["player"]).rows
    values = [row[2] for row in found.rows]
    assert len(values) == 2 and None not in values
    assert what != "a uuid for each row" or values[0] != values[1]
