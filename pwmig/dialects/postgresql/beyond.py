"""Which statements of PostgreSQL reach past the database that they run in.

Their words are read before they run. What a routine or a block did that puts its statements together, the
transaction's own counts tell before it ends: roles and the like are rows of catalogs that all databases share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pwmig.dialects.server.asking import Execute
from pwmig.dialects.server.beyond import Leading, statements
from pwmig.dialects.server.tokens import POSTGRESQL, Token

__all__ = ["reached", "written_beyond"]

_KINDS = frozenset(("ROLE", "USER", "GROUP", "DATABASE", "TABLESPACE", "SUBSCRIPTION"))
_LEADING = Leading(
    {"CREATE": _KINDS, "ALTER": _KINDS | {"SYSTEM"}, "DROP": _KINDS | {"OWNED"}, "REASSIGN": frozenset(("OWNED",))}
)
_SHARED = {
    **dict.fromkeys(("GRANT", "REVOKE"), ("DATABASE", "PARAMETER", "TABLESPACE")),
    **dict.fromkeys(("COMMENT", "SECURITY"), ("DATABASE", "ROLE", "TABLESPACE")),
}
"""On what kinds of things these reach further."""

# https://www.postgresql.org/docs/current/monitoring-stats.html: what this transaction has done until now. Who depends
# on whom (pg_shdepend) is written by statements of all kinds.
_WRITTEN = """
SELECT sum(pg_catalog.pg_stat_get_xact_tuples_inserted(oid) + pg_catalog.pg_stat_get_xact_tuples_updated(oid)
  + pg_catalog.pg_stat_get_xact_tuples_deleted(oid))::bigint
FROM pg_catalog.pg_class WHERE relisshared AND relkind = 'r' AND relname <> 'pg_shdepend'"""


def reached(sql: str) -> str:
    """What a text would reach beyond its database, in words; empty where it would not."""
    for statement in _all_in(POSTGRESQL.tokens(sql)):
        words = _words(statement)
        if words:
            return f"the whole server by {words}"
    return ""


def written_beyond(execute: Execute) -> int:
    """How many rows of the catalogs that all databases share this connection has written since it told of them."""
    return int(execute(_WRITTEN)[0][0])


def _all_in(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The statements of a text, with those in the body of a DO."""
    for statement in statements(tokens):
        yield statement
        if statement and statement[0].is_word("DO"):
            for token in statement:
                if token.kind == "body":
                    mark = token.text[: token.text.index("$", 1) + 1]
                    body = POSTGRESQL.tokens(token.text.removeprefix(mark).removesuffix(mark))
                    yield from statements(body, compound=True)


def _words(statement: Sequence[Token]) -> str:
    first = statement[0].text.upper() if statement else ""
    if first not in _SHARED:
        mapping = len(statement) > 2 and statement[1].is_word("USER") and statement[2].is_word("MAPPING")
        return "" if mapping else _LEADING.of(statement)
    place = next((place for place, token in enumerate(statement) if token.is_word("ON")), None)
    if place is None:
        return f"{first} of a role" if first in ("GRANT", "REVOKE") else ""
    kind = statement[place + 1 : place + 2]
    return f"{first} ON {kind[0].text.upper()}" if kind and kind[0].is_word(*_SHARED[first]) else ""
