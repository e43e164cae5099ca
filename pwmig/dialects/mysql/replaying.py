"""What a statement that changed the schema makes of the tables it is about: it is sent again where nothing is at stake.

A scratch database gets these tables as they were before it, and what else the statement names as it is now, without
rows. So nobody tells from there what depends on rows, on values that were sent beside the text, on routines, or on
another database: a statement that needs those fails there or is not sent at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from itertools import pairwise, product
from typing import TYPE_CHECKING

from pwmig.dialects.mysql.beyond import Beyond
from pwmig.dialects.mysql.quoting import quote, read_plainly
from pwmig.dialects.mysql.touched import Definition, definitions, is_view, tokens_of
from pwmig.dialects.server.asking import MARK, Execute, ask, on
from pwmig.errors import NoScratch

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.mysql.noting import Noted

__all__ = ["Scratch", "outcomes", "plainly"]

Scratch = Callable[[], "AbstractContextManager[peewee.Database]"]
"""Makes an empty database for a while, connected."""

_VERBS = ("ALTER", "CREATE", "DROP", "RENAME", "SET", "TRUNCATE")
_KINDS = ("TABLE", "TABLES", "VIEW", "INDEX", "KEY", "TRIGGER", "SEQUENCE")
_OTHER_KINDS = ("EVENT", "PROCEDURE", "FUNCTION", "PACKAGE", "DATABASE", "SCHEMA", "SERVER", "USER", "ROLE")
_MOST_S = 20
"""So long may a statement take that finds no rows."""
_READ = {"ANSI_QUOTES": '"', "NO_BACKSLASH_ESCAPES": "\\"}
"""How a text is read where it has such a letter: the migration may have set that for itself."""


def outcomes(row: Noted, live: Execute, scratch: Scratch) -> Iterator[Mapping[str, Definition]]:
    """How the tables of a row of the journal are defined behind its statement, as far as a replay tells: one way for
    each set of settings that the migration may have had, the likeliest first; none where it can't be told."""
    sql = _without_place(row.statement, str(live("SELECT DATABASE()")[0][0]))
    if not _is_about_tables(sql):
        return
    texts = _with_named(live, sql, row.tables)
    try:
        with scratch() as database:
            execute = on(database)
            if _reaches_out(execute, sql):
                return
            with suppress(Exception):  # MySQL has no such limit for what changes the schema.
                execute(f"SET SESSION max_statement_time = {_MOST_S}")
            for mode, checks in product(_modes(execute, row), (1, 0)):
                if not _built(execute, texts) >= {name for name, text in row.tables.items() if text is not None}:
                    return
                if _sent(execute, sql, mode, checks):
                    made = definitions(execute, row.tables)
                    yield made
                    yield {name: text and _without_made_indexes(text) for name, text in made.items()}
    except NoScratch:  # Without one nothing is taken back either.
        return


def plainly(execute: Execute) -> None:
    """Let the connection read SQL as the texts of a journal are written; a turn gives it its mode back."""
    mode = _mode(execute)
    if mode != (plain := read_plainly(mode)):
        _set_mode(execute, plain)


def _mode(execute: Execute) -> str:
    return str(execute("SELECT @@sql_mode")[0][0])


def _set_mode(execute: Execute, mode: str) -> None:
    ask(execute, f"SET SESSION sql_mode = {MARK}", (mode,))


# -- what may be sent


def _is_about_tables(sql: str) -> bool:
    tokens = tokens_of(sql)
    kind = next((token for token in tokens[1:] if token.is_word(*_KINDS, *_OTHER_KINDS)), None)
    return bool(tokens) and tokens[0].is_word(*_VERBS) and kind is not None and kind.is_word(*_KINDS)


def _without_place(sql: str, here: str) -> str:
    """A statement that names things without the database that they are in, where that is the one connected to."""
    tokens = tokens_of(sql)
    for place in reversed(range(len(tokens) - 2)):
        first, dot, name = tokens[place : place + 3]
        inner = place and tokens[place - 1].text == "."
        if first.is_name and first.name == here and dot.text == "." and name.is_name and not inner:
            sql = sql[: first.start] + sql[name.start :]
    return sql


def _reaches_out(execute: Execute, sql: str) -> bool:
    """Whether it may reach past the scratch database, however its quotation marks are read."""
    if Beyond(execute, server=True).reached(sql):
        return True
    here = execute("SELECT DATABASE()")[0][0]
    others = "|".join(re.escape(name) for (name,) in execute("SHOW DATABASES") if name != here)
    named = re.compile(rf"(?<![\w$])[`\"]?(?:{others})[`\"]?\s*\.", re.IGNORECASE)
    tokens = tokens_of(sql)
    return named.search(sql) is not None or any(
        first.is_name and dot.text == "." and re.fullmatch(others, first.name, re.IGNORECASE)
        for first, dot in pairwise(tokens)
    )


# -- where it is sent to


def _with_named(live: Execute, sql: str, tables: Mapping[str, Definition]) -> dict[str, str]:
    """The definitions, and those of now of what the statement, or a view among them, names beside them."""
    found = {name: text for name, text in tables.items() if text is not None}
    seen = set(tables)
    waiting = [sql, *(text for text in found.values() if is_view(text))]
    while waiting:
        names = {token.name for token in tokens_of(waiting.pop()) if token.is_name} - seen
        seen |= names
        for name, text in definitions(live, sorted(one for one in names if not one.startswith("pwmig_"))).items():
            if text is not None:
                found[name] = text.partition("\n;\n")[0]
                waiting += [text] if is_view(text) else []
    return found


def _built(execute: Execute, texts: Mapping[str, str]) -> set[str]:
    """Make tables with their triggers, then views, in place of all that is there; what could be made as a whole.

    Foreign keys may lead to what is not there (https://mariadb.com/kb/en/server-system-variables/).
    """
    execute("SET SESSION foreign_key_checks = 0")
    plainly(execute)
    for name, kind in execute("SHOW FULL TABLES"):
        execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {quote(name)}")
    made: set[str] = set()
    waiting = dict(texts)
    while done := {name for name, text in waiting.items() if all(_runs(execute, one) for one in text.split("\n;\n"))}:
        made |= done  # What is left is a view of another one that was not there yet.
        waiting = {name: text for name, text in waiting.items() if name not in done and is_view(text)}
    return made


def _modes(execute: Execute, row: Noted) -> list[str]:
    """The project's own sql_mode first, or for what takes a migration back that in which its texts are written."""
    modes = [_mode(execute)]
    if row.way == "undo":
        return [read_plainly(*modes)]
    for name, letter in _READ.items():
        modes += [_turned(mode, name) for mode in modes] if letter in row.statement else []
    return list(dict.fromkeys((*modes, "")))


def _turned(mode: str, name: str) -> str:
    parts = [one for one in mode.split(",") if one]
    return read_plainly(mode) if name in parts else ",".join([*parts, name])


_LINE = re.compile(
    r"  (?:CONSTRAINT (?P<key>`(?:[^`]|``)*`) FOREIGN KEY"
    r"|(?P<kind>PRIMARY KEY|(?:\w+ )?KEY)(?: (?P<name>`(?:[^`]|``)*`))?)"
    r" \((?P<columns>(?:`(?:[^`]|``)*`(?:\(\d+\))?,? ?)+)\)"
)
"""A foreign key, or an index, in what SHOW CREATE TABLE says."""


def _without_made_indexes(text: str) -> str:
    """A table's definition without the indexes that the server has made for foreign keys and that another one serves
    for: such a one goes as that comes (https://mariadb.com/kb/en/foreign-keys/). In a scratch database each is told,
    and none goes."""
    table, mark, rest = text.partition("\n;\n")
    lines = table.split("\n")
    said = [(place, found) for place, line in enumerate(lines) if (found := _LINE.match(line))]
    keys = {(found["key"], found["columns"]) for _, found in said if found["key"]}
    keys |= {(columns.partition(",")[0], columns) for _, columns in keys}
    indexes = [(place, found) for place, found in said if not found["key"]]
    gone = {
        place
        for place, found in indexes
        if found["kind"] == "KEY" and (found["name"], found["columns"]) in keys and _is_served(found, indexes)
    }
    made = [line for place, line in enumerate(lines) if place not in gone]
    if gone:  # What is last now has no comma behind it.
        last = next(place for place, line in enumerate(made) if line.startswith(")")) - 1
        made[last] = made[last].rstrip(",")
    return "\n".join(made) + mark + rest


def _is_served(index: re.Match[str], indexes: list[tuple[int, re.Match[str]]]) -> bool:
    columns = index["columns"]
    return any(
        found["name"] != index["name"] and (found["columns"] == columns or found["columns"].startswith(f"{columns},"))
        for _, found in indexes
    )


def _sent(execute: Execute, sql: str, mode: str, checks: int) -> bool:
    execute(f"SET SESSION foreign_key_checks = {checks}")
    _set_mode(execute, mode)
    return _runs(execute, sql)


def _runs(execute: Execute, sql: str) -> bool:
    try:
        execute(sql)
    except Exception:
        return False
    return True
