"""What a table is made of, one fact a line, before and after side by side.

A :class:`Fact` is a column, a primary key, an index, a constraint, a trigger or an option, with the
text that defines it. :func:`schema_grid` pairs the facts of two tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace

from pwmig.frames.grid import Cell, Grid, GridRow, Heading, words
from pwmig.frames.renames import RunRenames
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Table, Unique

__all__ = ["Fact", "FactPair", "fact_pairs", "facts", "facts_grid", "schema_grid"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a table's description. ``key`` is what pairs it with the same fact of another schema."""

    what: str
    name: str
    text: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactPair:
    """The same fact before and after, None where there is none.

    ``same``: nothing but names differs. ``old_name``: what it was called, if it was renamed.
    """

    before: Fact | None
    after: Fact | None
    same: bool = True
    old_name: str = ""

    @property
    def fact(self) -> Fact:
        """The fact as it is after, or as it was before it went."""
        fact = self.after or self.before
        assert fact is not None
        return fact

    @property
    def sign(self) -> str:
        if self.before is None:
            return "+"
        if self.after is None:
            return "-"
        return "~" if self.old_name or not self.same else ""

    @property
    def change(self) -> str:
        """The sign and what it says in words."""
        if self.sign != "~":
            return words(self.sign, {"+": "added", "-": "dropped"}.get(self.sign, ""))
        if not self.old_name:
            return words("~", "changed")
        return words("~", f"renamed from {self.old_name}{'' if self.same else ' and changed'}")


def facts(table: Table | None) -> tuple[Fact, ...]:
    """All that a table is made of, columns first and in their order; nothing for no table."""
    if table is None:
        return ()
    found = [Fact("column", column.name, column_text(column), _key(column.name)) for column in table.columns]
    if table.primary_key:
        found.append(Fact("primary key", table.primary_key_name or "", primary_key_text(table), ()))
    found += [Fact("index", index.name, index_text(index), _key(index.name)) for index in table.indexes]
    found += [Fact("unique", unique.name or "", unique_text(unique), _unique_key(unique)) for unique in table.uniques]
    found += [
        Fact("foreign key", key.name or "", foreign_key_text(key), _key(*key.columns)) for key in table.foreign_keys
    ]
    found += [Fact("check", check.name or "", check.expression, _check_key(check)) for check in table.checks]
    found += [Fact("trigger", trigger.name, trigger.sql, _key(trigger.name)) for trigger in table.triggers]
    found += [Fact("option", "", option, _key(option)) for option in table.options]
    return _told_apart(found)


def _told_apart(found: Sequence[Fact]) -> tuple[Fact, ...]:
    """Facts of the same key (two foreign keys on one column, say) are numbered, so that none hides another."""
    seen: Counter[tuple[str, tuple[str, ...]]] = Counter()
    numbered = []
    for fact in found:
        place = (fact.what, fact.key)
        numbered.append(replace(fact, key=(*fact.key, f"#{seen[place]}")) if seen[place] else fact)
        seen[place] += 1
    return tuple(numbered)


def column_text(column: Column) -> str:
    """A column's definition in SQL's order: ``INTEGER NOT NULL DEFAULT 1``."""
    parts = [column.type or "(no type)"]
    if not column.nullable:
        parts.append("NOT NULL")
    if column.default is not None:
        parts.append(f"DEFAULT {column.default}")
    if column.collation:
        parts.append(f"COLLATE {column.collation}")
    if column.generated is not None:
        parts.append(f"GENERATED ALWAYS AS ({column.generated}) {(column.generated_kind or '').upper()}".rstrip())
    if column.autoincrement:
        parts.append("AUTOINCREMENT")
    said = {"name", "type", "nullable", "default", "collation", "generated", "generated_kind", "autoincrement"}
    return " ".join([*parts, *_others(column, said)])


def index_text(index: Index) -> str:
    """``UNIQUE (name, born DESC) WHERE born > 1900``."""
    where = [f"WHERE {index.predicate}"] if index.predicate else []
    head = ("UNIQUE " if index.unique else "") + _parts_text(index.parts)
    return " ".join([head, *where, *_others(index, {"name", "parts", "unique", "predicate"})])


def unique_text(unique: Unique) -> str:
    columns = _parts_text(unique.parts) if unique.parts else _listed(unique.columns)
    return " ".join([columns, *_others(unique, {"name", "columns", "parts"})])


def primary_key_text(table: Table) -> str:
    parts = table.primary_key_parts
    text = _parts_text(parts) if parts else _listed(table.primary_key)
    return text + (f" ON CONFLICT {table.primary_key_conflict}" if table.primary_key_conflict else "")


def foreign_key_text(key: ForeignKey) -> str:
    """``(country) REFERENCES country (id) ON DELETE CASCADE``."""
    actions = [
        f"ON {event} {action}"
        for event, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update))
        if action != "NO ACTION"
    ]
    late = [key.deferrable] if key.deferrable else []
    said = {"name", "columns", "ref_table", "ref_columns", "on_delete", "on_update", "deferrable"}
    head = f"{_listed(key.columns)} REFERENCES {key.ref_table} {_listed(key.ref_columns)}"
    return " ".join([head, *actions, *late, *_others(key, said)])


def _parts_text(parts: Iterable[IndexPart]) -> str:
    return _listed(_part_text(part) for part in parts)


def _part_text(part: IndexPart) -> str:
    text = part.column if part.column is not None else part.expression or ""
    collation = f" COLLATE {part.collation}" if part.collation else ""
    return text + collation + (" DESC" if part.descending else "")


def _others(record: Column | Index | Unique | ForeignKey, said: Collection[str]) -> list[str]:
    """Facts that have no words of their own yet, so that a new one is seen as soon as it is observed."""
    return [
        f"{field.name.replace('_', ' ').upper()} {value}"
        for field in fields(record)
        if field.name not in said and (value := getattr(record, field.name)) != field.default
    ]


def _listed(names: Iterable[str]) -> str:
    return "(" + ", ".join(names) + ")"


def _key(*names: str) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _unique_key(unique: Unique) -> tuple[str, ...]:
    return ("name", unique.name.lower()) if unique.name else _key(*unique.columns)


def _check_key(check: Check) -> tuple[str, ...]:
    return ("name", check.name.lower()) if check.name else (check.expression,)


def fact_pairs(before: Table | None, after: Table | None, renames: RunRenames) -> tuple[FactPair, ...]:
    """The facts of two tables in pairs: in the order of after, each dropped one behind its kind."""
    moved = _moved(before, renames) if before else ()
    to_come = {(fact.what, fact.key): fact for fact in facts(after)}
    paired: dict[tuple[str, tuple[str, ...]], FactPair] = {}
    dropped: list[FactPair] = []
    for old, new in zip(facts(before), moved):
        place = (new.what, new.key)
        match = to_come.get(place)
        if match is None or place in paired:
            dropped.append(FactPair(old, None))
        else:
            renamed = old.name != new.name or new.name.lower() != match.name.lower()
            paired[place] = FactPair(old, match, new.text == match.text, (old.name or "unnamed") if renamed else "")
    return _with_dropped([paired.get(place, FactPair(None, fact)) for place, fact in to_come.items()], dropped)


def _moved(before: Table, renames: RunRenames) -> tuple[Fact, ...]:
    """The facts of a table under the names that they have after."""
    found = []
    for fact in facts(renames.renamed(before)):
        new = renames.object(before.name, fact.what, fact.name)
        found.append(fact if new is None else replace(fact, name=new, key=_name_key(fact, new)))
    return tuple(found)


def _name_key(fact: Fact, name: str) -> tuple[str, ...]:
    """What pairs a fact under another name."""
    if fact.what == "foreign key":
        return fact.key
    return ("name", name.lower()) if fact.what in ("unique", "check") else _key(name)


def _with_dropped(pairs: Sequence[FactPair], dropped: Sequence[FactPair]) -> tuple[FactPair, ...]:
    """Each dropped fact behind the last fact of its kind, so that columns stay with columns."""
    merged = list(pairs)
    for pair in dropped:
        rank = _RANK[pair.fact.what]
        place = next((place for place, other in enumerate(merged) if _RANK[other.fact.what] > rank), len(merged))
        merged.insert(place, pair)
    return tuple(merged)


_RANK = {
    what: rank
    for rank, what in enumerate(
        ("column", "primary key", "index", "unique", "foreign key", "check", "trigger", "option")
    )
}


def schema_grid(title: str, pairs: Sequence[FactPair]) -> Grid:
    """Pairs of facts as a table to be shown: change, what, name, before, after."""
    headings = (
        Heading("change", pinned=True),
        Heading("what"),
        Heading("name"),
        Heading("before", code=True),
        Heading("after", code=True),
    )
    return Grid(title, headings, tuple(_pair_row(pair) for pair in pairs))


def _pair_row(pair: FactPair) -> GridRow:
    differ = pair.before is not None and pair.after is not None and not pair.same
    return GridRow(
        (
            Cell(pair.change.replace(f" from {pair.old_name}", "", 1) if pair.old_name else pair.change, prose=True),
            Cell(pair.fact.what, prose=True),
            Cell(f"{pair.fact.name} (was {pair.old_name})" if pair.old_name else pair.fact.name, prose=True),
            _side(pair.before, "-" if differ else ""),
            _side(pair.after, "+" if differ else ""),
        ),
        pair.sign,
    )


def _side(fact: Fact | None, sign: str) -> Cell:
    return Cell(absent=True) if fact is None else Cell(fact.text, sign, prose=True)


def facts_grid(title: str, table: Table) -> Grid:
    """One table as it is: what, name, definition."""
    headings = (Heading("what"), Heading("name"), Heading("definition", code=True))
    rows = tuple(
        GridRow((Cell(fact.what, prose=True), Cell(fact.name, prose=True), Cell(fact.text, prose=True)))
        for fact in facts(table)
    )
    return Grid(title, headings, rows)
