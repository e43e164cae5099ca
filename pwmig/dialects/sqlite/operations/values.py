"""Whether a column's values come out of another type as they were.

SQLite converts a value by the column's type as it is stored (https://www.sqlite.org/datatype3.html#type_affinity):
``'007'`` becomes 7 in an INTEGER column without a word.
"""

from __future__ import annotations

from pwmig.dialects.sqlite.operations.catalog import ask, errors
from pwmig.dialects.sqlite.operations.work import Work
from pwmig.dialects.sqlite.texts.kinds import affinity, is_generated, same_kind, shown_key
from pwmig.dialects.sqlite.texts.parts import ColumnDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, quote
from pwmig.errors import OperationRefused

__all__ = ["PAIRS", "changing", "differing", "require_same_values"]

PAIRS = "temp.pwmig_values"
"""Each value before and after, side by side: so no key is needed to find the one from the other."""
_FRACTIONS = ("REAL", "FLOA", "DOUB", "DEC", "NUMERIC", "NUMBER")

_NUMERAL = "{0} NOT GLOB '*[^-+.0-9eE ' || char(9, 10, 11, 12, 13) || ']*' AND {0} GLOB '*[0-9]*'"
"""A text that may be read as a number."""
_UNLIKE = "CAST(CAST({0} AS NUMERIC) AS TEXT) COLLATE BINARY IS NOT {0} OR {0} GLOB '*[eE]*'"
"""A text that is not, or perhaps not, just how SQLite writes the number that it makes of it."""
_BEYOND = "NOT BETWEEN -(1 << 53) AND 1 << 53"
_CONVERTED = {
    "INTEGER": f"typeof({{0}}) = 'text' AND ({_UNLIKE}) AND {_NUMERAL}",
    "NUMERIC": f"typeof({{0}}) = 'text' AND ({_UNLIKE}) AND {_NUMERAL}",
    "REAL": f"typeof({{0}}) = 'text' AND ({_UNLIKE} OR length({{0}}) > 15) AND {_NUMERAL}"
    f" OR typeof({{0}}) = 'integer' AND {{0}} {_BEYOND}",
    "TEXT": "typeof({0}) = 'real' AND CAST(CAST({0} AS TEXT) AS REAL) IS NOT {0}",
    "BLOB": "FALSE",
}
"""Values of which a type of this affinity may make others: '007', 0.1 + 0.2, but neither 'seven' nor '7' nor 7."""

_AS_TEXT = "CAST(+new AS TEXT)"
_SHORT = "CASE WHEN instr({0}, '.') THEN rtrim(rtrim({0}, '0'), '.') ELSE {0} END"
"""A number's text without the zeros at its end that say nothing: 1.5 for 1.50, 2 for 2.0, but 20 for 20."""


def require_same_values(work: Work, column: ColumnDef, type_: str, new: TableDef) -> None:
    """Refuse a type that gives a value another meaning: 7 for '7' is the same, 7 for '007' is not.

    Zeros at the end of a fraction may go where the type is one for fractions: 1.5 for '1.50'. ``new``
    is the table as it will be. Nothing but a temporary table is written, and that goes again.
    """
    if is_generated(column):
        return
    strict = "STRICT" in new.options
    _refuse_numbering(work, column, new)
    made = new.column(column.name)
    assert made is not None
    if same_kind(column, made, strict):
        return
    try:
        _pair(work, column, type_, strict)
        _refuse_other(work, column, type_)
    except errors(work.database) as error:
        if "cannot store" not in str(error):
            raise
        return  # A STRICT table does not take a value: the rebuild stops at it too, and names it.
    finally:
        ask(work.database, f"DROP TABLE IF EXISTS {PAIRS}")


def _refuse_numbering(work: Work, column: ColumnDef, new: TableDef) -> None:
    """NULL in what becomes the rowid would get the next number."""
    key = shown_key(new)
    if key is None or fold(key.name) != fold(column.name):
        return
    rows = f"FROM {quote(work.table.name)} WHERE {quote(column.name)} IS NULL"
    count = ask(work.database, f"SELECT count(*) {rows}")[0][0]
    if count:
        raise _changing(work, column, count, "NULL would become a number")


def changing(type_: str, column: str) -> str:
    """The condition for a value, read by the column's SQL, of which a type may make another one."""
    return _CONVERTED[affinity(type_)].format(column)


def _pair(work: Work, column: ColumnDef, type_: str, strict: bool) -> None:
    definition = f"(old ANY, new {type_}) STRICT" if strict else f"(old, new {type_})"
    condition = "TRUE" if strict else changing(type_, quote(column.name))
    ask(work.database, f"DROP TABLE IF EXISTS {PAIRS}")
    ask(work.database, f"CREATE TEMP TABLE {PAIRS.removeprefix('temp.')} {definition}")
    name = quote(column.name)
    ask(
        work.database,
        f"INSERT INTO {PAIRS} (old, new) SELECT {name}, {name} FROM {quote(work.table.name)} WHERE {condition}",
    )


def _refuse_other(work: Work, column: ColumnDef, type_: str) -> None:
    sql = f"FROM {PAIRS} WHERE {differing(type_)}"
    rows = ask(work.database, f"SELECT +old, +new {sql} LIMIT 1")
    if rows:
        count = ask(work.database, f"SELECT count(*) {sql}")[0][0]
        raise _changing(work, column, count, f"{rows[0][0]!r} would become {rows[0][1]!r}")


def differing(type_: str) -> str:
    """The condition for a pair, ``old`` and ``new``, whose sides do not mean the same.

    The signs keep SQLite from converting one side for the comparison.
    """
    text = f"{_AS_TEXT} IS +old"
    if "INT" not in type_.upper() and any(word in type_.upper() for word in _FRACTIONS):
        text += f" OR {_SHORT.format('old')} IS {_SHORT.format(_AS_TEXT)}"
    return (
        f"NOT (+old IS +new OR CASE typeof(old) WHEN 'text' THEN {text} "
        # A text of 15 digits may be all that is left of a number; so it is read back.
        "WHEN 'real' THEN CAST(+new AS REAL) IS +old WHEN 'integer' THEN CAST(+new AS INTEGER) IS +old ELSE 0 END)"
    )


def _changing(work: Work, column: ColumnDef, count: int, example: str) -> OperationRefused:
    return OperationRefused(
        f"the type of {work.table.name}.{column.name} can't be changed without changing values",
        why=f"{count:,} value{'s' if count > 1 else ''} would become another, as {example}",
        way_out="mend these values first, or say with cast= how they become the new ones",
        table=work.table.name,
        column=column.name,
    )
