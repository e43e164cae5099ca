"""Types (https://www.postgresql.org/docs/current/sql-createtype.html), domains and collations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pwmig.dialects.postgresql.quoting import literal, qualified, quote
from pwmig.dialects.postgresql.writing.constraints import check_clause
from pwmig.dialects.postgresql.writing.objects import comment_statement, grant_statements
from pwmig.schema import Check, Type

__all__ = ["domain_checks", "type_settings", "type_statement"]


def type_statement(made: Type, checks: Iterable[Check] = (), *, default: bool = True) -> str:
    """The statement that makes a type; of a domain with the checks given, and without its default if that is False."""
    name = qualified(made)
    if made.kind == "enum":
        return f"CREATE TYPE {name} AS ENUM ({', '.join(map(literal, made.values))})"
    if made.kind == "composite":
        return f"CREATE TYPE {name} AS ({', '.join(_attributes(made))})"
    if made.kind == "range":
        return f"CREATE TYPE {name} AS RANGE {made.definition}"
    if made.kind == "collation":
        return f"CREATE COLLATION {name} {made.definition}"
    words = [f"CREATE DOMAIN {name} AS {made.base}"]
    words += [f"COLLATE {made.collation}"] if made.collation is not None else []
    words += [f"DEFAULT {made.default}"] if default and made.default is not None else []
    words += [] if made.nullable else ["NOT NULL"]
    words += [check_clause(check) for check in checks]
    return " ".join(words)


def _attributes(made: Type) -> Iterator[str]:
    for column in made.attributes:
        collation = f" COLLATE {column.collation}" if column.collation is not None else ""
        yield f"{quote(column.name)} {column.type}{collation}"


def domain_checks(made: Type, checks: Iterable[Check]) -> Iterator[str]:
    """The statements that give a domain these checks."""
    return (f"ALTER DOMAIN {qualified(made)} ADD {check_clause(check)}" for check in checks)


def type_settings(made: Type) -> Iterator[str]:
    """The comments and grants of a type and its parts."""
    name = qualified(made)
    kind = {"domain": "DOMAIN", "collation": "COLLATION"}.get(made.kind, "TYPE")
    yield from comment_statement(f"{kind} {name}", made.comment)
    for check in made.checks:
        yield from comment_statement(f"CONSTRAINT {quote(check.name or '')} ON DOMAIN {name}", check.comment)
    for column in made.attributes:
        yield from comment_statement(f"COLUMN {name}.{quote(column.name)}", column.comment)
    yield from grant_statements(f"TYPE {name}", made.grants)
