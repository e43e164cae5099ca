"""The rows of two moments held side by side. Pure: snapshots in, differences out.

A row that was taken away and put back may come back under another number: where a key is only counted up, rows are
told apart by what else they hold, and a reference by the row that it leads to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pwmig.checking.records import RowDifference
from pwmig.schema import Rows, Snapshot, Table

__all__ = ["counts_up", "row_differences"]

_Row = dict[str, Any]
_DEPTH = 3
"""How far references are followed to tell rows apart that hold the same."""


def row_differences(before: Snapshot, after: Snapshot) -> tuple[RowDifference, ...]:
    """What differs in the rows of the tables of ``before``: all gone, where ``after`` has no such table.

    Only columns that ``after`` has too are compared: that one is gone is a difference of the schemas. Tables of which
    ``before`` holds no rows were not looked at, and are left out.
    """
    differing = [(table, rows, others) for table, rows, others in _pairs(before, after) if not _equal(rows, others)]
    if not differing:
        return ()
    keys = {before.schema.key(rows.table) for rows in before.rows}
    looked_at = replace(after, rows=tuple(rows for rows in after.rows if after.schema.key(rows.table) in keys))
    old, new = _colours(before), _colours(looked_at)
    return tuple(
        _difference(table, rows, others)
        for table, rows, others in differing
        if others is None or old[table.name] != new.get(table.name) or rows.row_count != others.row_count
    )


def _pairs(before: Snapshot, after: Snapshot) -> Iterator[tuple[Table, Rows, Rows | None]]:
    for table in before.schema.tables:
        rows = before.table_rows(table.name)
        there = after.schema.table(table.name)
        if rows is not None and (rows.row_count or there):
            yield table, rows, after.table_rows(table.name) if there else None


def _equal(rows: Rows, others: Rows | None) -> bool:
    if others is None or rows.row_count != others.row_count:
        return False
    names = _common(rows, others)
    return _plain(rows, names) == _plain(others, names)


def _common(rows: Rows, others: Rows) -> tuple[str, ...]:
    """The columns of both; the hidden key of a table without one is none of its columns."""
    hidden = set(rows.key) if rows.key and rows.columns[: len(rows.key)] == rows.key and _hidden(rows) else set()
    return tuple(name for name in rows.columns if name in others.columns and name not in hidden)


def _hidden(rows: Rows) -> bool:
    return rows.key in (("rowid",), ("_rowid_",), ("oid",), ("ctid",))


def _plain(rows: Rows, names: tuple[str, ...]) -> Counter[tuple[str, ...]]:
    places = [rows.columns.index(name) for name in names]
    return Counter(tuple(_text(row[place]) for place in places) for row in rows.rows)


def _text(value: Any) -> str:
    return repr(bytes(value)) if isinstance(value, (bytes, bytearray, memoryview)) else repr(value)


# -- rows by what they hold and lead to


def counts_up(table: Table) -> str | None:
    """The column of a key that is only a number, which another row may get next time; None where there is none."""
    if len(table.primary_key) != 1:
        return None
    column = table.column(table.primary_key[0])
    if column is None or any(column.name in key.columns for key in table.foreign_keys):
        return None
    return column.name if column.autoincrement or column.sequence or "INT" in column.type.upper() else None


def _colours(snapshot: Snapshot) -> dict[str, Counter[int]]:
    """Of each table, how often which colour: rows have the same one where they hold the same and lead to the same."""
    tables = {snapshot.schema.key(table.name): table for table in snapshot.schema.tables}
    rows = {key: _as_dicts(snapshot.table_rows(table.name)) for key, table in tables.items()}
    colours = {key: [_own_colour(tables[key], row) for row in found] for key, found in rows.items()}
    for _ in range(_DEPTH):
        leads = {key: _by_number(tables[key], rows[key], colours[key]) for key in tables}
        colours = {
            key: [
                hash((colour, *_led_to(tables[key], row, leads, snapshot)))
                for row, colour in zip(rows[key], colours[key], strict=True)
            ]
            for key in tables
        }
    return {tables[key].name: Counter(found) for key, found in colours.items()}


def _as_dicts(rows: Rows | None) -> list[_Row]:
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.rows] if rows is not None else []


def _own_colour(table: Table, row: _Row) -> int:
    left_out = {counts_up(table), *(name for key in table.foreign_keys for name in key.columns)}
    return hash(tuple(sorted((name, _text(row.get(name))) for name in table.column_names if name not in left_out)))


def _by_number(table: Table, rows: list[_Row], colours: list[int]) -> dict[str, int]:
    name = counts_up(table)
    return {_text(row.get(name)): colour for row, colour in zip(rows, colours, strict=True)} if name else {}


def _led_to(table: Table, row: _Row, leads: Mapping[str, Mapping[str, int]], snapshot: Snapshot) -> Iterator[object]:
    """For each reference of a row the colour of the row it leads to; where that has no mere number, the values."""
    for key in table.foreign_keys:
        values = tuple(_text(row.get(name)) for name in key.columns)
        found = leads.get(snapshot.schema.key(key.ref_table), {}).get(values[0]) if len(values) == 1 else None
        yield values if found is None else found


# -- what differs, counted by key


def _difference(table: Table, rows: Rows, others: Rows | None) -> RowDifference:
    if others is None:
        return RowDifference(table.name, removed=rows.row_count)
    names = _common(rows, others)
    if not rows.key or rows.key != others.key:
        gone, come = _plain(rows, names), _plain(others, names)
        return RowDifference(table.name, added=(come - gone).total(), removed=(gone - come).total())
    old, new = _keyed(rows), _keyed(others)
    stayed = [(row, new[key]) for key, row in old.items() if key in new]
    altered = [[name for name in names if _text(row[name]) != _text(other[name])] for row, other in stayed]
    return RowDifference(
        table.name,
        added=len(new.keys() - old.keys()),
        removed=len(old.keys() - new.keys()),
        altered=sum(map(bool, altered)),
        columns=tuple(name for name in names if any(name in found for found in altered)),
    )


def _keyed(rows: Rows) -> dict[tuple[str, ...], _Row]:
    return {tuple(map(_text, key)): row for key, row in zip(rows.row_keys(), _as_dicts(rows), strict=True)}
