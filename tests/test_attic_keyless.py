"""Changes of rows that nothing but their cells tells apart: kept whole, and put back where they still are."""

from __future__ import annotations

from collections import Counter

import pytest
from projects import HEAD, config_of, open_project

from pwmig.dialects import dialect_of

ROWS = [
    ("a", 1.5, None), ("a", 1.5, None), ("a", 1.5, 3), ("a", None, None), ("b", 2.75, 4), ("b", -2.75, None),
    (None, 0.0, 5), (None, 0.0, None), ("it's %", 7.0, None),
]  # fmt: skip

CHANGES = {
    "a back-fill": ('migrator.backfill("player", {"level": 5})', "pass"),
    "that commits": ('migrator.backfill("player", {"level": 5}, batch_size=2, commit=True)', "pass"),
    "over values": ('migrator.backfill("player", {"level": 9}, "level IS NULL OR level > 3")', "pass"),
    "of two columns": ('migrator.backfill("player", {"level": 5, "name": "x"})', "pass"),
    "a narrowing": (
        'migrator.alter_column_type("player", "height", IntegerField(null=True), cast="%s")',
        'migrate(migrator.alter_column_type("player", "height", DoubleField(null=True)))',
    ),
    "a default for all": ('migrator.apply_default("player", "level", IntegerField(default=6))', "pass"),
}
CASTS = {"sqlite": "CAST(height AS INTEGER)", "postgresql": "trunc(height)::int", "mysql": "truncate(height, 0)"}


def _text(wanted, back):
    return f"{HEAD}\n\ndef migrate_forward():\n    migrate({wanted})\n\n\ndef migrate_backward():\n    {back}\n"


def _rows(database):
    return Counter(map(tuple, database.execute_sql("SELECT name, height, level FROM player").fetchall()))


@pytest.fixture
def database(any_database):
    any_database.execute_sql("CREATE TABLE player (name VARCHAR(20), height DOUBLE PRECISION, level INT)")
    mark = any_database.param
    for row in ROWS:
        any_database.execute_sql(f"INSERT INTO player VALUES ({mark}, {mark}, {mark})", row)
    return any_database


@pytest.fixture(params=CHANGES)
def changed(request, tmp_path, database):
    """A project with the change applied, and the rows as they were."""
    wanted, back = CHANGES[request.param]
    wanted = wanted.replace("%s", CASTS[dialect_of(database).name])
    project = open_project(tmp_path / "p", {"change": _text(wanted, back)}, config=config_of(database))
    before = _rows(database)
    run = project.apply()
    assert _rows(database) != before
    assert run.steps[0].kept
    return project, before


def test_what_was_changed_is_as_it_was(database, changed):
    project, before = changed
    project.revert()
    assert _rows(database) == before
    assert project.attic() == ()


def test_what_others_wrote_since_stays(database, changed):
    project, _ = changed
    any_letters = "%%" if database.param == "%s" else "%"
    database.execute_sql("DELETE FROM player WHERE name = 'b' AND height < 0")
    database.execute_sql(f"UPDATE player SET level = 77, height = 99 WHERE name LIKE 'it{any_letters}'")
    database.execute_sql("INSERT INTO player VALUES ('new', NULL, NULL)")
    now = _rows(database)
    project.revert()
    after = _rows(database)
    written = Counter({row: count for row, count in now.items() if row[2] == 77 or row[0] == "new"})
    assert written <= after
    assert after.total() == now.total()
    before = Counter(row for row in ROWS if row not in {ROWS[5], ROWS[8]})
    if "x" not in {row[0] for row in now}:  # Where a name was filled too, which row it was is told by one cell only.
        assert after - written == before
