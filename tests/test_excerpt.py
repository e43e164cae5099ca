"""An excerpt of a CREATE TABLE text says of what it was asked for all that the text says, and nothing of the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from strategies import scripts

from pwmig.dialects.sqlite.texts.ddl import ConstraintDef, parse_create_table
from pwmig.dialects.sqlite.texts.excerpt import excerpt

CASES = [
    ("CREATE TABLE t (a, b CHECK (b))", ["CHECK"], 'CREATE TABLE t ("", b CHECK (b))', "the column that says it"),
    ("CREATE TABLE t (a)", ["CHECK"], 'CREATE TABLE t ("")', "nothing"),
    ("CREATE TABLE t (a, check (a)) STRICT", ["CHECK"], 'CREATE TABLE t ("", check (a)) STRICT', "the options too"),
    (
        """CREATE TABLE "t,(" (a DEFAULT ',)' /* , ( */, [b,)] -- ,'\n, `c``,` CHECK ("a,""" + '"" > 1)) -- ,\n',
        ["CHECK"],
        """CREATE TABLE t ("", `c``,` CHECK ("a,""" + '"" > 1)) -- ,\n',
        "commas that part nothing",
    ),
    ("CREATE TABLE t (a DECIMAL(1, 2) CHECK (a IN (1, 2)))", ["CHECK"], None, "commas within parentheses"),
    ("CREATE TABLE t (ßß, a CHECK (a))", ["CHECK"], 'CREATE TABLE t ("", a CHECK (a))', "letters with two capitals"),
]


@pytest.mark.parametrize(("sql", "words", "wanted", "why"), CASES, ids=[case[-1] for case in CASES])
def test_an_excerpt_keeps_what_holds_a_word(sql: str, words: list[str], wanted: str | None, why: str) -> None:
    assert excerpt(sql, words) == (wanted or sql.replace("(a D", '("",a D')), why


def facts(constraint: ConstraintDef) -> ConstraintDef:
    """A constraint without its places in the text."""
    parts = tuple(replace(part, span=(0, 0)) for part in constraint.parts)
    return replace(constraint, span=(0, 0), expression_span=None, ref_table_span=None, parts=parts)


@given(scripts())
def test_an_excerpt_is_read_as_the_whole_text(script: tuple[str, ...]) -> None:
    for sql in script:
        if sql.startswith("CREATE TABLE"):
            whole, part = parse_create_table(sql), parse_create_table(excerpt(sql, ["CHECK", "UNIQUE", "REFERENCES"]))
            kinds = ("check", "unique", "references", "foreign key")
            assert [facts(one) for one in part.all(*kinds)] == [facts(one) for one in whole.all(*kinds)]
            assert part.options == whole.options
