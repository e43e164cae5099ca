"""Views, triggers and foreign keys of another database of the server that need a table or a column of this one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import servers
from mariadb_everything import run
from projects import HEAD, config_of, open_project
from server_projects import Place, place_on

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.errors import MigrationFailed, OperationRefused


@pytest.fixture
def here(mariadb_server: servers.Server) -> Iterator[Place]:
    """A database with a table, and a second one of the name with ``_shop`` behind it."""
    with place_on(mariadb_server) as place:
        run(place.database, [f"CREATE DATABASE {place.name}_shop"])
        run(place.database, ["CREATE TABLE t (id INT NOT NULL PRIMARY KEY, a INT, b INT, UNIQUE KEY b (b))"])
        run(place.database, ["INSERT INTO t VALUES (1, 2, 3)"])
        try:
            yield place
        finally:
            run(place.database, [f"DROP DATABASE {place.name}_shop"])


OPERATIONS = {
    "drop_column": lambda m: m.drop_column("t", "a"),
    "rename_column": lambda m: m.rename_column("t", "a", "z"),
    "rename_table": lambda m: m.rename_table("t", "z"),
    "drop_table": lambda m: m.drop_table("t"),
}

READERS = {
    "a view": ("CREATE VIEW {shop}.v AS SELECT a + 1 AS n FROM {here}.t", "view {shop}.v"),
    "a trigger": (
        "CREATE TRIGGER {shop}.w AFTER INSERT ON {shop}.own FOR EACH ROW INSERT INTO {here}.t (id, a) VALUES (9, 9)",
        "trigger {shop}.w",
    ),
}


def _made(here: Place, *statements: str) -> None:
    names = {"here": here.name, "shop": f"{here.name}_shop"}
    run(here.database, [statement.format(**names) for statement in ("CREATE TABLE {shop}.own (id INT)", *statements)])


def _follow(refusal: OperationRefused, migrator: Migrator) -> None:
    """Do what the way out says."""
    migrate(*eval(f"[{refusal.way_out.partition(': ')[2]}]", {"migrator": migrator}))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("reader", READERS)
def test_what_reads_the_table_from_another_database_is_named(here: Place, reader: str, operation: str) -> None:
    statement, name = READERS[reader]
    _made(here, statement)
    migrator, before = Migrator.from_database(here.database), here.state()
    with pytest.raises(OperationRefused) as caught:
        migrate(OPERATIONS[operation](migrator))
    assert caught.value.object == name.format(shop=f"{here.name}_shop")
    assert here.state() == before
    _follow(caught.value, migrator)
    migrate(OPERATIONS[operation](migrator))


def test_what_reads_something_else_stays(here: Place) -> None:
    """Another column, or another table of the same name."""
    _made(
        here,
        "CREATE TABLE {shop}.t (id INT, a INT)",
        "CREATE VIEW {shop}.v AS SELECT b FROM {here}.t",
        "CREATE VIEW {shop}.x AS SELECT a FROM {shop}.t",
        "CREATE TRIGGER {shop}.w AFTER INSERT ON {shop}.t FOR EACH ROW INSERT INTO {shop}.own (id) VALUES (NEW.a)",
    )
    migrate(Migrator.from_database(here.database).drop_column("t", "a"))
    assert here.run(f"SELECT * FROM {here.name}_shop.v") == [(3,)]


KEY = "ALTER TABLE {shop}.own ADD CONSTRAINT leads FOREIGN KEY (id) REFERENCES {here}.t ({column})"


@pytest.mark.parametrize(
    ("column", "operation"),
    [
        ("id", lambda m: m.drop_table("t")),
        ("b", lambda m: m.drop_column("t", "b")),
        ("b", lambda m: m.drop_index("t", "b")),
    ],
)
def test_a_foreign_key_of_another_database_is_named(here: Place, column: str, operation: Any) -> None:
    _made(here, KEY.replace("{column}", column))
    migrator, before = Migrator.from_database(here.database), here.state()
    with pytest.raises(OperationRefused) as caught:
        migrate(operation(migrator))
    assert caught.value.object == f"the foreign key leads of {here.name}_shop.own"
    assert here.state() == before
    _follow(caught.value, migrator)
    migrate(operation(migrator))


def test_a_table_with_such_a_key_is_not_moved_to_the_attic(here: Place, tmp_path: Path) -> None:
    _made(here, KEY.replace("{column}", "id"), "INSERT INTO {shop}.own VALUES (1)")
    source = f"{HEAD}\ndef migrate_forward():\n    migrate(migrator.drop_table('t'))\n"
    project = open_project(tmp_path, {"drop": source}, config=config_of(here.database))
    before = here.run("SELECT * FROM t"), here.run(f"SHOW CREATE TABLE {here.name}_shop.own")
    with pytest.raises(MigrationFailed, match="can't be dropped while other things need it"):
        project.apply()
    assert (here.run("SELECT * FROM t"), here.run(f"SHOW CREATE TABLE {here.name}_shop.own")) == before
    assert project.attic() == ()


@pytest.mark.parametrize("sees", [True, False])
def test_what_an_account_can_t_see_it_does_not_name(here: Place, sees: bool) -> None:
    """An account that may not look at InnoDB's own tables looks at those that it may see."""
    _made(here, KEY.replace("{column}", "id"))
    name = f"u_{here.name}"
    grants = [f"GRANT ALL ON {here.name}.* TO {name}@'%'"]
    grants += [f"GRANT ALL ON {here.name}_shop.* TO {name}@'%'"] if sees else []
    run(here.database, [f"CREATE USER {name}@'%' IDENTIFIED BY 'secret'", *grants])
    try:
        account = here.server.database(here.name, user=name, password="secret")
        with account.connection_context():
            with pytest.raises(OperationRefused) as caught:
                migrate(Migrator.from_database(account).drop_table("t"))
            assert ("while other things need it" in caught.value.what) is sees
            assert ("MariaDB says" in caught.value.why) is not sees
        assert here.run("SELECT * FROM t") == [(1, 2, 3)]
    finally:
        run(here.database, [f"DROP USER {name}@'%'"])


CHAINS = {
    "views over views": (
        "CREATE VIEW v AS SELECT a AS x FROM t",
        "CREATE VIEW {shop}.w AS SELECT x AS y FROM {here}.v",
        "CREATE VIEW x AS SELECT y FROM {shop}.w",
        "CREATE VIEW `it's, \\\\ ``x` AS SELECT y FROM x",
    ),
    "triggers that read a view": (
        "CREATE VIEW v AS SELECT a AS x FROM t",
        "CREATE VIEW w AS SELECT x FROM v",
        "CREATE TRIGGER near AFTER INSERT ON log FOR EACH ROW UPDATE w SET x = 1",
        "CREATE TRIGGER {shop}.far AFTER INSERT ON {shop}.own FOR EACH ROW UPDATE {here}.w SET x = 1",
    ),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("chain", CHAINS)
def test_all_that_needs_it_in_turn_is_named_and_can_go(here: Place, chain: str, operation: str) -> None:
    views = (
        "CREATE VIEW {shop}.v AS SELECT id FROM {shop}.own",
        "CREATE VIEW {shop}.z AS SELECT id AS v FROM {shop}.v",
    )
    _made(here, "CREATE TABLE log (v INT)", *CHAINS[chain], *views)
    migrator = Migrator.from_database(here.database)
    with pytest.raises(OperationRefused) as caught:
        migrate(OPERATIONS[operation](migrator))
    assert len(caught.value.why.split("; ")) == 4
    assert caught.value.object == "view v"
    _follow(caught.value, migrator)
    migrate(OPERATIONS[operation](migrator))
    assert set(here.run(f"SELECT table_name FROM information_schema.views WHERE table_schema LIKE '{here.name}%'")) == {
        ("v",), ("z",)
    }  # fmt: skip


def test_what_needs_a_column_is_gone_in_an_order_that_works(here: Place) -> None:
    """Foreign keys before the indexes that they need, and what needs a generated column before that."""
    _made(
        here,
        "CREATE TABLE p (x INT, y INT, PRIMARY KEY (x, y))",
        "DELETE FROM t",
        "ALTER TABLE t ADD g INT AS (b + 1) STORED, ADD UNIQUE KEY pair (b, g), ADD KEY more (g, a), "
        "ADD CONSTRAINT chief FOREIGN KEY (b, a) REFERENCES p (x, y)",
        "CREATE TABLE {shop}.ch (x INT, y INT, CONSTRAINT leads FOREIGN KEY (x, y) REFERENCES {here}.t (b, g))",
        "CREATE VIEW w AS SELECT g FROM t",
    )
    migrator = Migrator.from_database(here.database)
    with pytest.raises(OperationRefused) as caught:
        migrate(migrator.drop_column("t", "b"))
    _follow(caught.value, migrator)
    migrate(migrator.drop_column("t", "b"))
