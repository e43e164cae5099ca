"""Changes as the operations that carry them out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from pwmig import diff as d
from pwmig import operations as o
from pwmig.authoring.anew import Anew
from pwmig.authoring.answers import Answers, Asked, Note, Question
from pwmig.authoring.columns import column_spec, default_value, expression, type_spec
from pwmig.authoring.naming import invented
from pwmig.authoring.passing import passing_names
from pwmig.authoring.plan import Plan
from pwmig.authoring.standing import Standing
from pwmig.authoring.tables import add_index, create_table
from pwmig.columns import ColumnSpec, Expression, Standard, plain_name, plain_value
from pwmig.declared.worded import as_worded
from pwmig.diff.texts import words_of
from pwmig.errors import OperationRefused
from pwmig.records import dataclass
from pwmig.schema import Check, Column, ForeignKey, Schema, Table, Unique

if TYPE_CHECKING:
    from pwmig.authoring.settling import Constraint
    from pwmig.dialects.migrated import MigrationTerms

__all__ = ["Steps"]

_OF_UUIDS = ("uuid", "text", "varchar(40)")
"""The types that a UUIDField has on the databases: as such a field, each row gets a UUID of its own."""

_TEXTS = ("CharField", "FixedCharField", "TextField")
"""The kinds of columns that have a collation."""

Operations = Iterator[o.Operation]


@dataclass(slots=True)
class Steps:
    """From ``before``, told in the names of ``after``, to that: the operations of changes in their order.

    ``origin`` is ``before`` in its own names. ``back``: it is the way back, on which a required column comes back with
    what the attic has of it. ``nameless`` are tables whose constraints have no names but those that ``before`` says;
    those of others that the way there has added have been given some. So have the constraints of these tables that are
    ``named``.
    """

    origin: Schema
    before: Schema
    after: Schema
    terms: MigrationTerms
    answers: Answers
    texts: Mapping[str, str]
    plan: Plan
    back: bool
    nameless: Collection[str] = ()
    named: Collection[Constraint] = ()
    made: list[o.Operation] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    passing: Mapping[str, str] = field(default_factory=dict)
    standing: Standing = field(init=False)
    moving: set[tuple[str, str]] = field(default_factory=set)
    """Columns that are yet to be made anew, and stand where they will not, each with its table."""
    checks: set[tuple[str, Check]] = field(default_factory=set)
    """The checks that come, each with its table."""

    def run(self, changes: tuple[d.Change, ...]) -> None:
        """Make the operations, and what is to be asked and told of them."""
        self.passing = passing_names(changes, self.after)
        self.standing = Standing.of(self.origin)
        anew = (*self.plan.leaving.values(), *self.plan.renewed.values())
        self.moving = {(one.table, one.after.name) for made in anew for one in made}
        self.checks = {
            (one.table, one.after if isinstance(one, d.AlterCheck) else one.check)
            for one in changes
            if isinstance(one, (d.AddCheck, d.AlterCheck))
        }
        for made in self._operations(changes):
            self.standing.follow(made)
            self.made.append(made)

    def _operations(self, changes: tuple[d.Change, ...]) -> Operations:
        for place, change in enumerate(changes):
            yield from self._ahead_of(place)
            if place not in self.plan.silent:
                yield from self._step(place, change)
            for made in self.plan.returning.get(place, ()):
                yield from self._returns(made)
            if place in self.plan.restored:
                yield from self._restored(change.table, place)
            for table, key in self.plan.closed.get(place, ()):
                yield from self._add_again(table, key)
        yield from self._ahead_of(len(changes))

    def _ahead_of(self, place: int) -> Operations:
        for table, key in self.plan.opened.get(place, ()):
            yield self._drop(table, key)
        for whole, leaving in self.plan.redefined.get(place, ()):
            names = self._names_of(whole.name)
            told = (
                replace(one, generated=self.terms.renamed(one.generated, names)) if one.generated else one
                for one in leaving
            )
            yield o.RedefineTable(whole.name, self.terms.table_text(whole, self.texts.get(whole.name), tuple(told)))
        for made in self.plan.renewed.get(place, ()):
            yield from self._leaves(made)
            yield from self._returns(made)
        for made in self.plan.leaving.get(place, ()):
            yield from self._leaves(made)

    def _step(self, place: int, change: d.Change) -> Operations:
        name = change.table
        match change:
            case d.CreateTable(definition=table):
                whole = table if self.terms.model.keys_need_targets else self._new(name)
                yield from create_table(self.terms, whole, self.after, self.texts)
            case d.DropTable():
                self._lose(name, None, f"table {name} goes", " with all its rows")
                yield o.DropTable(name)
            case d.RenameTable(old_name=old):
                yield from self._rename_table(old, name)
            case d.RenameColumn(old_name=old, name=new):
                yield o.RenameColumn(name, old, new)
            case d.AddColumn(column=column):
                yield from self._add_column(place, name, column)
            case d.DropColumn(column=column):
                if column.generated is None:
                    self._lose(name, column.name, f"column {name}.{column.name} goes", " with its values")
                yield o.DropColumn(name, column.name)
            case d.AlterColumn():
                yield from self._alter_column(change)
            case d.AlterPrimaryKey():
                yield from self._alter_key(name, self.plan.coming.get(place, []))
            case _:
                yield from self._part(change)

    def _part(self, change: Any) -> Operations:
        """What is of a table and no column: indexes, constraints; and what stands beside tables."""
        name = change.table
        match change:
            case d.AddIndex(index=index):
                yield add_index(self.terms, self._new(name), index, self.texts)
            case d.DropIndex(index=index):
                statement = self.terms.drop_made_index(self._new(name), index)
                yield o.DropIndex(name, index.name) if statement is None else o.RunSQL(statement)
            case d.AlterIndex(before=old, after=new):
                at_once = self.terms.alter_index(self._new(name), old, new)
                if replace(old, name=new.name) == new:
                    yield o.RenameIndex(name, old.name, new.name)
                elif at_once is not None:
                    yield o.RunSQL(at_once)
                else:
                    yield o.DropIndex(name, old.name)
                    yield add_index(self.terms, self._new(name), new, self.texts)
            case d.AddForeignKey(foreign_key=thing) | d.AddUnique(unique=thing) | d.AddCheck(check=thing):
                yield from self._add(name, thing)
            case d.DropForeignKey(foreign_key=thing) | d.DropUnique(unique=thing) | d.DropCheck(check=thing):
                yield self._drop(name, thing)
            case d.AlterForeignKey() | d.AlterUnique() | d.AlterCheck():
                if all((name, change.before) not in held for held in self.plan.opened.values()):
                    yield self._drop(name, change.before)
                if name not in self.plan.worded:
                    yield from self._add_again(name, change.after)
            case d.AlterTable() | d.AlterOptions():
                yield from self._table_facts(name)
            case d.Added(thing=thing):
                yield from self._beside(change, None, thing)
            case d.Dropped(thing=thing):
                yield from self._beside(change, thing, None)
            case d.Altered() if not change.of_table:
                yield from self._beside(change, change.before, change.after)
            case _:
                self._tell(name, None, f"nothing was written for this: {change.describe()}")

    def _rename_table(self, old: str, name: str) -> Operations:
        """An operation leaves a table in its schema."""
        was = self.origin.table(self.passing.get(old, old))
        if was is not None and old in self.passing:
            was = replace(was, name=old)
        table = replace(was, name=name) if was is not None and name in self.passing else self._new(name)
        if was is not None and was.schema != table.schema:
            yield from self._sql(self.terms.move(was, table))
            old = table.name[: len(table.name) - len(table.plain_name)] + was.plain_name
        if was is None or was.plain_name != table.plain_name:
            yield o.RenameTable(old, table.plain_name)

    def _alter_key(self, name: str, coming: list[Column]) -> Operations:
        table = self._new(name)
        before = self.before.table(name) or table
        anew = {made.after.name for renewed in self.plan.renewed.values() for made in renewed if made.table == name}
        columns = (table.column(one.name) or one if one.name in anew else one for one in before.columns)
        before = replace(before, columns=tuple(columns))
        if self.back and self.terms.numbers_later:
            for column in coming:
                yield from self._sql(self.terms.number(table, column))
            plain = tuple(replace(column, autoincrement=False) for column in coming)
            yield from self._sql(self.terms.alter_key(replace(before, columns=before.columns + plain), table, {}))
            return
        places = {column: self._stand(table, column) for column in coming}
        yield from self._sql(self.terms.alter_key(before, table, places))

    # -- columns

    def _add_column(self, place: int, name: str, column: Column) -> Operations:
        table = self._new(name)
        text = self.texts.get(name)
        index = self.plan.indexes.get(place)
        if name in self.plan.tables and self._is_counted(table, column):
            yield o.AddColumn(name, replace(type_spec(self.terms, table, column), null=True))
            return
        bare = replace(table, primary_key=(), uniques=(), foreign_keys=())
        if self.back and self.terms.numbers_later and column.autoincrement and column.name in table.primary_key:
            yield o.AddColumn(name, self._placed(table, column, type_spec(self.terms, bare, column).filled()))
            return
        spec = column_spec(self.terms, bare, column, text)
        if index is not None:
            spec = replace(spec, unique=index.unique, index=not index.unique)
        yield o.AddColumn(name, self._placed(table, column, self._filled(name, column, spec)))

    def _placed(self, table: Table, column: Column, spec: ColumnSpec) -> ColumnSpec:
        """The column where it stands in its table, on the way back; on the other one it comes behind all."""
        words = self._stand(table, column)
        return replace(spec, constraints=(*spec.constraints, Expression(self.terms.written(words)))) if words else spec

    def _stand(self, table: Table, column: Column) -> str:
        """Let a column come; the words for where, none where it comes behind all."""
        names = table.column_names if self.back else self.standing.columns.get(table.name, ())
        ahead = names[: names.index(column.name)] if self.back else names
        ahead = [name for name in ahead if (table.name, name) not in self.moving]
        wanted = (one for name in reversed(ahead) for one in (name, self._before_name(table.name, name)[1]))
        behind = self.standing.put(table.name, column.name, wanted)
        return "" if behind is None else self.terms.place(behind)

    def _is_counted(self, table: Table, column: Column) -> bool:
        """Whether the rows there are get their numbers when the column becomes the key."""
        return table.primary_key == (column.name,) and self.terms.term(table, column).kind.endswith("AutoField")

    def _filled(self, name: str, column: Column, spec: ColumnSpec) -> ColumnSpec:
        """The column with what the rows there are get in it, where they need something."""
        counts = column.autoincrement or column.identity is not None or column.sequence is not None
        if column.nullable or column.default is not None or column.generated is not None or counts:
            return spec
        if self.back:
            return spec if self._is_bound(name, column) else spec.filled()
        place = (name, column.name)
        if place in self.answers.fills:
            return replace(spec, default=self.answers.fills[place])
        default = self._python_default(name, column)
        if default is None:
            about = f"column {name}.{column.name} comes, and can't be NULL"
            self.questions.append(Question(name, column.name, Asked.ADDED, about, self._before_name(name, column.name)))
        if isinstance(default, Standard) and default.module == "uuid" and column.type.lower() in _OF_UUIDS:
            return replace(spec, type="UUIDField", max_length=None, storage=None, options=(), default=default)
        if isinstance(default, bool) and spec.type == "IntegerField" and self.terms.truths_are_numbers:
            return replace(spec, type="BooleanField", default=default)
        return replace(spec, default=default)

    def _is_bound(self, name: str, column: Column) -> bool:
        """Whether one value for all rows would be against something."""
        table = self._new(name)
        found = [key.columns for key in table.foreign_keys] + [one.columns for one in table.uniques]
        found += [index.columns for index in table.indexes if index.unique]
        checked = any(column.name.lower() in words_of(check.expression) for check in table.checks)
        return checked or any(column.name in columns for columns in found)

    def _python_default(self, name: str, column: Column) -> Any:
        """What the model's field gives in Python, as a migration can hold it; None where there is no such thing."""
        default = self.answers.defaults.get((name, column.name))
        if default is None:
            return None
        if callable(default):
            found = Standard.of(default)
            if found is None:
                self._tell(
                    name,
                    column.name,
                    f"the default of {name}.{column.name} is a function of the application's, or one whose results the "
                    "model's field converts, which a migration can't do",
                )
            return found
        try:
            return plain_value(default, column.name)
        except OperationRefused:
            self._tell(name, column.name, f"the default of {name}.{column.name} can't be written as a literal")
            return None

    def _alter_column(self, change: d.AlterColumn) -> Operations:
        name, old, new = change.table, change.before, change.after
        facts = self._differing(change)
        place = (name, new.name)
        if "type" in facts and place not in self.answers.casts and not self.back:
            about = f"column {name}.{new.name}: {old.type} -> {new.type}"
            self.questions.append(Question(name, new.name, Asked.CONVERTED, about, self._before_name(*place)))
        if "type" in facts and place in self.answers.casts:
            about = f"the values of {name}.{new.name} are converted, and what they were goes"
            self.notes.append(Note(name, new.name, about, lost=True))
        if name in self.plan.tables:
            yield from self._values(name, new, facts)
            return
        yield from self._facts(name, old, new, facts)
        if "type" in facts:
            yield from self._sql(self.terms.follow_type(self._new(name), old, new))
        left = facts - {"type", "nullable", "default", "comment"}
        if left and not self.terms.redefines:
            said = {fact: getattr(new, fact) for fact in facts - left}
            yield from self._sql(self.terms.alter_column(self._without_coming(name), replace(old, **said), new))
        if "comment" in facts:
            yield o.SetComment(name, new.name, new.comment)

    def _without_coming(self, name: str) -> Table:
        """The table without the checks that operations of their own add to it: a column's definition may hold them."""
        table = self._new(name)
        return (
            table
            if self.back
            else replace(table, checks=tuple(c for c in table.checks if (name, c) not in self.checks))
        )

    def _differing(self, change: d.AlterColumn) -> set[str]:
        """The facts that differ, without those that follow from the type."""
        facts = {fact.name for fact in change.facts}
        if "type" in facts and not self._keeps_collation(change):
            facts -= {"collation", "charset"}
        if change.before.sequence is not None and change.after.sequence is not None and "sequence" in facts:
            facts -= {"sequence", "default"}
        if "identity" in facts or (change.before.sequence is None) != (change.after.sequence is None):
            facts -= {"default"}
        return facts

    def _keeps_collation(self, change: d.AlterColumn) -> bool:
        """Whether a text that gets another type keeps a collation that is to go: the usual one, no type says."""
        table, new = self._new(change.table), change.after
        old = self.before.table(change.table)
        if old is not None and self.terms.is_of_type(old, change.before):
            return False  # That goes along with its type.
        usual = (None, self.terms.kinds.collation(table))
        is_text = self.terms.term(table, new).kind in _TEXTS
        goes = change.before.collation not in usual and new.collation in usual
        return is_text and goes and not self.terms.is_of_type(table, new)

    def _leaves(self, made: Anew) -> Operations:
        """A column that comes to be computed, or computed otherwise: what stands on it goes and comes with it."""
        name = made.table
        yield from (self._drop(name, thing) for thing in made.constraints)
        yield from (o.DropIndex(name, index.name) for index in made.indexes)
        if made.before.generated is None:
            about = f"column {name}.{made.after.name} is computed from now on"
            self._lose(name, made.after.name, about, ", and its values go")
        yield o.DropColumn(name, made.after.name)

    def _returns(self, made: Anew) -> Operations:
        name, new = made.table, made.after
        self.moving.discard((name, new.name))
        table = self._new(name)
        bare = replace(table, primary_key=(), uniques=(), foreign_keys=())
        spec = column_spec(self.terms, bare, new, self.texts.get(name))
        yield o.AddColumn(name, self._placed(table, new, self._filled(name, new, spec)))
        yield from (add_index(self.terms, table, index, self.texts) for index in made.indexes if index not in made.gone)
        for thing in made.coming:
            yield from self._add(name, thing)

    def _facts(self, name: str, old: Column, new: Column, facts: set[str]) -> Operations:
        """Type, NULL and default: one operation, or one for all."""
        wanted = facts & {"type", "nullable", "default"}
        place = (name, new.name)
        cast = None if self.back else self.answers.casts.get(place)
        if "nullable" in wanted and not new.nullable:
            fill = self._value_for_null(name, new)
            if "type" in wanted and fill is not None:
                # What is filled in is a value of the new type.
                typed = type_spec(self.terms, self._new(name), new)
                yield o.AlterColumnType(name, new.name, cast=cast, **_type_facts(typed))
                wanted.discard("type")
            yield from self._fill(name, new, fill)
        if self.back and {"type", "nullable"} <= wanted and new.nullable and not old.nullable:
            # A row that was filled holds NULL again before the type changes, which its value need not fit.
            yield o.DropNotNull(name, new.name)
            wanted.discard("nullable")
        if len(wanted) > 1:
            kind = type_spec(self.terms, self._new(name), new) if "type" in wanted else None
            default = (
                default_value(self.terms, new.default) if "default" in wanted and new.default is not None else None
            )
            yield o.ChangeColumn(
                name,
                new.name,
                **(_type_facts(kind) if kind is not None else {}),
                cast=cast if kind is not None else None,
                null=new.nullable if "nullable" in wanted else None,
                default=default,
                drop_default="default" in wanted and new.default is None,
            )
        elif "type" in wanted:
            kind = type_spec(self.terms, self._new(name), new)
            yield o.AlterColumnType(name, new.name, cast=cast, **_type_facts(kind))
        elif "nullable" in wanted:
            yield (o.DropNotNull if new.nullable else o.AddNotNull)(name, new.name)
        elif "default" in wanted:
            yield (
                o.DropColumnDefault(name, new.name)
                if new.default is None
                else o.AddColumnDefault(name, new.name, default_value(self.terms, new.default))
            )

    def _values(self, name: str, new: Column, facts: set[str]) -> Operations:
        """What another text of the table does not do to the values."""
        if "nullable" in facts and not new.nullable:
            yield from self._fill(name, new, self._value_for_null(name, new))
        if "type" in facts:
            kind = type_spec(self.terms, self._new(name), new)
            cast = None if self.back else self.answers.casts.get((name, new.name))
            yield o.AlterColumnType(name, new.name, cast=cast, **_type_facts(kind))

    def _value_for_null(self, name: str, column: Column) -> Any:
        """What the rows get that hold NULL in a column which becomes required; None where nothing says it."""
        if self.back:
            return None
        place = (name, column.name)
        if place in self.answers.fills:
            return self.answers.fills[place]
        if column.default is not None and column.sequence is None and _is_value(column.default):
            return default_value(self.terms, column.default)
        default = self._python_default(name, column)
        if isinstance(default, Standard):
            self._tell(name, column.name, f"the default of {name}.{column.name} is a function, and fills new rows only")
            return None
        return default

    def _fill(self, name: str, column: Column, value: Any) -> Operations:
        if self.back:
            return
        if value is not None:
            yield o.Backfill(name, column.name, value)
            return
        about = f"column {name}.{column.name} can't be NULL any more"
        before = self._before_name(name, column.name)
        self.questions.append(Question(name, column.name, Asked.REQUIRED, about, before))

    # -- constraints

    def _add(self, name: str, thing: ForeignKey | Unique | Check) -> Operations:
        table = self._new(name)
        column = table.column(thing.column) if self.back and isinstance(thing, Check) and thing.column else None
        if column is not None:
            yield from self._sql(self.terms.alter_column(table, column, column))
        else:
            yield self._added(name, table, thing)

    def _add_again(self, name: str, thing: ForeignKey | Unique | Check) -> Operations:
        """A constraint that was dropped, or one in its place; an index that it leans on stays what it was."""
        made = self.terms.index_for(self._new(name), thing) if isinstance(thing, ForeignKey) else None
        yield from self._sql((made,) if made is not None else ())
        yield from self._add(name, thing)

    def _added(self, name: str, table: Table, thing: ForeignKey | Unique | Check) -> o.Operation:
        said = as_worded(thing) if isinstance(thing, Check) else thing
        clause = self.terms.written(self.terms.constraint(table, said))
        called = thing.name or invented(table, thing)
        if isinstance(thing, ForeignKey) and (made := self._plain_key(name, thing)) is not None:
            return made
        if isinstance(thing, Unique) and thing == Unique(thing.columns, thing.name, comment=thing.comment):
            unique = o.AddUnique(name, thing.columns)
            if unique.constraint_name == called:
                return unique
        return self._constraint(name, called, clause)

    def _plain_key(self, name: str, key: ForeignKey) -> o.Operation | None:
        usual = self.terms.model.usual_action
        plain = ForeignKey(
            key.columns, key.ref_table, key.ref_columns, key.on_delete, key.on_update, None, key.name,
            ref_schema=key.ref_schema, comment=key.comment,
        )  # fmt: skip
        if key != plain or len(key.columns) != 1:
            return None
        actions = {"on_delete": key.on_delete, "on_update": key.on_update}
        told = {word: action for word, action in actions.items() if action != usual}
        made = o.AddForeignKey(name, key.columns[0], key.ref_table, key.ref_columns[0], **told)
        return made if key.name in (None, made.usual_name) else replace(made, constraint_name=str(key.name))

    def _constraint(self, name: str, called: str | None, clause: str) -> o.Operation:
        made = expression(clause)
        if called is not None and made.kind == "Check":
            return o.AddCheck(name, called, made.sql)
        return o.AddConstraint(name, called, made)

    def _restored(self, name: str, place: int) -> Operations:
        for own in self.plan.restored[place]:
            yield self._constraint(name, own.name, own.sql)

    def _drop(self, name: str, thing: ForeignKey | Unique | Check) -> o.Operation:
        table = self.before.table(name) or self.origin.table(name) or self._new(name)
        keys = [key.columns for key in table.foreign_keys]
        if isinstance(thing, ForeignKey) and len(thing.columns) == 1 and keys.count(thing.columns) == 1:
            return o.DropForeignKey(name, self._leads_from(name, thing))
        if thing.name is not None:
            return o.DropConstraint(name, self._name_by_now(name, thing) or thing.name)
        is_named = name not in self.nameless or (name, thing) in self.named
        if (self.back and is_named) or not self.terms.redefines:
            given = self.origin.table(self._before_name(name, "")[0]) or table  # By the name that it has had there.
            return o.DropConstraint(name, invented(given, thing))
        if isinstance(thing, Check):
            thing = replace(thing, expression=self.terms.renamed(thing.expression, self._names_of(name)))
        return o.DropConstraint(name, self.terms.constraint(table, thing))

    def _leads_from(self, name: str, key: ForeignKey) -> str:
        """The name at this moment of the column that a key is on: its new one once it is renamed.

        Until then, what is called so may be another one, which goes: then the key is that one's if it was so before.
        """
        (column,) = key.columns
        table, old = self._before_name(name, column)
        origin = self.origin.table(table)
        if origin is None or old == column or (name, column) in self.standing.renamed:
            return column
        if key.name is not None:
            return next((one.columns[0] for one in origin.foreign_keys if one.name == key.name), old)
        return column if any(one.columns == key.columns for one in origin.foreign_keys) else old

    def _name_by_now(self, name: str, thing: ForeignKey | Unique | Check) -> str | None:
        """A constraint's name in a table that may have been renamed."""
        if not isinstance(thing, ForeignKey):
            return thing.name
        old, _ = self._before_name(name, "")
        return self.terms.key_name(thing.name, plain_name(old), plain_name(name))

    def _names_of(self, table: str) -> dict[str, str]:
        """The new names of a table's columns by their old ones."""
        old, _ = self._before_name(table, "")
        return {name: new for (of, name), new in self.answers.columns.items() if of == old}

    # -- the rest

    def _table_facts(self, name: str) -> Operations:
        old, new = self.before.table(name), self._new(name)
        if old is None:
            return
        made = self.terms.alter_table(old, new)
        yield from self._sql(made)
        if old.comment != new.comment:
            yield o.SetComment(name, None, new.comment)
        elif not made and not self.terms.redefines:
            self._tell(name, None, f"nothing was written for what differs of table {name} itself")

    def _beside(self, change: d.Change, old: Any, new: Any) -> Operations:
        made = self.terms.alter(old, new)
        if not made:
            self._tell(change.table, None, f"nothing was written for this: {change.describe()}")
        yield from self._sql(made)

    def _sql(self, statements: tuple[str, ...]) -> Operations:
        yield from map(o.RunSQL, statements)

    def _new(self, name: str) -> Table:
        found = self.plan.after.get(name) or self.after.table(name)
        assert found is not None, name
        return found

    def _before_name(self, table: str, column: str) -> tuple[str, str]:
        """What the database calls a column now."""
        old = next((old for old, new in self.answers.tables.items() if new == table), table)
        columns = ((one, new) for (of, one), new in self.answers.columns.items() if of == old)
        return old, next((one for one, new in columns if new == column), column)

    def _lose(self, table: str, column: str | None, text: str, lost: str) -> None:
        """Tell what becomes of a thing, and what is ``lost`` with it where rows are there."""
        self.notes.append(Note(table, column, text + lost, lost=True, rowless=text))

    def _tell(self, table: str, column: str | None, text: str) -> None:
        self.notes.append(Note(table, column, text))


def _is_value(default: str) -> bool:
    """Whether a default is a value in a statement too, where SQLite takes a text in double quotes for a column."""
    return default.upper() != "NULL" and not default.startswith('"')


def _type_facts(spec: ColumnSpec) -> dict[str, Any]:
    return {"type": spec.type, "max_length": spec.max_length, "storage": spec.storage, "options": spec.options}
