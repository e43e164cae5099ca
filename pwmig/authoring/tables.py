"""A table that comes, as the operations that make it with all that it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pwmig.authoring.columns import column_spec
from pwmig.columns import Expression
from pwmig.declared.worded import as_worded
from pwmig.operations import AddIndex, CreateTable, Operation, RunSQL
from pwmig.schema import ForeignKey, Index, IndexPart, Schema, Table

if TYPE_CHECKING:
    from pwmig.dialects.migrated import MigrationTerms

__all__ = ["add_index", "create_table", "is_usual", "usual_name"]


def create_table(terms: MigrationTerms, table: Table, schema: Schema, texts: Mapping[str, str]) -> Iterator[Operation]:
    """``create_table`` and what stands behind it; the statements that make the table, where no call says all of it."""
    text = texts.get(table.name)
    table = replace(table, checks=tuple(map(as_worded, table.checks)))
    made = _created(terms, table, schema)
    if made is None:
        yield from (RunSQL(statement) for statement in terms.create(Schema((table,))))
        return
    if text is not None and not terms.says_table(made, text):
        yield RunSQL(text)
        said: tuple[Index, ...] = ()
    else:
        yield made
        said = tuple(_said_indexes(terms, table))
    for index in _own_indexes(terms, table):
        if not any(index is one for one in said):
            yield add_index(terms, table, index, texts)
    yield from (RunSQL(statement) for statement in terms.beside(table))


def _created(terms: MigrationTerms, table: Table, schema: Schema) -> CreateTable | None:
    options = terms.plain_options(table, schema)
    if options is None or not _is_plain(table):
        return None
    fits = terms.model.key_fits(table)
    single = {index.columns[0]: index for index in _said_indexes(terms, table) if len(index.parts) == 1}
    columns = tuple(
        column_spec(terms, table, column, unique=index is not None and index.unique, index=index is not None)
        for column, index in ((column, single.get(column.name)) for column in table.columns)
    )
    several = tuple((index.columns, index.unique) for index in _said_indexes(terms, table) if len(index.parts) > 1)
    key = table.primary_key if fits and len(table.primary_key) > 1 else ()
    return CreateTable(table.name, columns, several, key, tuple(_constraints(terms, table)), **options)


def _is_plain(table: Table) -> bool:
    beside = (table.exclusions, table.rules, table.policies, table.partitioning, table.partition_of, table.inherits)
    return not any(beside)


def _constraints(terms: MigrationTerms, table: Table) -> Iterator[Expression]:
    """The constraints of the table, in the order in which Peewee writes them: foreign keys first."""
    model = terms.model
    for key in table.foreign_keys:
        named = model.foreign_key_name(table, key)
        yield Expression(model.foreign_key(table, replace(key, name=named)))
    yield from map(Expression, model.constraints(table))
    for text, name in model.checks(table):
        if name is None:
            yield Expression(terms.written(text), "Check")
        else:
            yield Expression(f"CONSTRAINT {_quoted(terms, name)} CHECK ({terms.written(text)})")


def _quoted(terms: MigrationTerms, name: str) -> str:
    """A name in the quotes that the database has, as a foreign key's clause has it."""
    made = terms.model.foreign_key(Table("t", ()), ForeignKey(("c",), "t", ("c",), name=name))
    return made[len("CONSTRAINT ") : made.index(" FOREIGN KEY ")]


# -- indexes


def usual_name(table: Table, columns: tuple[str, ...]) -> str:
    """The name that an index gets where none is given."""
    from playhouse.migrate import make_index_name

    return str(make_index_name(table.plain_name, columns))


def is_usual(table: Table, index: Index) -> bool:
    """Whether an index is of columns alone, and called as it is called where no name is given."""
    if index != Index(index.name, tuple(IndexPart(part.column) for part in index.parts), index.unique):
        return False
    name = usual_name(table, index.columns)
    return None not in [part.column for part in index.parts] and index.name in (
        name,
        name.encode()[:63].decode(errors="ignore"),
    )


def _said_indexes(terms: MigrationTerms, table: Table) -> Iterator[Index]:
    """The indexes that ``create_table`` makes: one a column, and those of several."""
    seen: set[tuple[str, ...]] = set()
    for index in _own_indexes(terms, table):
        if is_usual(table, index) and _is_letters(index) and index.columns not in seen:
            seen.add(index.columns)
            if index.columns != table.primary_key or len(index.columns) > 1:
                yield index


def _is_letters(index: Index) -> bool:
    """Whether Peewee's models name it as operations do: they leave out what is no letter."""
    return all(word.replace("_", "a").isalnum() for word in index.columns)


def _own_indexes(terms: MigrationTerms, table: Table) -> Iterator[Index]:
    """The indexes that no foreign key brings along."""
    for index in table.indexes:
        if not any(terms.brings(key, index) for key in table.foreign_keys):
            yield index


def add_index(terms: MigrationTerms, table: Table, index: Index, texts: Mapping[str, str]) -> Operation:
    """The operation that makes an index, or the statement that does."""
    columns = tuple(part.column or "" for part in index.parts)
    plain = Index(index.name, tuple(map(IndexPart, columns)), index.unique, index.predicate, index.method)
    text = texts.get(index.name)
    if text is not None and not (index == plain and terms.says_index(table.name, index, text)):
        return RunSQL(text)
    if index != plain or index.method in ("FULLTEXT", "SPATIAL"):
        return RunSQL(terms.create_index(table, index))
    where = None if index.predicate is None else Expression(terms.written(index.predicate))
    usual = usual_name(table, columns)
    name = None if index.name in (usual, usual.encode()[:63].decode(errors="ignore")) else index.name
    return AddIndex(table.name, columns, index.unique, name, where, index.method)
