"""SQL text cut into tokens, with the place of each, as PostgreSQL and MariaDB read it.

See https://www.postgresql.org/docs/current/sql-syntax-lexical.html and
https://mariadb.com/kb/en/identifier-names/. A text is cut well enough to find names, verbs and clauses in it; nothing
is lost: the texts of all tokens, joined, are the text that was read.
"""

from __future__ import annotations

import re

from pwmig.records import dataclass

__all__ = ["MYSQL", "POSTGRESQL", "Lexer", "Token"]

# By what they are not: a class that ends at the last letter of Unicode takes ten times as long to compile.
_LETTER = r"[^\x00-\x40\x5b-\x5e\x60\x7b-\x7f]"
_LETTER_OR_DIGIT = r"[^\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]"
_IN_A_WORD = r"[^\x00-\x23\x25-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]"  # with $
_IN_A_VARIABLE = r"[^\x00-\x23\x25-\x2d\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]"  # with $ and .
_END = rf"""
    | (?P<number>   [0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)? )
    | (?P<word>     {_LETTER}{_IN_A_WORD}* )
    | (?P<variable> %s | %\([^)]*\)s | \$[0-9]+ | @@?{_IN_A_VARIABLE}+ )
    | (?P<operator> %% | ::|<>|<=|>=|\|\||:=|[-+*/%(),;.<>=&|~^!:?@\#\[\]{{}}\\] )
    | (?P<illegal>  . )
"""
_POSTGRESQL = rf"""
      (?P<space>    \s+ )
    | (?P<comment>  --[^\n]* | /\*(?:[^*/]|\*(?!/)|/(?!\*)|/\*(?:[^*]|\*(?!/))*\*/)*(?:\*/|\Z) )
    | (?P<body>     \$(?P<tag>{_LETTER_OR_DIGIT}*)\$.*?(?:\$(?P=tag)\$|\Z) )
    | (?P<string>   [eE]'(?:[^'\\]|''|\\.)*(?:'|\Z) | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z) )
    | (?P<identifier> (?:[uU]&)?"(?:[^"]|"")*(?:"|\Z) )
    {_END}
"""
# What stands in a /*! comment */ is run, so its contents are tokens like any others.
_MYSQL = rf"""
      (?P<space>    \s+ )
    | (?P<comment>  --(?=[\s]|\Z)[^\n]* | \#[^\n]* | /\*M?![0-9]* | \*/ | /\*.*?(?:\*/|\Z) )
    | (?P<string>   (?:[bBxXnN]|_[a-z0-9]+\s*)?'(?:[^'\\]|''|\\.)*(?:'|\Z) | "(?:[^"\\]|""|\\.)*(?:"|\Z) )
    | (?P<identifier> `(?:[^`]|``)*(?:`|\Z) )
    {_END}
"""


@dataclass(frozen=True, slots=True)
class Token:
    """One token: ``text`` as written, from ``start`` to ``end`` (in letters, ``end`` not included).

    ``name`` is what it names where it is a name. ``kind`` is ``word`` (a bare name or a keyword), ``identifier`` (a
    quoted one), ``string``, ``body`` (between dollars), ``number``, ``variable``, ``operator`` or ``illegal``.
    """

    kind: str
    text: str
    start: int
    end: int
    name: str

    def is_word(self, *words: str) -> bool:
        """Whether this is one of these keywords (given in upper case), unquoted."""
        return self.kind == "word" and self.text.upper() in words

    @property
    def is_name(self) -> bool:
        return self.kind in ("word", "identifier")


class Lexer:
    """Cuts texts of one database into tokens; ``folds``: a bare name means the one in lower case."""

    def __init__(self, rules: str, quote: str, *, folds: bool) -> None:
        self._rules = re.compile(rules, re.VERBOSE | re.DOTALL)
        self._quote, self._folds = quote, folds

    def tokens(self, sql: str) -> list[Token]:
        """The tokens of a text, without spaces and comments."""
        found = []
        for match in self._rules.finditer(sql):
            kind = match.lastgroup or "illegal"
            if kind == "tag":
                kind = "body"
            if kind not in ("space", "comment"):
                text = match.group()
                found.append(Token(kind, text, match.start(), match.end(), self._name(kind, text)))
        return found

    def _name(self, kind: str, text: str) -> str:
        if kind == "identifier":
            return text[text.index(self._quote) + 1 : -1].replace(self._quote * 2, self._quote)
        return text.lower() if kind == "word" and self._folds else text

    def verb(self, sql: str) -> str:
        """The first word of a statement, in upper case; empty where it begins otherwise."""
        for match in self._rules.finditer(sql):
            if match.lastgroup in ("space", "comment") or match.group() in ("(", ";"):
                continue
            return match.group().upper() if match.lastgroup == "word" else ""
        return ""


POSTGRESQL = Lexer(_POSTGRESQL, '"', folds=True)
MYSQL = Lexer(_MYSQL, "`", folds=False)
