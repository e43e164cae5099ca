"""A small change of models with rows in their tables, written as a migration, applied and reverted on a database."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import peewee
from projects import config_of, write_project

from pwmig.authoring import Answers, Authored, author, author_each
from pwmig.declared import compare, models_schema
from pwmig.dialects import dialect_of
from pwmig.diff import diff
from pwmig.drafting.letters import letters
from pwmig.project import Project
from pwmig.schema import Schema, Table

__all__ = [
    "SERVERS_ONLY",
    "Change",
    "Model",
    "Place",
    "go_there_and_back",
    "go_there_and_back_in_steps",
    "go_twice",
    "models",
    "table",
    "write",
]

Model = type[peewee.Model]
Rows = Mapping[str, Sequence[Sequence[Any]]]
"""The rows of tables, each in the order of the columns as they were made."""

ALL = ("sqlite", "postgres", "mariadb")
SERVERS_ONLY = {"sqlite": "SQLite has no such thing"}


def table(name: str, /, *, meta: Mapping[str, Any] | None = None, **fields: Any) -> Model:
    """A model of that table, its columns in the order of the fields; ``meta`` is more of its Meta."""
    said = {"table_name": name, "legacy_table_names": False, **(meta or {})}
    for made in fields.values():
        if isinstance(made, peewee.Field):  # In the order in which they are told, whenever they were made.
            made._order = next(_numbers)
            made._sort_key = ((made.primary_key and 1) or 2), made._order
    return type(f"M{next(_numbers)}", (peewee.Model,), {**fields, "Meta": type("Meta", (), said)})


_numbers = itertools.count()


def models(*made: Model) -> list[Model]:
    return list(made)


@dataclass(frozen=True)
class Change:
    """One row of the table of changes.

    ``before`` and ``after`` make the models, given the kind of the database. ``rows`` are there before, ``then`` what a
    query gives after the migration: SQL to the rows that it gives, in any order. ``skip`` says by the kind of a
    database why the row does not apply there. ``asks`` are the questions that are open, in words: ``added t.c``.
    ``forward`` are operations by their names, where these are what a person would write.
    """

    before: Callable[[str], list[Model]]
    after: Callable[[str], list[Model]]
    rows: Rows = field(default_factory=dict)
    then: Mapping[str, Sequence[Sequence[Any]]] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    skip: Mapping[str, str] = field(default_factory=dict)
    asks: tuple[str, ...] | Mapping[str, tuple[str, ...]] | None = ()
    forward: tuple[str, ...] | Mapping[str, tuple[str, ...]] | None = None
    setup: tuple[str, ...] = ()
    """Statements ahead of the tables."""
    fresh: tuple[str, ...] | None = ()
    """Statements ahead of what ``create_tables`` makes of ``after``; None where it does not make all that they say."""


class Place:
    """A database of a test's own, with the project that migrates it."""

    def __init__(self, database: Any, root: Path) -> None:
        self.database = database
        self.dialect = dialect_of(database)
        self.root = root
        if hasattr(database.connection(), "prepare_threshold"):
            database.connection().prepare_threshold = None  # A plan that psycopg keeps is one for the columns of then.

    @property
    def kind(self) -> str:
        return {"sqlite": "sqlite", "postgresql": "postgres", "mysql": "mariadb"}[self.dialect.name]

    def create(self, models: Sequence[Model], rows: Rows | None = None) -> None:
        """Create the tables, with these rows; of those that refer to each other, some keys behind the rows."""
        late = [] if self.kind == "sqlite" else _of_circles(models)
        with self.database.bind_ctx(models, bind_refs=False, bind_backrefs=False):
            for field in late:
                field.deferred = True
            self.database.create_tables(models)
            self.rest()
            self.fill(_in_order(rows or {}, models))
            for field in late:
                field.deferred = False
                # As create_foreign_key does, without a name that may be too long.
                key = field.model._schema._create_context().literal("ALTER TABLE ").sql(field.model).literal(" ADD ")
                self.database.execute(key.sql(field.foreign_key_constraint()))
        self.rest()

    def schema(self) -> Schema:
        found = self.dialect.introspect(self.database)
        self.rest()
        return replace(found, tables=tuple(one for one in found.tables if one.name != "pwmig_history"))

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = self.database.execute_sql(sql, values or None)
        rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        self.rest()
        return rows

    def rest(self) -> None:
        """Give back the locks of reading."""
        if self.kind != "sqlite":
            self.database.commit()

    def quoted(self, name: str) -> str:
        left, right = self.database.quote
        return left + name.replace(right, right * 2).replace("%", "%" if self.kind == "sqlite" else "%%") + right

    def address(self, table: Table) -> str:
        parts = [] if table.schema is None else [table.schema]
        return ".".join(map(self.quoted, [*parts, table.plain_name]))

    def fill(self, rows: Rows) -> None:
        schema = self.schema()
        for name, records in rows.items():
            made = schema.table(name)
            assert made is not None, name
            columns = [column.name for column in made.columns if column.generated is None]
            for record in records:
                marks = ", ".join([self.database.param] * len(record))
                names = ", ".join(map(self.quoted, columns[: len(record)]))
                self.run(f"INSERT INTO {self.address(made)} ({names}) VALUES ({marks})", *record)
        if self.kind == "postgres":
            self._count_on(schema)

    def _count_on(self, schema: Schema) -> None:
        for made in schema.tables:
            for column in made.columns:
                if column.sequence is not None:
                    sequence = self.address(column.sequence).replace("'", "''")  # type: ignore[arg-type]
                    self.run(
                        f"SELECT setval('{sequence}', coalesce((SELECT max({self.quoted(column.name)}) "
                        f"FROM {self.address(made)}), 0) + 1, false)"
                    )

    def rows(self, schema: Schema) -> dict[str, list[str]]:
        """All rows, each as its cells by name, in one order."""
        found = {}
        for made in schema.tables:
            names = sorted(column.name for column in made.columns)
            listed = self.run(f"SELECT {', '.join(map(self.quoted, names))} FROM {self.address(made)}")
            found[made.name] = sorted(repr(dict(zip(names, map(_plain, row), strict=True))) for row in listed)
        return found

    def texts(self) -> list[Any]:
        """What SQLite's catalog holds, letter for letter."""
        if self.kind != "sqlite":
            return []
        found = self.run("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2")
        return [row for row in found if not row[2].startswith(("pwmig_", "sqlite_"))]

    def standing(self, schema: Schema) -> dict[str, tuple[str, ...]]:
        """The columns of all tables in their order, where the database can place one; SQLite's texts say it."""
        return {table.name: table.column_names for table in schema.tables} if self.kind == "mariadb" else {}

    def told(self) -> dict[str, str]:
        """The statements that MariaDB gives for its tables, but for the number at which a key goes on to count."""
        names = [table.name for table in self.schema().tables]
        told = {name: self.run(f"SHOW CREATE TABLE {self.quoted(name)}")[0][1] for name in names}
        return {name: re.sub(r" AUTO_INCREMENT=\d+", "", text) for name, text in told.items()}


def _of_circles(models: Sequence[Model]) -> list[Any]:
    """The keys that lead to tables which Peewee makes later."""
    places = {model: place for place, model in enumerate(peewee.sort_models(models))}
    fields = [(model, field) for model in places for field in model._meta.refs]
    return [field for model, field in fields if not field.deferred and places[field.rel_model] > places[model]]


def _in_order(rows: Rows, models: Sequence[Model]) -> Rows:
    """The rows of what others refer to first."""
    metas = [model._meta for model in peewee.sort_models(models)]
    names = [".".join(filter(None, (meta.schema, meta.table_name))) for meta in metas]
    return dict(sorted(rows.items(), key=lambda one: names.index(one[0])))


def _plain(cell: Any) -> Any:
    return bytes(cell) if isinstance(cell, memoryview | bytearray) else cell


# -- writing


def said(place: Place, models: Sequence[Model]) -> Schema:
    """What the models declare."""
    declared = models_schema(models, place.dialect, place.database)
    place.rest()
    return declared


def write(place: Place, declared: Schema, answers: Answers, seen: Schema | None = None) -> Authored:
    """The migration that the core writes for what is declared; a table that is not declared any more goes.

    ``seen`` is the schema that is there, where somebody has looked already.
    """
    return author(*_sides(place, declared, answers, seen))


def write_each(place: Place, declared: Schema, answers: Answers) -> tuple[Authored, ...]:
    """The same as a migration for each change."""
    live, wanted, terms, answers, texts = _sides(place, declared, answers)
    with letters(place.dialect, place.database, texts) as carried_out:
        return author_each(live, wanted, terms, answers, texts, carried_out)


def _sides(place: Place, declared: Schema, answers: Answers, seen: Schema | None = None) -> tuple[Any, ...]:
    schema = seen or place.schema()
    live, wanted = compare(schema, declared, renamed_tables=answers.tables, renamed_columns=answers.columns)
    others = [one for one in schema.tables if live.table(one.name) is None]
    live = replace(live, tables=tuple(sorted((*live.tables, *others), key=lambda one: one.name)))
    texts = place.dialect.texts(place.database)
    place.rest()
    return live, wanted, place.dialect.migration_terms, answers, texts


def left(place: Place, declared: Schema, seen: Schema | None = None) -> list[str]:
    """What would have to change for the database to be what is declared."""
    return [f"{change.sign} {change.describe()}" for change in diff(*compare(seen or place.schema(), declared))]


def unnamed(schema: Schema) -> Schema:
    """The schema without what no model says: the names of constraints and sequences, and where a check stands."""
    tables = []
    for made in schema.tables:
        columns = tuple(
            sorted(
                (
                    replace(column, sequence=None, default=None if column.sequence else column.default)
                    for column in made.columns
                ),
                key=lambda column: column.name,
            )
        )
        parts = {
            name: tuple(sorted((_nameless(one) for one in getattr(made, name)), key=repr))
            for name in ("checks", "uniques", "foreign_keys", "indexes")
        }
        tables.append(replace(made, columns=columns, primary_key_name=None, **parts))  # type: ignore[arg-type]
    return replace(schema, tables=tuple(tables))


def _nameless(thing: Any) -> Any:
    if hasattr(thing, "method"):
        return thing
    facts = {"name": None} | ({"column": None} if hasattr(thing, "expression") else {})
    return replace(thing, **facts)


def unsaid_keys(schema: Schema) -> Schema:
    """The schema whose indexes have no names where MariaDB makes them for a key, which is called by chance."""
    tables = []
    for made in schema.tables:
        keys = {key.columns for key in made.foreign_keys}
        indexes = tuple(replace(one, name="") if one.columns in keys else one for one in made.indexes)
        tables.append(replace(made, indexes=tuple(sorted(indexes, key=repr))))
    return replace(schema, tables=tuple(tables))


# -- the laws of a row


def go_there_and_back(
    place: Place, change: Change, elsewhere: Callable[[], AbstractContextManager[Place]] | None
) -> Authored:
    """Write the migration, apply it, revert it: the laws that hold for every row of the table.

    ``elsewhere`` gives another place with an empty database, None where nothing is replayed there.
    """
    for statement in change.setup:
        place.run(statement)
    before, after = change.before(place.kind), change.after(place.kind)
    place.create(before, change.rows)
    first, wanted = said(place, before), said(place, after)
    schema, texts = place.schema(), place.texts()
    rows = place.rows(schema)
    assert not write(place, first, Answers(), schema), "made by create_tables, nothing is to be written"

    made = write(place, wanted, change.answers, schema)
    asked = tuple(f"{one.asked.value} {one.table}.{one.column}" for one in made.questions)
    assert change.asks is None or asked == _of(change.asks, place)
    source = made.source()
    again = wanted if elsewhere is None else said(place, change.after(place.kind))
    assert write(place, again, change.answers, schema).source() == source, "one text"
    methods = _of(change.forward, place)
    if methods is not None:
        assert tuple(one.method for one in made.forward) == methods
    if not made:
        assert left(place, wanted, schema) == []
        return made
    require_formatted(source)

    project = open_project(place, {"change": source})
    project.apply()
    applied = place.schema()
    assert left(place, wanted, applied) == []
    for query, cells in change.then.items():
        found = [tuple(map(_plain, row)) for row in place.run(query)]
        assert sorted(found, key=repr) == sorted(map(tuple, cells), key=repr), query
    assert not write(place, wanted, Answers(defaults=change.answers.defaults), applied), (
        "a second writing gives nothing"
    )
    if elsewhere is not None:
        with elsewhere() as other:
            replay(other, change, first, source, unsaid(applied))

    project.revert()
    back = place.schema()
    assert diff(schema, back) == ()
    assert place.texts() == texts
    assert place.rows(back) == rows
    assert place.standing(back) == place.standing(schema)
    return made


def go_there_and_back_in_steps(place: Place, change: Change) -> int:
    """The same with a migration for each change, applied and reverted one after the other; how many there are."""
    for statement in change.setup:
        place.run(statement)
    place.create(change.before(place.kind), change.rows)
    wanted = said(place, change.after(place.kind))
    schema, texts = place.schema(), place.texts()
    rows = place.rows(schema)
    made = write_each(place, wanted, change.answers)
    if not made:
        assert left(place, wanted) == []
        return 0
    project = open_project(place, {f"change_{number:03}": one.source() for number, one in enumerate(made)})
    project.apply()
    assert left(place, wanted) == []
    for _ in made:  # Each takes back what itself did.
        after = place.schema()
        project.revert()
        before = place.schema()
        project.apply(steps=1)
        assert diff(unsaid(place.schema()), unsaid(after)) == ()
        project.revert()
        assert diff(unsaid(before), unsaid(place.schema())) == ()
    back = place.schema()
    assert diff(schema, back) == ()
    assert place.texts() == texts
    assert place.rows(back) == rows
    assert place.standing(back) == place.standing(schema)
    return len(made)


def go_twice(place: Place, change: Change) -> None:
    """Apply, revert, apply: what MariaDB tells of its tables is what it was on each side, letter for letter."""
    place.create(change.before(place.kind))
    place.fill(change.rows)
    told = place.told()
    project = open_project(
        place, {"change": write(place, said(place, change.after(place.kind)), change.answers).source()}
    )
    project.apply()
    applied = place.told()
    project.revert()
    assert place.told() == told
    project.apply()
    assert place.told() == applied


def replay(place: Place, change: Change, first: Schema, source: str, applied: Schema) -> None:
    """What the migrations make of an empty database, none of which knows the models: what was ``applied``, and what
    ``create_tables`` makes.

    The first migration is written from what the models declared ``first``, the second one is ``source``.
    """
    for statement in change.setup:
        place.run(statement)
    initial = author(*compare(place.schema(), first), place.dialect.migration_terms)
    if initial:
        require_formatted(initial.source())
    project = open_project(place, {"first": initial.source(), "change": source} if initial else {"change": source})
    project.apply()
    assert unsaid(place.schema()) == applied
    project.revert(steps=1 + bool(initial))
    assert [table.name for table in place.schema().tables] == []
    if change.fresh is None:
        return
    for statement in change.fresh:
        place.run(statement)
    place.create(change.after(place.kind))
    assert unsaid(place.schema()) == applied


def unsaid(schema: Schema) -> Schema:
    return unsaid_keys(unnamed(schema))


def require_formatted(source: str) -> None:
    """The source is as ``ruff format`` sets it, and all that it imports is used."""
    ruff = Path(sys.executable).parent / "ruff"
    found = str(ruff) if ruff.exists() else shutil.which("ruff")
    if found is None:
        return
    done = subprocess.run(
        [found, "format", "--isolated", "-"], input=source, capture_output=True, text=True, check=True
    )
    assert done.stdout == source
    rules = ["check", "--isolated", "--quiet", "--select=F401,F811,F821", "--output-format=concise", "-"]
    done = subprocess.run([found, *rules], input=source, capture_output=True, text=True, check=False)
    assert done.stdout == ""


def _of(said: Any, place: Place) -> Any:
    """What a row says of the place's kind of database."""
    return said.get(place.kind, said.get("others")) if isinstance(said, Mapping) else said


def open_project(place: Place, sources: Mapping[str, str]) -> Project:
    write_project(place.root, sources, config=config_of(place.database))
    return Project.open(place.root)
