"""A PostgreSQL database that holds one of everything, and how tests look at a database and write it again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee
import servers

from pwmig.dialects.postgresql.quoting import literal, quote
from pwmig.dialects.postgresql.seeing.introspect import introspect
from pwmig.dialects.postgresql.writing import write
from pwmig.dialects.server.asking import on
from pwmig.schema import Schema

__all__ = ["ROLES", "asked", "everything", "make_roles", "rolled_back", "run", "see", "statements_of", "written_again"]

ROLES = ("pwmig_reader", 'pwmig "Writer"')
"""Roles that rights are given to: a server has them for all its databases."""

_STATEMENT = r"(?:--[^\n]*|'(?:[^']|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$|;(?![ \t]*\n)|[^;'$-]|-|\$)+"


def statements_of(text: str) -> list[str]:
    """The statements of a script, each of which ends with a line, and some of which hold such ends in a text."""
    return [found.group() for found in re.finditer(_STATEMENT, text, re.DOTALL) if found.group().strip()]


def everything(version: tuple[int, ...]) -> list[str]:
    """The statements that make one of everything that a server of this version knows, from 15 on."""
    names = ["postgres_everything.sql", *(["postgres_everything_18.sql"] if version >= (18,) else [])]
    folder = Path(__file__).parent
    return [statement for name in names for statement in statements_of((folder / name).read_text(encoding="utf-8"))]


def make_roles(database: peewee.Database) -> None:
    """The roles, where they are not there yet."""
    for role in ROLES:
        made = f"BEGIN CREATE ROLE {quote(role)}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END"
        run(database, [f"DO {literal(made)}"])


def run(database: peewee.Database, statements: Iterable[str]) -> None:
    """Run statements as they are, percent signs and all."""
    execute = on(database)
    for statement in statements:
        execute(statement)


def see(database: peewee.Database, tables: Collection[str] | None = None) -> Schema:
    """What the database holds."""
    return introspect(on(database), tables)


def asked(database: peewee.Database, tables: Collection[str] | None = None) -> tuple[Schema, list[str]]:
    """What the database holds, and the statements that it took to see it."""
    statements: list[str] = []
    execute = on(database)

    def recorded(sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        statements.append(sql)
        return execute(sql, params)

    return introspect(recorded, tables), statements


@contextmanager
def rolled_back(database: peewee.Database) -> Iterator[None]:
    """While entered, a transaction is open, which leaves nothing behind."""
    run(database, ["BEGIN"])
    try:
        yield
    finally:
        run(database, ["ROLLBACK"])


def written_again(server: servers.Server, schema: Schema) -> Schema:
    """The schema written into another empty database, and seen there."""
    with server.fresh() as database:
        run(database, write(schema))
        return see(database)
