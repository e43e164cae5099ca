"""What the database refuses of what is put back says what, why, which rows and the way out, which works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project, run_cli
from test_attic import migration

from pwmig.dialects import dialect_of
from pwmig.errors import MigrationFailed, OperationRefused
from pwmig.plan import Restored
from pwmig.project import Project

TABLE = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(9), n INTEGER)"
ROWS = "INSERT INTO t VALUES (1, 'x', -1), (2, 'x', 2), (3, NULL, 3)"
CREATE = "migrate(migrator.create_table('t', {'id': IntegerField(primary_key=True), %s}))"
N = "'n': IntegerField(null=True)"

CASES = {
    "a check that came with it": (
        "migrate(migrator.backfill('t', {'n': 0}, 'n < 0'), migrator.add_constraint('t', 'ck', Check('n >= 0')))",
        "pass",
        "migrate(migrator.drop_constraint('t', 'ck'))",
        "the values of t.n can't be put back",
        r"\bck\b.*(id 1, n -1|\(1, x, -1\))",
    ),
    "a column with a check": (
        "migrate(migrator.drop_column('t', 'n'))",
        "migrate(migrator.add_column('t', 'n', IntegerField(null=True, constraints=[Check('n > 0')])))",
        "migrate(migrator.add_column('t', 'n', IntegerField(null=True)))",
        "the values of t.n can't be put back",
        r"(?i)(check|constraint).*(id 1, n -1|\(1, x, -1\))",
    ),
    "a table whose column is unique": (
        "migrate(migrator.drop_table('t'))",
        CREATE % f"'a': CharField(max_length=9, unique=True, null=True), {N}",
        CREATE % f"'a': CharField(max_length=9, null=True), {N}",
        "the rows of t can't be put back",
        "'x'|\\(x\\)",
    ),
    "a table with a column that must not be null": (
        "migrate(migrator.drop_table('t'))",
        CREATE % f"'a': CharField(max_length=9), {N}",
        CREATE % f"'a': CharField(max_length=9, null=True), {N}",
        "the rows of t can't be put back",
        "id 3|\\(3, null",
    ),
    "a table with one more": (
        "migrate(migrator.drop_table('t'))",
        CREATE % f"'a': CharField(max_length=9, null=True), {N}, 'z': IntegerField()",
        CREATE % f"'a': CharField(max_length=9, null=True), {N}, 'z': IntegerField(null=True)",
        "the rows of t can't be put back",
        '\\bz has no default|"z"',
    ),
}


def project_on(database: Any, root: Path, source: str, *setup: str) -> Project:
    for sql in setup:
        database.execute_sql(sql)
    project = open_project(root / "p", {"change": source}, config=config_of(database))
    project.apply()
    return project


def rows(database: Any, sql: str = "SELECT id, a, n FROM t ORDER BY id") -> list[tuple[Any, ...]]:
    return list(map(tuple, database.execute_sql(sql).fetchall()))


def rewrite(root: Path, old: str, new: str) -> None:
    path = next((root / "p" / "db" / "migrations").glob("*_change.py"))
    there, back = path.read_text().split("def migrate_backward()")
    assert old in back
    path.write_text(f"{there}def migrate_backward(){back.replace(old, new)}")


def take_back(database: Any, case: str) -> None:
    """What stays on MariaDB, as the message says."""
    if dialect_of(database).name == "mysql" and "check that" not in case:
        database.execute_sql("DROP TABLE t" if "table" in case else "ALTER TABLE t DROP COLUMN n")


@pytest.mark.parametrize("way", ["mend", "purge"])
@pytest.mark.parametrize("case", CASES)
def test_it_is_told_and_the_way_out_works(tmp_path: Path, any_database: Any, case: str, way: str) -> None:
    forward, back, mended, what, which = CASES[case]
    project = project_on(any_database, tmp_path, migration(forward, back), TABLE, ROWS)
    before = project.attic()
    with pytest.raises(MigrationFailed, match=what) as caught:
        project.revert()
    assert "the database says" in caught.value.why
    caught.match(which)
    assert project.attic() == before
    take_back(any_database, case)
    if way == "purge":
        assert f"pwmig attic purge {before[0].id}" in caught.value.way_out
        project.purge(str(before[0].id))
        assert project.revert().steps[0].restored == ()
        return
    assert "let migrate_backward()" in caught.value.way_out
    rewrite(tmp_path, back, mended)
    (told,) = project.revert(allow=("changed",)).steps[0].restored
    assert told.unmatched == 0 and told.restored
    assert rows(any_database) == [(1, "x", -1), (2, "x", 2), (3, None, 3)]


def test_a_type_that_does_not_take_it(tmp_path: Path, server_database: Any) -> None:
    back = "migrate(migrator.add_column('t', 'a', IntegerField(null=True)))"
    project = project_on(
        server_database, tmp_path, migration("migrate(migrator.drop_column('t', 'a'))", back), TABLE, ROWS
    )
    with pytest.raises(MigrationFailed, match=r"the values of t\.a can't be put back") as caught:
        project.revert()
    assert "'x'" in caught.value.why or '"x"' in caught.value.why
    assert "make t.a as it was" in caught.value.way_out


def test_by_hand_it_is_no_traceback(tmp_path: Path, any_database: Any) -> None:
    case = "a check that came with it"
    forward, back, *_ = CASES[case]
    project = project_on(any_database, tmp_path, migration(forward, back), TABLE, ROWS)
    with pytest.raises(OperationRefused, match=r"the values of t\.n can't be put back") as caught:
        project.restore("change")
    assert caught.value.table == "t" and caught.value.column == "n"
    assert "pwmig attic restore 1" in caught.value.way_out
    done = run_cli(tmp_path / "p", "attic", "restore", "change")
    assert "Traceback" not in done.stderr and done.returncode == 2 and "can't be put back" in done.stderr
    if dialect_of(any_database).name == "sqlite":
        any_database.execute_sql("DROP TABLE t")
        any_database.execute_sql(TABLE)
        any_database.execute_sql("INSERT INTO t VALUES (1, 'x', 0), (2, 'x', 2)")
    else:
        any_database.execute_sql("ALTER TABLE t DROP CONSTRAINT ck")
    assert project.restore("1") == (Restored("t", "n", 1),)
    assert project.attic() == ()


def test_nor_is_whatever_else_the_database_says(tmp_path: Path, postgres: Any) -> None:
    project = project_on(postgres, tmp_path, migration("migrate(migrator.drop_table('t'))", "pass"), TABLE, ROWS)
    postgres.execute_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, a JSON, n INTEGER)")
    with pytest.raises(OperationRefused, match="can't be put back") as caught:
        project.restore("change")
    assert "the database says" in caught.value.why and "pwmig attic restore" in caught.value.way_out


def test_a_row_that_holds_it_where_only_some_have_to_be_unique(tmp_path: Path, any_database: Any) -> None:
    """On MariaDB, which has no such index, in a table without a key."""
    if dialect_of(any_database).name == "mysql":
        setup = [TABLE.replace(" PRIMARY KEY", ""), "CREATE UNIQUE INDEX ti ON t (n)"]
    else:
        setup = [TABLE, "CREATE UNIQUE INDEX ti ON t (n) WHERE n < 100"]
    source = migration("migrate(migrator.backfill('t', {'n': 50}, 'n = 2'))", "pass")
    project = project_on(any_database, tmp_path, source, *setup, ROWS)
    any_database.execute_sql("INSERT INTO t VALUES (4, 'y', 2)")
    with pytest.raises(MigrationFailed, match=r"the values of t\.n can't be put back") as caught:
        project.revert()
    assert "where it is a row that came since, change that" in caught.value.way_out
    any_database.execute_sql("UPDATE t SET n = 4 WHERE id = 4")
    assert project.revert().steps[0].restored == (Restored("t", "n", 1),)
    assert rows(any_database) == [(1, "x", -1), (2, "x", 2), (3, None, 3), (4, "y", 4)]
