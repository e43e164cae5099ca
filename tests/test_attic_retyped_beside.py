"""Rows of a table without key are known by their other cells, also where those have another type by now."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project
from test_attic import migration

from pwmig.dialects import dialect_of
from pwmig.project import Project

OTHERS = {
    "a greater number": ("INTEGER", ["5", "5", "-7", "NULL"], "BigIntegerField(null=True)", "9"),
    "a number with a point": ("INTEGER", ["5", "5", "-7", "NULL"], "DecimalField(10, 2, null=True)", "9"),
    "a floating point": ("INTEGER", ["5", "5", "-7", "NULL"], "DoubleField(null=True)", "9"),
    "more digits": ("DECIMAL(10,2)", ["1.5", "1.25", "-7", "NULL"], "DecimalField(12, 4, null=True)", "1.2345"),
    "a number as a text": ("INTEGER", ["5", "5", "-7", "NULL"], "CharField(20, null=True)", "'9'"),
    "a text as a number": ("VARCHAR(20)", ["'5'", "'5'", "'-7'", "NULL"], "IntegerField(null=True)", "9"),
    "a day with its time": (
        "DATE", ["'2020-01-02'", "'1999-12-31'", "NULL"], "DateTimeField(null=True)", "'2020-01-02 03:04:05'"
    ),
    "a longer text": ("VARCHAR(20)", ["'a b'", "'it''s, (\"'", "''", "NULL"], "TextField(null=True)", "'x'"),
    "a text of one length": ("CHAR(5)", ["'ab'", "'it''s'", "NULL"], "CharField(20, null=True)", "'x'"),
}  # fmt: skip
CASTS = {"a text as a number": {"sqlite": "CAST(a AS INTEGER)", "postgresql": "a::int", "mysql": "CAST(a AS SIGNED)"}}


def rows(database: Any) -> Counter[tuple[Any, ...]]:
    return Counter(map(tuple, database.execute_sql("SELECT a, b, o FROM t").fetchall()))


def project_on(database: Any, root: Path, case: str, first: str, back: str) -> Project:
    """Two migrations: one that takes something, and one that changes the type of another column, for good."""
    type_, values, field, _ = OTHERS[case]
    database.execute_sql(f"CREATE TABLE t (a {type_}, b INTEGER, o VARCHAR(9))")
    for number, value in enumerate(values):
        database.execute_sql(f"INSERT INTO t VALUES ({value}, {number}, 'x'), ({value}, NULL, 'y')")
    cast = CASTS.get(case, {}).get(dialect_of(database).name)
    said = f", cast='{cast}', attic=False" if cast else ""
    second = migration(f"migrate(migrator.alter_column_type('t', 'a', {field}{said}))", "pass")
    return open_project(root / "p", {"first": migration(first, back), "second": second}, config=config_of(database))


WAYS = {
    "a fill": ("migrate(migrator.backfill('t', {'b': 7}, True))", "pass"),
    "a drop": (
        "migrate(migrator.drop_column('t', 'b'))", "migrate(migrator.add_column('t', 'b', IntegerField(null=True)))"
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", OTHERS)
def test_what_was_taken_comes_back(tmp_path: Path, any_database: Any, case: str, way: str) -> None:
    project = project_on(any_database, tmp_path, case, *WAYS[way])
    before = Counter((b, o) for _, b, o in rows(any_database).elements())
    project.apply()
    there = Counter(a for (a,) in any_database.execute_sql("SELECT a FROM t").fetchall())
    newer = OTHERS[case][3]
    any_database.execute_sql(f"INSERT INTO t (a, o) VALUES ({newer}, 'x')")
    project.revert(steps=2)
    found = rows(any_database)
    new = next(row for row in found if row[0] not in there)
    assert new[1:] == (None, "x")
    assert Counter((b, o) for a, b, o in found.elements() if a in there) == before
    assert Counter(a for a, *_ in found.elements() if a in there) == there
    assert project.attic() == ()


@pytest.mark.postgres
@pytest.mark.parametrize("way", WAYS)
def test_what_can_not_be_told_comes_back_once_the_type_is_as_it_was(tmp_path: Path, postgres: Any, way: str) -> None:
    postgres.execute_sql("CREATE TABLE t (a BOOLEAN, b INTEGER, o VARCHAR(9))")
    postgres.execute_sql("INSERT INTO t VALUES (true, 1, 'x'), (false, 2, 'x'), (NULL, 3, 'x')")
    cast = "migrate(migrator.alter_column_type('t', 'a', IntegerField(null=True), cast='a::int', attic=False))"
    migrations = {"first": migration(*WAYS[way]), "second": migration(cast, "pass")}
    project = open_project(tmp_path / "p", migrations, config=config_of(postgres))
    before = rows(postgres)
    project.apply()
    done = next(done for step in project.revert(steps=2).steps for done in step.restored)
    assert (done.restored, done.gone, done.retyped) == (1, 2, "a")
    assert "a is of another type by now: make it as it was, then pwmig attic restore" in str(done)
    postgres.execute_sql("ALTER TABLE t ALTER a TYPE BOOLEAN USING a::boolean")
    (done,) = project.restore("first")
    assert (done.restored, done.gone, done.retyped) == (2, 0, "")
    assert rows(postgres) == before and project.attic() == ()
