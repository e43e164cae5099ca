"""A value of a table as a person reads it: told from others that look alike, folded where it is long, escaped."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markup import text_of
from runs import rows, run_of

from pwmig import frames
from pwmig.dialects.sqlite.seeing.cells import CutBytes, CutText
from pwmig.frames.cells import FOLD_AT, UNFOLD_AT, cell_html, cell_text, first_difference, same_value
from pwmig.frames.grid import grid_html
from pwmig.frames.jsons import JSON_LIMIT, read_json


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        ("NULL", "'NULL'"),
        ("null", "'null'"),
        ("", "''"),
        ("  ", "'  '"),
        (" Tal", "' Tal'"),
        ("Tal", "Tal"),
        (1, "1"),
        (1.0, "1.0"),
        ("1", "1"),
        ("a\x00b\nc", "a\\x00b\\nc"),
        (b"", "binary, 0 bytes"),
        (b"\x89PNG", "binary, 4 bytes: 89 50 4e 47"),
        (bytes(1500), "binary, 1.5 kB: 00 00 00 00 00 00 00 00 ..."),
        (CutText("x" * 100), "x" * FOLD_AT + "... (more than 100 characters)"),
        (CutBytes(b"ab"), "binary, more than 2 bytes: 61 62"),
        ("x" * (FOLD_AT + 1), "x" * FOLD_AT + f"... ({FOLD_AT + 1} characters)"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        ("nan", "'nan'"),
        ("Infinity", "'Infinity'"),
        (True, "true"),
        ("true", "'true'"),
        (10**30, "1" + "0" * 30),
        pytest.param(-(10**5_000), "-1" + "0" * (FOLD_AT - 2) + "... (5,001 digits)", id="a very long number"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+1000000"), "1E+1000000"),
        ("1936-11-09 10:00:00", "1936-11-09 10:00:00"),
        (datetime(1936, 11, 9, tzinfo=UTC), "1936-11-09 00:00:00+00:00"),
        ("\N{JIGSAW PUZZLE PIECE} \U00020000", "\N{JIGSAW PUZZLE PIECE} \U00020000"),
        ("\N{MAN}\u200d\N{WOMAN}", "\N{MAN}\u200d\N{WOMAN}"),
        ("a\u200db\u202ec", "a\\u200db\\u202ec"),
        ("\ud800", "\\ud800"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2_000), "binary, PNG, 2.0 kB: 89 50 4e 47 0d 0a 1a 0a ..."),
        ('{"a": 1}', '{"a": 1}'),
        ('{"a": "' + "x" * 80 + '"}', '{"a": "' + "x" * 53 + "... (json, 1 key, 89 characters)"),
        ("[" + "1, " * 40 + "1]", "[" + "1, " * 19 + "1,... (json, 41 items, 123 characters)"),
        ({"a": [1]}, '{"a": [1]}'),
    ],
)
def test_a_value_reads_as_what_it_is(value: Any, text: str) -> None:
    assert cell_text(value) == text


def test_a_large_value_is_folded_and_cut() -> None:
    shown = cell_html("<" * 10_000_000)
    assert len(shown) < 10_000 and "<details>" in shown and "10,000,000 characters" in shown


def test_control_characters_are_seen_and_told_from_a_text_that_looks_like_them() -> None:
    assert cell_html("a\0b") == 'a<span class="pwmig-control">\\x00</span>b'
    assert cell_html("a\\x00b") == "a\\x00b"


def test_json_unfolds_in_lines_with_every_letter_as_it_was_written() -> None:
    text = '{"b": 1.00, "a": [1e3, {"c": null}], "a": "<i>", "e": [], "d": 12345678901234567890.5}'
    shown = cell_html(text)
    assert "json, 5 keys" in shown and "<i>" not in shown
    lines = ["{", '  "b": 1.00,', '  "a": [', "    1e3,", "    {", '      "c": null', "    }", "  ],"]
    lines += ['  "a": "<i>",', '  "e": [],', '  "d": 12345678901234567890.5', "}"]
    assert text_of(shown).endswith("\n".join(lines))
    assert cell_html("[1, 2]") == '[1, 2] <span class="pwmig-kind">json</span>'


@pytest.mark.parametrize(
    "text",
    ["{", "[1", "[NaN]", "{'a': 1}", "1", '"a"', "null", "[" * 9_000 + "]" * 9_000, "[" + " " * JSON_LIMIT + "]"],
    ids=lambda text: text[:9],
)
def test_what_is_no_json_or_none_for_people_is_a_text(text: str) -> None:
    assert read_json(text) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_json_in_lines_is_the_same_json(value: Any) -> None:
    read = read_json(json.dumps(value))
    assert (read is None) == (not isinstance(value, (list, dict)))
    if read is not None:
        assert json.loads(read.indented(1_000_000)) == value
        assert len(read.indented(40)) <= 44


def test_json_behind_the_fold_is_bounded() -> None:
    shown = cell_html(json.dumps(list(range(3_000))))
    assert "json, 3,000 items" in shown and len(shown) < UNFOLD_AT + 500


@pytest.mark.parametrize(
    ("before", "after", "start"),
    [
        ("a" * 500 + "x", "a" * 500 + "y", 480),
        ("a" * 500, "a" * 400, 380),
        ("a" * 30 + "x" + "b" * 90, "a" * 30 + "y" + "b" * 90, 0),
        ("short", "shorter", 0),
        ("a" * 500, 7, 0),
        (None, "a" * 500, 0),
    ],
)
def test_two_long_texts_are_shown_from_where_they_differ(before: Any, after: Any, start: int) -> None:
    assert first_difference(before, after) == start


@given(st.text("ab", max_size=200), st.text("ab", max_size=9), st.text("ab", max_size=9))
def test_the_first_difference_is_within_the_line_that_is_shown(same: str, old: str, new: str) -> None:
    before, after = same + old, same + new
    start = first_difference(before, after)
    if before != after:
        assert before[: start + FOLD_AT] != after[: start + FOLD_AT] and before[:start] == after[:start]


def test_a_difference_far_into_a_long_text_is_seen_folded_and_unfolded() -> None:
    sides = [rows((1, "a" * 4_000 + word), columns=("id", "bio")) for word in ("old end", "new end")]
    html = frames.styled_rows(run_of(None, None, *sides), "player").html
    for word in ("old end", "new end"):
        assert html.count(word) == 2, "in the line, and behind the fold"


def test_values_that_read_the_same_and_are_of_two_types_name_them() -> None:
    before, after = rows((1, "7"), columns=("id", "level")), rows((1, 7), columns=("id", "level"))
    styled = frames.styled_rows(run_of(None, None, before, after), "player")
    assert "7 (text)" in repr(styled) and "7 (integer)" in repr(styled)
    assert "(text)" in styled.html and "(integer)" in styled.html


def test_a_plain_table_says_in_its_texts_what_colours_and_folds_say_elsewhere() -> None:
    before = rows((1, "a", "x" * 90), (2, "b", "y"), columns=("id", "name", "bio"))
    after = rows((1, "A", "x" * 90), (3, "c", "z"), columns=("id", "name", "bio"))
    plain = grid_html(frames.styled_rows(run_of(None, None, before, after), "player").grid, plain=True)
    assert "<details" not in plain and "90 characters" in plain
    text = text_of(plain)
    for said in ("~ changed", "+ added", "- removed", "~ name before", "[-] a", "[+] A"):
        assert said in text


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [(1, 1, True), (1, 1.0, False), (1, "1", False), (None, "NULL", False), (1, True, False), ("a", "a", True)],
)
def test_values_of_different_types_are_different(before: Any, after: Any, same: bool) -> None:
    assert same_value(before, after) is same
