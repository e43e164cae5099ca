"""SQL texts are cut as SQLite cuts them."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwmig.dialects.sqlite.texts.tokens import fold, names_in, quote, quote_string, significant, tokenize, unquote

CASES = [
    ("a 'b''c' d", [("word", "a"), ("string", "'b''c'"), ("word", "d")]),
    ('"a""b"', [("identifier", '"a""b"')]),
    ("[a]b]", [("identifier", "[a]"), ("word", "b"), ("illegal", "]")]),
    ("`x``y`", [("identifier", "`x``y`")]),
    ("1.5e-3+.5", [("number", "1.5e-3"), ("operator", "+"), ("number", ".5")]),
    ("0xFFx'0a'", [("number", "0xFF"), ("blob", "x'0a'")]),
    ("X'00'", [("blob", "X'00'")]),
    ("a--b\n,c", [("word", "a"), ("operator", ","), ("word", "c")]),
    ("a/* ' */b", [("word", "a"), ("word", "b")]),
    ("a/* never ends", [("word", "a")]),
    ("a->>'$.b'||c", [("word", "a"), ("operator", "->>"), ("string", "'$.b'"), ("operator", "||"), ("word", "c")]),
    ("größe$1", [("word", "größe$1")]),
    ("?1 :a @b $c", [("variable", "?1"), ("variable", ":a"), ("variable", "@b"), ("variable", "$c")]),
    ("'open", [("illegal", "'"), ("word", "open")]),
]


@pytest.mark.parametrize(("sql", "expected"), CASES)
def test_each_kind_of_token_is_told(sql, expected):
    assert [(token.kind, token.text) for token in significant(sql)] == expected


@given(st.text(alphabet="ab1.'\"`[]()-/* \n,;é$:?xX|", max_size=40) | st.text(max_size=40))
def test_no_letter_is_lost(sql):
    tokens = tokenize(sql)
    assert "".join(token.text for token in tokens) == sql
    assert all(sql[token.start : token.end] == token.text for token in tokens)


HOSTILE = st.text(
    alphabet=st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1, max_size=20
)


@given(HOSTILE)
def test_a_quoted_name_means_the_name_to_sqlite_and_back(name):
    connection = sqlite3.connect(":memory:")
    try:
        cursor = connection.execute(f"SELECT 1 AS {quote(name)}, {quote_string(name)}")
        assert cursor.description[0][0] == name
        assert cursor.fetchone()[1] == name
    finally:
        connection.close()
    assert unquote(quote(name)) == name
    assert [token.kind for token in tokenize(quote(name))] == ["identifier"]


@pytest.mark.parametrize(
    ("written", "name"),
    [('"a""b"', 'a"b'), ("[a b]", "a b"), ("`a``b`", "a`b"), ("'a''b'", "a'b"), ("plain", "plain"), ('"', '"')],
)
def test_each_quoting_is_undone(written, name):
    assert unquote(written) == name


def test_letter_case_counts_beyond_ascii_only():
    assert fold("PlayerÄ") == "playerÄ"


def test_names_hidden_in_strings_and_comments_are_none():
    assert names_in("SELECT a, [B c] FROM 'd' -- e\n/* f */") == {"select", "a", "b c", "from"}
