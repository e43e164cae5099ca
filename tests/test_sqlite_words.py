"""A view or a trigger that has a column's name in it and means something else is left alone when the column goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_sqlite_batches import opened

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.errors import OperationRefused

SCHEMA = """
CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER, b INTEGER);
INSERT INTO t VALUES (1, 10, 20);
CREATE TABLE u (x INTEGER, a INTEGER);
INSERT INTO u VALUES (1, 30);
"""

OTHER_THINGS = {
    "an alias": ("CREATE VIEW v AS SELECT b AS a FROM t ORDER BY a", [(20,)]),
    "an alias of a table": ("CREATE VIEW v AS SELECT a.b FROM t AS a", [(20,)]),
    "a column of another table": ("CREATE VIEW v AS SELECT u.a, t.b FROM t JOIN u ON u.x = t.id", [(30, 20)]),
    "one without its table": ("CREATE VIEW v AS SELECT b, (SELECT a FROM u) FROM t", [(20, 30)]),
    "a column of a query": ("CREATE VIEW v AS SELECT a FROM (SELECT b AS a FROM t)", [(20,)]),
    "a column of a view": ("CREATE VIEW v AS WITH s (a) AS (SELECT b FROM t) SELECT a FROM s", [(20,)]),
    "a text in double quotes": ('CREATE VIEW v AS SELECT "a" AS x FROM (SELECT b FROM t)', [("a",)]),
    "a text in single quotes": ("CREATE VIEW v AS SELECT b, 'a' FROM t", [(20, "a")]),
    "a function": ("CREATE VIEW v AS SELECT b AS a, lower('A') FROM t", [(20, "a")]),
}


@pytest.fixture
def migrator(tmp_path: Path) -> Iterator[Migrator]:
    with opened(tmp_path / "data.db") as made:
        made.database.connection().executescript(SCHEMA)
        yield made


def _seen(migrator: Migrator, query: str = "SELECT * FROM v") -> list[tuple[object, ...]]:
    return list(migrator.database.execute_sql(query).fetchall())


@pytest.mark.parametrize("thing", OTHER_THINGS)
def test_a_view_that_means_something_else_by_the_word_stays(migrator: Migrator, thing: str) -> None:
    statement, rows = OTHER_THINGS[thing]
    migrator.database.execute_sql(statement)
    assert _seen(migrator) == rows
    migrate(migrator.drop_column("t", "a"))
    assert _seen(migrator) == rows
    assert [column.name for column in migrator.database.get_columns("t")] == ["id", "b"]


@pytest.mark.parametrize("thing", OTHER_THINGS)
def test_such_a_view_does_not_stop_a_rename_either(migrator: Migrator, thing: str) -> None:
    statement, rows = OTHER_THINGS[thing]
    migrator.database.execute_sql(statement)
    migrate(migrator.rename_column("t", "a", "c"))
    assert _seen(migrator) == rows


TRIGGERS = {
    "another table's row": "CREATE TRIGGER w AFTER INSERT ON u BEGIN UPDATE t SET b = NEW.a WHERE id = NEW.x; END",
    "another table's column": "CREATE TRIGGER w AFTER INSERT ON u BEGIN UPDATE t SET b = (SELECT max(a) FROM u); END",
    "a column that is written": "CREATE TRIGGER w AFTER UPDATE OF b ON t BEGIN UPDATE u SET a = NEW.b; END",
    "columns that are written": "CREATE TRIGGER w AFTER UPDATE ON t BEGIN INSERT INTO u (x, a) VALUES (2, NEW.b); END",
}


@pytest.mark.parametrize("thing", TRIGGERS)
def test_a_trigger_that_means_something_else_by_the_word_stays(migrator: Migrator, thing: str) -> None:
    migrator.database.execute_sql(TRIGGERS[thing])
    migrate(migrator.drop_column("t", "a"))
    migrator.database.execute_sql("INSERT INTO u VALUES (1, 99)")
    migrator.database.execute_sql("UPDATE t SET b = b + 1")
    assert migrator.database.execute_sql("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone() == (1,)


MEANT = {
    "a condition that would mean an alias": ("CREATE VIEW v AS SELECT b AS a FROM t WHERE a > 9", "view v"),
    "a grouping that would mean an alias": ("CREATE VIEW v AS SELECT b AS a, count(*) FROM t GROUP BY a", "view v"),
    "an inner name that would mean an outer one": (
        "CREATE VIEW v AS SELECT (SELECT a FROM t WHERE id = u.x) AS y FROM u", "view v"
    ),
    "a name that would be a text": ('CREATE VIEW v AS SELECT "a" AS x FROM t', "view v"),
    "a natural join": ("CREATE VIEW v AS SELECT b FROM t NATURAL JOIN u", "view v"),
    "a trigger of the column": (
        "CREATE TRIGGER w AFTER UPDATE OF b, a ON t BEGIN UPDATE u SET x = 0; END", "trigger w"
    ),
    "a trigger that writes it": (
        "CREATE TRIGGER w AFTER INSERT ON u BEGIN INSERT INTO t (a) VALUES (1); END", "trigger w"
    ),
    "a trigger that sets it": ("CREATE TRIGGER w AFTER INSERT ON u BEGIN UPDATE t SET a = 1; END", "trigger w"),
    "a trigger with a condition": (
        "CREATE TRIGGER w AFTER UPDATE ON t WHEN NEW.a > 1 BEGIN UPDATE u SET x = 0; END", "trigger w"
    ),
}  # fmt: skip


@pytest.mark.parametrize("thing", MEANT)
def test_what_would_mean_something_else_without_it_is_named(migrator: Migrator, thing: str) -> None:
    statement, culprit = MEANT[thing]
    migrator.database.execute_sql(statement)
    with pytest.raises(OperationRefused) as caught:
        migrate(migrator.drop_column("t", "a"))
    assert (caught.value.table, caught.value.column, caught.value.object) == ("t", "a", culprit)
    out = caught.value.way_out.partition(": ")[2]
    migrate(*eval(f"[{out}]", {"migrator": migrator}), migrator.drop_column("t", "a"))


def test_what_would_mean_an_outer_name_by_way_of_a_view_is_named(migrator: Migrator) -> None:
    for statement in ("CREATE VIEW s AS SELECT * FROM t", "CREATE VIEW v AS SELECT (SELECT a FROM s) AS y FROM u"):
        migrator.database.execute_sql(statement)
    with pytest.raises(OperationRefused) as caught:
        migrate(migrator.drop_column("t", "a"))
    assert caught.value.object == "view v"


def test_what_only_the_connection_knows_does_not_matter(migrator: Migrator) -> None:
    database = migrator.database
    database.register_function(lambda value: value, "mine", 1)
    database.register_collation(lambda one, two: (one > two) - (one < two), "odd")
    database.execute_sql("CREATE VIEW v AS SELECT mine(b) AS a FROM t ORDER BY b COLLATE odd")
    migrate(migrator.drop_column("t", "a"))
    assert _seen(migrator) == [(20,)]


def test_what_can_t_be_told_stays_refused(migrator: Migrator) -> None:
    migrator.database.execute_sql("CREATE VIEW v AS SELECT b AS a FROM t JOIN nowhere")
    with pytest.raises(OperationRefused, match="view v"):
        migrate(migrator.drop_column("t", "a"))
