"""The way from one schema to another, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from pwmig import operations as op
from pwmig.authoring.anew import with_own_checks
from pwmig.authoring.answers import Answers, Authored
from pwmig.authoring.moving import moves_of
from pwmig.authoring.naming import with_names
from pwmig.authoring.passing import through_free_names
from pwmig.authoring.plan import plan
from pwmig.authoring.settling import Constraint, settled, taken_away
from pwmig.authoring.splitting import stations
from pwmig.authoring.steps import Steps
from pwmig.columns import plain_name
from pwmig.diff import (
    AddCheck,
    AddColumn,
    AddIndex,
    AddUnique,
    AlterCheck,
    Change,
    DropCheck,
    DropColumn,
    DropIndex,
    DropTable,
    diff,
)
from pwmig.diff.case import Case
from pwmig.diff.renames import Renames
from pwmig.diff.texts import words_of
from pwmig.operations import Backfill, Operation
from pwmig.schema import Schema, Table

if TYPE_CHECKING:
    from pwmig.dialects.migrated import MigrationTerms

__all__ = ["author", "author_each"]

_NO_ANSWERS = Answers()
_NO_TEXTS: Mapping[str, str] = {}


def author(
    live: Schema,
    declared: Schema,
    terms: MigrationTerms,
    answers: Answers = _NO_ANSWERS,
    texts: Mapping[str, str] = _NO_TEXTS,
    *,
    named: Collection[Constraint] = (),
) -> Authored:
    """The migration that makes ``live`` what is ``declared``, and back; both as ``declared.compare`` gives them.

    ``texts`` are what the live database keeps of its tables and indexes, by their names: the way back gives them
    back letter for letter. ``named`` are constraints that have come back before that under a name of their own, each
    with its table. Nothing to be done gives no operation.
    """
    answers = _without_computed(live, declared, answers)
    moves = moves_of(live, declared, answers)
    if moves:
        made = author(live, moves.staying(declared), terms, moves.answers(answers), texts, named=named)
        return moves.around(made, declared, terms)
    changes = _diff(live, declared, answers)
    if not changes:
        return Authored((), ())
    declared = with_names(declared, live, changes)
    changes = _diff(live, declared, answers)
    if not changes:
        return Authored((), ())
    between = settled(live, declared, changes, answers)
    if between is not live:
        left = {name: text for name, text in texts.items() if between.table(name) == live.table(name)}
        going = taken_away(changes, _reversed(answers).tables)
        first = author(live, between, terms, _NO_ANSWERS, texts, named=going)
        return _joined(first, author(between, declared, terms, answers, left))
    held = {answers.tables.get(name, name): text for name, text in texts.items()}
    there = _way(live, declared, changes, terms, answers, {}, back=False, held=held)
    reverse = _reversed(answers)
    again = _last_first(_diff(declared, live, reverse), changes, reverse)
    redefined = {reverse.tables.get(name, name) for name in there.plan.tables}
    back = _way(declared, live, again, terms, reverse, texts, back=True, nameless=redefined, named=named)
    notes = [*there.notes, *(note for note in back.notes if not note.lost)]
    forward, backward = tuple(_fills_first(there.made, declared)), tuple(back.made)
    return Authored(forward, backward, tuple(there.questions), tuple(dict.fromkeys(notes)))


def _joined(first: Authored, then: Authored) -> Authored:
    """One migration of two, the one done behind the other."""
    notes = tuple(dict.fromkeys((*first.notes, *then.notes)))
    forward, backward = (*first.forward, *then.forward), (*then.backward, *first.backward)
    return Authored(forward, backward, (*first.questions, *then.questions), notes)


def author_each(
    live: Schema,
    declared: Schema,
    terms: MigrationTerms,
    answers: Answers = _NO_ANSWERS,
    texts: Mapping[str, str] = _NO_TEXTS,
    carried_out: Callable[[Authored], Mapping[str, str]] = lambda made: _NO_TEXTS,
) -> tuple[Authored, ...]:
    """The same as :func:`author`, a migration for each change, in an order in which they run one after the other.

    Run in that order they make the same schema, and backward in the reverse order they give the same back.
    ``carried_out`` is given each of them, and gives the texts that there are behind it, if a database keeps any.
    """
    answers = _without_computed(live, declared, answers)
    changes = _diff(live, declared, answers)
    declared = with_names(declared, live, changes)
    changes = _diff(live, declared, answers)
    between = settled(live, declared, changes, answers)
    if between is not live:
        first = author(live, between, terms, _NO_ANSWERS, texts)
        return (first, *author_each(between, declared, terms, answers, carried_out(first), carried_out))
    changes = _leant_on(changes, declared, terms)
    told = Renames(live, declared, answers.tables, answers.columns).translated(live)
    made: list[Authored] = []
    start, *later = stations(live, told, declared, changes)
    later = [_texts_renamed(one, declared, terms, answers) for one in later]
    # The renames themselves are told to leave the keys' names, which the database may give anew along with them.
    named = [_keys_named(one, answers.tables, terms) for one in later]
    for before, after in ((start, later[0]), *pairwise(named)):
        one = author(before, after, terms, answers, texts)
        if one:
            texts = carried_out(one)
            made += _renames_apart(one)
        answers = replace(answers, tables={}, columns={})
    return tuple(made)


def _keys_named(schema: Schema, renamed: Mapping[str, str], terms: MigrationTerms) -> Schema:
    """The schema with the names that foreign keys have once their tables are renamed."""
    old_names = {new: plain_name(old) for old, new in renamed.items()}

    def named(table: Table) -> Table:
        old, new = old_names.get(table.name), table.plain_name
        if old is None or old == new:
            return table
        keys = (replace(key, name=terms.key_name(key.name, old, new)) for key in table.foreign_keys)
        return replace(table, foreign_keys=tuple(keys))

    return replace(schema, tables=tuple(map(named, schema.tables)))


def _texts_renamed(schema: Schema, declared: Schema, terms: MigrationTerms, answers: Answers) -> Schema:
    """The schema with the checks and computed columns that are still there from before in the new names, where they
    follow these."""
    tables = []
    for table in schema.tables:
        old = next((before for before, after in answers.tables.items() if after == table.name), table.name)
        names = {before: after for (of, before), after in answers.columns.items() if of == old}
        wanted = declared.table(table.name)
        there = () if wanted is None else wanted.checks
        checks = tuple(
            check if check in there else replace(check, expression=terms.renamed(check.expression, names))
            for check in table.checks
        )
        left = () if wanted is None else wanted.columns
        columns = tuple(
            column
            if column in left or column.generated is None
            else replace(column, generated=terms.renamed(column.generated, names))
            for column in table.columns
        )
        tables.append(replace(table, checks=checks, columns=columns) if names else table)
    return replace(schema, tables=tuple(tables))


def _renames_apart(one: Authored) -> list[Authored]:
    """Where nothing else is done, one rename each: the tables first, whose new names the columns' have."""
    tables, columns = (
        [made for made in one.forward if isinstance(made, kind)] for kind in (op.RenameTable, op.RenameColumn)
    )
    back = {made.new_name: made for made in one.backward if isinstance(made, op.RenameTable)}
    alone = len(tables) + len(columns) == len(one.forward) == len(one.backward)
    if not alone or {plain_name(made.old_name) for made in tables} != back.keys() or len(back) != len(tables):
        return [one]
    apart = [Authored((made,), (back[plain_name(made.old_name)],)) for made in tables]
    for made in columns:
        assert isinstance(made, op.RenameColumn)
        apart.append(Authored((made,), (op.RenameColumn(made.table, made.new_name, made.old_name),)))
    return [replace(apart[0], notes=one.notes, questions=one.questions), *apart[1:]] if apart else []


def _way(
    before: Schema,
    after: Schema,
    changes: tuple[Change, ...],
    terms: MigrationTerms,
    answers: Answers,
    texts: Mapping[str, str],
    *,
    back: bool,
    nameless: Collection[str] = (),
    named: Collection[Constraint] = (),
    held: Mapping[str, str] = _NO_TEXTS,
) -> Steps:
    changes = _leant_on(changes, after, terms)
    renames = Renames(before, after, answers.tables, answers.columns)
    gone = {change.table for change in renames.reclaimed(before) if isinstance(change, DropTable)}
    old = renames.translated(replace(before, tables=tuple(one for one in before.tables if one.name not in gone)))
    changes = with_own_checks(changes, old, after, terms, held, texts)
    made = plan(changes, old, after, terms, texts, unnamed=not back, nameless=nameless, held=held)
    steps = Steps(before, old, after, terms, answers, texts, made, back, nameless, named)
    steps.run(changes)
    return steps


def _leant_on(changes: tuple[Change, ...], after: Schema, terms: MigrationTerms) -> tuple[Change, ...]:
    """The changes, with an index that a foreign key leans on going behind the one that comes in its place."""
    if not terms.keys_hold_types:
        return changes
    made = list(changes)
    for change in changes:
        table = after.table(change.table) if isinstance(change, DropIndex) else None
        if not isinstance(change, DropIndex) or table is None:
            continue
        first = change.index.columns[:1]
        if all(key.columns[:1] != first for key in table.foreign_keys) or _goes_with_column(made, change):
            continue
        coming = [place for place, one in enumerate(made) if one.table == change.table and _leads(one, first)]
        if coming and made.index(change) < coming[0]:
            _go_behind(made, change, coming[0])
    return tuple(made)


def _goes_with_column(changes: Sequence[Change], change: DropIndex) -> bool:
    """Whether an index is on a column that is dropped behind it: a key is on another one, which takes its name then."""
    later = changes[changes.index(change) :]
    gone = {one.column.name for one in later if isinstance(one, DropColumn) and one.table == change.table}
    return not gone.isdisjoint(name for name in change.index.columns if name is not None)


def _go_behind(made: list[Change], change: DropIndex, place: int) -> None:
    """An index goes behind what stands at a place; so comes the one that takes its name, if it is not that."""
    before = made.index(change)
    taking = [
        one
        for one in made[before:place]
        if isinstance(one, AddIndex)
        and one.table == change.table
        and one.index.name.lower() == change.index.name.lower()
    ]
    for one in (change, *taking):
        made.insert(place, made.pop(made.index(one)))


def _leads(change: Change, columns: tuple[str | None, ...]) -> bool:
    if isinstance(change, AddIndex):
        return change.index.columns[:1] == columns
    return isinstance(change, AddUnique) and change.unique.columns[:1] == columns


def _diff(before: Schema, after: Schema, answers: Answers) -> tuple[Change, ...]:
    changes = diff(before, after, renamed_tables=answers.tables, renamed_columns=answers.columns)
    return through_free_names(tuple(one for change in changes for one in _of_columns(change)), before, after)


def _of_columns(change: Change) -> tuple[Change, ...]:
    """A check that is a part of a column goes and comes with that: of another column it is another one."""
    if not isinstance(change, AlterCheck) or change.before.column == change.after.column:
        return (change,)
    return DropCheck(change.table, change.before), AddCheck(change.table, change.after)


def _fills_first(made: list[Operation], after: Schema) -> list[Operation]:
    """A row without a key is recognised by its cells: it is filled before it has more of them, which go first on the
    way back."""
    for place, fill in enumerate(made):
        table = after.table(fill.table) if isinstance(fill, Backfill) else None
        if not isinstance(fill, Backfill) or table is None or table.primary_key:
            continue
        words = words_of(str(getattr(fill.value, "sql", "")))
        for before, add in enumerate(made[:place]):
            if isinstance(add, op.AddColumn) and add.table == fill.table and add.column.name.lower() not in words:
                made.insert(before, made.pop(place))
                break
    return made


def _last_first(back: tuple[Change, ...], there: tuple[Change, ...], reverse: Answers) -> tuple[Change, ...]:
    """The changes with columns that come back in the reverse of the order in which they went.

    The attic knows of each the columns that it stood behind when it went.
    """
    gone: dict[str, list[str]] = {}
    for change in there:
        if isinstance(change, DropColumn):
            gone.setdefault(reverse.tables.get(change.table, change.table), []).append(change.column.name)
    made = list(back)
    for table, names in gone.items():
        places = [n for n, one in enumerate(back) if isinstance(one, AddColumn) and one.table == table]
        coming = {one.column.name: one for n in places if isinstance(one := back[n], AddColumn)}
        if sorted(coming) == sorted(names):
            for place, name in zip(places, reversed(names), strict=True):
                made[place] = coming[name]
    return tuple(made)


def _without_computed(live: Schema, declared: Schema, answers: Answers) -> Answers:
    """The answers without a new name for a column that comes to be computed: that is another one, and the one that was
    there goes by its old name, by which its values come back.
    """
    fold = Case.of(live, declared).column
    columns = {}
    for (table, old), new in answers.columns.items():
        before, after = live.table(table), declared.table(answers.tables.get(table, table))
        was, comes = before and before.column(old), after and after.column(new)
        computed = was and comes and was.generated is None and comes.generated is not None
        if not computed or fold(old) == fold(new):
            columns[table, old] = new
    return answers if len(columns) == len(answers.columns) else replace(answers, columns=columns)


def _reversed(answers: Answers) -> Answers:
    """The renames taken back; of the rest the way back knows nothing."""
    tables = {new: old for old, new in answers.tables.items()}
    columns = {(answers.tables.get(table, table), new): old for (table, old), new in answers.columns.items()}
    return Answers(tables, columns)
