"""Of two long texts that differ, and of what holds them, the place that differs is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from projects import open_project, sql_migration

from pwmig.diff import diff
from pwmig.diff.parting import parted
from pwmig.schema import Check, Column, Index, IndexPart, Routine, Rows, Schema, Table, View
from pwmig.text import Ink, grid, run_lines

LONG = "SELECT " + ", ".join(f"t.column_{number}" for number in range(30)) + " FROM t"


@given(st.text("ab ", max_size=80), st.text("ab ", max_size=80), st.text("ab ", max_size=80), st.integers(20, 60))
@example("a" * 50, "a", "", 20)
@example("a" * 13, "a" * 8, "b" * 8, 20)
def test_two_texts_that_differ_have_excerpts_that_differ(same: str, one: str, other: str, width: int) -> None:
    before, after = same + one, same + other
    shown = parted(before, after, width), parted(after, before, width)
    assert all(len(text) <= width for text in shown)
    assert (shown[0] == shown[1]) == (before == after)


def test_an_excerpt_begins_with_a_word_ahead_of_the_place_that_differs() -> None:
    assert parted(f"{LONG} WHERE id > 3", f"{LONG} WHERE id > 4", 60) == "... FROM t WHERE id > 3"
    assert parted("short", "shorter", 60) == "short" and parted("x" * 70, "y", 60) == "x" * 57 + "..."


def described(before: Any, after: Any, field: str) -> str:
    (change,) = diff(Schema(**{field: (before,)}), Schema(**{field: (after,)}))
    return change.describe()


def _table(**facts: Any) -> Table:
    return Table("t", (Column("id", "int"),), **facts)


def _sides(made: Any) -> tuple[Any, Any]:
    return made(f"{LONG} WHERE id > 3"), made(f"{LONG} WHERE id > 4")


PAIRS = [
    ("views", *_sides(lambda sql: View("v", sql))),
    ("routines", *_sides(lambda sql: Routine("p", "PROCEDURE", sql))),
    ("tables", *_sides(lambda sql: _table(checks=(Check(sql, "c"),)))),
    ("tables", *_sides(lambda sql: _table(indexes=(Index("i", (IndexPart(None, sql),)),)))),
    ("tables", *_sides(lambda sql: _table(indexes=(Index("i", (IndexPart("id"),), predicate=sql),)))),
]


@pytest.mark.parametrize(("field", "before", "after"), PAIRS)
def test_a_definition_that_differs_far_behind_shows_where(field: str, before: Any, after: Any) -> None:
    said = described(before, after, field)
    assert "WHERE id > 3 -> ..." in said and said.endswith("WHERE id > 4") and len(said) < 230


def test_white_space_that_differs_is_seen() -> None:
    before, after = (Check(f"name <> 'a{space}b'", "c") for space in (" ", "  "))
    assert described(_table(checks=(before,)), _table(checks=(after,)), "tables").endswith("'a b' -> name <> 'a  b'")


TITLE = "For Those About To Rock (We Salute You)"


def test_a_long_cell_shows_what_of_it_differs_from_the_row_of_the_same_key() -> None:
    before = Rows("album", ("id", "title"), ("id",), ((1, TITLE), (2, TITLE)), 2)
    after = Rows("album", ("title", "id"), ("id",), ((TITLE, 2), (TITLE + "!", 1)), 2)
    assert [line.split("  ")[-1] for line in grid(before, 5, beside=after)][1].strip() == "... Salute You)"
    assert "... Salute You)!" in list(grid(after, 5, beside=before))[2]
    assert list(grid(before, 5))[1].endswith("For Those About To Rock (We S...")


def test_a_rehearsal_shows_what_was_appended_to_a_long_cell(tmp_path: Path) -> None:
    make = "CREATE TABLE album (id INTEGER NOT NULL PRIMARY KEY, title TEXT NOT NULL)"
    project = open_project(tmp_path, {"make": sql_migration(make)})
    project.apply()
    project.database.execute_sql("INSERT INTO album (title) VALUES (?)", (TITLE,))
    project.database.close()
    late = tmp_path / "db" / "migrations" / "20260101_000000_shout.py"
    late.write_text(sql_migration("UPDATE album SET title = title || '!'"))
    lines = "\n".join(run_lines(project.rehearse(), Ink()))
    assert "Salute You)\n" in lines and "Salute You)!\n" in lines
