"""What CI asks of a project, and what it is told: which check, which migration, what differs, the way out."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from projects import CONFIG, HEAD, config_of, open_project, run_cli, sql_migration, write_project

from pwmig.checking import Check as Checked
from pwmig.checking import CheckReport, Finding, Outcome, Severity
from pwmig.checking.records import RowDifference
from pwmig.checking.relevant import relevant_tables
from pwmig.checking.rows import row_differences
from pwmig.checking.values import NoValue, value_of
from pwmig.cli.lines import check_lines
from pwmig.errors import Cancelled, MigrationFailed, NoScratch
from pwmig.project import Project
from pwmig.schema import Check, Column, ForeignKey, Routine, Rows, Schema, Snapshot, Table, Trigger
from pwmig.text import Ink

ROOT = Path(__file__).resolve().parent.parent
MODELS = """
from peewee import *
from db.migrations_config import database

class Base(Model):
    class Meta:
        database = database

class Club(Base):
    name = CharField(max_length=40, unique=True)

class Player(Base):
    name = CharField(max_length=80)
    club = ForeignKeyField(Club, null=True)
    level = IntegerField(default=1)
"""


def migration(forward: str, backward: str | None) -> str:
    text = HEAD + f"def migrate_forward():\n    {forward}\n"
    return text if backward is None else text + f"\ndef migrate_backward():\n    {backward}\n"


CLUB = migration(
    "migrate(migrator.create_table('club', {'id': AutoField(), 'name': CharField(max_length=40, unique=True)}))",
    "migrate(migrator.drop_table('club'))",
)
MAKE_PLAYER = "migrate(migrator.create_table('player', {'id': AutoField(), 'name': CharField(max_length=80)}))"
DROP_PLAYER = "migrate(migrator.drop_table('player'))"
PLAYER = migration(MAKE_PLAYER, DROP_PLAYER)
UPPER = sql_migration("UPDATE club SET name = upper(name)", "SELECT 1")
LINK = migration(
    "migrate(migrator.add_column('player', 'club_id', ForeignKeyField(__import__('db.models').models.Club, "
    "field='id', null=True)))",
    "migrate(migrator.drop_column('player', 'club_id'))",
)
LEVEL = migration(
    "migrate(migrator.add_column('player', 'level', IntegerField(default=1)))",
    "migrate(migrator.drop_column('player', 'level'))",
)
LOAD = migration(
    "Table('club', ('id', 'name')).bind(database).insert([{'name': 'Riga'}, {'name': 'Baku'}]).execute()",
    "t = Table('club', ('id', 'name')).bind(database); t.delete().where(t.name.in_(['Riga', 'Baku'])).execute()",
)
ALL = {"club": CLUB, "player": PLAYER, "link": LINK, "level": LEVEL, "load": LOAD}


def outcomes(report: CheckReport) -> dict[str, str]:
    return {check.name: check.outcome.value for check in report.checks}


def said(report: CheckReport, check: str) -> list[tuple[str, str, str]]:
    """Of each finding its weight, its migration, and what, why and the way out as one text."""
    return [
        (found.severity.value, found.migration[16:], f"{found.what}\n{found.why}\n{found.way_out}")
        for found in report.check(check).findings
    ]


# All is well


def test_a_project_in_order_passes_on_every_database(tmp_path: Path, any_database: Any) -> None:
    project = open_project(tmp_path, ALL, models=MODELS, config=config_of(any_database))
    project.apply()
    project.database.close()
    report = project.check()
    assert [(found.severity.value, found.what, found.why) for found in report.findings] == []
    assert set(outcomes(report).values()) == {"passed"} and report.ok
    assert "5 migrations forward, backward and forward again, with sample rows in 2 tables" in (
        report.check("round trip").summary
    )


def test_the_example_project_passes(tmp_path: Path) -> None:
    done = run_cli(ROOT, "check", DATABASE_URL=f"sqlite:///{tmp_path / 'players.sqlite'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "error" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_new_project_passes_before_it_has_a_database(tmp_path: Path) -> None:
    assert run_cli(tmp_path, "init").returncode == 0
    done = run_cli(tmp_path, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("skipped") == 2 and "there is no database yet" in done.stdout
    assert not list((tmp_path / "db").glob("*.sqlite"))


def test_without_models_and_migrations_nothing_fails(tmp_path: Path) -> None:
    project = open_project(tmp_path, {})
    report = project.check()
    assert report.ok and report.findings == ()


def test_a_check_touches_nothing_of_the_live_database(tmp_path: Path) -> None:
    project = open_project(tmp_path, ALL, models=MODELS)
    project.apply(to="level")
    project.database.close()
    path = tmp_path / "db" / "app.sqlite"
    before, looks = path.read_bytes(), path.stat()
    assert project.check().ok
    assert path.read_bytes() == before and path.stat().st_mtime_ns == looks.st_mtime_ns


# What each check finds: the migrations' sources, the check, (weight, migration, words)

FOUND: dict[str, tuple[dict[str, str], str, tuple[str, str, str]]] = {
    "a file that is no Python": ({"a": "def migrate_forward(:\n"}, "files", ("error", "a", "is not valid Python")),
    "a file that can't be imported": ({"a": "import nothing_such\n"}, "files", ("error", "a", "ModuleNotFoundError")),
    "a file without a way forward": (
        {"a": "def migrate_backward(): pass\n"},
        "files",
        ("error", "a", "has no migrate_forward()"),
    ),
    "a file without a way back": (
        {"a": "def migrate_forward(): pass\n"},
        "files",
        ("warning", "a", "has no migrate_backward()"),
    ),
    "a file that only speaks of a way back": (
        {"a": "def migrate_forward(): pass\n# migrate_backward\n"},
        "files",
        ("warning", "a", "has no migrate_backward()"),
    ),
    "SQL outside of the functions": (
        {"a": HEAD + "database.execute_sql('CREATE TABLE x (id INTEGER)')\n" + "def migrate_forward(): pass\n"},
        "files",
        ("error", "a", "SQL outside of migrate_forward()"),
    ),
    "a migration that stops": (
        {"a": CLUB, "b": sql_migration("CREATE TABEL x", "SELECT 1")},
        "models",
        ("error", "b", "b failed"),
    ),
    "a backward that stops": (
        {"a": migration("pass", "raise ValueError('no way')")},
        "round trip",
        ("error", "a", "ValueError: no way"),
    ),
    "a backward that leaves a table": (
        {"a": CLUB, "b": migration("database.execute_sql('CREATE TABLE x (id INTEGER)')", "pass")},
        "round trip",
        ("error", "b", "does not bring the schema back"),
    ),
    "a way forward that works once": (
        {
            "a": migration(
                "database.execute_sql('CREATE TABLE x (id INTEGER)')", "migrate(migrator.rename_table('x', 'y'))"
            )
        },
        "round trip",
        ("error", "a", "does not bring the schema back"),
    ),
    "a column that does not come back": (
        {"a": CLUB, "b": migration("migrate(migrator.drop_column('club', 'name'))", "pass")},
        "round trip",
        ("error", "b", "does not bring the schema back"),
    ),
    "values that go with their column": (
        {
            "a": PLAYER,
            "b": migration(
                "migrate(migrator.drop_column('player', 'name', attic=False))",
                "migrate(migrator.add_column('player', 'name', CharField(max_length=80, default='')))",
            ),
        },
        "round trip",
        ("note", "b", "not there again after migrate_backward()"),
    ),
    "rows that go with their table": (
        {"a": PLAYER, "b": migration(DROP_PLAYER.replace("'player')", "'player', attic=False)"), MAKE_PLAYER)},
        "round trip",
        ("note", "b", "not there again after migrate_backward()"),
    ),
    "a backward that deletes more than its own": (
        {"a": CLUB, "b": sql_migration("INSERT INTO club (name) VALUES ('Riga')", "DELETE FROM club")},
        "round trip",
        ("warning", "b", "does not bring the sample rows back"),
    ),
    "a data step that is not taken back": (
        {"a": CLUB, "b": LOAD, "c": UPPER},
        "round trip",
        ("warning", "c", "does not bring the rows back"),
    ),
    "a migration that stops where there are rows": (
        {"a": CLUB, "b": sql_migration("INSERT INTO club VALUES (1, 'Riga')", "DELETE FROM club WHERE id = 1")},
        "round trip",
        ("note", "b", "stops where tables hold sample rows"),
    ),
}


@pytest.mark.parametrize("case", FOUND, ids=list(FOUND))
def test_what_is_found_says_how_much_it_weighs_and_where(tmp_path: Path, case: str) -> None:
    sources, check, (severity, name, words) = FOUND[case]
    report = open_project(tmp_path, sources).check()
    found = said(report, check)
    assert [one for one in found if one[:2] == (severity, name) and words in one[2]], found
    assert (report.check(check).outcome is Outcome.FAILED) is (severity == "error")
    assert all(one.what and one.why and one.way_out for one in report.findings)
    assert not (tmp_path / "db" / "app.sqlite").exists()


def test_what_differs_is_told_row_by_row_and_change_by_change(tmp_path: Path) -> None:
    sources = {"a": CLUB, "b": LOAD, "c": sql_migration("UPDATE club SET name = 'x' WHERE id = 1", "SELECT 1")}
    (found,) = open_project(tmp_path, sources).check().check("round trip").findings
    assert found.rows == (RowDifference("club", altered=1, columns=("name",)),)
    made = {"a": CLUB, "b": migration("database.execute_sql('CREATE TABLE x (id INTEGER)')", "pass")}
    found, *_ = open_project(tmp_path / "other", made).check().check("round trip").findings
    assert [(change.sign, change.table) for change in found.changes] == [("+", "x")]


def test_what_goes_on_behind_a_finding_is_checked_too(tmp_path: Path) -> None:
    """A migration that leaves something behind does not spoil those after it."""
    bad = migration("database.execute_sql('CREATE TABLE x (id INTEGER)')", "pass")
    report = open_project(tmp_path, {"a": CLUB, "b": bad, "c": PLAYER, "d": bad.replace(" x ", " y ")}).check()
    assert [name for _, name, _ in said(report, "round trip")] == ["b", "d"]


def test_what_stands_before_a_broken_file_is_tried(tmp_path: Path) -> None:
    report = open_project(tmp_path, {"a": CLUB, "b": "no python", "c": PLAYER}).check()
    assert outcomes(report) == {
        "files": "failed",
        "history": "skipped",
        "models": "skipped",
        "round trip": "passed",
        "drift": "skipped",
    }
    assert report.check("round trip").summary.startswith("1 migration ")


def test_models_that_say_something_else_are_listed(tmp_path: Path) -> None:
    report = open_project(tmp_path, {"a": CLUB, "b": PLAYER, "c": LINK}, models=MODELS).check()
    (found,) = report.check("models").findings
    assert [(change.kind, change.table) for change in found.changes] == [("AddColumn", "player")]


def test_the_history_s_faults_are_found(tmp_path: Path) -> None:
    project = open_project(tmp_path, ALL, models=MODELS)
    project.apply()
    folder = tmp_path / "db" / "migrations"
    (folder / "20250101_000004_load.py").unlink()
    with (folder / "20250101_000000_club.py").open("a") as stream:
        stream.write("# changed\n")
    (folder / "20240101_000000_late.py").write_text(migration("pass", "pass"))
    report = project.check()
    words = [text for _, _, text in said(report, "history")]
    assert len(words) == 3
    for wanted in ("changed after being applied", "its file is gone", "is older than"):
        assert any(wanted in text for text in words), wanted
    assert report.check("drift").outcome is Outcome.SKIPPED


def test_drift_fails_the_check_and_is_listed(tmp_path: Path) -> None:
    project = open_project(tmp_path, ALL, models=MODELS)
    project.apply(to="level")
    project.database.execute_sql("CREATE INDEX stray ON player (name)")
    (found,) = project.check().check("drift").findings
    assert [(change.sign, change.kind) for change in found.changes] == [("+", "AddIndex")]


def test_a_database_without_a_history_is_told_of_the_baseline(tmp_path: Path) -> None:
    project = open_project(tmp_path, {})
    project.database.execute_sql("CREATE TABLE club (id INTEGER)")
    (found,) = project.check().check("drift").findings
    assert "pwmig baseline" in found.way_out


def test_strict_lets_warnings_fail(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": "def migrate_forward(): pass\n"})
    assert project.check().ok and not project.check(strict=True).ok


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (DROP_PLAYER, MAKE_PLAYER),
        (
            "migrate(migrator.drop_column('player', 'name'))",
            "migrate(migrator.add_column('player', 'name', CharField(max_length=80)))",
        ),
    ],
    ids=["table", "column"],
)
def test_what_the_attic_brings_back_is_no_finding(tmp_path: Path, forward: str, backward: str) -> None:
    report = open_project(tmp_path, {"a": PLAYER, "b": migration(forward, backward)}).check()
    assert said(report, "round trip") == []


def test_two_files_of_one_time_skip_the_rest(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": CLUB})
    (tmp_path / "db" / "migrations" / "20250101_000000_b.py").write_text(PLAYER)
    report = project.check()
    assert list(outcomes(report).values()) == ["failed", "skipped", "skipped", "skipped", "skipped"]


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_an_interrupt_ends_the_check_and_is_no_finding(tmp_path: Path, where: str) -> None:
    stop = "raise KeyboardInterrupt"
    bad = migration(stop, "pass") if where == "forward" else migration("pass", stop)
    with pytest.raises(Cancelled):
        open_project(tmp_path, {"a": CLUB, "b": bad}).check()


def test_what_is_found_is_the_same_on_every_database(tmp_path: Path, any_database: Any) -> None:
    made = {
        "a": CLUB,
        "b": migration("database.execute_sql('CREATE TABLE x (id INTEGER)')", "pass"),
        "c": PLAYER,
        "d": migration(
            "migrate(migrator.drop_column('player', 'name', attic=False))",
            "migrate(migrator.add_column('player', 'name', CharField(max_length=80, default='')))",
        ),
        "e": LOAD,
        "f": UPPER,
        "g": migration("raise ValueError('not here')", "pass"),
    }
    report = open_project(tmp_path, made, config=config_of(any_database)).check()
    assert [one[:2] for one in said(report, "models")] == [("error", "g")]
    assert [one[:2] for one in said(report, "round trip")] == [("error", "b"), ("note", "d"), ("warning", "f")]
    (altered,) = report.check("round trip").findings[2].rows
    assert (altered.table, altered.altered, altered.columns) == ("club", 2, ("name",))


def test_a_report_travels_between_processes(tmp_path: Path) -> None:
    report = open_project(tmp_path, {"a": CLUB, "b": UPPER, "c": "no python"}).check()
    assert pickle.loads(pickle.dumps(report)) == report and not report.ok


# Sample rows

TRICKY = """CREATE TABLE tricky (
    code CHAR(2) NOT NULL UNIQUE,
    kind VARCHAR(10) NOT NULL CHECK (kind IN ('open', 'women')),
    year INTEGER NOT NULL CHECK (year > 1900),
    score NUMERIC(3,1) NOT NULL,
    twice INTEGER GENERATED ALWAYS AS (year * 2) STORED,
    day DATE NOT NULL,
    picture BLOB,
    club_id INTEGER NOT NULL REFERENCES club (id),
    parent INTEGER UNIQUE REFERENCES tricky (parent),
    PRIMARY KEY (code, kind))"""


def test_sample_rows_fit_the_table_that_they_are_made_for(tmp_path: Path) -> None:
    made = {"a": CLUB, "b": sql_migration(TRICKY, "DROP TABLE tricky"), "c": migration("'tricky'", "pass")}
    report = open_project(tmp_path, made).check()
    assert report.findings == ()
    assert report.check("round trip").summary.endswith("with sample rows in 2 tables")


def test_where_no_sample_row_can_be_made_it_is_said(tmp_path: Path) -> None:
    table = "CREATE TABLE odd (id INTEGER PRIMARY KEY, x TEXT NOT NULL CHECK (x GLOB '[0-9]z'))"
    made = {"a": sql_migration(table, "DROP TABLE odd"), "b": migration("'odd'", "pass")}
    report = open_project(tmp_path, made).check()
    assert report.ok and "no sample rows could be made for odd (CHECK constraint failed" in (
        report.check("round trip").summary
    )


def test_a_table_with_a_trigger_is_tried_too(tmp_path: Path) -> None:
    trigger = sql_migration(
        "CREATE TRIGGER keep AFTER DELETE ON club BEGIN INSERT INTO player (name) VALUES (old.name); END",
        "DROP TRIGGER keep",
    )
    sources = {"a": CLUB, "b": PLAYER, "c": trigger, "d": migration("pass", "pass"), "e": LOAD}
    found = said(open_project(tmp_path, sources).check(), "round trip")
    assert [(one[0], one[1]) for one in found] == [("warning", "e")], "taking back what it loaded leaves rows of player"
    told = said(open_project(tmp_path / "other", sources | {"d": LEVEL}).check(), "round trip")
    assert [one[:2] for one in told if "NOT NULL constraint failed: player.level" in one[2]] == [("error", "e")]


TYPES = {
    "INTEGER": 1,
    "tinyint(1)": True,
    "boolean": True,
    "character varying(80)": "sample 1",
    "varchar(3)": "1",
    "TEXT": "sample 1",
    "numeric(10,2)": 1.5,
    "numeric(2,2)": 0.01,
    "decimal(5,0)": 1,
    "double precision": 1.5,
    "date": "2001-02-01",
    "datetime(6)": "2001-02-01 03:04:05",
    "timestamp with time zone": "2001-02-01 03:04:05",
    "time without time zone": "03:04:01",
    "interval": "1 days",
    "year(4)": 2001,
    "uuid": "00000000-0000-4000-8000-000000000001",
    "jsonb": '{"sample": 1}',
    "text[]": "{}",
    "bytea": b"sample1",
    "binary(3)": b"sam",
    "enum('a','b''c')": "a",
    "inet": "192.0.2.1",
    "": 1,
}


@pytest.mark.parametrize(("kind", "value"), TYPES.items(), ids=list(TYPES))
def test_a_sample_value_is_one_of_its_type(kind: str, value: Any) -> None:
    column = Column("x", kind)
    found = value_of(Schema(), Table("t", (column,)), column, 1)
    assert found == value and type(found) is type(value)


CHECKS = {
    "x IN ('b', 'c')": "b",
    "\"x\" in ('b')": "b",
    "(x = ANY (ARRAY['b'::text, 'c'::text]))": "b",
    "((x)::text = ANY ((ARRAY['b'::character varying, 'c'::character varying])::text[]))": "b",
    "`x` in ('it''s','c')": "it's",
    "length(x) > 2": "sample 1",
    "xx IN ('b')": "sample 1",
}


@pytest.mark.parametrize(("expression", "value"), CHECKS.items(), ids=list(CHECKS))
def test_a_sample_value_is_one_that_a_check_lists(expression: str, value: str) -> None:
    column = Column("x", "text")
    assert value_of(Schema(), Table("t", (column,), checks=(Check(expression),)), column, 1) == value


def test_an_unknown_type_has_no_value() -> None:
    with pytest.raises(NoValue, match="geometry"):
        value_of(Schema(), Table("t", ()), Column("x", "geometry"), 1)


# Rows side by side


def snapshot(clubs: list[tuple[Any, ...]], players: list[tuple[Any, ...]]) -> Snapshot:
    key = ForeignKey(("club",), "club", ("id",))
    tables = (
        Table("club", (Column("id", "INTEGER"), Column("name", "TEXT")), ("id",)),
        Table("player", (Column("id", "INTEGER"), Column("club", "INTEGER")), ("id",), foreign_keys=(key,)),
    )
    rows = (
        Rows("club", ("id", "name"), ("id",), tuple(clubs), len(clubs)),
        Rows("player", ("id", "club"), ("id",), tuple(players), len(players)),
    )
    return Snapshot(Schema(tables), rows)


RIGA, BAKU = (1, "Riga"), (2, "Baku")
ROWS: dict[str, tuple[tuple[list[Any], list[Any]], tuple[str, ...]]] = {
    "the same": (([RIGA, BAKU], [(1, 1), (2, 2)]), ()),
    "in another order": (([BAKU, RIGA], [(2, 2), (1, 1)]), ()),
    "under other numbers": (([(7, "Riga"), (8, "Baku")], [(3, 7), (4, 8)]), ()),
    "leading elsewhere": (([RIGA, BAKU], [(1, 1), (2, 1)]), ("rows of player: 1 altered in club",)),
    "another value": (([RIGA, (2, "Baki")], [(1, 1), (2, 2)]), ("rows of club: 1 altered in name",)),
    "one gone": (([RIGA], [(1, 1), (2, 2)]), ("rows of club: 1 gone",)),
    "one more": (([RIGA, BAKU, (3, "Oslo")], [(1, 1), (2, 2)]), ("rows of club: 1 that were not there",)),
}


@pytest.mark.parametrize(("after", "words"), ROWS.values(), ids=list(ROWS))
def test_rows_are_told_apart_by_what_they_hold_and_lead_to(after: Any, words: tuple[str, ...]) -> None:
    before = snapshot([RIGA, BAKU], [(1, 1), (2, 2)])
    found = tuple(str(one) for one in row_differences(before, snapshot(*after)))
    assert set(words) <= set(found) and bool(words) is bool(found), found


# The command

KEYS = {"severity", "migration", "what", "why", "way_out", "changes", "rows"}


def test_the_command_s_codes_and_json_keys_are_a_promise(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": CLUB, "b": LOAD, "c": UPPER})
    project.apply()
    project.database.close()
    assert run_cli(tmp_path, "check").returncode == 0
    strict = run_cli(tmp_path, "check", "--strict", "--json")
    found = json.loads(strict.stdout)
    assert strict.returncode == 1 and set(found) == {"database", "ok", "checks"} and found["ok"] is False
    assert [check["name"] for check in found["checks"]] == ["files", "history", "models", "round trip", "drift"]
    assert all(set(check) == {"name", "outcome", "summary", "elapsed_s", "findings"} for check in found["checks"])
    (finding,) = found["checks"][3]["findings"]
    assert set(finding) == KEYS
    assert set(finding["rows"][0]) == {"table", "added", "removed", "altered", "columns"}


def test_the_command_says_what_and_where_without_colours_in_a_pipe(tmp_path: Path) -> None:
    write_project(tmp_path, {"a": CLUB, "b": migration("database.execute_sql('CREATE TABLE x (id INTEGER)')", "pass")})
    done = run_cli(tmp_path, "check")
    assert done.returncode == 1 and done.stderr == "" and "\x1b" not in done.stdout
    for words in ("failed   round trip", "error: 20250101_000001_b: migrate_backward()", "+ table x (id)", "way out:"):
        assert words in done.stdout
    assert done.stdout.endswith("failed: round trip\n")


def test_what_a_migration_prints_is_no_part_of_the_report(tmp_path: Path) -> None:
    write_project(tmp_path, {"a": migration("print('hello')", "print('bye')")})
    done = run_cli(tmp_path, "check", "--json")
    assert json.loads(done.stdout)["ok"] is True and "hello" in done.stderr


def test_an_unreachable_project_is_an_error_not_a_finding(tmp_path: Path) -> None:
    write_project(tmp_path, {}, config=CONFIG.replace("database =", "nothing ="))
    assert run_cli(tmp_path, "check").returncode == 2
    assert run_cli(tmp_path / "db", "check").returncode == 2


def test_severities_are_texts() -> None:
    assert [severity.value for severity in Severity] == ["error", "warning", "note"]
    assert Project.check.__doc__ is not None


# What a migration has to do with


def tables(**facts: Any) -> Schema:
    keys = (ForeignKey(("b",), "a", ("id",), on_delete="CASCADE"), ForeignKey(("b",), "c", ("id",)))
    made = [Table(name, (Column("id", "INTEGER"),)) for name in ("a", "a_b", 'odd "name"', "c", "d")]
    return Schema((*made, Table("e", (Column("b", "INTEGER"),), foreign_keys=keys)), **facts)


NAMED: dict[str, tuple[str, set[str]]] = {
    "nothing but the name that may be written in any way": ("SELECT 1", {'odd "name"'}),
    "a word": ("UPDATE d SET x = 1", {"d", 'odd "name"'}),
    "in capital letters and quotes": ('UPDATE "D" SET x = 1', {"d", 'odd "name"'}),
    "no part of a word": ("UPDATE a_b SET x = 1", {"a_b", 'odd "name"'}),
    "what goes with it": ("DELETE FROM a", {"a", "e", 'odd "name"'}),
    "and not what only refers to it": ("DELETE FROM c", {"c", 'odd "name"'}),
}


@pytest.mark.parametrize(("text", "names"), NAMED.values(), ids=list(NAMED))
def test_a_migration_has_to_do_with_the_tables_that_it_names(text: str, names: set[str]) -> None:
    assert relevant_tables(tables(), [text]) == names


def test_a_trigger_s_tables_go_with_its_own_and_a_routine_may_do_anything() -> None:
    trigger = Trigger("t", "CREATE TRIGGER t AFTER INSERT ON d BEGIN DELETE FROM c; END")
    schema = tables()
    wired = replace(
        schema, tables=tuple(replace(t, triggers=(trigger,)) if t.name == "d" else t for t in schema.tables)
    )
    assert relevant_tables(wired, ["d"]) == {"d", "c", 'odd "name"'}
    assert relevant_tables(tables(routines=(Routine("f", "function", ""),)), [""]) == set(tables().table_names)


ODD = "od%d \"na`me'\\ é"
COLUMN = 'a%s"b`'


def test_names_may_be_anything(tmp_path: Path, any_database: Any) -> None:
    make = f"migrate(migrator.create_table({ODD!r}, {{'id': AutoField(), {COLUMN!r}: CharField(max_length=9)}}))"
    level = f"migrate(migrator.add_column({ODD!r}, 'level', IntegerField(default=1)))"
    made = {
        "a": migration(make, f"migrate(migrator.drop_table({ODD!r}))"),
        "b": migration(level, f"migrate(migrator.drop_column({ODD!r}, 'level'))"),
    }
    project = open_project(tmp_path, made, config=config_of(any_database))
    report = project.check()
    assert report.findings == (), said(report, "round trip")
    assert "sample rows in 1 table" in report.check("round trip").summary
    project.apply()
    assert project.check().ok and project.diff("history", "live") == ()
    project.revert(to="zero")
    assert project.diff("zero", "live") == ()


def test_rows_that_can_t_be_read_are_said(tmp_path: Path) -> None:
    """The table that holds an index's content lacks its column, so SQLite reads no row of it."""
    forward = """for sql in ("CREATE TABLE t (b)", "CREATE VIRTUAL TABLE f USING fts5 (a, content='t')"):
        database.execute_sql(sql)"""
    backward = "[database.execute_sql(sql) for sql in ('DROP TABLE f', 'DROP TABLE t')]"
    root = write_project(tmp_path, {"f": migration(forward, backward)})
    said = "the rows of f can't be read\n{}why: SQLite says: no such column"
    rehearsed = run_cli(root, "rehearse")
    assert rehearsed.returncode == 2 and rehearsed.stderr.startswith("error: " + said.format("  "))
    checked = run_cli(root, "check")
    assert checked.returncode == 1 and checked.stdout.endswith("failed: round trip\n")
    assert "the rows of f can't be read" in checked.stdout and "SQLite says: no such column" in checked.stdout


def test_what_is_found_moves_no_cursor(tmp_path: Path) -> None:
    odd = "x\x1b[2Jy\x07"
    write_project(tmp_path, {"a": sql_migration(f'CREATE TABLE "{odd}" (id INTEGER)', "SELECT 1")})
    done = run_cli(tmp_path, "check")
    assert done.returncode == 1 and "\\x1b[2J" in done.stdout
    assert not [char for char in done.stdout.replace("\n", "") if not char.isprintable()]


# What can't be looked at


def test_a_check_without_scratch_databases_names_the_one_that_needs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = open_project(tmp_path, ALL, models=MODELS)
    project.apply()

    @contextmanager
    def refused(*arguments: Any) -> Iterator[Any]:
        raise NoScratch("no scratch database may be created", why="the server says so", way_out="GRANT it")
        yield

    monkeypatch.setattr(Project, "blank", refused)
    report = project.check()
    assert outcomes(report) == {
        "files": "skipped", "history": "passed", "models": "failed", "round trip": "skipped", "drift": "skipped"
    }  # fmt: skip
    assert report.check("files").summary == "5 migrations, not loaded: no scratch database may be created"
    (finding,) = report.findings
    assert finding.way_out == "GRANT it" and "scratch database" in report.check("models").summary


UNREADABLE = sql_migration("CREATE VIRTUAL TABLE note USING fts5(title, content='nothing')", "DROP TABLE note")


def test_a_table_that_cannot_be_read_fails_the_check_that_reads_it_alone(tmp_path: Path) -> None:
    late = migration("database.execute_sql('UPDATE note SET title = 1 WHERE 0')", "pass")
    project = open_project(tmp_path, {"a": UNREADABLE, "b": late})
    report = project.check()
    if "no such module" in str(report.findings):
        pytest.skip("this SQLite has no fts5")
    assert outcomes(report)["round trip"] == "failed" and outcomes(report)["files"] == "passed"
    (finding,) = report.check("round trip").findings
    assert finding.what == "the rows of note can't be read" and "main.nothing" in finding.why
    assert len(report.checks) == 5 and run_cli(tmp_path, "check").returncode == 1


def test_a_reason_of_several_lines_stands_in_several_lines(tmp_path: Path) -> None:
    finding = Finding(Severity.ERROR, "it failed", "the first\nthe second\x1b", "look\nagain")
    report = CheckReport((Checked("models", Outcome.FAILED, "ran", (finding,)),))
    shown = "\n".join(check_lines(report, "here", Ink()))
    assert "      why: the first\n        the second\\x1b\n      way out: look\n        again" in shown


def test_a_row_that_came_is_not_said_to_have_gone_with_its_table(tmp_path: Path) -> None:
    rename = migration(
        "database.execute_sql('INSERT INTO club (name) VALUES (1)'); migrate(migrator.rename_table('club', 'team'))",
        "migrate(migrator.rename_table('team', 'club'))",
    )
    report = open_project(tmp_path, {"a": CLUB, "b": rename}).check()
    (finding,) = report.check("round trip").findings
    assert finding.rows == (RowDifference("club", added=1),)
    assert finding.severity is Severity.WARNING and "does not bring the" in finding.what


@pytest.mark.mariadb
def test_what_stops_on_a_copy_leaves_nothing_to_take_back(tmp_path: Path, mariadb: Any) -> None:
    half = migration("migrate(migrator.drop_column('player', 'name')); database.execute_sql('SELECT nothing')", "pass")
    project = open_project(tmp_path, {"a": PLAYER, "b": half}, config=config_of(mariadb))
    with pytest.raises(MigrationFailed) as caught:
        project.rehearse()
    assert "It ran on a copy" in caught.value.way_out and "pwmig resolve" not in caught.value.way_out
    with pytest.raises(MigrationFailed, match=r"pwmig resolve .* --undo takes back what stays"):
        project.apply()
