"""Rows of a table without key, in which one migration fills or drops a column beside one that it adds itself."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project
from test_attic import migration

from pwmig.project import Project

ROWS = [("a", 1, "x"), ("a", 1, None), ("b", 2, "y"), ("c", None, "z"), (None, 4, "z")]


def add(name: str) -> str:
    return f"migrator.add_column('t', '{name}', IntegerField(null=True))"


def drop(name: str) -> str:
    return f"migrator.drop_column('t', '{name}')"


def rename(old: str, new: str) -> str:
    return f"migrator.rename_column('t', '{old}', '{new}')"


FILL = "migrator.backfill('t', {'b': 7}, True)"
FILL_NEW = "migrator.backfill('t', {'n': SQL('b')}, True)"
BATCHES = "migrator.backfill('t', {'b': 7}, True, batch_size=2)"
NARROW = "migrator.alter_column_type('t', 'c', CharField(1, null=True), cast='NULL')"
DEFAULT = "migrator.apply_default('t', 'b', IntegerField(default=7))"

WAYS = {
    "added, then filled": (f"{add('n')}, {FILL}", drop("n")),
    "in a batch of its own": (f"{add('n')}); migrate({FILL}", drop("n")),
    "in batches": (f"{add('n')}, {BATCHES}", drop("n")),
    "the new one filled too": (f"{add('n')}, {FILL_NEW}, {FILL}", drop("n")),
    "by raw SQL": (f"{add('n')}, migrator.sql('UPDATE t SET n = b'), {FILL}", drop("n")),
    "by a function": (f"{add('n')}, migrator.run_python(fill), {FILL}", drop("n")),
    "a default": (f"{add('n')}, {DEFAULT}", drop("n")),
    "a cast": (
        f"{add('n')}, {NARROW}", f"migrator.alter_column_type('t', 'c', CharField(20, null=True)), {drop('n')}"
    ),
    "dropped": (
        f"{add('n')}); migrate({drop('b')}", f"{drop('n')}); migrate({add('b')}"
    ),
    "dropped, the other way round": (
        f"{add('n')}); migrate({drop('b')}", f"{add('b')}); migrate({drop('n')}"
    ),
    "added after it": (f"{FILL}, {add('n')}", drop("n")),
    "another one renamed in between": (
        f"{add('n')}, {rename('a', 'first')}, {FILL}", f"{rename('first', 'a')}, {drop('n')}"
    ),
    "another one dropped in between": (
        f"{add('n')}); migrate({drop('c')}); migrate({FILL}",
        f"migrator.add_column('t', 'c', CharField(20, null=True))); migrate({drop('n')}",
    ),
    "renamed": (f"{add('n')}, {rename('n', 'm')}, {FILL}", f"{rename('m', 'n')}, {drop('n')}"),
    "the table renamed": (
        f"{add('n')}, migrator.rename_table('t', 'u'), {FILL.replace(chr(39) + 't', chr(39) + 'u')}",
        f"migrator.rename_table('u', 't'), {drop('n')}",
    ),
    "made anew": (
        f"{drop('a')}); migrate({add('a')}, {FILL}",
        f"{drop('a')}); migrate(migrator.add_column('t', 'a', CharField(20, null=True))",
    ),
    "made anew after it": (
        f"{FILL}, {drop('a')}); migrate({add('a')}",
        f"{drop('a')}); migrate(migrator.add_column('t', 'a', CharField(20, null=True))",
    ),
}  # fmt: skip

FUNCTION = "\n\ndef fill(database):\n    database.execute_sql('UPDATE t SET n = b')\n\n"


def rows(database: Any) -> Counter[tuple[Any, ...]]:
    return Counter(map(tuple, database.execute_sql("SELECT a, b, c FROM t").fetchall()))


def project_on(database: Any, root: Path, forward: str, backward: str) -> Project:
    database.execute_sql("CREATE TABLE t (a VARCHAR(20), b INTEGER, c VARCHAR(20))")
    mark = database.param
    for row in ROWS:
        database.execute_sql(f"INSERT INTO t VALUES ({mark}, {mark}, {mark})", row)
    source = migration(f"migrate({forward})", f"migrate({backward})", FUNCTION)
    return open_project(root / "p", {"change": source}, config=config_of(database))


@pytest.mark.parametrize(("forward", "backward"), WAYS.values(), ids=WAYS)
def test_all_of_it_comes_back(tmp_path: Path, any_database: Any, forward: str, backward: str) -> None:
    project = project_on(any_database, tmp_path, forward, backward)
    assert project.apply().steps[0].kept
    told = project.revert().steps[0].restored
    assert rows(any_database) == Counter(ROWS)
    assert [done.unmatched for done in told] == [0] * len(told)
    assert "forward" not in {entry.direction for entry in project.attic()}
