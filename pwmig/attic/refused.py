"""What the database refuses of what is put back, said in words: what, why, of which rows, and the way out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pwmig.attic.names import now_called
from pwmig.errors import OperationRefused
from pwmig.plan import Direction

if TYPE_CHECKING:
    from pwmig.attic.entries import Attic, Entry
    from pwmig.dialects.shelf import Shelf
    from pwmig.dialects.shelved import Place

__all__ = ["saying_why"]

_MOST = 3
"""So many rows are named."""

_NULL = re.compile(r"NOT NULL constraint failed: .*\.(.+)$|Column '(.+)' cannot be null|Field '(.+)' doesn't have a")


@contextmanager
def saying_why(attic: Attic, entry: Entry, place: Place, column: str | None, *, by_hand: bool) -> Iterator[None]:
    """Turn what the database says against values into a refusal; they stay in the attic."""
    try:
        yield
    except Exception as error:
        shelf = attic.shelf
        if not shelf.is_against(error):
            raise
        what = f"the rows of {place.name}" if column is None else f"the values of {place.name}.{column}"
        said = shelf.words_of(error)
        rows = ""
        with suppress(Exception):  # Where the transaction has come to its end by this, its words name the row.
            rows = _rows(shelf, entry, place, column, said)
        raise OperationRefused(
            f"{what} can't be put back",
            why=f"{place.name} does not take them as it is by now: the database says: {said}{rows}",
            way_out=_by_hand(entry, place) if by_hand else _way_out(entry, place, column, shelf.transactional),
            table=place.name,
            column=column,
        ) from error


def _by_hand(entry: Entry, place: Place) -> str:
    return (
        f"change what of {place.name} is against it (a constraint, an index, a type, a row), then pwmig attic restore "
        f"{entry.id}; until then it stays in the attic, where pwmig attic purge {entry.id} lets go of it"
    )


def _way_out(entry: Entry, place: Place, column: str | None, transactional: bool) -> str:
    back = "migrate_backward()" if entry.direction == Direction.FORWARD.value else "migrate_forward()"
    if entry.what == "change":
        mend = f"let {back} take away from {place.name} what is against them, a constraint, an index or a type that "
        mend += "came since, before its end; where it is a row that came since, change that"
    elif entry.what == "table":
        mend = f"let {back} make {place.name} as it was when its rows were taken; what more it is to be, in operations "
        mend += "behind that"
    else:
        mend = f"let {back} make {place.name}.{column} as it was when its values were taken; what more it is to be, in "
        mend += "operations behind that"
    stays = "" if transactional else "take back by hand what stays, and "
    if stays and entry.what == "change":  # It may have been the first thing that was done.
        stays = "where something stays, take it back by hand, and "
    return f"{stays}{mend}; or let go of what is kept: pwmig attic purge {entry.id}"


def _rows(shelf: Shelf, entry: Entry, place: Place, column: str | None, said: str) -> str:
    """Which of the rows that are kept are meant, as far as a question finds them."""
    cells = _cells(shelf, entry, place, column)
    key = {name: cells[name] for name in place.key if name in cells}
    found, own = _NULL.search(said), shelf.own(entry.id)
    null = next((name for name in found.groups() if name), None) if found else None
    if null is not None:
        name = place.column(null)
        if name not in cells:
            return f"; {null} has no default, and the attic nothing for it"
        return _named(shelf, own, key or cells, f"WHERE {cells[str(name)]} IS NULL")
    for columns in (place.key, *(one.columns for one in shelf.uniques(place))):
        if columns and all(name in cells for name in columns) and (column is None or column in columns):
            names = {name: cells[name] for name in columns}
            known = " AND ".join(f"{cell} IS NOT NULL" for cell in names.values())
            twice = f"WHERE {known} GROUP BY {', '.join(names.values())} HAVING count(*) > 1"
            if told := _named(shelf, own, names, twice):
                return f"{told}, each more than once"
    rows = (_against(shelf, entry, place, column, cells, check) for check in shelf.checks(place))
    return next((told for told in rows if told), "")


def _against(shelf: Shelf, entry: Entry, place: Place, column: str | None, cells: Mapping[str, str], check: str) -> str:
    """The rows which a check would not hold for with what is kept of them."""
    own = f"{shelf.own(entry.id)} AS x"
    if column is not None:
        every = {name: f"t.{shelf.quote(name)}" for name in (*place.columns, *place.generated)}
        cells = {**every, column: shelf.value_of(shelf.own(entry.id), 0, place, column)}
        own = shelf.joined(entry.id, place)
    chosen = ", ".join(f"{cell} AS {shelf.quote(name)}" for name, cell in cells.items())
    names = [name for name in (*place.key, *([column] if column else ())) if name in cells] or list(cells)
    with suppress(Exception):  # It may be about what the attic has nothing of.
        shown = {name: shelf.quote(name) for name in names}
        return _named(shelf, f"(SELECT {chosen} FROM {own}) AS q", shown, f"WHERE NOT ({check})")
    return ""


def _cells(shelf: Shelf, entry: Entry, place: Place, column: str | None) -> dict[str, str]:
    """What is kept of a row, by the columns of now."""
    if column is not None:
        return {**{name: f"k{n}" for n, name in enumerate(place.key)}, column: "v0"}
    kept = entry.definitions.get("columns", entry.columns)
    called = zip(kept, now_called(entry, place, entry.columns))
    return {there: shelf.quote(str(name)) for name, there in called if there is not None and there in place.columns}


def _named(shelf: Shelf, source: str, cells: Mapping[str, str], which: str) -> str:
    chosen = ", ".join(f"{cell} AS c{n}" for n, cell in enumerate(cells.values()))
    rows = shelf.ask(f"SELECT {chosen} FROM {source} {which} LIMIT {_MOST + 1}")
    told = [", ".join(f"{name} {value!r}" for name, value in zip(cells, row)) for row in rows[:_MOST]]
    more = " and more" if len(rows) > _MOST else ""
    return f"; in the attic: {'; '.join(told)}{more}" if told else ""
