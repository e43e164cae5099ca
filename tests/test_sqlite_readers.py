"""What leads to a table on SQLite prepares after a batch as it did before, or the batch is refused, naming it."""

from __future__ import annotations

import ast
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import peewee
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import CharField, IntegerField
from test_sqlite_batches import opened, recorded

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.dialects.sqlite.operations import readers
from pwmig.dialects.sqlite.texts.loose import strict_statements
from pwmig.dialects.sqlite.transaction import session
from pwmig.errors import OperationRefused
from pwmig.waits import Waits

SCHEMA = """
CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER);
INSERT INTO t VALUES (1, 1, 1, 1);
CREATE TABLE u (x INTEGER);
CREATE TABLE l (id, a, b, c);
"""
Ask = Callable[[Migrator], list[Any]]


@pytest.fixture
def migrator(tmp_path: Path) -> Iterator[Migrator]:
    with opened(tmp_path / "data.db") as made:
        made.database.connection().executescript("PRAGMA synchronous = OFF;" + SCHEMA)
        yield made


def picture(migrator: Migrator) -> list[str]:
    return list(migrator.database.connection().iterdump())


def make(migrator: Migrator, *statements: str) -> None:
    for statement in statements:
        migrator.database.execute_sql(statement)


def refused(migrator: Migrator, ask: Ask) -> OperationRefused:
    """What a batch is refused with; nothing has changed by it."""
    before = picture(migrator)
    with pytest.raises(OperationRefused) as caught:
        migrate(*ask(migrator))
    assert picture(migrator) == before
    return caught.value


def shown(migrator: Migrator, way_out: str) -> list[Any]:
    """The operations that a way out names, each made as it is written there."""
    _, _, code = way_out.partition(": ")
    calls = ast.parse(f"({code},)", mode="eval").body.elts
    return [eval(ast.unparse(call), {"migrator": migrator}) for call in calls]


def drop(migrator: Migrator) -> list[Any]:
    return [migrator.drop_column("t", "a")]


def rebuilt(migrator: Migrator) -> list[Any]:
    return [*drop(migrator), migrator.alter_column_type("t", "c", CharField(9))]


def add(migrator: Migrator) -> list[Any]:
    return [migrator.add_column("t", "n", IntegerField(null=True))]


def rebuilt_longer(migrator: Migrator) -> list[Any]:
    return [migrator.add_column("t", "n", IntegerField(default=3))]


STAR = "CREATE VIEW v1 AS SELECT * FROM t"
INTO_T = "CREATE TRIGGER into_t AFTER INSERT ON u BEGIN INSERT INTO t VALUES (NEW.x, 1, 1, 1); END"
INTO_L = "CREATE TRIGGER into_l AFTER UPDATE OF b ON t BEGIN INSERT INTO l SELECT * FROM t; END"
BREAKING: dict[str, tuple[Ask, tuple[str, ...], str]] = {
    "a view over a view": (rebuilt, (STAR, "CREATE VIEW v2 AS SELECT a FROM v1"), "view v2"),
    "alone too": (drop, (STAR, "CREATE VIEW v2 AS SELECT a FROM v1"), "view v2"),
    "a view of so many columns": (rebuilt, ("CREATE VIEW v1 (p, q, r, s) AS SELECT * FROM t",), "view v1"),
    "a view of two tables": (rebuilt, ("CREATE VIEW v AS SELECT * FROM t UNION ALL SELECT * FROM l",), "view v"),
    "one column more": (add, ("CREATE VIEW v AS SELECT * FROM t UNION ALL SELECT * FROM l",), "view v"),
    "a rebuild's column more": (rebuilt_longer, (INTO_T,), "trigger into_t"),
    "a trigger that writes the table": (rebuilt, (INTO_T,), "trigger into_t"),
    "alone, a trigger that writes it": (drop, (INTO_T,), "trigger into_t"),
    "a column more for a trigger": (add, (INTO_T,), "trigger into_t"),
    "a trigger that reads the table": (rebuilt, (INTO_L,), "trigger into_l"),
    "alone, a trigger that reads it": (drop, (INTO_L,), "trigger into_l"),
    "a trigger on a view": (
        rebuilt,
        (STAR, "CREATE TRIGGER o INSTEAD OF DELETE ON v1 BEGIN INSERT INTO t VALUES (9, 1, 1, 1); END"),
        "trigger o",
    ),
    "a trigger of each row's UPDATE": (
        rebuilt,
        ("CREATE TRIGGER w AFTER UPDATE ON u BEGIN INSERT INTO t VALUES (NEW.x, 1, 1, 1); END",),
        "trigger w",
    ),
    "a name that would be a text": (rebuilt, (STAR, 'CREATE VIEW v2 AS SELECT "a" FROM "v1"'), "view v2"),
    "one in a trigger": (
        rebuilt,
        (STAR, 'CREATE TRIGGER w AFTER INSERT ON u BEGIN UPDATE u SET x = (SELECT "a" FROM v1 WHERE id = NEW.x); END'),
        "trigger w",
    ),
    "an index that is named": (
        lambda m: [m.drop_index("t", "by_b")],
        ("CREATE INDEX by_b ON t (b)", "CREATE VIEW v AS SELECT b FROM t INDEXED BY by_b"),
        "view v",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BREAKING)
def test_what_a_batch_would_break_is_refused_and_named_with_a_way_out_that_works(migrator, case):
    ask, statements, culprit = BREAKING[case]
    make(migrator, *statements)
    error = refused(migrator, ask)
    assert (error.table, error.object) == ("t", culprit)
    assert error.why.startswith(f"{culprit} would be broken (") and ";" not in error.why
    migrate(*shown(migrator, error.way_out), *ask(migrator))


def test_what_is_made_anew_behind_it_is_not_broken(migrator):
    make(migrator, STAR, "CREATE VIEW v2 AS SELECT b FROM v1", INTO_T)
    again = "CREATE TRIGGER into_t AFTER INSERT ON u BEGIN INSERT INTO t VALUES (NEW.x, 1, 1); END"
    migrate(
        migrator.sql("DROP VIEW v1"),
        *rebuilt(migrator),
        migrator.sql(STAR),
        migrator.sql("DROP TRIGGER into_t"),
        migrator.sql(again),
    )
    migrator.database.execute_sql("INSERT INTO u VALUES (7)")
    assert migrator.database.execute_sql("SELECT * FROM v2").fetchall() == [(1,), (1,)]


def test_what_a_batchs_own_sql_breaks_ahead_of_an_operation_counts_too(migrator):
    make(migrator, "CREATE VIEW v1 AS SELECT id, a FROM t", "CREATE VIEW v2 AS SELECT a FROM v1")
    error = refused(migrator, lambda m: [m.sql("DROP VIEW v1"), *rebuilt(m)])
    assert error.object == "view v2"


def test_a_statement_that_stops_at_what_the_batch_has_broken_is_told_why(migrator):
    make(migrator, INTO_T)
    error = refused(migrator, lambda m: [*add(m), m.sql("INSERT INTO u VALUES (7)")])
    assert error.object == "trigger into_t" and isinstance(error.__cause__, peewee.OperationalError)
    with pytest.raises(peewee.OperationalError, match="nowhere"):
        migrate(migrator.add_column("l", "n", IntegerField(null=True)), migrator.sql("INSERT INTO nowhere VALUES (7)"))


def test_what_was_broken_before_does_not_count(migrator):
    make(
        migrator,
        "CREATE VIEW v1 AS SELECT nowhere FROM t",
        "CREATE VIEW v2 AS SELECT * FROM t JOIN nowhere",
        "CREATE TRIGGER w AFTER INSERT ON u BEGIN INSERT INTO t VALUES (1, 2); END",
    )
    migrate(*rebuilt(migrator))
    assert [column.name for column in migrator.database.get_columns("t")] == ["id", "b", "c"]


def test_a_text_in_double_quotes_stays_one(migrator):
    """It is no column of what the view reads, though another table has one of that name."""
    for name in "ab":
        make(
            migrator,
            f"CREATE VIEW v{name} AS SELECT 1 AS one FROM u",
            f'CREATE VIEW w{name} AS SELECT "{name}" AS x FROM v{name}, (SELECT 1 FROM t)',
        )
    migrate(migrator.drop_column("t", "a"), migrator.alter_column_type("t", "c", CharField(9)))
    migrator.database.execute_sql("INSERT INTO u VALUES (1)")
    assert migrator.database.execute_sql("SELECT x FROM wa").fetchall() == [("a",)]


def test_of_triggers_that_fire_one_another_the_broken_one_is_named(migrator):
    make(
        migrator,
        INTO_L.replace("UPDATE OF b", "INSERT"),
        "CREATE TRIGGER other AFTER INSERT ON u BEGIN INSERT INTO t (id) VALUES (NEW.x); END",
    )
    error = refused(migrator, rebuilt)
    assert error.why.startswith("trigger into_l") and "trigger other" not in str(error)
    migrate(*shown(migrator, error.way_out), *rebuilt(migrator))


def test_all_that_is_broken_is_named_and_a_view_behind_what_hangs_on_it(migrator):
    make(
        migrator,
        STAR,
        "CREATE VIEW v2 AS SELECT a FROM v1",
        "CREATE VIEW v3 AS SELECT * FROM v2",
        "CREATE TRIGGER o INSTEAD OF DELETE ON v3 BEGIN DELETE FROM t; END",
        INTO_T,
    )
    error = refused(migrator, rebuilt)
    told = ["trigger o", "trigger into_t", "view v3", "view v2"]
    assert [part.partition(" would be")[0] for part in error.why.split("; ")] == told
    migrate(*shown(migrator, error.way_out), *rebuilt(migrator))


def test_where_nothing_leads_to_the_table_nothing_is_asked(migrator, monkeypatch):
    make(migrator, "CREATE VIEW v AS SELECT * FROM u", "CREATE VIEW w AS SELECT 't' AS a FROM v")
    monkeypatch.setattr(readers, "refusal_of", lambda *_: pytest.fail("it was asked"))
    with recorded(migrator.database) as statements:
        migrate(*drop(migrator))
    assert len(statements) == 1


def test_what_is_prepared_counts_as_written_by_nobody(migrator):
    """A run looks at the rows and the foreign keys of what it writes."""
    make(migrator, "CREATE TRIGGER w AFTER INSERT ON u BEGIN DELETE FROM t WHERE id = NEW.x; END")
    with session(migrator.database, Waits(1)) as found, found.turn() as turn:
        migrate(*add(migrator))
    assert turn.touched == {"t"} and not turn.written


# -- names that would be texts


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ('CREATE VIEW v AS SELECT "a", t."a", "z" FROM t', ('SELECT `a`, t."a", "z" FROM t',)),
        ('CREATE VIEW "a" AS SELECT 1', ("SELECT 1",)),
        ("CREATE VIEW v AS SELECT a, 'a' FROM t", ()),
        (
            'CREATE TRIGGER w AFTER INSERT ON u BEGIN DELETE FROM t; SELECT "A", NEW."a" FROM t; END',
            ("DELETE FROM t", "SELECT `A`, NULL FROM t"),
        ),
    ],
)
def test_names_in_double_quotes_are_asked_for_as_names(sql, statements):
    assert strict_statements(sql, {"a"}) == statements


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=6))
def test_the_order_of_dropping_has_no_view_ahead_of_what_reads_it(letters):
    entries = [readers.Entry("view", "base", "base", "CREATE VIEW base AS SELECT 1")]
    for number, letter in enumerate(letters):
        below = entries[ord(letter) % len(entries)].name
        entries.append(
            readers.Entry("view", f"v{number}", f"v{number}", f"CREATE VIEW v{number} AS SELECT * FROM {below}")
        )
    order = readers.in_drop_order(entries)
    assert sorted(order, key=entries.index) == entries
    with closing(sqlite3.connect(":memory:")) as connection:
        for entry in entries:
            connection.execute(entry.sql)
        for place, entry in enumerate(order):
            connection.execute(f"DROP VIEW {entry.name}")
            for other in order[place + 1 :]:
                connection.execute(f"SELECT * FROM {other.name}")
