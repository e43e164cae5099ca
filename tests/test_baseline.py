"""A baseline is the whole of a database that was there before, as a migration; proved, and recorded as applied."""

from __future__ import annotations

import ast
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from projects import CONFIG, CREATE_PLAYER, config_of, open_project, run_cli, state, states, write_project

from pwmig.baseline.source import baseline_source, literal
from pwmig.dialects import dialect_of
from pwmig.diff import diff
from pwmig.errors import DatabaseUnavailable, MigrationFileError, PlanError, ProjectError
from pwmig.history import History
from pwmig.project import Project
from pwmig.schema import Schema

ROOT = Path(__file__).resolve().parent.parent
SHOP = (
    "CREATE TABLE club (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL)",
    "CREATE UNIQUE INDEX club_name ON club (name)",
    "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) DEFAULT '100%' NOT NULL, club_id INTEGER,"
    " CONSTRAINT in_club FOREIGN KEY (club_id) REFERENCES club (id) ON DELETE CASCADE,"
    " CONSTRAINT not_empty CHECK (name <> ''))",
    "CREATE VIEW names AS SELECT name FROM player WHERE name LIKE 'A%'",
    "CREATE VIEW short_names AS SELECT name FROM names",
)
CYCLE = (
    "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, b_id INTEGER)",
    "CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY, a_id INTEGER,"
    " CONSTRAINT to_a FOREIGN KEY (a_id) REFERENCES a (id))",
    "ALTER TABLE a ADD CONSTRAINT to_b FOREIGN KEY (b_id) REFERENCES b (id)",
)
POSTGRES = (
    "CREATE SCHEMA audit",
    "CREATE TYPE mood AS ENUM ('well', 'so-so')",
    "CREATE DOMAIN plain AS text CHECK (VALUE <> '')",
    "CREATE FUNCTION next_code() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION twice(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a * 2'",
    "CREATE FUNCTION twice(a text) RETURNS text LANGUAGE sql AS 'SELECT a || a'",
    "CREATE TABLE feeling (id serial PRIMARY KEY, mood mood NOT NULL, note plain, code integer DEFAULT next_code())",
    "CREATE TABLE audit.log (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what jsonb)",
    "CREATE FUNCTION all_feelings() RETURNS SETOF feeling LANGUAGE sql AS 'SELECT * FROM public.feeling'",
    "CREATE VIEW moods AS SELECT mood, twice(code) AS code FROM all_feelings()",
    "CREATE MATERIALIZED VIEW kept_moods AS SELECT * FROM moods",
    "CREATE SEQUENCE own_count START 7",
)
MARIADB = (
    "CREATE TABLE feeling (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, mood ENUM('well', 'so-so') NOT NULL)",
    "CREATE TABLE feeling_log (id INTEGER NOT NULL PRIMARY KEY, n INTEGER)",
    "CREATE TRIGGER keep AFTER INSERT ON feeling FOR EACH ROW INSERT INTO feeling_log VALUES (NEW.id, 1)",
    "CREATE FUNCTION twice(a INTEGER) RETURNS INTEGER DETERMINISTIC RETURN a * 2",
    "CREATE PROCEDURE tidy() DELETE FROM feeling_log",
    "CREATE SEQUENCE own_count START WITH 7",
)


def made(database: Any, *statements: str) -> None:
    for sql in statements:
        database.execute_sql(sql.replace("%", "%%") if database.param == "%s" else sql)


def project_of(root: Path, database: Any, *statements: str) -> Project:
    made(database, *statements)
    return open_project(root, config=config_of(database))


def on_file(root: Path, *statements: str, migrations: dict[str, str] | None = None, models: str = "") -> Project:
    project = open_project(root, migrations, models=models)
    made(project.database, *statements)
    project.database.close()
    return project


def source_of(project: Project) -> str:
    (file,) = project.files()
    return Path(file.path).read_text()


# The law: replayed elsewhere, an equal schema


def assert_whole(project: Project) -> None:
    """The baseline is the database's schema, forward; nothing, backward; and it says what it did."""
    live = project.schema()
    project.baseline("the_beginning")
    assert states(project) == {"the_beginning": "applied"}
    assert diff(project.schema_of("history"), live) == ()
    assert project.diff("history", "live") == project.diff("live", "history") == ()
    (status,) = project.status()
    assert (status.how, status.reversible) == ("baseline", True)
    report = project.check()
    assert [found.what for found in report.findings if found.migration] == [], report.findings


def test_replayed_on_an_empty_database_it_makes_an_equal_schema(tmp_path: Path, any_database: Any) -> None:
    assert_whole(project_of(tmp_path, any_database, *SHOP))


def test_tables_that_refer_to_each_other_are_made_and_dropped(tmp_path: Path, server_database: Any) -> None:
    assert_whole(project_of(tmp_path, server_database, *CYCLE))


PARTS = (
    "CREATE TABLE whole (id INTEGER NOT NULL PRIMARY KEY, next_id INTEGER) PARTITION BY RANGE (id)",
    "CREATE TABLE part_a PARTITION OF whole FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id)",
    "CREATE TABLE part_of_part PARTITION OF part_a FOR VALUES FROM (0) TO (5)",
    "CREATE TABLE part_b PARTITION OF whole DEFAULT",
    "CREATE FUNCTION whole() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
)


@pytest.mark.parametrize(
    "key",
    [
        "CREATE TABLE referring (a INTEGER REFERENCES whole)",
        "ALTER TABLE whole ADD CONSTRAINT to_next FOREIGN KEY (next_id) REFERENCES whole (id)",
        "CREATE TABLE round (id INTEGER PRIMARY KEY, a INTEGER REFERENCES whole);"
        " ALTER TABLE whole ADD CONSTRAINT around FOREIGN KEY (next_id) REFERENCES round (id)",
        "CREATE TABLE counted (a serial); CREATE SEQUENCE more OWNED BY counted.a",
    ],
)
def test_what_goes_along_with_a_table_is_made_and_dropped(tmp_path: Path, postgres: Any, key: str) -> None:
    assert_whole(project_of(tmp_path, postgres, *PARTS, *key.split("; ")))


@pytest.mark.parametrize(
    "statements",
    [
        "CREATE FUNCTION same(a integer, b integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a = b';"
        " CREATE OPERATOR === (leftarg = integer, rightarg = integer, function = same);"
        " CREATE TABLE t (a integer CHECK (a === 1))",
        "CREATE TEXT SEARCH CONFIGURATION mine (copy = simple);"
        " CREATE TABLE t (a text, b tsvector GENERATED ALWAYS AS (to_tsvector('mine', a)) STORED)",
    ],
)
def test_what_needs_something_that_is_not_looked_at_is_refused(tmp_path: Path, postgres: Any, statements: str) -> None:
    project = project_of(tmp_path, postgres, *statements.split("; "))
    with pytest.raises(ProjectError, match="can't be made in an empty database") as raised:
        project.baseline("x")
    assert "does not exist" in raised.value.why and "ignore" in raised.value.way_out
    assert "mend it" not in raised.value.way_out
    assert project.files() == () and project.applied() == ()


def test_whatever_objects_postgresql_holds(tmp_path: Path, postgres: Any) -> None:
    assert_whole(project_of(tmp_path, postgres, *SHOP, *POSTGRES))


def test_whatever_objects_mariadb_holds(tmp_path: Path, mariadb: Any) -> None:
    assert_whole(project_of(tmp_path, mariadb, *SHOP, *MARIADB))


@pytest.mark.parametrize("file", ["chinook.sqlite", "footballers_cc0.sqlite"])
def test_real_databases_on_sqlite(tmp_path: Path, file: str) -> None:
    import shutil

    import requirements

    write_project(tmp_path)
    shutil.copyfile(requirements.real_data(file), tmp_path / "db" / "app.sqlite")
    assert_whole(Project.open(tmp_path))


def test_a_chain_of_views_triggers_and_odd_names_on_sqlite(tmp_path: Path) -> None:
    odd = (
        'CREATE TABLE "a ""quoted"" name" (x, "1%%" TEXT DEFAULT \'it\'\'s\n"two" lines \\n\')',
        'CREATE TABLE [select] ("from" INTEGER PRIMARY KEY AUTOINCREMENT, é TEXT COLLATE NOCASE, CHECK (é <> \'"""\'))',
        'CREATE VIEW v1 AS SELECT x FROM "a ""quoted"" name" -- a comment \'with\' quotes',
        "CREATE VIEW v2 AS SELECT x FROM v1",
        "CREATE TRIGGER t1 INSTEAD OF INSERT ON v1 BEGIN SELECT 1; SELECT '\x07'; END",
        "CREATE VIRTUAL TABLE words USING fts5(word)",
    )
    assert_whole(on_file(tmp_path, *odd))


def test_the_rows_stay_as_they_are(tmp_path: Path) -> None:
    project = on_file(tmp_path, *SHOP, "INSERT INTO club VALUES (1, 'Riga')", "INSERT INTO player VALUES (1, 'Tal', 1)")
    before = state(tmp_path / "db" / "app.sqlite")
    project.baseline("the_beginning")
    assert state(tmp_path / "db" / "app.sqlite") == before


def test_the_file_names_no_place_of_the_machine(tmp_path: Path) -> None:
    project = on_file(tmp_path, *SHOP)
    project.baseline("the_beginning")
    assert str(tmp_path) not in source_of(project) and "SQLite database app.sqlite held" in source_of(project)


def test_another_database_is_made_by_migrate_and_emptied_by_backward(tmp_path: Path) -> None:
    project = on_file(tmp_path, *SHOP)
    project.baseline("the_beginning")
    live = project.schema()
    (tmp_path / "db" / "app.sqlite").unlink()
    project.apply()
    assert project.schema() == live
    project.revert()
    assert project.schema() == Schema()


def test_nobody_takes_a_baseline_back_by_accident(tmp_path: Path) -> None:
    project = on_file(tmp_path, *SHOP)
    project.baseline("the_beginning")
    project.create("next", CREATE_PLAYER.replace("player", "other"))
    project.apply()
    project.revert()
    with pytest.raises(PlanError, match="--allow baseline"):
        project.revert()
    with pytest.raises(PlanError, match="all that the database held before"):
        project.revert(to="zero")
    assert project.rehearse(backward=True, allow=["baseline"]).losses == ()
    assert len(project.compare("zero", "now").changes) == 4
    assert project.schema().table("club")
    project.revert(fake=True)
    assert states(project) == {"the_beginning": "pending", "next": "pending"}
    assert project.schema().table("club")


# Refusals: nothing is written


def test_it_is_refused_where_there_is_a_migration(tmp_path: Path) -> None:
    project = on_file(tmp_path, *SHOP, migrations={"a": CREATE_PLAYER})
    with pytest.raises(PlanError, match="is there already") as caught:
        project.baseline("again")
    assert "pwmig diff history live" in caught.value.way_out
    assert len(project.files()) == 1 and project.applied() == ()


def test_it_is_refused_where_there_is_a_history(tmp_path: Path) -> None:
    project = on_file(tmp_path, *SHOP, migrations={"a": CREATE_PLAYER.replace("player", "other")})
    project.apply()
    (file,) = project.files()
    Path(file.path).unlink()
    with pytest.raises(PlanError, match="is applied already"):
        project.baseline("again")
    assert project.files() == ()


def test_it_is_refused_where_there_is_no_database_or_nothing_in_it(tmp_path: Path) -> None:
    project = open_project(tmp_path)
    with pytest.raises(PlanError, match="there is no database"):
        project.baseline("x")
    assert not (tmp_path / "db" / "app.sqlite").exists()
    project.database.connect()
    project.database.execute_sql("PRAGMA user_version = 1")
    project.database.close()
    with pytest.raises(PlanError, match="holds nothing"):
        project.baseline("x")
    assert project.files() == ()


@pytest.mark.parametrize("name", ["", "a b", "é", "x" * 101, "../x"])
def test_a_name_that_is_none_is_refused_first(tmp_path: Path, name: str) -> None:
    project = on_file(tmp_path, *SHOP)
    with pytest.raises(MigrationFileError):
        project.baseline(name)
    assert project.files() == ()


def test_a_schema_that_would_not_be_equal_is_refused_with_the_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = on_file(tmp_path, *SHOP)
    kind = type(dialect_of(project.database))
    write = kind.write
    monkeypatch.setattr(kind, "write", lambda self, schema: write(self, schema.only(["player"])))
    with pytest.raises(ProjectError, match="it would make another schema") as caught:
        project.baseline("x")
    assert "- table club" in caught.value.why and "- view names" in caught.value.why
    assert project.files() == () and not project.dialect.table_exists(project.database, "pwmig_history")


def test_file_and_history_row_are_both_there_or_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = on_file(tmp_path, *SHOP)

    def fail(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(History, "record", fail)
        with pytest.raises(Exception, match="the disk is full"):
            project.baseline("x")
    assert project.files() == () and project.applied() == ()
    project.baseline("x")
    assert states(project) == {"x": "applied"}


def test_a_database_that_others_write_is_waited_for_and_nothing_is_left(tmp_path: Path) -> None:
    project = on_file(tmp_path, *SHOP)
    other = sqlite3.connect(tmp_path / "db" / "app.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable):
        project.baseline("x", wait_s=0.2)
    other.execute("ROLLBACK")
    other.close()
    assert project.files() == () and project.applied() == ()


def test_what_the_config_ignores_is_no_part_of_it(tmp_path: Path) -> None:
    on_file(tmp_path, *SHOP, "CREATE TABLE spatial_ref (id INTEGER)")
    (tmp_path / "pyproject.toml").write_text("[tool.pwmig]\nignore = ['spatial_*']\n")
    project = Project.open(tmp_path)
    project.baseline("x")
    assert "spatial_ref" not in source_of(project)
    assert project.diff("history", "live") == ()


# The source

LITERALS = [
    "CREATE TABLE t (x)",
    'CREATE TABLE "t" (x)',
    "DEFAULT 'x'",
    "'\"'",
    "a\nb",
    'a\n"b"',
    'a\n"b" ',
    "a\n'b'",
    'a\n"""',
    "a\n'''\"\"\"",
    "back\\slash",
    "\x07\x1b[2J",
    "tab\there",
    "line\r\nend",
    "\u202eright to left",
    "é\u2028",
    "",
    "\ud800",
]


@pytest.mark.parametrize("text", LITERALS, ids=[ascii(text) for text in LITERALS])
def test_a_literal_is_the_text_and_moves_no_cursor(text: str) -> None:
    written = literal(text)
    assert ast.literal_eval(written) == text
    assert all(char.isprintable() or char == "\n" for char in written)


def test_the_source_is_one_literal_a_statement(tmp_path: Path) -> None:
    source = baseline_source("db.migrations_config", 'Odd """ \\ \x1b title', ["A", "B\nC"], ["D"])
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [ast.literal_eval(call.args[0]) for call in calls] == ["A", "B\nC", "D"]
    assert "\x1b" not in source
    assert "pass" in baseline_source("x", "t", [], [])


def test_the_source_holds_no_password(tmp_path: Path) -> None:
    project = on_file(tmp_path, *SHOP)
    project.baseline("x")
    assert "held on" in source_of(project) and "database.execute_sql(" in source_of(project)


def test_the_docstring_names_the_database_and_no_place(tmp_path: Path, any_database: Any) -> None:
    any_database.execute_sql("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY)")
    project = open_project(tmp_path / "app", config=config_of(any_database))
    project.baseline("begin")
    name = Path(str(any_database.database)).name
    said = (ast.get_docstring(ast.parse(source_of(project))) or "").partition(" held on ")[0]
    assert said == f"The schema that the {project.dialect.title} database {name}"


# The command


def test_the_command_writes_records_and_says_so(tmp_path: Path) -> None:
    on_file(tmp_path, *SHOP)
    done = run_cli(tmp_path, "baseline", "The_Beginning")
    assert (done.returncode, done.stderr) == (0, "")
    assert "_the_beginning.py\n" in done.stdout and "is recorded as applied here; its 5 statements" in done.stdout
    assert "(baseline: recorded, not run)" in run_cli(tmp_path, "status").stdout
    again = run_cli(tmp_path, "baseline", "again")
    assert again.returncode == 2 and "way out:" in again.stderr
    back = run_cli(tmp_path, "migrate", "--backward")
    assert back.returncode == 2 and "--allow baseline" in back.stderr


def test_a_database_in_memory_has_no_baseline(tmp_path: Path) -> None:
    memory = CONFIG.replace('Path(__file__).parent / "app.sqlite"', '":memory:"')
    write_project(tmp_path, config=memory + "\ndatabase.execute_sql('CREATE TABLE x (id)')\n")
    done = run_cli(tmp_path, "baseline", "x")
    assert done.returncode == 2 and "in the memory of this process" in done.stderr


# Models

TEMPLATE = ROOT / "pwmig" / "templates" / "db" / "models.py.template"


@pytest.mark.parametrize("there", ["", '"""The models."""\n\nfrom peewee import *\n', TEMPLATE.read_text()])
def test_models_are_written_where_there_are_none_and_differ_in_nothing(tmp_path: Path, there: str) -> None:
    project = on_file(tmp_path, *SHOP, models=there)
    done = project.baseline("x", models=True)
    assert done.models == tmp_path / "db" / "models.py" and done.unsaid == ()
    assert "class Player(" in done.models.read_text()
    assert project.diff() == () and project.check().ok


def test_models_of_every_database_differ_in_nothing(tmp_path: Path, any_database: Any) -> None:
    project = project_of(tmp_path, any_database, *SHOP)
    done = project.baseline("x", models=True)
    assert done.unsaid == () and project.diff() == ()


UNSAID = {
    "postgres": (
        "CREATE TABLE t (a integer) PARTITION BY RANGE (a); CREATE TABLE part PARTITION OF t DEFAULT;"
        " CREATE INDEX i ON ONLY t (a)",
        "CREATE TABLE t (a serial, b text); ALTER TABLE t ALTER a DROP NOT NULL",
        "CREATE TABLE t (a serial, b text); CREATE SEQUENCE more OWNED BY t.a",
        "CREATE TABLE t (a integer, b text); CREATE SEQUENCE more OWNED BY t.a; CREATE SEQUENCE most OWNED BY t.a",
        "CREATE TABLE t (a serial, b text); ALTER TABLE t ALTER a DROP DEFAULT",
    ),
    "mariadb": ("CREATE TABLE t (a CHAR(0), b VARCHAR(0), c CHAR(7))",),
}


@pytest.mark.parametrize(
    ("kind", "statements"),
    [
        pytest.param(kind, text, marks=getattr(pytest.mark, kind), id=f"{kind}-{number}")
        for kind, texts in UNSAID.items()
        for number, text in enumerate(texts)
    ],
)
def test_what_models_can_hardly_say_is_no_difference(
    tmp_path: Path, kind: str, statements: str, request: pytest.FixtureRequest
) -> None:
    project = project_of(tmp_path, request.getfixturevalue(kind), *statements.split("; "))
    assert project.baseline("x", models=True).unsaid == () and project.diff() == ()


def test_tables_that_letter_case_tells_apart_have_models(tmp_path: Path, server_database: Any) -> None:
    project = project_of(tmp_path, server_database)
    if not project.schema().exact_tables:
        pytest.skip("this server does not tell them apart")
    left, right = server_database.quote
    made(server_database, *(f"CREATE TABLE {left}{name}{right} (x INTEGER)" for name in ("Aa", "aa")))
    assert project.baseline("x", models=True).unsaid == () and project.diff() == ()


@pytest.mark.parametrize("there", [None, "# mine\n"])
def test_models_that_cannot_be_compared_leave_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str | None
) -> None:
    project = on_file(tmp_path, *SHOP)
    file = tmp_path / "db" / "models.py"
    file.unlink()
    if there is not None:
        file.write_text(there)
    monkeypatch.setattr("pwmig.baseline.models_source", lambda *_: "from nowhere_at_all import x\n")
    with pytest.raises(ProjectError, match="nowhere_at_all") as raised:
        project.baseline("x", models=True)
    assert "without --models" in raised.value.way_out
    assert (file.read_text() if file.exists() else None) == there
    assert project.files() == () and project.applied() == ()


def test_a_models_module_that_is_missing_is_made(tmp_path: Path) -> None:
    project = on_file(tmp_path, *SHOP)
    (tmp_path / "db" / "models.py").unlink()
    assert project.baseline("x", models=True).models == tmp_path / "db" / "models.py"


@pytest.mark.parametrize("there", ["class A: pass\n", "x = 1\n", "not python at all\n", "from peewee import *\nx()\n"])
def test_models_that_are_there_are_not_overwritten(tmp_path: Path, there: str) -> None:
    project = on_file(tmp_path, *SHOP, models=there)
    with pytest.raises(PlanError, match="is in the way"):
        project.baseline("x", models=True)
    assert (tmp_path / "db" / "models.py").read_text() == there
    assert project.files() == () and project.applied() == ()
    project.baseline("x")


def test_a_package_of_models_is_not_overwritten(tmp_path: Path) -> None:
    project = on_file(tmp_path, *SHOP)
    (tmp_path / "db" / "models.py").unlink()
    package = tmp_path / "db" / "models"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "player.py").write_text("x = 1\n")
    with pytest.raises(PlanError, match="a package with modules of its own"):
        project.baseline("x", models=True)
    (package / "player.py").unlink()
    assert project.baseline("x", models=True).models == package / "__init__.py"


def test_the_command_writes_models_too(tmp_path: Path) -> None:
    on_file(tmp_path, *SHOP)
    done = run_cli(tmp_path, "baseline", "x", "--models")
    assert done.returncode == 0 and f"wrote {tmp_path / 'db' / 'models.py'}\n" in done.stdout
    assert run_cli(tmp_path, "diff").returncode == 0


# Every fact at once


def test_everything_that_mariadb_knows(tmp_path: Path, mariadb: Any) -> None:
    from mariadb_everything import EVERYTHING

    assert_whole(project_of(tmp_path, mariadb, *EVERYTHING))


def test_everything_that_postgresql_knows(tmp_path: Path, postgres: Any) -> None:
    for role in ("pwmig_reader", 'pwmig "Writer"'):
        name = role.replace('"', '""')
        made(postgres, f'DO $$ BEGIN CREATE ROLE "{name}"; EXCEPTION WHEN duplicate_object THEN NULL; END $$')
    text = (Path(__file__).parent / "postgres_everything.sql").read_text()
    made(postgres, *statements_of(text))
    assert_whole(open_project(tmp_path, config=config_of(postgres)))


def statements_of(text: str) -> list[str]:
    """The statements of a script, each of which ends with a line, and some of which hold such ends in a text."""
    part = r"(?:--[^\n]*|'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|;(?![ \t]*\n)|[^;'$-]|-|\$)+"
    return [found.group() for found in re.finditer(part, text, re.DOTALL) if found.group().strip()]


def chinook(file: Path) -> list[str]:
    """The statements that make the tables and their rows, without those about the database itself."""
    text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    parts = [part.strip() for part in re.split(r";\s*\n", text)]
    return [part for part in parts if re.match(r"(CREATE (UNIQUE |TABLE|INDEX)|ALTER|INSERT)", part)]


def test_chinook_on_postgresql(tmp_path: Path, postgres: Any, real_data: Any) -> None:
    assert_whole(project_of(tmp_path, postgres, *chinook(real_data("chinook_postgres.sql"))))


def test_chinook_on_mariadb(tmp_path: Path, mariadb: Any, real_data: Any) -> None:
    assert_whole(project_of(tmp_path, mariadb, *chinook(real_data("chinook_mysql.sql"))))
