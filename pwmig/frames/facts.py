"""What a table is made of, one fact a line, before and after side by side.

A :class:`Fact` is a column, a key, an index, a constraint, a trigger, a policy, an option, a grant or the
comment, with the text that defines it. :func:`schema_grid` pairs the facts of two tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pwmig.diff.case import Case
from pwmig.frames.definitions import (
    check_text,
    column_text,
    exclusion_text,
    foreign_key_text,
    index_text,
    made_text,
    policy_text,
    primary_key_text,
    unique_text,
)
from pwmig.frames.grid import Cell, Grid, GridRow, Heading, words
from pwmig.frames.renames import RunRenames
from pwmig.records import dataclass
from pwmig.schema import Check, Table, Unique, View

__all__ = ["Fact", "FactPair", "fact_pairs", "facts", "facts_grid", "facts_of", "schema_grid", "view_facts"]

_FOLDED = Case()


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


def facts(table: Table | None, case: Case = _FOLDED) -> tuple[Fact, ...]:
    """All that a table is made of, columns first and in their order; nothing for no table."""
    if table is None:
        return ()
    key = case.table
    found = [Fact("column", one.name, column_text(one), (case.column(one.name),)) for one in table.columns]
    if table.primary_key:
        found.append(Fact("primary key", table.primary_key_name or "", primary_key_text(table), ()))
    found += [Fact("index", one.name, index_text(one), (key(one.name),)) for one in table.indexes]
    found += [Fact("unique", one.name or "", unique_text(one), _unique_key(one, case)) for one in table.uniques]
    found += [
        Fact("foreign key", one.name or "", foreign_key_text(one), tuple(map(case.column, one.columns)))
        for one in table.foreign_keys
    ]
    found += [Fact("check", one.name or "", check_text(one), _check_key(one, case)) for one in table.checks]
    found += [Fact("exclusion", one.name, exclusion_text(one), (key(one.name),)) for one in table.exclusions]
    found += [Fact("trigger", one.name, made_text(one), (key(one.name),)) for one in table.triggers]
    found += [Fact("rule", one.name, made_text(one), (key(one.name),)) for one in table.rules]
    found += [Fact("policy", one.name, policy_text(one), (key(one.name),)) for one in table.policies]
    found += [Fact("option", "", option, (option.lower(),)) for option in table.options]
    found += [Fact(what, "", text, ()) for what, text in _of_table(table) if text]
    found += [Fact("grant", "", grant, (grant,)) for grant in table.grants]
    return _told_apart(found)


def _of_table(table: Table) -> Iterable[tuple[str, str]]:
    """What there is one of at most: parts, parents, comment."""
    yield "partitions", f"PARTITION BY {table.partitioning}" if table.partitioning else ""
    if table.partition_of:
        yield "partition of", f"{table.partition_of} {table.partition_bound or ''}".rstrip()
    yield "inherits", ", ".join(table.inherits)
    yield "comment", table.comment or ""


def view_facts(view: View) -> tuple[Fact, ...]:
    """All that a view is made of, its text first."""
    head = "materialized view" if view.materialized else "view"
    found = [Fact(head, view.name, view.sql, ())]
    found += [Fact("index", one.name, index_text(one), (one.name,)) for one in view.indexes]
    found += [Fact("trigger", one.name, made_text(one), (one.name,)) for one in view.triggers]
    found += [Fact("option", "", option, (option,)) for option in view.options]
    found += [Fact("comment", "", view.comment, ())] if view.comment else []
    found += [Fact("grant", "", grant, (grant,)) for grant in view.grants]
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


def _unique_key(unique: Unique, case: Case) -> tuple[str, ...]:
    return ("name", case.table(unique.name)) if unique.name else tuple(map(case.column, unique.columns))


def _check_key(check: Check, case: Case) -> tuple[str, ...]:
    return ("name", case.table(check.name)) if check.name else (check.expression,)


def fact_pairs(before: Table | None, after: Table | None, renames: RunRenames) -> tuple[FactPair, ...]:
    """The facts of two tables in pairs: in the order of after, each dropped one behind its kind."""
    moved = _moved(before, renames) if before else ()
    case = renames.case
    to_come = {(fact.what, fact.key): fact for fact in facts(after, case)}
    paired: dict[tuple[str, tuple[str, ...]], FactPair] = {}
    dropped: list[FactPair] = []
    for old, new in zip(facts(before, case), moved):
        place = (new.what, new.key)
        match = to_come.get(place)
        if match is None or place in paired:
            dropped.append(FactPair(old, None))
        else:
            renamed = old.name != new.name or case.table(new.name) != case.table(match.name)
            paired[place] = FactPair(old, match, new.text == match.text, (old.name or "unnamed") if renamed else "")
    return _with_dropped([paired.get(place, FactPair(None, fact)) for place, fact in to_come.items()], dropped)


def _moved(before: Table, renames: RunRenames) -> tuple[Fact, ...]:
    """The facts of a table under the names that they have after."""
    found = []
    for fact in facts(renames.renamed(before), renames.case):
        new = renames.object(before.name, fact.what, fact.name)
        found.append(fact if new is None else replace(fact, name=new, key=_name_key(fact, renames.case.table(new))))
    return tuple(found)


def _name_key(fact: Fact, key: str) -> tuple[str, ...]:
    """What pairs a fact under another name."""
    if fact.what == "foreign key":
        return fact.key
    return ("name", key) if fact.what in ("unique", "check") else (key,)


def _with_dropped(pairs: Sequence[FactPair], dropped: Sequence[FactPair]) -> tuple[FactPair, ...]:
    """Each dropped fact behind the last fact of its kind, so that columns stay with columns."""
    merged = list(pairs)
    for pair in dropped:
        rank = _RANK[pair.fact.what]
        place = next((place for place, other in enumerate(merged) if _RANK[other.fact.what] > rank), len(merged))
        merged.insert(place, pair)
    return tuple(merged)


_KINDS = (
    *("column", "primary key", "index", "unique", "foreign key", "check", "exclusion", "trigger", "rule", "policy"),
    *("option", "partitions", "partition of", "inherits", "comment", "grant"),
)
_RANK = {what: rank for rank, what in enumerate(_KINDS)}


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


def facts_grid(title: str, made: Table | View) -> Grid:
    """One table or view as it is: what, name, definition."""
    headings = (Heading("what"), Heading("name"), Heading("definition", code=True))
    rows = tuple(
        GridRow((Cell(fact.what, prose=True), Cell(fact.name, prose=True), Cell(fact.text, prose=True)))
        for fact in facts_of(made)
    )
    return Grid(title, headings, rows)


def facts_of(made: Table | View) -> tuple[Fact, ...]:
    """All that a table or a view is made of."""
    return view_facts(made) if isinstance(made, View) else facts(made)
