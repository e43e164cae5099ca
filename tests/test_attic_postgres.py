"""What only PostgreSQL has is in the attic's way nowhere, and the attic in nobody's: types, schemas, row security."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peewee
import pytest
from projects import HEAD, config_of, open_project

from pwmig.errors import MigrationFailed
from pwmig.project import Project

pytestmark = pytest.mark.postgres


def _migration(forward: str, backward: str) -> str:
    return HEAD + f"def migrate_forward():\n    {forward}\n\n\ndef migrate_backward():\n    {backward}\n"


def _run(database: peewee.Database, *statements: str) -> None:
    for statement in statements:
        database.execute_sql(statement)


def _rows(database: peewee.Database, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in database.execute_sql(sql).fetchall()]


# -- types of the database's own

TYPES: dict[str, tuple[str, list[str]]] = {
    "an enum": ("CREATE TYPE kind AS ENUM ('low', 'so, so', 'high')", ["'low'", "'so, so'", "NULL", "'high'"]),
    "a domain": ("CREATE DOMAIN kind AS VARCHAR(20) CHECK (VALUE <> '')", ["'low'", "'it''s'", "NULL", "'high'"]),
    "a composite": ("CREATE TYPE kind AS (x INT, y TEXT)", ["(1, 'a,\"b')", "(NULL, '')", "NULL", "(2, NULL)"]),
    "a range": ("CREATE TYPE kind AS RANGE (subtype = float8)", ["'[1,2)'", "'empty'", "NULL", "'(,3]'"]),
    "an array of an enum": ("CREATE TYPE kind AS ENUM ('a', 'b,c')", ["'{a,\"b,c\"}'", "'{}'", "NULL", "'{NULL}'"]),
}


def _table(database: peewee.Database, what: str, key: str) -> str:
    made, values = TYPES[what]
    column = "kind[]" if "array" in what else "kind"
    _run(database, made, f"CREATE TABLE item (id INTEGER {key}, k {column})")
    for number, value in enumerate(values, 1):
        _run(database, f"INSERT INTO item VALUES ({number}, {value}::{column})")
    return column


@pytest.mark.parametrize("key", ["PRIMARY KEY", ""], ids=["key", "no key"])
@pytest.mark.parametrize("what", TYPES)
def test_a_type_can_be_dropped_with_the_last_column_that_has_it(
    tmp_path: Path, postgres: peewee.Database, what: str, key: str
) -> None:
    """What is kept is no such column, and comes back as one."""
    made, _ = TYPES[what]
    column = _table(postgres, what, key)
    before = _rows(postgres, "SELECT id, k::text FROM item ORDER BY id")
    kind = "DOMAIN" if "domain" in what else "TYPE"
    forward = f"migrate(migrator.drop_column('item', 'k'), migrator.sql('DROP {kind} kind'))"
    backward = f'migrate(migrator.sql({made!r}), migrator.sql("ALTER TABLE item ADD k {column}"))'
    project = open_project(tmp_path / "p", {"drop": _migration(forward, backward)}, config=config_of(postgres))
    project.apply()
    run = project.revert()
    assert _rows(postgres, "SELECT id, k::text FROM item ORDER BY id") == before
    assert [(one.restored, one.changed) for one in run.steps[0].restored] == [(4, 0)]
    assert not [name for name in postgres.get_tables() if name.startswith("pwmig_attic")]


@pytest.mark.parametrize("how", ["", ", commit=True", ", batch_size=2"])
@pytest.mark.parametrize("key", ["PRIMARY KEY", ""], ids=["key", "no key"])
def test_a_filled_enum_is_null_again_where_it_was(
    tmp_path: Path, postgres: peewee.Database, key: str, how: str
) -> None:
    _table(postgres, "an enum", key)
    before = _rows(postgres, "SELECT id, k::text FROM item ORDER BY id")
    forward = f"migrate(migrator.backfill('item', {{'k': 'low'}}{how}))"
    project = open_project(tmp_path / "p", {"fill": _migration(forward, "pass")}, config=config_of(postgres))
    project.apply()
    _run(postgres, "UPDATE item SET k = 'high' WHERE id = 1")
    assert _rows(postgres, "SELECT k::text FROM item WHERE id = 3") == [("low",)]
    project.revert()
    assert _rows(postgres, "SELECT id, k::text FROM item ORDER BY id") == [(1, "high"), *before[1:]]


# -- several projects in one database


def _project_in(schema: str, tmp_path: Path, postgres: peewee.Database, what: str) -> Project:
    _run(
        postgres,
        f"CREATE SCHEMA {schema}",
        f"CREATE TABLE {schema}.item (id INTEGER PRIMARY KEY, v TEXT)",
        f"INSERT INTO {schema}.item VALUES (1, '{schema} 1'), (2, '{schema} 2')",
    )
    drop = {
        "column": (
            "migrate(migrator.drop_column('item', 'v'))",
            "migrate(migrator.add_column('item', 'v', TextField(null=True)))",
        ),
        "table": (
            "migrate(migrator.drop_table('item'))",
            "migrate(migrator.create_table('item', {'id': IntegerField(primary_key=True), 'v': TextField(null=True)}))",
        ),
    }[what]
    config = config_of(postgres) + f"database.connect_params['options'] = '-c search_path={schema}'\n"
    return open_project(tmp_path / schema, {"drop": _migration(*drop)}, config=config)


@pytest.mark.parametrize(("first", "second"), [
    ("table", "table"), ("table", "column"), ("column", "table"), ("column", "column"),
])  # fmt: skip
@pytest.mark.parametrize("purges", [False, True])
def test_projects_in_two_schemas_keep_what_is_theirs(
    tmp_path: Path, postgres: peewee.Database, first: str, second: str, purges: bool
) -> None:
    one = _project_in("one", tmp_path, postgres, first)
    two = _project_in("two", tmp_path, postgres, second)
    one.apply()
    two.apply()
    if purges:
        (entry,) = two.attic()
        two.purge(str(entry.id))
    else:
        two.revert()
        assert _rows(postgres, "SELECT * FROM two.item ORDER BY id") == [(1, "two 1"), (2, "two 2")]
    one.revert()
    assert _rows(postgres, "SELECT * FROM one.item ORDER BY id") == [(1, "one 1"), (2, "one 2")]


# -- row security


def test_rows_that_row_security_hides_are_not_lost(tmp_path: Path, postgres: peewee.Database) -> None:
    """Its owner is held to it where it is forced, and what the owner drops goes from the rows that are hidden too."""
    role = f"keeper_{postgres.database}"
    _run(
        postgres,
        f'CREATE ROLE "{role}" LOGIN',
        f'GRANT CREATE, USAGE ON SCHEMA public TO "{role}"',
        f'SET ROLE "{role}"',
        "CREATE TABLE item (id INTEGER PRIMARY KEY, v TEXT)",
        "INSERT INTO item VALUES (1, 'seen'), (2, 'hidden')",
        "ALTER TABLE item ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE item FORCE ROW LEVEL SECURITY",
        "CREATE POLICY few ON item USING (id = 1)",
        "RESET ROLE",
    )
    drop = "migrate(migrator.drop_column('item', 'v'))"
    text = _migration(drop, "migrate(migrator.add_column('item', 'v', TextField(null=True)))")
    config = config_of(postgres) + f"database.connect_params['options'] = '-c role={role}'\n"
    project = open_project(tmp_path / "p", {"drop": text}, config=config)
    try:
        with pytest.raises(MigrationFailed, match="row security hides") as failed:
            project.apply()
        assert "attic=False" in failed.value.way_out
        assert _rows(postgres, "SELECT v FROM item ORDER BY id") == [("seen",), ("hidden",)]
        path = next((tmp_path / "p" / "db" / "migrations").glob("*_drop.py"))
        force = "migrate(migrator.sql('ALTER TABLE item {}FORCE ROW LEVEL SECURITY'))\n    "
        path.write_text(
            text.replace("migrate(", force.format("NO ") + "migrate(", 1).replace(
                drop, drop + "\n    " + force.format("").rstrip()
            )
        )
        project.apply()
        assert [column.name for column in postgres.get_columns("item")] == ["id"]
    finally:
        _run(postgres, f'DROP OWNED BY "{role}" CASCADE', f'DROP ROLE "{role}"')
