"""A column that one migration narrows and then drops, alone or with its table, holds again what it held before."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project
from test_attic import migration
from test_attic_cast_back import CASES, COUNTED, back_of, cast

from pwmig.dialects import dialect_of
from pwmig.project import Project

NARROWED = [
    "a decimal with fewer digits", "a decimal, then a whole number", "a float, then a whole number",
    "a time, then a day", "a shorter text", "a text of one length", "a text, then a boolean", "a number, then a text",
]  # fmt: skip
WHAT = ["a column", "a table", "a column, in batches", "a column, as it was", "a table, as it was"]
ROWS = "SELECT a, p, o FROM t"


def project_on(database: Any, root: Path, case: str, key: str, what: str, together: bool) -> Project:
    type_, values, field, text, wider = CASES[case]
    if dialect_of(database).name == "mysql":
        type_ = type_.replace("TIMESTAMP", "DATETIME")
    database.execute_sql(f"CREATE TABLE t ({key}a VARCHAR(20), p {type_} NULL, o INTEGER)")
    listed = [f"('row {n}', {value}, {n // 3})" for n, value in enumerate(values)]
    sql = f"INSERT INTO t (a, p, o) VALUES {', '.join(listed)}"
    database.execute_sql(sql.replace("%", "%%" if database.param == "%s" else "%"))
    narrow = f'migrator.alter_column_type("t", "p", {field}, cast="""{cast(database, text)}""")'
    widen = f"migrator.alter_column_type('t', 'p', {back_of(database, wider)})"
    first = wider.replace(", BACK", "")
    number = "'id': AutoField(), " if key else ""
    columns = f"{{{number}'a': CharField(20, null=True), 'p': %s, 'o': IntegerField(null=True)}}"
    ways = {
        "a column": ("migrator.drop_column('t', 'p')", f"migrator.add_column('t', 'p', {field}), {widen}"),
        "a column, in batches": (
            "migrator.drop_column('t', 'p')", f"migrator.add_column('t', 'p', {field})); migrate({widen}"
        ),
        "a column, as it was": ("migrator.drop_column('t', 'p')", f"migrator.add_column('t', 'p', {first})"),
        "a table": ("migrator.drop_table('t')", f"migrator.create_table('t', {columns % field}), {widen}"),
        "a table, as it was": ("migrator.drop_table('t')", f"migrator.create_table('t', {columns % first})"),
    }  # fmt: skip
    gone, back = ways[what]
    forward = f"migrate({narrow}, {gone})" if together else f"migrate({narrow})\nmigrate({gone})"
    return open_project(root / "p", {"change": migration(forward, f"migrate({back})")}, config=config_of(database))


@pytest.mark.parametrize("key", ["key", "no key"])
@pytest.mark.parametrize(("what", "together"), [(what, what in WHAT[:2]) for what in WHAT])
@pytest.mark.parametrize("case", NARROWED)
def test_it_holds_what_it_held(
    tmp_path: Path, any_database: Any, case: str, what: str, together: bool, key: str
) -> None:
    made = COUNTED[dialect_of(any_database).name] if key == "key" else ""
    project = project_on(any_database, tmp_path, case, made, what, together)
    before = Counter(map(tuple, any_database.execute_sql(ROWS).fetchall()))
    project.apply()
    told = project.revert().steps[0].restored
    assert Counter(map(tuple, any_database.execute_sql(ROWS).fetchall())) == before
    assert [done.unmatched for done in told] == [0] * len(told)
    assert not [entry for entry in project.attic() if entry.direction == "forward"]
