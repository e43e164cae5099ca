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


HEIGHT = 'migrator.alter_column_type("player", "height", IntegerField(null=True), cast="%s")'
LEVEL = 'migrator.alter_column_type("player", "level", BigIntegerField(null=True), cast="level + 1")'
FILL_HEIGHT = 'migrator.backfill("player", {"height": 5}, "height IS NULL")'
FILL_LEVEL = 'migrator.backfill("player", {"level": 5}, "level IS NULL")'
SEVERAL = {
    "a cast, its fill, another cast": (HEIGHT, FILL_HEIGHT, LEVEL),
    "two casts": (HEIGHT, LEVEL),
    "a fill and its cast": (FILL_HEIGHT, HEIGHT),
    "two fills": (FILL_HEIGHT, FILL_LEVEL),
    "a cast and another's fill": (HEIGHT, FILL_LEVEL),
    "a fill of what was filled": (FILL_HEIGHT, 'migrator.backfill("player", {"height": 6}, "height = 5")'),
}


@pytest.mark.parametrize("calls", ["one call", "a call each"])
@pytest.mark.parametrize("several", SEVERAL)
def test_what_several_changes_took_is_as_it_was(tmp_path, database, several, calls):
    wanted = [text.replace("%s", CASTS[dialect_of(database).name]) for text in SEVERAL[several]]
    back = {
        LEVEL: 'migrate(migrator.alter_column_type("player", "level", IntegerField(null=True)))',
        HEIGHT: CHANGES["a narrowing"][1],
    }
    text = _text(
        (", " if calls == "one call" else ")\n    migrate(").join(wanted),
        "\n    ".join(back[change] for change in back if change in SEVERAL[several]) or "pass",
    )
    project = open_project(tmp_path / "p", {"change": text}, config=config_of(database))
    before = _rows(database)
    project.apply()
    (step,) = project.revert().steps
    assert [done.unmatched for done in step.restored] == [0] * len(step.restored) != []
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


DROP = (
    f"{HEAD}\n\ndef migrate_forward():\n    migrate(migrator.drop_column('player', 'name'))\n\n\n"
    "def migrate_backward():\n    migrate(migrator.add_column('player', 'name', CharField(20, null=True)))\n"
)


@pytest.mark.parametrize("text", [DROP, _text(*CHANGES["over values"])], ids=["a drop", "a fill"])
def test_rows_that_are_told_apart_cost_no_statement_each(tmp_path, database, text):
    """Some hundred, and rows that are alike but for what they get back."""
    mark = database.param
    many = [(f"n{n}", float(n), 4 + n % 3) for n in range(300)]
    with database.atomic():
        for row in many:
            database.execute_sql(f"INSERT INTO player VALUES ({mark}, {mark}, {mark})", row)
        database.execute_sql("INSERT INTO player VALUES ('one', 0.5, 8), ('other', 0.5, 8)")
    before = _rows(database)
    project = open_project(tmp_path / "p", {"change": text}, config=config_of(database))
    project.apply()
    run = project.revert()
    assert _rows(database) == before
    assert len(run.steps[0].statements) < 20
