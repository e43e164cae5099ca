"""Which class and which fields there are for a schema: names, references, and the order of the classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace

from pwmig.dialects.modelled import FieldTerm, ModelTerms
from pwmig.modelling.names import CLASS_NAMES, FIELD_NAMES, camel, free, plain, snake
from pwmig.records import dataclass
from pwmig.schema import Column, ForeignKey, Schema, Table

__all__ = ["Member", "ModelPlan", "Plan", "Reference", "plan"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key that a field says: the table it goes to, and whether that class comes later.

    ``source`` is the foreign key in the letter case that it has in the database, ``key`` in that of the columns.
    """

    key: ForeignKey
    target: Table
    source: ForeignKey
    deferred: bool = False
    backref: str | None = None
    object_id_name: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A field of a model."""

    name: str
    column: Column
    term: FieldTerm
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """A model: its class's name, and its fields in the order of the table's columns.

    ``keys`` are the foreign keys that no field says, ``unsaid_keys`` those that can't be said at all, since they go to
    a class that comes later; ``depends_on`` are the classes whose tables have to be there first.
    """

    name: str
    table: Table
    members: tuple[Member, ...]
    keys: tuple[ForeignKey, ...] = ()
    unsaid_keys: tuple[ForeignKey, ...] = ()
    depends_on: tuple[str, ...] = ()

    def member(self, column: str) -> Member:
        return next(member for member in self.members if member.column.name == column)

    def by_column(self) -> dict[str, str]:
        return {member.column.name: member.name for member in self.members}


@dataclass(frozen=True, slots=True)
class Plan:
    """The models in the order of their classes, and the tables that no model can say."""

    models: tuple[ModelPlan, ...]
    left_out: tuple[Table, ...] = ()


def plan(schema: Schema, terms: ModelTerms) -> Plan:
    """The models of all tables that one can say."""
    tables = tuple(table for table in schema.tables if terms.is_sayable(table))
    named = class_names(tables)
    chosen = _Choice(schema, tables, terms)
    while unfit := [place for place in _deferred(chosen) if not chosen.may_wait(place)]:
        for place in unfit:
            del chosen.references[place]
    late = frozenset(_deferred(chosen))
    chosen.references = {place: replace(one, deferred=place in late) for place, one in chosen.references.items()}
    order, _ = _order(chosen)
    models = [_model(named[table.name], table, chosen) for table in order]
    if terms.keys_need_targets:
        places = {table.name: place for place, table in enumerate(order)}
        models = [_with_keys(model, places, chosen, named) for model in models]
    left_out = tuple(table for table in schema.tables if table.name not in chosen.by_name)
    return Plan(tuple(_with_backrefs(models)), left_out)


def class_names(tables: Iterable[Table]) -> dict[str, str]:
    """Table name -> class name; no two that differ in letter case only, since Peewee looks them up without it."""
    taken = {name.lower() for name in CLASS_NAMES}
    found: dict[str, str] = {}
    for table in tables:
        name = camel(table.name, "Table")
        number = 1
        while name.lower() in taken:
            number += 1
            name = f"{camel(table.name, 'Table')}{number}"
        taken.add(name.lower())
        found[table.name] = name
    return found


# -- references


_Place = tuple[str, str]
"""A table's name and a column's."""


@dataclass(slots=True)
class _Choice:
    """For each column the foreign key that its field says, if one can; and each column's field."""

    schema: Schema
    tables: tuple[Table, ...]
    terms: ModelTerms
    references: dict[_Place, Reference] = field(default_factory=dict)
    by_name: dict[str, Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_name = {table.name: table for table in self.tables}
        for table in self.tables:
            for key in table.foreign_keys:
                if (reference := self._reference(table, key)) is not None:
                    self.references[table.name, key.columns[0]] = reference
        for place in sorted(self.references):
            if self._goes_round(place):
                del self.references[place]

    def _reference(self, table: Table, key: ForeignKey) -> Reference | None:
        target = self.table(key.ref_table)
        if len(key.columns) != 1 or target is None or target.name not in self.by_name:
            return None
        column, to = table.column(key.columns[0]), target.column(key.ref_columns[0])
        if column is None or to is None or (target is table and to is column):
            return None
        if (table.name, column.name) in self.references or not self.terms.foreign_key_fits(key):
            return None
        if self.terms.field(table, column).kind.endswith("AutoField") and column.autoincrement:
            return None
        return Reference(replace(key, columns=(column.name,), ref_columns=(to.name,)), target, key)

    def _goes_round(self, place: _Place) -> bool:
        """Whether a reference leads back to itself: Peewee takes a field's type from the one that it goes to."""
        seen = {place}
        at = self._next(place)
        while at in self.references and at not in seen:
            seen.add(at)
            at = self._next(at)
        return at in seen

    def _next(self, place: _Place) -> _Place:
        reference = self.references[place]
        return reference.target.name, reference.key.ref_columns[0]

    def of(self, table: Table) -> dict[str, Reference]:
        """The references of a table, by column."""
        found = ((column.name, self.references.get((table.name, column.name))) for column in table.columns)
        return {name: reference for name, reference in found if reference is not None}

    def keys(self, table: Table) -> tuple[ForeignKey, ...]:
        """The foreign keys of a table that no field says."""
        said = [reference.source for reference in self.of(table).values()]
        return tuple(key for key in table.foreign_keys if not any(key is one for one in said))

    def needs(self, table: Table) -> Iterator[str]:
        """The names of the other tables that one refers to."""
        targets = [reference.target for reference in self.of(table).values()]
        if self.terms.keys_need_targets:
            targets += filter(None, (self.table(key.ref_table) for key in self.keys(table)))
        yield from (target.name for target in targets if target is not table)

    def table(self, name: str) -> Table | None:
        return self.by_name.get(name) or self.schema.table(name)

    def may_wait(self, place: _Place) -> bool:
        """Whether a DeferredForeignKey can say the reference: it is no part of a key, and of the usual class."""
        table = self.by_name[place[0]]
        column = table.column(place[1])
        assert column is not None
        return place[1] not in table.primary_key and self.term(table, column).storage is None

    def term(self, table: Table, column: Column) -> FieldTerm:
        """The field of a column; for a reference, ForeignKeyField or a class of its own with the column's type."""
        own = self.terms.field(table, column)
        reference = self.references.get((table.name, column.name))
        if reference is None:
            return own
        stored = self.terms.implied_reference(own)
        if stored == self._implied(reference):
            return FieldTerm("ForeignKeyField")
        return FieldTerm("ForeignKeyField", storage=self.terms.type_text(column))

    def _implied(self, reference: Reference) -> FieldTerm:
        """The field that Peewee stores a reference as: that of the column it goes to, however long the way."""
        target, name = reference.target, reference.key.ref_columns[0]
        column = target.column(name)
        assert column is not None
        return self.terms.implied_reference(self.terms.field(target, column))


def _order(chosen: _Choice) -> tuple[list[Table], dict[str, frozenset[str]]]:
    """The tables with those that they refer to in front; and for a table in a circle, who refers to it from before."""
    needs = {table.name: set(chosen.needs(table)) & chosen.by_name.keys() for table in chosen.tables}
    needed_by: dict[str, list[str]] = {name: [] for name in needs}
    for name, targets in needs.items():
        for target in targets:
            needed_by[target].append(name)
    order: list[Table] = []
    ahead: dict[str, frozenset[str]] = {}
    ready = [name for name, targets in needs.items() if not targets]
    while needs:
        if not ready:
            first = _first_of_circle(needs, chosen)
            ahead |= {target: ahead.get(target, frozenset()) | {first} for target in needs[first]}
            ready = [first]
        order += [chosen.by_name[name] for name in ready]
        followers = []
        for name in ready:
            del needs[name]
        for name in ready:
            for follower in needed_by[name]:
                if follower in needs:
                    needs[follower].discard(name)
                    followers += [] if needs[follower] else [follower]
        ready = sorted(followers)
    return order, ahead


def _first_of_circle(needs: Mapping[str, set[str]], chosen: _Choice) -> str:
    """Of tables that wait for each other the one that loses least if its class comes first."""
    around = [table for table in chosen.tables if table.name in needs and _reaches(table.name, table.name, needs)]
    return min(around, key=lambda table: (len(chosen.keys(table)), len(needs[table.name]), table.name)).name


def _reaches(start: str, end: str, needs: Mapping[str, set[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(needs[start])
    while waiting:
        name = waiting.pop()
        if name == end:
            return True
        if name not in seen:
            seen.add(name)
            waiting += needs[name]
    return False


def _deferred(chosen: _Choice) -> list[_Place]:
    """The references to classes that come later."""
    _, ahead = _order(chosen)
    return [place for place, reference in chosen.references.items() if place[0] in ahead.get(reference.target.name, ())]


def _with_keys(model: ModelPlan, places: Mapping[str, int], chosen: _Choice, named: Mapping[str, str]) -> ModelPlan:
    """The model with what its constraints need: the tables that they refer to have to be there."""
    own = places[model.table.name]
    targets = [(key, chosen.table(key.ref_table)) for key in model.keys]
    unsaid = tuple(key for key, target in targets if target is None or places.get(target.name, own + 1) > own)
    needed = [target.name for key, target in targets if target is not None and key not in unsaid]
    return replace(
        model,
        keys=tuple(key for key in model.keys if key not in unsaid),
        unsaid_keys=unsaid,
        depends_on=tuple(dict.fromkeys(named[name] for name in needed if name != model.table.name)),
    )


# -- fields


def _model(name: str, table: Table, chosen: _Choice) -> ModelPlan:
    references = chosen.of(table)
    names: dict[str, str] = {}
    columns = {column.name for column in table.columns}
    ids: dict[str, str | None] = {}
    taken = set(FIELD_NAMES)
    for column in sorted(table.columns, key=lambda column: column.name in references):
        others = columns - {column.name}
        wanted = _field_name(column, column.name in references)
        if wanted in taken | others and column.name in references:
            wanted = plain(snake(column.name, "field"), FIELD_NAMES)
        names[column.name] = free(wanted, taken | others)
        taken.add(names[column.name])
        if column.name in references:
            ids[column.name] = _object_id_name(names[column.name], column.name, taken | others)
            taken.add(ids[column.name] or _default_object_id_name(names[column.name], column.name))
    members = []
    for column in table.columns:
        reference = references.get(column.name)
        if reference is not None:
            reference = replace(reference, object_id_name=ids[column.name])
        members.append(Member(names[column.name], column, chosen.term(table, column), reference))
    return ModelPlan(name, table, tuple(members), chosen.keys(table))


def _field_name(column: Column, refers: bool) -> str:
    """A column's name as a field's; that of a reference without ``_id``, which Peewee adds."""
    name = snake(column.name, "field")
    return plain(name.removesuffix("_id") if refers and name != "_id" else name, FIELD_NAMES)


def _default_object_id_name(name: str, column: str) -> str:
    return column if column != name else column + "_id"


def _object_id_name(name: str, column: str, taken: set[str]) -> str | None:
    """Where Peewee keeps the bare value of a reference; None where it is free to take the name that it takes."""
    default = _default_object_id_name(name, column)
    return None if default not in taken else free(name + "_id", taken)


def _with_backrefs(models: Iterable[ModelPlan]) -> Iterable[ModelPlan]:
    """The models with a ``backref`` of its own for each reference whose usual one is taken."""
    found = {model.table.name: model for model in models}
    taken = {name: {*FIELD_NAMES, *_attributes(model)} for name, model in found.items()}
    for name, model in found.items():
        members = []
        for member in model.members:
            if member.reference is not None:
                others = taken[member.reference.target.name]
                backref = f"{model.name.lower()}_set"
                if backref in others:
                    backref = free(f"{snake(model.name, 'table')}_{member.name}_set", others)
                    member = replace(member, reference=replace(member.reference, backref=backref))
                others.add(backref)
            members.append(member)
        found[name] = replace(model, members=tuple(members))
    return found.values()


def _attributes(model: ModelPlan) -> Iterable[str]:
    for member in model.members:
        yield member.name
        if member.reference is not None:
            yield member.reference.object_id_name or _default_object_id_name(member.name, member.column.name)
