"""A plan of models as the text of their module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Any

import peewee

from pwmig.codegen.writing import WIDTH, literal
from pwmig.dialects.modelled import FieldTerm, ModelTerms
from pwmig.modelling.layout import Call, Node, Series, assigned, keyword_items, laid_out, node
from pwmig.modelling.names import CLASS_NAMES, camel, free
from pwmig.modelling.plan import Member, ModelPlan, Plan
from pwmig.records import dataclass
from pwmig.schema import Index, Schema, Table

__all__ = ["source"]

_HEAD = '"""The schema as it is in the database: a class for each table."""\n'


def source(schema: Schema, plan: Plan, terms: ModelTerms, config: str) -> str:
    """The text of a module with the models of a plan."""
    return _Source(schema, plan, terms).text(config)


_BASE = "class BaseModel(Model):\n    class Meta:\n        database = database\n        legacy_table_names = False\n"


@dataclass(slots=True)
class _Source:
    schema: Schema
    plan: Plan
    terms: ModelTerms
    models: dict[str, ModelPlan] = field(default_factory=dict)
    """By the table's name."""
    imports: dict[str, set[str]] = field(default_factory=lambda: {"peewee": {"Model"}})
    own_fields: dict[tuple[str, str, str], tuple[str, str]] = field(default_factory=dict)
    """(module, base, storage) -> the name of a field's class of this module, and its text."""

    def __post_init__(self) -> None:
        self.models = {model.table.name: model for model in self.plan.models}

    def text(self, config: str) -> str:
        classes = [text for model in self.plan.models for text in self._class(model)]
        late = [line for model in self.plan.models if _waits(model) for line in self._index_lines(model)]
        rest = _comment("Not here, since no model can say it", self._left_out())
        own = [text for _, text in self.own_fields.values()]
        parts = [_HEAD + "\n" + self._import_lines(config), *own, _BASE, *classes, "".join(late), rest]
        if not classes:  # a base without models would be one itself
            return _HEAD + ("\n" + rest if rest else "")
        return "\n\n".join(part for part in parts if part)

    def _import_lines(self, config: str) -> str:
        lines = [
            _import(module, sorted(names, key=lambda name: (not name.isupper(), name)))
            for module, names in sorted(self.imports.items())
        ]
        return "".join(lines) + f"\nfrom {config} import database\n"

    def _use(self, name: str, module: str = "peewee") -> str:
        self.imports.setdefault(module, set()).add(name)
        return name

    def _sql(self, text: str) -> Call:
        return Call(self._use("SQL"), (literal(text),))

    def _left_out(self) -> Iterator[str]:
        for table in self.plan.left_out:
            yield from self.terms.unsaid(table)
        yield from self.terms.unsaid_things(self.schema)

    # -- a class

    def _class(self, model: ModelPlan) -> Iterator[str]:
        members = [line for member in model.members if (line := self._member_line(model, member))]
        meta = self._meta(model)
        body = "".join(f"{line}\n" for line in members)
        if meta:
            body += "\n" * bool(members) + "    class Meta:\n" + "".join(f"{line}\n" for line in meta)
        keys = (f"the foreign key {', '.join(key.columns)} to {key.ref_table}" for key in model.unsaid_keys)
        things = (*self.terms.unsaid(model.table), *keys)
        unsaid = _comment(f"Of the table {_said(model.table.name)} no model can say", things)
        yield f"{unsaid}class {model.name}(BaseModel):\n{body or '    pass' + chr(10)}"
        indexes = [] if _waits(model) else self._index_lines(model)
        if indexes:
            yield "".join(indexes)

    def _member_line(self, model: ModelPlan, member: Member) -> str | None:
        items = [*self._reference_items(model, member), *keyword_items(**self._arguments(model, member))]
        kind = "DeferredForeignKey" if member.reference and member.reference.deferred else member.term.kind
        if kind == "AutoField" and member.name == "id" and not items and member.term == FieldTerm("AutoField"):
            return None  # Peewee has it by itself.
        return assigned(member.name, Call(self._field_class(member.term, kind), tuple(items)), 4)

    def _reference_items(self, model: ModelPlan, member: Member) -> Iterator[Node]:
        reference = member.reference
        if reference is None:
            return
        target = self.models[reference.target.name]
        if reference.deferred:
            yield literal(target.name)
        else:
            yield literal("self") if target.table is model.table else target.name
        column = reference.key.ref_columns[0]
        if self._sole_key(target) != column:
            yield from keyword_items(field=target.member(column).name)

    def _sole_key(self, model: ModelPlan) -> str | None:
        key = model.table.primary_key
        return key[0] if len(key) == 1 and self.terms.key_fits(model.table) else None

    def _arguments(self, model: ModelPlan, member: Member) -> dict[str, Any]:
        table, column, reference = model.table, member.column, member.reference
        found: dict[str, Any] = dict(member.term.arguments)
        default_name = member.name
        if reference is not None:
            default_name = member.name if member.name.endswith("_id") else member.name + "_id"
        if column.name != default_name:
            found["column_name"] = self.terms.name(column.name)
        if reference is not None:
            found |= self._reference_arguments(table, member)
        if self.terms.null(table, column):
            found["null"] = True
        is_key = self._sole_key(model) == column.name
        if is_key and not member.term.kind.endswith("AutoField") and member.term.kind != "IdentityField":
            found["primary_key"] = True
        if not is_key:
            found |= self._index_arguments(model, member)
        clauses = self.terms.column_clauses(table, column, member.term)
        if clauses:
            found["constraints"] = Series(tuple(map(self._sql, clauses)))
        return found

    def _reference_arguments(self, table: Table, member: Member) -> dict[str, Any]:
        reference = member.reference
        assert reference is not None
        key = reference.key
        name = self.terms.foreign_key_name(table, key)
        deferrable = (
            key.deferrable.removeprefix("DEFERRABLE").strip() or "INITIALLY IMMEDIATE" if key.deferrable else None
        )
        values = {
            "object_id_name": reference.object_id_name,
            "backref": reference.backref,
            "on_delete": key.on_delete if key.on_delete != self.terms.usual_action else None,
            "on_update": key.on_update if key.on_update != self.terms.usual_action else None,
            "deferrable": deferrable,
            "constraint_name": None if name is None else self.terms.name(name),
        }
        return {word: value for word, value in values.items() if value is not None}

    def _index_arguments(self, model: ModelPlan, member: Member) -> dict[str, Any]:
        index = self._usual_index(model, (member.column.name,))
        if index is not None:
            return {"unique": True} if index.unique else {} if member.reference else {"index": True}
        return {"index": False} if member.reference else {}

    def _field_class(self, term: FieldTerm, kind: str) -> str:
        if term.storage is None:
            return self._use(kind, "peewee" if kind == "DeferredForeignKey" else term.module)
        place = (term.module, term.kind, term.storage.lower())
        if place not in self.own_fields:
            self._use(term.kind, term.module)
            taken = CLASS_NAMES | {model.name for model in self.plan.models} | {n for n, _ in self.own_fields.values()}
            word = _IDENTITY.sub("identity", _BRACKETS.sub(" ", term.storage.replace("[]", " array")))
            suffix = "ForeignKeyField" if term.kind == "ForeignKeyField" else "Field"
            name = free(camel(word, "Own") + suffix, taken, "")
            lines = assigned("field_type", literal(self.terms.sql(_unmapped(term.storage))), 4)
            text = f"class {name}({term.kind}):\n{lines}\n"
            if term.kind == "ForeignKeyField":
                text += "\n    def get_modifiers(self):\n        return None\n"
            self.own_fields[place] = (name, text)
        return self.own_fields[place][0]

    # -- Meta

    def _meta(self, model: ModelPlan) -> list[str]:
        table = model.table
        values: dict[str, Node] = {}
        if table.plain_name != peewee.make_snake_case(model.name):
            values["table_name"] = literal(self.terms.name(table.plain_name))
        if table.schema is not None:
            values["schema"] = literal(self.terms.name(table.schema))
        several = [index for index in self.terms.indexes(table) if len(index.parts) > 1]
        usual = [index for index in several if self._usual_index(model, index.columns) is index]
        if usual:
            names = model.by_column()
            values["indexes"] = node(
                tuple((tuple(names[one] for one in index.columns), index.unique) for index in usual)
            )
        if (key := self._primary_key(model)) is not None:
            values["primary_key"] = key
        constraints = tuple(self._constraints(model))
        if constraints:
            values["constraints"] = Series(constraints)
        if model.depends_on:
            values["depends_on"] = Series(model.depends_on, "()")
        for option, value in self.terms.options(table, self.schema).items():
            values[option] = node(value)
        return [assigned(name, value, 8) for name, value in values.items()]

    def _primary_key(self, model: ModelPlan) -> Node | None:
        key = model.table.primary_key
        if key and self.terms.key_fits(model.table):
            if len(key) == 1:
                return None
            names = model.by_column()
            return Call(self._use("CompositeKey"), tuple(literal(names[column]) for column in key))
        return "False"

    def _constraints(self, model: ModelPlan) -> Iterator[Node]:
        table = model.table
        yield from map(self._sql, self.terms.constraints(table))
        yield from (self._sql(self.terms.foreign_key(table, key)) for key in model.keys)
        for expression, name in self.terms.checks(table):
            named = keyword_items(name=self.terms.name(name)) if name is not None else ()
            yield Call(self._use("Check"), (literal(self.terms.sql(expression)), *named))

    # -- indexes

    def _usual_index(self, model: ModelPlan, columns: tuple[str, ...]) -> Index | None:
        """The index of just these columns that ``index=True`` or Meta.indexes makes, under Peewee's name for it."""
        table = model.table
        if any(self.terms.name(name) != name for name in (table.plain_name, *columns)):
            return None
        wanted = _usual_name(table.plain_name, columns)
        for index in self.terms.indexes(table):
            if index.columns == columns and index.name == wanted and self._is_plain(table, index):
                return index
        return None

    def _is_plain(self, table: Table, index: Index) -> bool:
        return (
            self.terms.index_statement(table, index) is None
            and self.terms.index_using(index) is None
            and index.predicate is None
            and not any(part.descending or self.terms.index_part(part) for part in index.parts)
        )

    def _index_lines(self, model: ModelPlan) -> list[str]:
        return [
            laid_out(self._index_call(model, index), 0, 0) + "\n"
            for index in self.terms.indexes(model.table)
            if not self._is_said(model, index)
        ]

    def _is_said(self, model: ModelPlan, index: Index) -> bool:
        of_key = index.columns == (self._sole_key(model),)
        return self._usual_index(model, index.columns) is index and not of_key

    def _index_call(self, model: ModelPlan, index: Index) -> Call:
        statement = self.terms.index_statement(model.table, index)
        if statement is not None:
            return Call(f"{model.name}.add_index", (self._sql(statement),))
        names = model.by_column()
        parts: list[Node] = []
        for part in index.parts:
            text = self.terms.index_part(part)
            if text is not None or part.column is None:
                parts.append(self._sql(text or ""))
            else:
                parts.append(f"{model.name}.{names[part.column]}" + (".desc()" if part.descending else ""))
        options: dict[str, Any] = {"unique": True} if index.unique else {}
        if index.predicate is not None:
            options["where"] = self._sql(self.terms.sql(index.predicate))
        if (using := self.terms.index_using(index)) is not None:
            options["using"] = using
        options["name"] = self.terms.name(index.name)
        if len(parts) == 1 and isinstance(parts[0], Call):  # which add_index would take for a whole statement
            made = (model.name, Series(tuple(parts), "()"), *keyword_items(**options))
            return Call(f"{model.name}.add_index", (Call(self._use("ModelIndex"), made),))
        return Call(f"{model.name}.add_index", (*parts, *keyword_items(**options)))


def _waits(model: ModelPlan) -> bool:
    """Whether a field of the model is there only when a later class is."""
    return any(member.reference is not None and member.reference.deferred for member in model.members)


def _usual_name(table: str, columns: Iterable[str]) -> str:
    """The name that Peewee gives an index."""
    words = "".join(letter for letter in "_".join(columns) if letter.isalnum() or letter == "_")
    name: str = peewee._truncate_constraint_name(f"{table}_{words}")
    return name


_BRACKETS = re.compile(r"\(.*\)", re.DOTALL)
_IDENTITY = re.compile("GENERATED (ALWAYS|BY DEFAULT) AS IDENTITY")

_MAPPED = frozenset(
    word
    for kind in (peewee.SqliteDatabase, peewee.PostgresqlDatabase, peewee.MySQLDatabase)
    for word in (*peewee.FIELD, *kind.field_types)
)


def _unmapped(storage: str) -> str:
    """A type that Peewee doesn't take for one of its own words, which mean another type to it."""
    return storage.lower() if storage in _MAPPED else storage


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line + "\n"
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")\n"


def _said(text: str) -> str:
    """A text on one line, whatever is in it."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _comment(head: str, things: Iterable[str]) -> str:
    lines = [f"# - {_said(thing)}\n" for thing in things]
    return f"# {head}:\n" + "".join(lines) if lines else ""
