"""What was said, read against what there is: ``player.name:title`` means a column of a table.

A name may hold any sign, a dot and a colon too; so a text is not cut at the first one, but where it names what is
there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pwmig.authoring import Answers
from pwmig.columns import COLUMN_TYPES, parse_default
from pwmig.drafting.records import OpenQuestion, Wishes
from pwmig.drafting.sight import Sight
from pwmig.errors import OperationRefused, PlanError
from pwmig.records import dataclass
from pwmig.schema import Column, Schema, Table

if TYPE_CHECKING:
    from pwmig.dialects.migrated import MigrationTerms

__all__ = ["answers_of", "require_value"]

_KINDS = {
    "SmallIntegerField": "IntegerField",
    "BigAutoField": "BigIntegerField",
    "IdentityField": "BigIntegerField",
    "DoubleField": "FloatField",
}
"""Fields that take a value as another one does that a form offers."""

_WHOLE = ("IntegerField", "BigIntegerField")
_TRUTHS = {"true": 1, "yes": 1, "false": 0, "no": 0}
"""What a BooleanField takes is a whole number on SQLite, where no type tells the two apart."""


def answers_of(wishes: Wishes, sight: Sight, terms: MigrationTerms) -> Answers:
    """The wishes as the author takes them. PlanError for one that names nothing, or says what can't be."""
    reader = _Reader(sight, terms, wishes)
    told = [(text, *reader.table_rename(text)) for text in wishes.table_renames]
    tables = {old: new for _, old, new in told}
    _require_single(wishes.table_renames, tables)
    _require_free(told, tables, sight.live)
    reader.tables = tables
    named = [(text, *reader.rename(text)) for text in wishes.renames]
    columns = {place: new for _, place, new in named}
    _require_single(wishes.renames, columns)
    _require_free_columns(named, columns, sight.live)
    reader.columns = columns
    return Answers(
        tables=tables,
        columns=columns,
        fills=_single("--fill", [reader.fill(text) for text in wishes.fills]),
        casts=_single("--using", [reader.cast(text) for text in wishes.casts]),
        defaults=sight.defaults,
    )


def _single(option: str, told: list[tuple[tuple[str, str], Any]]) -> dict[tuple[str, str], Any]:
    """What was told of each column, which is told once."""
    found: dict[tuple[str, str], Any] = {}
    for (table, column), value in told:
        if found.setdefault((table, column), value) != value:
            raise PlanError(
                f"{option} {table}.{column} was told twice",
                why=f"once {found[table, column]!r}, once {value!r}",
                way_out="leave one of them out",
            )
    return found


def _require_single(texts: tuple[str, ...], read: Mapping[Any, str]) -> None:
    """One old name has one new name, and the other way about."""
    targets = {(key[0] if isinstance(key, tuple) else None, new) for key, new in read.items()}
    if len(targets) < len(set(texts)):
        raise PlanError(
            "a rename was told twice",
            why=f"of {', '.join(texts)}, two have the same old name or the same new one",
            way_out="leave one of them out",
        )


@dataclass(slots=True)
class _Reader:
    sight: Sight
    terms: MigrationTerms
    wishes: Wishes
    tables: Mapping[str, str] | None = None
    columns: Mapping[tuple[str, str], str] | None = None

    def table_rename(self, text: str) -> tuple[str, str]:
        live, declared = self.sight.live, self.sight.declared
        for old, new in _cuts(text, ":"):
            before, after = live.table(old), declared.table(new)
            if before is not None and after is not None:
                return before.name, after.name
        old, _, new = text.partition(":")
        raise _meaningless(
            "--rename-table",
            text,
            "OLD:NEW",
            _lacking(text, old, new)
            or (f"the database has no table {old}" if live.table(old) is None else f"no model has the table {new}"),
        )

    def rename(self, text: str) -> tuple[tuple[str, str], str]:
        for name, rest in _cuts(text, "."):
            for before, after in self._pairs(name):
                for old, new in _cuts(rest, ":") if before is not None and after is not None else ():
                    column, made = (before and before.column(old)), (after and after.column(new))
                    if before is not None and column is not None and made is not None:
                        return (before.name, column.name), made.name
        place, _, new = text.partition(":")
        table, _, old = place.rpartition(".")
        before, after = next(self._pairs(table))
        lacking = _lacking(text, old, new, "." if "." not in place else "" if table else "table")
        if lacking:
            why = lacking
        elif before is None or after is None:
            why = f"there is no table {table} on both sides"
        elif before.column(old) is None:
            why = f"the database has no column {old} in it"
        else:
            why = f"the models have no column {new} in it"
        raise _meaningless("--rename", text, "TABLE.OLD:NEW", why)

    def _pairs(self, name: str) -> Iterator[tuple[Table | None, Table | None]]:
        """The tables that have the name, the new one or the old one, as both sides have them: first by the new one."""
        tables = self.tables or {}
        for old in (*(old for old, new in tables.items() if new == name), name):
            yield self.sight.live.table(old), self.sight.declared.table(tables.get(old, old))

    # -- values

    def fill(self, text: str) -> tuple[tuple[str, str], Any]:
        table, column, value = self._valued("--fill", text, "VALUE")
        kind = self.terms.term(table, column).kind
        return (table.name, column.name), _value(kind, value, f"{table.name}.{column.name}")

    def cast(self, text: str) -> tuple[tuple[str, str], str]:
        table, column, sql = self._valued("--using", text, "SQL")
        if not sql.strip():
            raise _meaningless("--using", text, "TABLE.COLUMN=SQL", "no SQL stands behind the =")
        return (table.name, column.name), self.terms.renamed(sql, self._gone(table))

    def _gone(self, table: Table) -> dict[str, str]:
        """The new names of a table's columns by those that nothing has any more: by these, too, SQL may read them."""
        before = next((old for old, new in (self.tables or {}).items() if new == table.name), table.name)
        left = {name.lower() for name in table.column_names}
        renamed = ((old, new) for (of, old), new in (self.columns or {}).items() if of == before)
        return {old: new for old, new in renamed if old.lower() not in left}

    def _valued(self, option: str, text: str, what: str) -> tuple[Table, Column, str]:
        for place, value in _cuts(text, "="):
            for name, column_name in _cuts(place, "."):
                for _, after in self._pairs(name):
                    column = after.column(column_name) if after is not None else None
                    if after is not None and column is not None:
                        return after, column, value
        place, is_cut, _ = text.partition("=")
        of, _, named = place.rpartition(".")
        if not is_cut:
            why = "there is no = in it"
        elif not of or not named:
            why = f"no {'column' if of else 'table'} is named in front of the ="
        else:
            why = f"no model has a column {place}"
            there = next((after for _, after in self._pairs(of) if after is not None), None)
            why += f"; those of {of} are {', '.join(there.column_names)}" if there is not None else ""
        raise _meaningless(option, text, f"TABLE.COLUMN={what}", why)


def _require_free(told: Iterable[tuple[str, str, str]], renamed: Mapping[str, str], live: Schema) -> None:
    """Nothing gets the name of something that keeps it, or that goes with it; its own in other letters it may get."""
    for text, old, new in told:
        there = live.table(new)
        if there is not None and there.name != old and there.name not in renamed:
            raise _taken(text, "table", new)


def _require_free_columns(
    told: Iterable[tuple[str, tuple[str, str], str]], renamed: Mapping[tuple[str, str], str], live: Schema
) -> None:
    for text, (of, old), new in told:
        table = live.table(of)
        there = table.column(new) if table is not None else None
        if there is not None and there.name != old and (of, there.name) not in renamed:
            raise _taken(text, f"column of {of}", new)


def _taken(text: str, kind: str, name: str) -> PlanError:
    return PlanError(
        f"{text} is no rename",
        why=f"there is a {kind} called {name} already",
        way_out="leave it out, say what that is called now, or drop what is there by a migration of its own before",
    )


def _lacking(text: str, old: str, new: str, place: str = "") -> str:
    """What a rename lacks of its form, in words; ``place`` is what the place of its column lacks."""
    if ":" not in text:
        return "there is no : in it"
    if place == ".":
        return "there is no . in front of the :"
    if place:
        return "no table stands in front of the ."
    if not old:
        return "no old name stands in front of the :"
    return "" if new else "no new name stands behind the :"


def _cuts(text: str, sign: str) -> Iterator[tuple[str, str]]:
    """The text cut in two at each sign in turn."""
    at = text.find(sign)
    while at >= 0:
        yield text[:at], text[at + len(sign) :]
        at = text.find(sign, at + 1)


def require_value(question: OpenQuestion, text: str) -> None:
    """PlanError where a text is no value that the column of a ``fill`` can hold."""
    _value(question.field, text, f"{question.table}.{question.column}")


def _value(field: str, text: str, place: str) -> Any:
    try:
        return _parsed(_KINDS.get(field, field), text)
    except OperationRefused as error:
        raise PlanError(f"{text!r} can't be filled into {place}", why=error.why, way_out=error.way_out) from error


def _parsed(kind: str, text: str) -> Any:
    """A value as the kind of column takes it; the empty text is one where texts are."""
    if kind not in COLUMN_TYPES or COLUMN_TYPES[kind].neutral == "":
        return text
    if text == "":
        raise OperationRefused(
            "no value", why="there is none behind the =", way_out=f"give one, such as {COLUMN_TYPES[kind].neutral!r}"
        )
    if kind in _WHOLE and text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    return parse_default(kind, text)


def _meaningless(option: str, text: str, form: str, why: str) -> PlanError:
    shown = text if len(text) <= 80 else text[:77] + "..."
    return PlanError(f"{option} {shown} means nothing here", why=why, way_out=f"give it as {option} {form}")
