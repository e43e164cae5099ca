"""What the rows and views that are there will refuse of a migration: said when it is written, not only rehearsed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pwmig import diff as d
from pwmig.authoring import Answers, Authored, Note
from pwmig.columns import Expression, Standard
from pwmig.declared import as_worded
from pwmig.dialects.clashes import Clash, Coming
from pwmig.diff.words import names_text, part_text, shown, shown_name
from pwmig.operations import AddColumn, Backfill
from pwmig.records import dataclass
from pwmig.schema import Check, ForeignKey, Index, IndexPart, Schema, Table, Unique

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.evidence import Evidence

__all__ = ["refusals"]


@dataclass(frozen=True, slots=True)
class _Key:
    """The primary key that a table gets."""

    parts: tuple[IndexPart, ...]


_Rule = Unique | Index | ForeignKey | Check | _Key


def refusals(
    made: Authored,
    live: Schema,
    wanted: Schema,
    answers: Answers,
    evidence: Evidence,
    reached: Callable[[], peewee.Database | None],
) -> Iterator[Note]:
    """A note for each constraint that comes, or that a value is filled into, and that rows are against; and for each
    column that a view keeps as it is.

    ``live`` and ``wanted`` are as they compare; ``reached`` gives the database with these rows, and is asked where
    there is something to look for.
    """
    looking = _Looking(made, live, wanted, answers)
    for change, before, name in looking.read():
        database = reached()
        if database is None:
            return
        if views := evidence.readers(database, before, name):
            yield _read_by(change, views)
    for table, rule in looking.rules():
        database = reached()
        if database is None:
            return
        clash, filled = looking.clash(evidence, database, table, rule)
        if clash:
            text = f"{shown_name(table.name)}: {_rule_text(rule)}: {_seen(rule, clash, bool(filled))}"
            if looking.comes_along(table, rule) and not evidence.checks_new_columns:
                end = _UNSEEN
            else:
                end = _end(clash, filled, mixed=looking.is_mixed(table, rule, filled))
            yield Note(table.name, _column(rule), f"{text}; {end}", refused=True)


class _Looking:
    def __init__(self, made: Authored, live: Schema, wanted: Schema, answers: Answers) -> None:
        self.live, self.wanted, self.answers = live, wanted, answers
        self.old_names = {new: old for old, new in answers.tables.items()}
        self.changes = d.diff(live, wanted, renamed_tables=answers.tables, renamed_columns=answers.columns)
        self.values: dict[str, dict[str, Any]] = {}
        self.unknown: dict[str, set[str]] = {}
        for table, column, value in _filled(made):
            if isinstance(value, (Expression, Standard)):
                self.unknown.setdefault(table, set()).add(column)
            else:
                self.values.setdefault(table, {})[column] = value
        for table, column in answers.casts:
            self.unknown.setdefault(table, set()).add(column)

    def rules(self) -> Iterator[tuple[Table, _Rule]]:
        """What is to be looked at, of tables that are there: what comes, then what holds a column that is filled."""
        coming = [(change.table, rule) for change in self.changes for rule in _coming(change)]
        for table in self.wanted.tables:
            if self._before(table.name) is None:
                continue
            new = [rule for name, rule in coming if name == table.name]
            yield from ((table, rule) for rule in new)
            if table.name not in self.values:
                continue
            held: tuple[_Rule, ...] = (*table.uniques, *table.indexes, *table.foreign_keys, *table.checks)
            for rule in held:
                if rule not in new and self._fills(table, rule):
                    yield table, rule

    def read(self) -> Iterator[tuple[d.AlterColumn | d.DropColumn, Table, str]]:
        """The columns that go or get another type, each with its table and its name as they are now."""
        for change in self.changes:
            typed = isinstance(change, d.AlterColumn) and any(fact.name == "type" for fact in change.facts)
            before = self._before(change.table) if typed or isinstance(change, d.DropColumn) else None
            if before is None or not isinstance(change, (d.AlterColumn, d.DropColumn)):
                continue
            name = _name_of(change)
            names = {new: old for (of, old), new in self.answers.columns.items() if of == before.name}
            yield change, before, names.get(name, name) if typed else name

    def clash(
        self, evidence: Evidence, database: peewee.Database, table: Table, rule: _Rule
    ) -> tuple[Clash, tuple[str, ...]]:
        """What rows are against it, and the columns that are filled among those that it is about."""
        rows = self._rows(table)
        assert rows is not None
        filled = self._fills(table, rule)
        match rule:
            case ForeignKey():
                if filled and not any(_comes(change, rule) for change in self.changes):
                    rows = rows.only_filled(filled[0])
                parent = self.wanted.table(rule.ref_table) or self.live.table(rule.ref_table)
                others = self._rows(parent) if parent is not None else None
                if parent is None:
                    return Clash(), filled
                return evidence.orphans(database, rows, rule.columns, others, rule.ref_columns), filled
            case Check():
                return evidence.violations(database, rows, rule.expression), filled
            case Index():
                distinct = rule.nulls_distinct
                return evidence.duplicates(database, rows, rule.parts, rule.predicate, nulls_distinct=distinct), filled
            case Unique():
                distinct = rule.nulls_distinct
                return evidence.duplicates(database, rows, _parts(rule), nulls_distinct=distinct), filled
        return evidence.duplicates(database, rows, rule.parts), filled

    def comes_along(self, table: Table, rule: _Rule) -> bool:
        """Whether it is the check of a column that comes."""
        rows = self._rows(table)
        column = rule.column if isinstance(rule, Check) else None
        return rows is not None and column is not None and not rows.is_there(column)

    def is_mixed(self, table: Table, rule: _Rule, filled: Sequence[str]) -> bool:
        """Whether a constraint comes for a column in which some rows hold a value, and others are filled."""
        rows = self._rows(table)
        is_there = rows is not None and any(map(rows.is_there, filled))
        return is_there and any(_comes(change, rule) for change in self.changes)

    def _before(self, name: str) -> Table | None:
        return self.live.table(self.old_names.get(name, name))

    def _rows(self, table: Table) -> Coming | None:
        """The rows of a table as they come to be; None for one that is not there yet."""
        before = self._before(table.name)
        if before is None:
            return None
        names = {new: old for (of, old), new in self.answers.columns.items() if of == before.name}
        values = self.values.get(table.name, {})
        return Coming(before, table, names, values, frozenset(self.unknown.get(table.name, ())))

    def _fills(self, table: Table, rule: _Rule) -> tuple[str, ...]:
        """The columns that a rule is about and that are filled."""
        values: Mapping[str, Any] = self.values.get(table.name, {})
        rows = self._rows(table)
        if not values or rows is None or (isinstance(rule, Index) and not rule.unique):
            return ()
        named = rows.named_in(rule.expression) if isinstance(rule, Check) else _columns(rule)
        return tuple(name for name in named if name in values)


def _filled(made: Authored) -> Iterator[tuple[str, str, Any]]:
    """The columns that rows get something in, and what."""
    for one in made.forward:
        if isinstance(one, AddColumn) and one.column.default is not None:
            yield one.table, one.column.name, one.column.default
        elif isinstance(one, Backfill):
            yield one.table, one.column, one.value


def _coming(change: d.Change) -> Iterator[_Rule]:
    """The constraint that comes by a change, where rows are looked at for it."""
    match change:
        case d.AddUnique(unique=rule) | d.AlterUnique(after=rule):
            yield rule
        case d.AddIndex(index=rule) if rule.unique:
            yield rule
        case d.AlterIndex(before=old, after=rule) if rule.unique and replace(old, name=rule.name) != rule:
            yield rule
        case d.AddForeignKey(foreign_key=rule) | d.AlterForeignKey(after=rule) if rule.validated and rule.enforced:
            yield rule
        case d.AddCheck(check=rule) | d.AlterCheck(after=rule) if rule.validated and rule.enforced:
            yield rule
        case d.AlterPrimaryKey(after=names) if names:
            yield _Key(tuple(map(IndexPart, names)))


def _comes(change: d.Change, rule: _Rule) -> bool:
    return any(rule == one for one in _coming(change))


def _parts(unique: Unique) -> tuple[IndexPart, ...]:
    return unique.parts or tuple(map(IndexPart, unique.columns))


def _columns(rule: Unique | Index | ForeignKey | _Key) -> Sequence[str]:
    return [part.column or "" for part in rule.parts] if isinstance(rule, _Key) else rule.columns


def _column(rule: _Rule) -> str | None:
    """The column that a rule is about, where it is one."""
    names = [] if isinstance(rule, Check) else _columns(rule)
    return names[0] if len(names) == 1 and names[0] else None


# -- words


def _rule_text(rule: _Rule) -> str:
    match rule:
        case ForeignKey():
            return (
                f"foreign key {names_text(rule.columns)} -> {shown_name(rule.ref_table)} {names_text(rule.ref_columns)}"
            )
        case Check():
            return f"check ({shown(as_worded(rule).expression)})"
        case Index():
            where = f" where {shown(rule.predicate)}" if rule.predicate else ""
            return f"unique index ({', '.join(map(part_text, rule.parts))}){where}"
        case Unique():
            return f"unique ({', '.join(map(part_text, _parts(rule)))})"
    return f"primary key ({', '.join(map(part_text, rule.parts))})"


def _seen(rule: _Rule, clash: Clash, filled: bool) -> str:
    """How many there are, and one of them."""
    count, one = f"{clash.count:,}", clash.count == 1
    if isinstance(rule, Check):
        would = "would be" if filled else "is" if one else "are"
        cells = ", ".join(f"{shown_name(name)} = {value}" for name, value in clash.example)
        return f"{count} {_rows(clash.count)} {would} against it" + (f", as that with {cells}" if cells else "")
    values = ", ".join(value for _, value in clash.example)
    example = f"as {values if len(clash.example) == 1 else f'({values})'} in {clash.rows:,} {_rows(clash.rows)}"
    if isinstance(rule, ForeignKey):
        refer = "would refer" if filled else "refers" if one else "refer"
        return f"{count} {_rows(clash.count)} {refer} to what is not there, {example}"
    are = "would be" if filled else "is" if one else "are"
    return f"{count} value{'' if one else 's'} {are} in several rows, {example}"


def _name_of(change: d.AlterColumn | d.DropColumn) -> str:
    return change.after.name if isinstance(change, d.AlterColumn) else change.column.name


def _read_by(change: d.AlterColumn | d.DropColumn, views: Sequence[str]) -> Note:
    """That a column can't be changed while views read it."""
    name = _name_of(change)
    what = "its type can't change" if isinstance(change, d.AlterColumn) else "it can't go"
    one = len(views) == 1
    reading = f"the view {shown(views[0])} reads it" if one else f"the views {', '.join(map(shown, views))} read it"
    end = f"the migration will be refused until {'that is' if one else 'they are'} dropped"
    text = f"{shown_name(change.table)}.{shown_name(name)}: {what} while {reading}; {end}"
    return Note(change.table, name, text, refused=True)


def _rows(count: int) -> str:
    return "row" if count == 1 else "rows"


_UNSEEN = "the migration does not look at them, and the database refuses what is written to them later"


def _end(clash: Clash, filled: Sequence[str], *, mixed: bool) -> str:
    mended = f"until {'it is' if clash.count == 1 else 'they are'} mended"
    if not filled:
        return f"the migration will be refused {mended}"
    name = shown_name(filled[0])
    why = f"{mended}, and the value for {name} fits" if mixed else f"with this value for {name}"
    return f"the migration will be refused {why}"
