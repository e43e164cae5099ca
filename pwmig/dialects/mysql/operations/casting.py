"""Every value of a column anew by an expression, without an UPDATE: no trigger fires, no ON UPDATE moves.

A stored generated column takes the values, gives them to the column, and goes
(https://mariadb.com/kb/en/generated-columns/). A primary key can't have a generated column: it goes meanwhile, and
comes back in the statement that makes the column a plain one. Until the column has its values, what fails leaves it as
it was. A run that is killed leaves the generated column, whose comment says what is left to be done: the next one goes
on with that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import peewee

from pwmig.dialects.mysql.operations.trying import PAIRS, bare, fill, refused, temporary
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.mysql.operations.server import MySQLServer
    from pwmig.dialects.server.operations.work import Work
    from pwmig.schema import Column, Table

__all__ = ["cast", "finish", "gives_values", "is_helper", "renew", "twin"]

_MARK = re.compile(r"pwmig casts (\d+) `(.*?)`: (.*);", re.DOTALL)
_TAKING = re.compile(r"\bMODIFY COLUMN .* GENERATED ALWAYS AS \(`pwmig_\d+`\) STORED$", re.DOTALL)
_LONGEST = 800
"""Letters of the text in one comment, which may have 1,024 (https://mariadb.com/kb/en/create-table/)."""


@dataclass(frozen=True, slots=True)
class _Steps:
    """``taking`` gives the column its values, ``giving`` makes it what it shall be. ``helpers`` are columns that are
    there meanwhile, the first one with the values."""

    helpers: tuple[str, ...]
    taking: tuple[str, ...]
    giving: tuple[str, ...]


def renew(server: MySQLServer, work: Work, column: Column, value: str) -> None:
    """Give every row a value by an expression; the column stays what it is."""
    work.settle(*server.waiting.tables)
    cast(server, work, column, value)


def cast(server: MySQLServer, work: Work, made: Column, text: str) -> None:
    """Give a column its definition, and the values that an expression makes of those that it has."""
    helpers, noted = _left(work, made.name)
    if noted:
        there = work.column(made.name)
        if _is_taken(server, there, helpers):
            _give(server, work, made, _giving(server, noted, helpers))
            return
        _drop(server, work, helpers)
        made = replace(made, autoincrement=made.autoincrement or "AUTO_INCREMENT" in noted)
        vars(work).pop("table", None)
    steps = _steps(server, work, made, text)
    _require_castable(server, work, made, text)
    _require_steps(server, work, made, steps)
    _take(server, work, made, steps)
    _give(server, work, made, steps.giving)


def finish(server: MySQLServer, work: Work) -> None:
    """Give the columns of a table that a cast has left half-way what is left to be given."""
    for column in work.table.columns:
        helpers, noted = _left(work, column.name)
        if noted and _is_taken(server, column, helpers):
            _give(server, work, column, _giving(server, noted, helpers))


def _is_taken(server: MySQLServer, column: Column, helpers: tuple[str, ...]) -> bool:
    """Whether a column has its new values, of the first of the helpers."""
    return column.generated is not None and server.quote(helpers[0]) in column.generated


def _take(server: MySQLServer, work: Work, made: Column, steps: _Steps) -> None:
    before = work.column(made.name)
    try:
        for step in steps.taking:
            work.alter(step)
    except peewee.DatabaseError as error:
        with suppress(Exception):  # The connection may be lost: then the next run does it.
            _drop(server, work, steps.helpers)
            if made.autoincrement:
                work.alter(f"MODIFY COLUMN {server.definition(work, before)}")
        raise refused(work, made, error) from error


def _drop(server: MySQLServer, work: Work, helpers: tuple[str, ...]) -> None:
    vars(work).pop("table", None)
    there = [f"DROP COLUMN {server.quote(name)}" for name in helpers if work.get_column(name) is not None]
    if there:
        work.alter(*there)


def _give(server: MySQLServer, work: Work, made: Column, giving: tuple[str, ...]) -> None:
    """Whoever keeps what the column held sees first what it became: as long as it is generated, nobody writes it."""
    keeper = server.migrator.kept_by
    if keeper is not None:
        keeper.became()
    try:
        with _zero_kept(server):
            for step in giving:
                work.alter(step)
    except peewee.DatabaseError as error:
        told = refused(work, made, error)
        raise work.refused(
            f"the cast of {work.name}.{made.name} has stopped half-way: it has its new values, and not yet its "
            "definition",
            told.why,
            "mend what is named there and run this again, which goes on from there; or by hand: "
            + "; ".join(f"ALTER TABLE {work.sql} {step}" for step in giving),
            made.name,
        ) from error


@contextmanager
def _zero_kept(server: MySQLServer) -> Iterator[None]:
    """A column that counts takes a zero for no number, unless it is told not to
    (https://mariadb.com/kb/en/sql-mode/)."""
    from pwmig.dialects.server.asking import MARK

    (mode,) = server.ask("SELECT @@sql_mode")[0]
    server.ask(f"SET SESSION sql_mode = {MARK}", [f"{mode},NO_AUTO_VALUE_ON_ZERO"])
    try:
        yield
    finally:
        with suppress(Exception):
            server.ask(f"SET SESSION sql_mode = {MARK}", [mode])


# -- what is done


def _steps(server: MySQLServer, work: Work, made: Column, text: str) -> _Steps:
    from pwmig.dialects.mysql.quoting import literal

    table, name, type_ = work.table, server.quote(made.name), bare(made).removesuffix(" NULL")
    noted, off = f"MODIFY COLUMN {server.definition(work, made)}", ""
    if made.name in table.primary_key:
        off, on = _key_aside(server, work, made)
        noted += on
    parts = [noted[at : at + _LONGEST] for at in range(0, len(noted), _LONGEST)]
    helpers = _free_columns(work, len(parts))
    notes = [f"pwmig casts {n} `{made.name}`: {part};" for n, part in enumerate(parts)]
    escapes = "\\" not in noted or server.escapes
    marks = [literal(note, backslashes=escapes) for note in notes]
    other, before = server.quote(helpers[0]), ""
    if made.autoincrement:  # Nothing may be generated from what counts by itself.
        before = f"MODIFY COLUMN {server.definition(work, replace(work.column(made.name), autoincrement=False))}, "
    more = "".join(
        f", ADD COLUMN {server.quote(helper)} TINYINT NULL INVISIBLE COMMENT {mark}"
        for helper, mark in zip(helpers[1:], marks[1:])
    )
    taking = (
        f"{before}ADD COLUMN {other} {type_} GENERATED ALWAYS AS ({text}) STORED INVISIBLE COMMENT {marks[0]}{more}",
        f"MODIFY COLUMN {other} {type_} NULL INVISIBLE COMMENT {marks[0]}",
        f"{off}MODIFY COLUMN {name} {type_} GENERATED ALWAYS AS ({other}) STORED",
    )
    return _Steps(helpers, taking, _giving(server, noted, helpers))


def _giving(server: MySQLServer, noted: str, helpers: tuple[str, ...]) -> tuple[str, ...]:
    """One statement, so that whoever is killed leaves a half-way column or none; what MySQL would say is not known."""
    drops = ", ".join(f"DROP COLUMN {server.quote(helper)}" for helper in helpers)
    return (f"{noted}, {drops}",) if server.title == "MariaDB" else (noted, drops)


def _key_aside(server: MySQLServer, work: Work, made: Column) -> tuple[str, str]:
    """What takes the primary key away before a MODIFY, and what makes it again behind one; its other columns have an
    index meanwhile, which a foreign key or a column that counts may lean on."""
    from pwmig.dialects.mysql.operations.dependants import keys_of_column
    from pwmig.dialects.mysql.writing import primary_key_clause
    from pwmig.dialects.mysql.writing.tables import engine_of

    table = work.table
    what = f"the values of {work.name}.{made.name}, a column of the primary key, can't be changed"
    work.require_no_needs(what, keys_of_column(work, made.name), made.name)
    off, on = "DROP PRIMARY KEY, ", f", ADD {primary_key_clause(table, engine_of(table))}"
    lengths = {part.column: part.length for part in table.primary_key_parts}
    others = [
        server.quote(name) + (f"({lengths[name]})" if lengths.get(name) else "")
        for name in table.primary_key
        if name != made.name
    ]
    if others:
        taken = {index.name.lower() for index in table.indexes}
        free = next(name for n in range(1, len(taken) + 2) if (name := f"pwmig_key_{n}") not in taken)
        off += f"ADD KEY {server.quote(free)} ({', '.join(others)}), "
        on += f", DROP KEY {server.quote(free)}"
    return off, on


def _free_columns(work: Work, count: int) -> tuple[str, ...]:
    names = (f"pwmig_{number}" for number in range(1, len(work.table.columns) + count + 1))
    return tuple([name for name in names if work.get_column(name) is None][:count])


def _left(work: Work, name: str) -> tuple[tuple[str, ...], str]:
    """The helpers that a run which was killed has left of a cast of this column, and what it was to do last."""
    found: dict[int, tuple[str, str]] = {}
    for column in work.table.columns:
        told = _MARK.fullmatch(column.comment or "")
        if told is not None and is_helper(column.name, column.comment or "") and told[2].lower() == name.lower():
            found[int(told[1])] = (column.name, told[3])
    pieces = [found[number] for number in sorted(found)]
    return tuple(helper for helper, _ in pieces), "".join(text for _, text in pieces)


def gives_values(sql: str) -> bool:
    """Whether a statement is the one of a cast by which a column gets its new values."""
    return _TAKING.search(sql) is not None


def is_helper(name: str, comment: str) -> bool:
    """Whether a column is there for a cast alone, which has not come to its end."""
    return name.startswith("pwmig_") and _MARK.fullmatch(comment) is not None


# -- what is tried before


def _require_castable(server: MySQLServer, work: Work, made: Column, text: str) -> None:
    """Try the expression on every row, with all that has to be unique, before anything is touched."""
    empty = twin(_unique_only(work.table, made))
    names = [name for name in _needed(work.table, made) if name != made.name]
    into = ", ".join(map(server.quote, [made.name, *names]))
    chosen = ", ".join([text, *map(server.quote, names)])
    with temporary(server, empty):
        fill(server, work, made, f"INSERT INTO {PAIRS} ({into}) SELECT {chosen} FROM {work.sql}", text)


def _needed(table: Table, made: Column) -> set[str]:
    """The column and those that are unique together with it."""
    groups = [table.primary_key, *(unique.columns for unique in table.uniques)]
    groups += [tuple(part.column or "" for part in index.parts) for index in table.indexes if index.unique]
    return {made.name}.union(*(group for group in groups if made.name in group)) - {""}


def _unique_only(table: Table, made: Column) -> Table:
    """The table with nothing but the column and what has to be unique with it."""
    names = _needed(table, made)
    columns = tuple(
        replace(column, autoincrement=False, generated=None, generated_kind=None, on_update=None)
        for column in (made if one.name == made.name else one for one in table.columns)
        if column.name in names
    )
    uniques = tuple(unique for unique in table.uniques if made.name in unique.columns)
    indexes = tuple(index for index in table.indexes if index.unique and made.name in index.columns)
    plain = replace(table, columns=columns, uniques=uniques, indexes=indexes, checks=(), foreign_keys=())
    return plain if made.name in table.primary_key else replace(plain, primary_key=(), primary_key_parts=())


def _require_steps(server: MySQLServer, work: Work, made: Column, steps: _Steps) -> None:
    """Take all steps on an empty temporary table of the same definition: no step is to fail half-way."""
    with temporary(server, twin(work.table)):
        try:
            for step in (*steps.taking, *steps.giving):
                server.ask(f"ALTER TABLE {PAIRS} {step}")
        except Exception as error:  # An error of the driver's.
            raise refused(work, made, error) from error


def twin(table: Table) -> str:
    """What stands behind CREATE TABLE and the name for a table like this one, of the kinds that may be temporary."""
    from pwmig.dialects.mysql.quoting import quote
    from pwmig.dialects.mysql.writing import create_table

    indexes = tuple(index for index in table.indexes if index.method not in ("FULLTEXT", "SPATIAL"))
    options = tuple(option for option in table.options if "VERSIONING" not in option)
    plain = replace(table, name=PAIRS, schema=None, indexes=indexes, options=options, partitioning=None)
    return create_table(plain, foreign_keys=()).partition(quote(PAIRS))[2]
