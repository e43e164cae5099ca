"""How a migration says what a SQLite database holds, and when that gives back the very letters of its texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pwmig.codegen.kinds import SQLITE
from pwmig.dialects.migrated import MigrationTerms, OwnText
from pwmig.dialects.sqlite.modelled import SqliteTerms
from pwmig.dialects.sqlite.texts import edit
from pwmig.dialects.sqlite.texts.ddl import DDLError, parse_create_table
from pwmig.dialects.sqlite.texts.letters import quoted_like
from pwmig.dialects.sqlite.texts.tokens import fold, is_name, quote, significant, tokenize
from pwmig.dialects.sqlite.writing import column_definition, index_statement, table_statement, write
from pwmig.dialects.sqlite.writing.columns import enclosed
from pwmig.dialects.sqlite.writing.tables import foreign_key_text, unique_text
from pwmig.schema import Check, Column, ForeignKey, Index, Schema, Table, Unique

if TYPE_CHECKING:
    from pwmig.dialects.modelled import FieldTerm
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator
    from pwmig.dialects.sqlite.texts.parts import ColumnDef, ConstraintDef, TableDef
    from pwmig.operations import AddColumn, CreateTable

__all__ = ["SqliteMigrationTerms"]


class SqliteMigrationTerms(MigrationTerms):
    redefines = True
    truths_are_numbers = True
    alters_generated = True

    def __init__(self) -> None:
        super().__init__(SqliteTerms(), SQLITE)

    def renamed(self, sql: str, names: Mapping[str, str]) -> str:
        folded = {fold(old): new for old, new in names.items()}
        return "".join(
            quote(folded[fold(token.name)])
            if token.kind in ("word", "identifier") and fold(token.name) in folded
            else token.text
            for token in tokenize(sql)
        )

    # -- columns

    def clauses(self, table: Table, column: Column, term: FieldTerm, text: str | None) -> tuple[str, ...]:
        """As the text has them, behind NOT NULL and PRIMARY KEY where Peewee writes these."""
        made = _column(text, column.name)
        if made is None:
            return super().clauses(table, column, term, text)
        said = made.all("not null", "primary key")[:2]
        rest = [one for one in made.constraints if one not in said]
        return tuple(made_text(text or "", one) for one in rest)

    def term(self, table: Table, column: Column) -> FieldTerm:
        term = super().term(table, column)
        if term.storage is not None or self._type(term) == column.type:
            return term
        return replace(term, storage=self.model.type_text(column), sized=False)

    def _type(self, term: FieldTerm) -> str:
        """What a field writes as its type."""
        from importlib import import_module

        field = getattr(import_module(term.module), term.kind)(**dict(term.arguments))
        context = self._migrator.make_context()
        return str(context.sql(field.ddl_datatype(context)).query()[0])

    def says_rename(self, passing: str, name: str, text: str) -> bool:
        """A name that needs quotes leaves them to the one behind it."""
        told = (token for token in significant(text) if is_name(token) and fold(token.name) == fold(name))
        return all(quoted_like(quoted_like(token.text, passing), name) == token.text for token in told)

    def says_facts(self, column: str, text: str) -> bool:
        table = _table(text)
        made = table.column(column) if table else None
        if table is None or made is None:
            return True
        if made.all("not null"):
            bare = parse_create_table(edit.not_null_removed(table, made))
            if edit.not_null_added(bare, bare.column(column) or made) != text:
                return False
        defaults = made.all("default")
        if not defaults:
            return True
        bare = parse_create_table(edit.default_removed(table, made))
        return edit.default_set(bare, bare.column(column) or made, defaults[-1].expression or "") == text

    def takes_along(self, column: Column, thing: Any, text: str | None) -> bool:
        made = _column(text, column.name)
        return made is not None and any(_is(one, thing, made) for one in made.constraints)

    def comes_last(self, things: Sequence[Any], table: Table, text: str) -> tuple[OwnText, ...] | None:
        parsed = _table(text)
        if parsed is None or len(parsed.constraints) < len(things):
            return None
        last = parsed.constraints[-len(things) :]
        if not all(any(_is(one, thing) for one in last) for thing in things):
            return None
        own = tuple(_own_text(text, one) for one in last)
        made = edit.parts_removed(parsed, [one.span for one in last])
        for one in own:
            named = "" if one.name is None else f"CONSTRAINT {quote(one.name)} "
            made = edit.item_added(parse_create_table(made), named + one.sql)
        return own if made == text else None

    # -- tables

    def constraint(self, table: Table, thing: ForeignKey | Unique | Check) -> str:
        if isinstance(thing, ForeignKey):
            return foreign_key_text(replace(thing, name=None))
        if isinstance(thing, Unique):
            return unique_text(replace(thing, name=None))
        return f"CHECK {enclosed(thing.expression)}"

    def plain_options(self, table: Table, schema: Schema) -> dict[str, bool] | None:
        if table.options[:1] == ("VIRTUAL",):
            return None
        return dict(self.model.options(table, schema))

    def create(self, schema: Schema) -> tuple[str, ...]:
        return write(schema)

    def beside(self, table: Table) -> tuple[str, ...]:
        return tuple(trigger.sql for trigger in table.triggers)

    def create_index(self, table: Table, index: Index) -> str:
        return index_statement(table.name, index)

    def says_table(self, wanted: CreateTable, text: str) -> bool:
        from pwmig.dialects.asked import lent_model, let_go

        made = wanted.on(self._migrator)
        name, columns = made.args[:2]
        more = {key: made.kwargs[key] for key in ("strict_tables", "without_rowid") if key in made.kwargs}
        rest = made.kwargs.get("constraints", made.args[2] if len(made.args) > 2 else ())
        key = made.kwargs.get("primary_key", ())
        model = lent_model(self._migrator.database, name, columns, rest, (), key, **more)
        try:
            return str(model._schema._create_table(safe=False).query()[0]) == text
        finally:
            let_go(model)

    def says_column(self, wanted: AddColumn, text: str) -> bool:
        from pwmig.dialects.asked import bound

        made = _column(text, wanted.column.name)
        field = bound(self._migrator.database, wanted.table, wanted.column.name, wanted.column.field())
        context = self._migrator.make_context()
        with context(value_literals=True):
            context.sql(field.ddl(context))
        return made is not None and text[slice(*made.span)] == context.query()[0]

    def says_index(self, table: str, index: Index, text: str) -> bool:
        where = f" WHERE {index.predicate}" if index.predicate is not None else ""
        parts = ", ".join(quote(name) for name in index.columns)
        unique = "UNIQUE " if index.unique else ""
        return text == f"CREATE {unique}INDEX {quote(index.name)} ON {quote(table)} ({parts}){where}"

    def table_text(self, table: Table, text: str | None, leaving: Iterable[Column]) -> str:
        made = text if text is not None else table_statement(table, one_line=True)
        for column in leaving:
            made = edit.column_added(parse_create_table(made), column_definition(column))
        return made

    @cached_property
    def _migrator(self) -> SqliteMigrator:
        """A migrator that is only asked how it writes things."""
        import peewee

        from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

        return SqliteMigrator(peewee.SqliteDatabase(None))

    # -- what no operation says: the table's text says it

    def alter_column(self, table: Table, before: Column, after: Column) -> tuple[str, ...]:
        return ()

    def alter_key(self, before: Table, after: Table, coming: Mapping[Column, str]) -> tuple[str, ...]:
        return ()

    def alter_table(self, before: Table, after: Table) -> tuple[str, ...]:
        return ()

    def alter(self, before: Any, after: Any) -> tuple[str, ...]:
        return ()


def made_text(text: str, made: ConstraintDef) -> str:
    return text[slice(*made.span)]


def _table(text: str | None) -> TableDef | None:
    try:
        return parse_create_table(text) if text else None
    except DDLError:
        return None


def _column(text: str | None, name: str) -> ColumnDef | None:
    table = _table(text)
    return table.column(name) if table else None


def _is(made: ConstraintDef, thing: Any, column: ColumnDef | None = None) -> bool:
    """Whether a constraint of a text, of a column or of the table, is a thing of the schema."""
    if (made.name or None) != getattr(thing, "name", None):
        return False
    if isinstance(thing, Check):
        return made.kind == "check" and (made.expression or "").strip() == thing.expression
    own = (column.name,) if column is not None else made.columns
    same = tuple(map(fold, own)) == tuple(map(fold, thing.columns))
    if isinstance(thing, ForeignKey):
        return (
            made.kind in ("foreign key", "references") and same and fold(made.ref_table or "") == fold(thing.ref_table)
        )
    return isinstance(thing, Unique) and made.kind == "unique" and same


def _own_text(text: str, made: ConstraintDef) -> OwnText:
    said = made_text(text, made)
    tokens = significant(said)
    if made.name is None or not tokens[0].is_word("CONSTRAINT"):
        return OwnText(said)
    return OwnText(said[tokens[2].start :], made.name)
