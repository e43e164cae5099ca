"""What a change would make of the rows, tried in a temporary table; and what the server says of it, in names of the
user's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pwmig.dialects.cells import example_text
from pwmig.dialects.server.errors import driver_error
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.mysql.operations.server import MySQLServer
    from pwmig.dialects.server.asking import Execute
    from pwmig.dialects.server.operations.work import Work
    from pwmig.schema import Column

__all__ = ["PAIRS", "bare", "fill", "having", "refused", "temporary"]

PAIRS = "pwmig_values"
"""A temporary table, that only this connection sees. To make and drop it commits nothing."""

_ROW = re.compile(r" at row (\d+)$")
_WHERE = re.compile(rf"(?:(?:`[^`]*`\.)?`{PAIRS}`\.)?[`'](?:pwmig_\d+|[ab])[`'](?!\.)")
"""A working column, as errors spell it."""

_CHECK = re.compile(rf"(CONSTRAINT `?){PAIRS}\.(?:pwmig_\d+|[ab])(`? failed)\b.*", re.DOTALL)
"""What is said of the check that a type brings along, as that of JSON."""


def bare(column: Column) -> str:
    """The type with its letters' collation."""
    return column.type + (f" COLLATE {column.collation}" if column.collation else "") + " NULL"


@contextmanager
def temporary(server: MySQLServer, definition: str) -> Iterator[None]:
    """While entered, there is the temporary table, made so."""
    with having(server.execute, PAIRS, definition):
        yield


@contextmanager
def having(execute: Execute, name: str, definition: str) -> Iterator[None]:
    """While entered, there is a temporary table of a name."""
    execute(f"DROP TEMPORARY TABLE IF EXISTS {name}")
    execute(f"CREATE TEMPORARY TABLE {name} {definition}")
    try:
        yield
    finally:
        execute(f"DROP TEMPORARY TABLE IF EXISTS {name}")


def fill(server: MySQLServer, work: Work, made: Column, sql: str, value: str, *, cast: bool = True) -> None:
    """Fill the temporary table, ``value`` being what each row's cell becomes in it, by a cast or as it is."""
    try:
        server.ask(sql)
    except Exception as error:  # An error of the driver's: a value that the type does not take.
        raise refused(work, made, error, _culprit(server, work, made, sql, value, error), cast=cast) from error


def refused(work: Work, made: Column, error: Exception, culprit: str = "", *, cast: bool = True) -> OperationRefused:
    """What the server says of a type that it does not take, or not for all rows; ``cast`` where one was given."""
    return work.refused(
        f"the type of {work.name}.{made.name} can't become {made.type}",
        f"{_too_long(work, made, error)}{work.server.title} says: {_said(work, made, error)}{culprit}",
        "mend what is named there first, or "
        + ("give another cast" if cast else "say with cast= how values become the new ones"),
        made.name,
    )


_TOO_LONG = 1406
"""A value has more letters than its column (https://mariadb.com/kb/en/mariadb-error-codes/)."""

_LENGTH = re.compile(r"(?:var)?char\((\d+)\)", re.IGNORECASE)


def _too_long(work: Work, made: Column, error: Exception) -> str:
    """How many values have more letters than the type, and one of them; nothing where that is not what is wrong."""
    letters, told = _LENGTH.fullmatch(made.type), driver_error(error)
    if letters is None or not told.args or told.args[0] != _TOO_LONG or work.get_column(made.name) is None:
        return ""
    name = work.server.quote(made.name)
    condition = f"char_length({name}) > {letters[1]}"
    rows = work.server.ask(f"SELECT count(*), min({name}) FROM {work.sql} WHERE {condition}")
    if not rows or not rows[0][0]:
        return ""
    count, longest = rows[0]
    return (
        f"{count:,} row{' is' if count == 1 else 's are'} longer, as {example_text(longest)}{work.example(condition)}; "
    )


def _said(work: Work, made: Column, error: Exception) -> str:
    """An error's words, without the names that only pwmig knows."""
    called, text = f"{work.name}.{made.name}", _ROW.sub("", _words(error))
    text = re.sub(rf"(?:`[^`]*`\.)?`{PAIRS}`\.`{re.escape(made.name)}`", called, text)
    text = _CHECK.sub(lambda found: f"{found[1]}{called}{found[2]}", _WHERE.sub(called, text))
    text = re.sub(rf"(?<=[Cc]olumn )'{re.escape(made.name)}'(?! in )", called, text)
    return text.replace(f"'{PAIRS}'", repr(work.name)).replace(f"`{PAIRS}`", f"`{work.name}`")


def _words(error: Exception) -> str:
    told = driver_error(error)
    return str(told.args[-1] if told.args else told)


def _culprit(server: MySQLServer, work: Work, made: Column, sql: str, value: str, error: Exception) -> str:
    """The value that an error is about, if it says of which row that is, or if it became NULL."""
    name = server.quote(made.name)
    number = _ROW.search(_words(error))
    with suppress(Exception):
        if number is not None:
            # Rows come in the same order where nothing else asks for one; what is found is tried once more.
            rows = server.ask(f"SELECT {name} AS v FROM {work.sql} LIMIT 1 OFFSET {int(number[1]) - 1}")
            found: Any = rows[0][0]
            if not _fits(server, f"{sql} WHERE {name} <=> {_literal(server, found)} LIMIT 1"):
                return f", of {found!r:.80}"
        elif not made.nullable:
            rows = server.ask(f"SELECT {name} AS v FROM {work.sql} WHERE ({value}) IS NULL LIMIT 1")
            return f", which {rows[0][0]!r:.80} would become" if rows and rows[0][0] is not None else ""
    return ""


def _fits(server: MySQLServer, sql: str) -> bool:
    try:
        server.ask(sql)
    except Exception:
        return False
    return True


def _literal(server: MySQLServer, value: Any) -> str:
    return str(server.text(value)) if not isinstance(value, bytes) else f"X'{value.hex()}'"
