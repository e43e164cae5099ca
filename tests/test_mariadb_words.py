"""A view or a trigger that has a column's name in it and means something else does not stop a drop or a rename."""

from __future__ import annotations

from typing import Any

import peewee
import pytest
from mariadb_everything import run

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.dialects.mysql.operations.told import trigger_reads
from pwmig.errors import OperationRefused

SCHEMA = [
    "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, a INT, b INT)",
    "INSERT INTO t VALUES (1, 10, 20)",
    "CREATE TABLE u (x INT, a INT)",
    "INSERT INTO u VALUES (1, 30)",
    "CREATE TABLE a (a INT)",
    "INSERT INTO a VALUES (7)",
]

OTHER_THINGS = {
    "an alias": ("SELECT b AS a FROM t ORDER BY a", [(20,)]),
    "a text": ("SELECT b, 'a' AS word FROM t", [(20, "a")]),
    "an alias of a table": ("SELECT a.b FROM t AS a", [(20,)]),
    "a column of another table": ("SELECT u.a, t.b FROM t JOIN u ON u.x = t.id", [(30, 20)]),
    "one of an alias": ("SELECT y.a, x.b FROM t x JOIN u y ON y.x = x.id", [(30, 20)]),
    "one of a query": ("SELECT b, (SELECT max(a) FROM u) AS m FROM t", [(20, 30)]),
    "a column of a query": ("SELECT q.a FROM (SELECT b AS a FROM t) q", [(20,)]),
    "a column of a query that is named before": ("WITH c AS (SELECT b AS a FROM t) SELECT a FROM c", [(20,)]),
    "a table and its column": ("SELECT a.a FROM a, t", [(7,)]),
    "a grouping": ("SELECT b, count(*) AS a FROM t GROUP BY b HAVING a > 0", [(20, 1)]),
    "a column of JSON": ("SELECT j.a FROM t, JSON_TABLE('[5]', '$[*]' COLUMNS (a INT PATH '$')) j", [(5,)]),
}

OPERATIONS = {
    "drop_column": lambda m: m.drop_column("t", "a"),
    "rename_column": lambda m: m.rename_column("t", "a", "z"),
}


def _made(database: peewee.Database, *statements: str) -> Migrator:
    run(database, [*SCHEMA, *statements])
    return Migrator.from_database(database)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("thing", OTHER_THINGS)
def test_a_view_that_means_something_else_by_the_word_stays(mariadb: Any, thing: str, operation: str) -> None:
    query, rows = OTHER_THINGS[thing]
    migrator = _made(mariadb, f"CREATE VIEW v AS {query}")
    migrate(OPERATIONS[operation](migrator))
    assert list(mariadb.execute_sql("SELECT * FROM v").fetchall()) == rows


MEANT = {
    "a condition": "CREATE VIEW v AS SELECT b AS a FROM t WHERE a > 9",
    "one of an alias": "CREATE VIEW v AS SELECT x.b FROM t x WHERE x.a > 9",
    "one beside another table's": "CREATE VIEW v AS SELECT u.a FROM u JOIN t y ON y.a = u.x",
    "a name that is another table's elsewhere": (
        "CREATE VIEW v AS SELECT (SELECT max(y.a) FROM u y) AS n, (SELECT max(y.a) FROM t y) AS m"
    ),
    "a natural join": "CREATE VIEW v AS SELECT b FROM t NATURAL JOIN u",
    "a star": "CREATE VIEW v AS SELECT * FROM t",
    "a window": "CREATE VIEW v AS SELECT sum(b) OVER (PARTITION BY a) AS s FROM t",
    "a row": "CREATE TRIGGER v BEFORE UPDATE ON t FOR EACH ROW SET NEW.b = NEW.a",
    "a row behind a comment": "CREATE TRIGGER v BEFORE UPDATE ON t FOR EACH ROW SET NEW.b = NEW/* x */.a",
    "a statement that is run": "CREATE TRIGGER v BEFORE UPDATE ON t FOR EACH ROW SET NEW.b = 1 /*! + NEW.a */",
    "a column that is written": "CREATE TRIGGER v AFTER INSERT ON u FOR EACH ROW INSERT INTO t (id, a) VALUES (9, 9)",
    "a column of a query": "CREATE TRIGGER v AFTER INSERT ON u FOR EACH ROW INSERT INTO a (a) SELECT a FROM t",
    "what can't be told": "CREATE TRIGGER v AFTER INSERT ON u FOR EACH ROW UPDATE a SET a = (SELECT max(id) FROM t)",
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("thing", MEANT)
def test_what_reads_the_column_is_named_with_a_way_out_that_works(mariadb: Any, thing: str, operation: str) -> None:
    migrator = _made(mariadb, MEANT[thing])
    with pytest.raises(OperationRefused) as caught:
        migrate(OPERATIONS[operation](migrator))
    assert caught.value.object in ("view v", "trigger v")
    out = eval(f"[{caught.value.way_out.partition(': ')[2]}]", {"migrator": migrator})
    migrate(*out, OPERATIONS[operation](migrator))


TRIGGERS = {
    "another table's row": "AFTER INSERT ON u FOR EACH ROW UPDATE t SET b = NEW.a WHERE id = NEW.x",
    "columns that are written": "AFTER UPDATE ON t FOR EACH ROW INSERT INTO u (x, a) VALUES (NEW.id, NEW.b)",
    "one beside a query": "AFTER INSERT ON a FOR EACH ROW REPLACE u (x, a) SELECT id, b FROM t",
    "another table's column": "AFTER INSERT ON a FOR EACH ROW UPDATE t JOIN u ON u.a = t.id SET t.b = 1",
    "a text in double quotes": "AFTER INSERT ON u FOR EACH ROW UPDATE t SET b = length(\"a\") WHERE id = NEW.x",
}  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("thing", TRIGGERS)
def test_a_trigger_that_means_something_else_by_the_word_stays(mariadb: Any, thing: str, operation: str) -> None:
    migrator = _made(mariadb, f"CREATE TRIGGER w {TRIGGERS[thing]}")
    migrate(OPERATIONS[operation](migrator))
    for statement in ("INSERT INTO u VALUES (1, 99)", "INSERT INTO a VALUES (8)", "UPDATE t SET b = b + 1"):
        mariadb.execute_sql(statement)  # The trigger goes on.


TEXTS = [
    ("INSERT INTO log SELECT replace(a, 'x', 'y') FROM t", True),
    ("INSERT INTO log SELECT REPLACE (a, 'x', 'y') FROM t", True),
    ("INSERT INTO log VALUES ((SELECT max(a) FROM t))", True),
    ("INSERT INTO t (a) VALUES (1)", True),
    ("INSERT INTO d.`t` (a) VALUES (1)", True),
    ("INSERT INTO log (b) SELECT insert(a, 1, 2, 'x') FROM t", True),
    ("INSERT INTO log SELECT u.a FROM (SELECT * FROM t) u", True),
    ("INSERT INTO log SELECT u.a FROM (SELECT * FROM t) AS u", True),
    ("INSERT INTO log SELECT u.a FROM t u", True),
    ("INSERT INTO log SELECT u.a FROM t AS u", True),
    ("INSERT INTO log SELECT u.a FROM t PARTITION (p0) u", True),
    ("INSERT INTO log SELECT x.a FROM t JOIN far.x", True),
    ("INSERT INTO log SELECT u.a FROM t JOIN u", False),
    ("INSERT INTO log (a) SELECT u.a FROM t JOIN u", False),
    ("INSERT INTO d.log (b, a) SELECT b AS a FROM t", False),
    ("INSERT INTO log (a) SELECT b FROM u", False),
    ("UPDATE t SET b = OLD.a", False),
]


@pytest.mark.parametrize(("text", "reads"), TEXTS)
def test_what_a_text_tells(text: str, reads: bool) -> None:
    others = frozenset({"u", "log"})
    assert trigger_reads(text, "d", "t", "a", is_own=False, ansi=False, others=others) is reads
