"""A column of a table without key that is cast and gets its type back: what a cell became is told in either type."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project
from test_attic import migration

from pwmig.dialects import dialect_of
from pwmig.project import Project

NUMBERS = ["1.2345", "1.2345", "1.2300", "-7.5000", "NULL", "0.0000", "12.3456"]
TIMES = ["'2020-01-01 10:11:12'", "'2020-01-01 10:11:12'", "'2020-01-01 00:00:00'", "'1999-12-31 23:59:59'", "NULL"]
WORDS = ["'longer'", "'longer'", "'longest'", "'lo'", "''", "NULL", "'it''s (\"so\"), %'"]

CASES = {
    "a decimal with fewer digits": (
        "DECIMAL(10,4)", NUMBERS, "DecimalField(10, 2, null=True)", "ROUND(p, 2)", "DecimalField(10, 4, null=True)"
    ),
    "a decimal, then a whole number": (
        "DECIMAL(10,4)", NUMBERS, "IntegerField(null=True)", "INT ROUND(p, 0)", "DecimalField(10, 4, null=True)"
    ),
    "a float, then a whole number": (
        "DOUBLE PRECISION", NUMBERS, "IntegerField(null=True)", "INT ROUND(p)", "DoubleField(null=True)"
    ),
    "a float, then a decimal": (
        "DOUBLE PRECISION", NUMBERS, "DecimalField(10, 2, null=True)", "DEC p", "DoubleField(null=True)"
    ),
    "a double, then a float": (
        "DOUBLE PRECISION", ["1e300", "0.1", "NULL"], "FloatField(null=True)", "FLOAT LEAST(p, 0.3)",
        "DoubleField(null=True)",
    ),
    "a greater number": (
        "BIGINT", ["5000000000", "7", "7", "NULL"], "IntegerField(null=True)", "INT p % 1000",
        "BigIntegerField(null=True)",
    ),
    "a time, then a day": ("TIMESTAMP", TIMES, "DateField(null=True)", "DAY p", "DateTimeField(null=True)"),
    "a shorter text": ("VARCHAR(20)", WORDS, "CharField(3, null=True)", "SUBSTR(p, 1, 3)", "CharField(20, null=True)"),
    "a text of any length": ("TEXT", WORDS, "CharField(3, null=True)", "SUBSTR(p, 1, 3)", "TextField(null=True)"),
    "a text of one length": (
        "VARCHAR(20)", WORDS, "FixedCharField(3, null=True)", "SUBSTR(p, 1, 3)", "CharField(20, null=True)"
    ),
    "a text, then a boolean": (
        "VARCHAR(20)", ["'yes'", "'yes'", "'no'", "'perhaps'", "NULL"], "BooleanField(null=True)", "p = 'yes'",
        "CharField(20, null=True)",
    ),
    "a number, then a boolean": (
        "INTEGER", ["0", "1", "2", "2", "NULL"], "BooleanField(null=True)", "p > 0", "IntegerField(null=True), BACK"
    ),
    "a number, then a text": (
        "INTEGER", ["5", "5", "17", "30", "NULL"], "CharField(20, null=True)", "SUBSTR(TEXT p, 1, 1)",
        "IntegerField(null=True), BACK",
    ),
    "a text, then a number": (
        "VARCHAR(20)", ["'007'", "'7'", "'12'", "NULL"], "IntegerField(null=True)", "INT p", "CharField(20, null=True)"
    ),
    "a text, then a day": (
        "VARCHAR(20)", ["'2020-01-02 ago'", "'2020-01-02'", "NULL"], "DateField(null=True)", "DAY SUBSTR(p, 1, 10)",
        "CharField(20, null=True)",
    ),
}  # fmt: skip

CASTS = {
    "sqlite": {"INT": "INTEGER", "DEC": "NUMERIC", "FLOAT": "REAL", "TEXT": "TEXT"},
    "postgresql": {"INT": "INTEGER", "DEC": "NUMERIC(10,2)", "FLOAT": "REAL", "DAY": "DATE", "TEXT": "TEXT"},
    "mysql": {"INT": "SIGNED", "DEC": "DECIMAL(10,2)", "FLOAT": "FLOAT", "DAY": "DATE", "TEXT": "CHAR"},
}


def cast(database: Any, text: str) -> str:
    """A cast in the words of the database: ``INT p`` is one to a whole number."""
    kind = dialect_of(database).name
    if kind == "sqlite":
        text = text.replace("LEAST", "MIN").replace("DAY p", "SUBSTR(p, 1, 10)").replace("DAY ", "")
        text = text.replace("DEC p", "ROUND(p, 2)")
    for word, type_ in CASTS[kind].items():
        if word == "TEXT":
            text = text.replace("TEXT p", f"CAST(p AS {type_})")
        elif text.startswith(f"{word} "):
            text = f"CAST({text.removeprefix(f'{word} ')} AS {type_})"
    return text


def back_of(database: Any, field: str) -> str:
    kind = dialect_of(database).name
    return field.replace("BACK", f"cast='{cast(database, 'INT p')}'" if kind == "postgresql" else "").rstrip(", ")


def rows(database: Any) -> Counter[tuple[Any, ...]]:
    return Counter(map(tuple, database.execute_sql("SELECT a, p, o FROM t").fetchall()))


def project_on(database: Any, root: Path, case: str, key: str) -> Project:
    type_, values, field, text, wider = CASES[case]
    if dialect_of(database).name == "mysql":
        type_ = type_.replace("TIMESTAMP", "DATETIME")
    database.execute_sql(f"CREATE TABLE t ({key}a VARCHAR(20), p {type_} NULL, o INTEGER)")
    listed = [f"('row', {value}, {n // 3})" for n, value in enumerate(values)]
    sql = f"INSERT INTO t (a, p, o) VALUES {', '.join(listed)}"
    database.execute_sql(sql.replace("%", "%%" if database.param == "%s" else "%"))
    forward = f'migrate(migrator.alter_column_type("t", "p", {field}, cast="""{cast(database, text)}"""))'
    backward = f"migrate(migrator.alter_column_type('t', 'p', {back_of(database, wider)}))"
    source = migration(forward, backward)
    return open_project(root / "p", {"change": source}, config=config_of(database))


COUNTED = {
    "sqlite": "id INTEGER NOT NULL PRIMARY KEY, ",
    "postgresql": "id SERIAL PRIMARY KEY, ",
    "mysql": "id INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY, ",
}


@pytest.mark.parametrize("key", ["key", "no key"])
@pytest.mark.parametrize("case", CASES)
def test_what_it_held_comes_back(tmp_path: Path, any_database: Any, case: str, key: str) -> None:
    made = COUNTED[dialect_of(any_database).name] if key == "key" else ""
    project = project_on(any_database, tmp_path, case, made)
    before = rows(any_database)
    assert project.apply().steps[0].kept
    told = project.revert().steps[0].restored
    assert rows(any_database) == before
    assert [done.unmatched for done in told] == [0] * len(told)
    assert not [entry for entry in project.attic() if entry.direction == "forward"]


NEWER = {
    "DecimalField": "9.87", "IntegerField": "77", "BigInt": "77", "FloatField": "0.2", "DateField": "'2001-02-03'",
    "CharField": "'9'", "FixedCharField": "'9'", "BooleanField": "NULL",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_row_that_was_written_since_keeps_what_it_holds(tmp_path: Path, any_database: Any, case: str) -> None:
    project = project_on(any_database, tmp_path, case, "")
    before = rows(any_database)
    project.apply()
    value = NEWER[CASES[case][2].partition("(")[0]]
    any_database.execute_sql(f"INSERT INTO t (a, p, o) VALUES ('row', {value}, 0)")  # Alike in all else.
    any_database.execute_sql(f"INSERT INTO t (a, p, o) VALUES ('new', {value}, NULL)")
    any_database.execute_sql("DELETE FROM t WHERE o = 1")
    project.revert()
    left = Counter({row: count for row, count in before.items() if row[2] != 1})
    after = rows(any_database)
    assert left <= after
    assert [(row[0], row[2]) for row in sorted((after - left).elements(), key=str)] == [("new", None), ("row", 0)]
    if value != "NULL":
        assert all(str(row[1]).startswith(value.strip("'")) for row in after - left)


def test_of_rows_that_are_alike_no_more_get_one_than_there_are(tmp_path: Path, any_database: Any) -> None:
    """What one of them held is what they all became."""
    project = project_on(any_database, tmp_path, "a decimal with fewer digits", "")
    project.apply()
    any_database.execute_sql("DELETE FROM t WHERE o = 0")
    any_database.execute_sql("INSERT INTO t (a, p, o) VALUES ('row', 1.23, 0)")
    (told,) = project.revert().steps[0].restored
    kept = 2 if dialect_of(any_database).name == "sqlite" else 3
    assert told.gone == kept - 1
    assert [entry.row_count for entry in project.attic() if entry.direction == "forward"] == [kept - 1]


@pytest.mark.parametrize("key", ["a key of two", "no key"])
def test_what_the_way_back_has_computed_is_there(tmp_path: Path, any_database: Any, key: str) -> None:
    """Nothing is left of it in the attic, but of a row that holds another value by now."""
    casts_keys = dialect_of(any_database).name != "mysql"
    made = ", PRIMARY KEY (o, p)" if key != "no key" and casts_keys else ""
    any_database.execute_sql(f"CREATE TABLE t (a VARCHAR(20), p INTEGER NOT NULL, o INTEGER NOT NULL{made})")
    any_database.execute_sql(
        "INSERT INTO t VALUES ('x', 3, 1), ('x', 4, 2), ('y', 3, 3), ('y', 30, 4), ('z', 7, 5), ('x', 300, 1)"
    )
    cents = "migrate(migrator.alter_column_type('t', 'p', BigIntegerField(), cast='p * 100'))"
    back = "migrate(migrator.alter_column_type('t', 'p', IntegerField(), cast='%s'))"
    divided = "p DIV 100" if dialect_of(any_database).name == "mysql" else "p / 100"
    source = migration(cents, back % divided)
    project = open_project(tmp_path / "p", {"change": source}, config=config_of(any_database))
    before = rows(any_database)
    kept = sum(one.row_count for one in project.apply().steps[0].kept)
    any_database.execute_sql("UPDATE t SET p = 900 WHERE a = 'z'")
    told = project.revert().steps[0].restored
    assert rows(any_database) == before - Counter([("z", 7, 5)]) + Counter([("z", 9, 5)])
    assert [(done.restored, done.unmatched) for done in told] == [(kept - 1, 1)]
    assert [entry.row_count for entry in project.attic() if entry.direction == "forward"] == [1]
