"""A database's own error, told of the operation that it was about: what was asked for can't be so."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

from pwmig.errors import EARLIER, OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Operation

__all__ = ["blamed", "things_of"]

_OWN_WORDS = frozenset({"sql", "run_python"})
"""Operations whose SQL is the migration's own: the database's error says all there is to say."""

_COLUMNS = ("column", "column_name")
_OBJECTS = ("name", "index_name", "constraint_name", "new_name")

_VALUE = "give a value that the column's type can hold, or change the type first"
_ROWS = f"mend the rows that are against it{EARLIER}"
_WORDS = "write the names and the SQL in it as the database knows them"

_BY_CLASS = {"DataError": _VALUE, "IntegrityError": _ROWS, "ProgrammingError": _WORDS}
"""By the class of DB-API (PEP 249), of Peewee's or a driver's own, what may be done."""

_BY_NUMBER = {
    **dict.fromkeys((1067, 1101, 1292, 1366, 1406), _VALUE),
    **dict.fromkeys((3819, 4025), _ROWS),
    **dict.fromkeys((1005, 1054, 1060, 1061, 1063, 1068, 1071, 1072, 1075, 1118, 1166, 1171, 1280, 1901), _WORDS),
}
"""https://mariadb.com/kb/en/mariadb-error-codes/: what the drivers call OperationalError and is about the statement."""

_NOT_ALLOWED = ("42501",)
"""https://www.postgresql.org/docs/current/errcodes-appendix.html: it is about the account."""

_SQLITE_ERROR = 1
"""https://www.sqlite.org/rescode.html#error: SQL that can't be prepared, most often."""


def blamed(title: str, error: Exception, operations: Sequence[Operation]) -> OperationRefused | None:
    """The refusal that an error means for the operations that it may be about.

    None where it is about something else: the connection, a lock, a right, or SQL that the migration wrote itself.
    """
    meant = list({id(wanted.whole or wanted): wanted for wanted in operations}.values())
    way_out = _way_out(error)
    if way_out is None or not meant or any(wanted.name in _OWN_WORDS for wanted in meant):
        return None
    told = [(wanted.whole or wanted).describe() for wanted in meant]
    first, more = meant[0], f" or {len(told) - 1} more" if len(told) > 1 else ""
    column, thing = things_of(first) if len(meant) == 1 else (None, None)
    return OperationRefused(
        f"{_short(told[0])}{more} can't be done",
        why=f"{title} says: {_message(error)}",
        way_out=way_out,
        table=first.table,
        column=column,
        object=thing,
    )


def things_of(wanted: Operation) -> tuple[str | None, str | None]:
    """The column that an operation is about, and what it names beside a table, each None where it has none."""
    given = signature(wanted.fn).bind(wanted.migrator, *wanted.args, **wanted.kwargs).arguments
    columns = ("old_name",) if wanted.name == "rename_column" else _COLUMNS
    return _given(given, columns), None if wanted.name == "create_table" else _given(given, _OBJECTS)


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "..."


def _given(given: Any, names: Sequence[str]) -> str | None:
    return next((given[name] for name in names if isinstance(given.get(name), str)), None)


def _message(error: Exception) -> str:
    number, *rest = error.args or (str(error),)
    return str(rest[0] if rest and isinstance(number, int) else error).strip()


def _way_out(error: Exception) -> str | None:
    """What may be done about an error of a statement, None where it is none of one."""
    chain = [one for one in (error, error.__cause__, error.__context__) if one is not None]
    if any(getattr(one, name, None) in _NOT_ALLOWED for one in chain for name in ("sqlstate", "pgcode")):
        return None
    names = [kind.__name__ for kind in type(error).__mro__]
    if error.args and error.args[0] in _BY_NUMBER:
        return _BY_NUMBER[error.args[0]]
    code = next((code for one in chain if (code := getattr(one, "sqlite_errorcode", None)) is not None), None)
    if code is not None and code & 0xFF == _SQLITE_ERROR:
        return _WORDS
    if "sqlite3" in (kind.__module__ for one in chain for kind in type(one).__mro__) and "IntegrityError" not in names:
        # Of what it is used for wrongly, only values and texts are the operation's.
        is_given = any(words in str(error) for words in ("binding parameter", "null character"))
        return _VALUE if is_given else None
    return next((_BY_CLASS[name] for name in names if name in _BY_CLASS), None)
