"""What a migration that stops on MariaDB says of what stays is what stays: a statement that failed is no part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import peewee
import pytest
from projects import HEAD, config_of, open_project

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.errors import MigrationFailed, OperationRefused

INSERT = "database.execute_sql('INSERT INTO t VALUES (2, 1)')"
CREATE = "database.execute_sql('CREATE TABLE b (x INT)')"
INTO_B = "database.execute_sql('INSERT INTO b VALUES (1)')"
NO_SQL = "database.execute_sql('CREATE INDEX i ON t (v) WHERE v > 1')"
THERE = "database.execute_sql('CREATE TABLE t (v INT)')"
UNIQUE = "migrate(migrator.add_unique('t', 'v'))"
ROLLED_BACK = "mend it and run again. It was rolled back: the database holds nothing of it"

# What a migration does, what it says, how many rows t has afterwards, and b, None where that is not there.
STOPS = {
    "the first statement is no SQL": ([NO_SQL], ROLLED_BACK, 1, None),
    "the first statement fails": ([THERE], ROLLED_BACK, 1, None),
    "rows, and no SQL": ([INSERT, NO_SQL], ROLLED_BACK, 1, None),
    "rows, and what fails": ([INSERT, THERE], "the one that failed did so too, behind: INSERT INTO t", 2, None),
    "rows, and what they are against": ([INSERT, UNIQUE], "did so too, behind: INSERT INTO t", 2, None),
    "a table, and no SQL": ([CREATE, NO_SQL], "the last such statement was: CREATE TABLE b", 1, 0),
    "a table, and what fails": ([CREATE, THERE], "the last such statement was: CREATE TABLE b", 1, 0),
    "a table with rows, and no SQL": ([CREATE, INTO_B, NO_SQL], "last such statement was: CREATE TABLE b", 1, 0),
    "a table with rows, and what fails": ([CREATE, INTO_B, THERE], "did so too, behind: INSERT INTO b", 1, 1),
    "what fails and is caught": (
        [CREATE, f"try:\n        {THERE}\n    except Exception:\n        {INTO_B}", "1 / 0"],
        "last such statement was: CREATE TABLE b", 1, 0,
    ),
}  # fmt: skip


def _count(database: Any, table: str) -> int | None:
    if not database.table_exists(table):
        return None
    return int(database.execute_sql(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.mark.parametrize("case", STOPS)
def test_what_stays_is_what_the_message_says(mariadb: peewee.Database, tmp_path: Path, case: str) -> None:
    lines, words, rows, in_b = STOPS[case]
    mariadb.execute_sql("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    mariadb.execute_sql("INSERT INTO t VALUES (1, 1)")
    source = f"{HEAD}\ndef migrate_forward():\n" + "".join(f"    {line}\n" for line in lines)
    project = open_project(tmp_path, {"stops": source}, config=config_of(mariadb))
    with pytest.raises(MigrationFailed) as caught:
        project.apply()
    assert words in caught.value.way_out
    assert ("It was rolled back" in caught.value.way_out) is (words == ROLLED_BACK)
    assert (_count(mariadb, "t"), _count(mariadb, "b")) == (rows, in_b)


# What a way back does, and what it says: behind a forward that has filled t.v, and dropped t.w.
BACK = {
    "the first statement fails": (
        ["migrate(migrator.sql('CREATE TABLE t (v INT)'))"], ROLLED_BACK),
    "a table, and what fails": ([CREATE, THERE], "the last such statement was: CREATE TABLE b"),
    "rows, and what fails": ([CREATE, INTO_B, THERE], "did so too, behind: INSERT INTO b"),
    "values that are back, and what fails": (
        ["migrate(migrator.add_constraint('t', 'ck', Check('v > 100')))"], "did so too, behind: UPDATE",
    ),
    "a column that is back, and what fails": (
        ["migrate(migrator.add_column('t', 'w', IntegerField(null=True)))", THERE], "did so too, behind: UPDATE",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BACK)
def test_with_the_attic_it_is_no_other(mariadb: peewee.Database, tmp_path: Path, case: str) -> None:
    lines, words = BACK[case]
    mariadb.execute_sql("CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT)")
    mariadb.execute_sql("INSERT INTO t VALUES (1, 1, 1)")
    forward = "migrate(migrator.backfill('t', {'v': 7}, True))\n    migrate(migrator.drop_column('t', 'w'))"
    source = f"{HEAD}\ndef migrate_forward():\n    {forward}\n\n\ndef migrate_backward():\n"
    project = open_project(
        tmp_path, {"stops": source + "".join(f"    {line}\n" for line in lines)}, config=config_of(mariadb)
    )
    project.apply()
    before = mariadb.execute_sql("SELECT * FROM t").fetchall()
    with pytest.raises(MigrationFailed) as caught:
        project.revert()
    assert words in caught.value.way_out
    assert words != ROLLED_BACK or mariadb.execute_sql("SELECT * FROM t").fetchall() == before


def test_what_an_index_can_t_be_is_refused_before_anything_is_touched(mariadb: peewee.Database) -> None:
    mariadb.execute_sql("CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT)")
    migrator = Migrator.from_database(mariadb)
    for more, words in (
        ({"where": peewee.SQL("v > 1")}, "MariaDB has no index with a condition"),
        ({"where": peewee.SQL("v > 1"), "unique": True, "concurrently": True}, "MariaDB has no index with a condition"),
        ({"nulls_distinct": True}, "to MariaDB they always are"),
        ({"nulls_distinct": False}, "to MariaDB they always are"),
    ):
        with pytest.raises(OperationRefused, match=words) as caught:
            migrate(migrator.drop_column("t", "w"), migrator.add_index("t", ("v",), **more))
        assert caught.value.table == "t"
        assert [column.name for column in mariadb.get_columns("t")] == ["id", "v", "w"]
