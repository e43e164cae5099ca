"""Cells that break programs: carried through a migration and back unchanged on each database, and shown in bounds."""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any

from anywhere import Anywhere, SqlitePlace, anywhere
from projects import HEAD

from pwmig.frames import display
from pwmig.text import Ink, run_lines

__all__ = ["anywhere"]

HTML = "<script>alert('x')</script><img src=x onerror=alert(1)>"
LARGE = 10_000_000
TYPES = {"sqlite": ("BLOB", "REAL"), "postgres": ("BYTEA", "DOUBLE PRECISION"), "mariadb": ("LONGBLOB", "DOUBLE")}
"""Of bytes, of a number that may be none."""

TAKES = """
def migrate_forward():
    migrate(
        migrator.drop_column("odd", "words"),
        migrator.drop_column("odd", "doc"),
        migrator.add_column("odd", "level", IntegerField(default=1)),
        migrator.drop_column("odd", "born"),
        migrator.drop_column("odd", "ratio"),
        migrator.drop_column("odd", "raw"),
    )

def migrate_backward():
    migrate(
        migrator.drop_column("odd", "level"),
        migrator.add_column("odd", "words", CharField(200, null=True)),
        migrator.add_column("odd", "doc", {doc}),
        migrator.add_column("odd", "born", DateField(null=True)),
        migrator.add_column("odd", "ratio", DoubleField(null=True)),
        migrator.add_column("odd", "raw", {raw}),
    )
"""


def cells(place: Anywhere) -> list[tuple[Any, ...]]:
    """A row of each kind of trouble: words, a document, bytes, a number, a day."""
    numbers = [math.nan, math.inf, -0.0] if place.kind == "postgres" else [None, 1e308, -0.0]
    control = "\r\n\t" if place.kind == "postgres" else "\r\n\t\0behind"  # PostgreSQL has no NUL in a text.
    return [
        (1, HTML, "x" * LARGE, b"\0\xff\0", numbers[0], datetime.date(1, 1, 1)),
        (2, "\U0001f600 \U00020000 'quoted' \"twice\" \\ %s {x} $1", "\u202e\u200b\x1b[31m", b"", numbers[1], None),
        (3, "", control, bytes(range(256)), numbers[2], datetime.date(9999, 12, 31)),
        (4, None, None, None, None, None),
    ]


def fill(place: Anywhere) -> None:
    raw, ratio = TYPES[place.kind]
    doc = "LONGTEXT" if place.kind == "mariadb" else "TEXT"
    place.run(
        f"CREATE TABLE odd (id INTEGER NOT NULL PRIMARY KEY, words VARCHAR(200), doc {doc}, raw {raw}, "
        f"ratio {ratio}, born DATE)"
    )
    if isinstance(place, SqlitePlace):
        import sqlite3

        with sqlite3.connect(place.file) as connection:
            days = [(*row[:5], row[5] and row[5].isoformat()) for row in cells(place)]
            connection.executemany("INSERT INTO odd VALUES (?, ?, ?, ?, ?, ?)", days)
        connection.close()
        return
    cursor = place.database.connection().cursor()
    cursor.executemany("INSERT INTO odd VALUES (%s, %s, %s, %s, %s, %s)", cells(place))


def seen(place: Anywhere) -> list[str]:
    """The rows as texts, in which NaN is NaN and -0.0 is no 0.0."""
    order = "id, words, doc, raw, ratio, born"
    rows = place.run(f"SELECT {order} FROM odd ORDER BY id")
    return [repr([bytes(cell) if isinstance(cell, memoryview) else cell for cell in row]) for row in rows]


def test_odd_cells_are_carried_there_and_back(anywhere: Anywhere, tmp_path: Path) -> None:
    fill(anywhere)
    before = seen(anywhere)
    fields = {"mariadb": ('StoredField("longtext", null=True)', 'StoredField("longblob", null=True)')}
    doc, raw = fields.get(anywhere.kind, ("TextField(null=True)", "BlobField(null=True)"))
    head = HEAD + "from pwmig import StoredField\n"
    project = anywhere.project(tmp_path, {"takes": head + TAKES.format(doc=doc, raw=raw)})
    run = project.rehearse()
    assert run.losses and seen(anywhere) == before
    shown = "\n".join(run_lines(run, Ink()))
    page = display.html(run)
    for text in (shown, page):
        assert len(text) < 200_000, "a cell of ten million letters is cut"
    assert HTML not in page and "<script" not in page and "<img" not in page
    assert "\x1b" not in shown and "\u202e" not in shown, "no letter moves the cursor or turns the line"
    project.apply()
    project.revert()
    assert seen(anywhere) == before
    project.database.close()
