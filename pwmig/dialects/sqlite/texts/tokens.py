"""SQL text as SQLite's own tokenizer cuts it, with the place of each token.

The rules are those of https://www.sqlite.org/lang_keywords.html (quoting),
https://www.sqlite.org/lang_comment.html and ``tokenize.c``. Nothing is lost: the texts of all
tokens, joined, are the text that was read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = [
    "Token",
    "fold",
    "is_name",
    "names_in",
    "quote",
    "quote_if_needed",
    "quote_string",
    "significant",
    "tokenize",
    "unquote",
]

# Every letter above ASCII is a letter to SQLite, so \w would be wrong here.
_LETTER = "A-Za-z_\x80-\U0010ffff"
_TOKEN = re.compile(
    rf"""
      (?P<space>    [ \t\n\f\r\ufeff][ \t\n\v\f\r]* )
    | (?P<comment>  --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<blob>     [xX]'[^']*' )
    | (?P<string>   '[^']*(?:''[^']*)*' )
    | (?P<identifier> "[^"]*(?:""[^"]*)*" | `[^`]*(?:``[^`]*)*` | \[[^\]]*\] )
    | (?P<number>   0[xX][0-9a-fA-F_]+ | (?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)? )
    | (?P<word>     [{_LETTER}][{_LETTER}0-9$]* )
    | (?P<variable> \?[0-9]* | [:@\#$][{_LETTER}0-9$]+ )
    | (?P<operator> ->>|->|\|\||<<|<=|<>|>=|>>|==|!=|[-+*/%(),;.<>=&|~] )
    | (?P<illegal>  . )
    """,
    re.VERBOSE | re.DOTALL,
)
_SILENT = ("space", "comment")
_CLOSING = {'"': '"', "'": "'", "`": "`", "[": "]"}


class Token(NamedTuple):
    """One token: ``text`` as written, from ``start`` to ``end`` (in letters, ``end`` not included).

    ``kind`` is ``identifier`` (a quoted one), ``word`` (a bare identifier or a keyword), ``string``,
    ``number``, ``blob``, ``variable``, ``operator``, ``comment``, ``space`` or ``illegal`` (such as
    the quote of a string that never ends).
    """

    kind: str
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of these keywords (given in upper case), unquoted."""
        return self.kind == "word" and self.text.upper() in words

    @property
    def name(self) -> str:
        """The name that the token stands for, where it is one."""
        return unquote(self.text)


def tokenize(sql: str) -> tuple[Token, ...]:
    """All tokens of a text, spaces and comments included."""
    return tuple(
        Token(match.lastgroup or "illegal", match.group(), match.start(), match.end()) for match in _TOKEN.finditer(sql)
    )


def significant(sql: str) -> tuple[Token, ...]:
    """The tokens of a text without spaces and comments."""
    return tuple(
        [
            Token(match.lastgroup or "illegal", match.group(), *match.span())
            for match in _TOKEN.finditer(sql)
            if match.lastgroup not in _SILENT
        ]
    )


def unquote(name: str) -> str:
    """A name without its quotes, of whichever of SQLite's four kinds; a bare name is returned as it is."""
    closing = _CLOSING.get(name[:1])
    if closing is None or len(name) < 2 or name[-1] != closing:
        return name
    inner = name[1:-1]
    return inner if closing == "]" else inner.replace(closing * 2, closing)


def quote(name: str) -> str:
    """A name in double quotes, the quotes in it doubled."""
    return '"' + name.replace('"', '""') + '"'


_KEYWORDS_TEXT = """
ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN BETWEEN BY CASCADE
CASE CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME
CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE DEFERRED DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE
EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FALSE FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB
GROUP GROUPS HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL
JOIN KEY LAST LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON OR ORDER
OTHERS OUTER OVER PARTITION PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE REFERENCES REGEXP REINDEX
RELEASE RENAME REPLACE RESTRICT RETURNING RIGHT ROLLBACK ROW ROWS SAVEPOINT SELECT SET STORED STRICT TABLE TEMP
TEMPORARY THEN TIES TO TRANSACTION TRIGGER TRUE UNBOUNDED UNION UNIQUE UPDATE USING VACUUM VALUES VIEW VIRTUAL
WHEN WHERE WINDOW WITH WITHOUT
"""
_KEYWORDS = frozenset(_KEYWORDS_TEXT.split())
"""Words that may mean something else than a name (https://www.sqlite.org/lang_keywords.html, TRUE and FALSE added)."""


def quote_if_needed(name: str) -> str:
    """A name bare where SQLite reads it so, else in double quotes."""
    plain = name.isascii() and name.isidentifier() and name.upper() not in _KEYWORDS
    return name if plain else quote(name)


def quote_string(text: str) -> str:
    """A text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def fold(name: str) -> str:
    """A name as SQLite compares it: letter case does not count in ASCII, and counts beyond it."""
    return name.lower() if name.isascii() else name.translate(_FOLDED)


_FOLDED = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def is_name(token: Token) -> bool:
    """Whether the token can stand for a name: bare or quoted, in SQLite also by single quotes."""
    return token.kind in ("word", "identifier", "string")


def names_in(sql: str) -> frozenset[str]:
    """Each name that a text might mean, folded: bare words and quoted names (keywords included)."""
    return frozenset(fold(token.name) for token in tokenize(sql) if token.kind in ("word", "identifier"))
