"""How each operation on whole tables and on indexes is done, as far as servers share it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import peewee
from playhouse.migrate import make_index_name

from pwmig.dialects.asked import close_matches, lent_model, let_go
from pwmig.dialects.server.operations.keys import require_keys_of
from pwmig.dialects.server.operations.needs import needed
from pwmig.dialects.server.operations.waiting import mentions
from pwmig.dialects.server.operations.work import Work, duplicated
from pwmig.errors import EARLIER, OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.server import Place, Server
    from pwmig.schema import Index

__all__ = ["add_index", "create_table", "drop_index", "drop_table", "rename_index", "rename_table"]


def create_table(
    server: Server,
    name: str,
    columns: Mapping[str, peewee.Field],
    constraints: Sequence[Any],
    indexes: Iterable[tuple[Sequence[str], bool]],
    primary_key: Sequence[str],
    options: Mapping[str, bool],
) -> None:
    """What Peewee's ``create_tables`` would write for a model with just these fields."""
    for option, wanted in options.items():
        if wanted:
            raise OperationRefused(
                f"{server.title} has no {option}", why="only SQLite has it", way_out="leave it out", table=name
            )
    place = server.new(name)
    for column in columns:
        server.require_length(column, "column")
    database = server.database
    schema = None if place.schema == server.default_schema() and not server.migrator.schema else place.schema
    model = lent_model(database, place.plain, columns, constraints, indexes, primary_key, schema=schema)
    try:
        require_keys_of(server, place, model)
        model._schema._create_context = lambda: server.context()(scope=peewee.SCOPE_VALUES)
        model._schema.create_sequences()
        _create(server, place, model)
    finally:
        let_go(model)


def _create(server: Server, place: Place, model: Any) -> None:
    made = [model._schema._create_table(safe=False), *model._schema._create_indexes(safe=False)]
    table, *indexes = [str(statement.query()[0]) for statement in made]
    server.expect(len(made))
    server.run(table)
    try:
        for index in indexes:
            server.run(index)
    except peewee.DatabaseError:
        server.expect(None)
        server.undo_create(place)
        raise


def drop_table(server: Server, table: str, safe: bool, cascade: bool, schema: str | None) -> None:
    """Refused while a view or a foreign key of another table needs the table; ``cascade`` takes these along.

    Where the server has no CASCADE that does so, it is refused all the same.
    """
    name = f"{schema}.{table}" if schema else table
    if safe and server.get(name) is None:
        return
    place = server.find(name)
    said = server.says_of_cascade(cascade)
    cascade = cascade and server.has_cascade
    needs = () if cascade else server.needs_of_table(place)
    if needs:
        raise needed(f"table {place.name!r} can't be dropped", needs, place.name, cascade=said)
    server.expect(1)
    server.run(f"DROP TABLE {server.qualified(place)}{' CASCADE' if cascade else ''}")


def rename_table(server: Server, old: str, new: str) -> None:
    """The table stays in its schema; the new name may be an address in it."""
    place = server.find(old)
    new = new.removeprefix(f"{place.schema}.") if new.startswith(f"{place.schema}.") else new
    if place.plain == new:
        return
    if not server.same_table(place.plain, new):
        server.new(new, place.schema)
    server.rename_table(place, new)


# -- indexes


def add_index(
    server: Server,
    table: str,
    columns: Sequence[str],
    unique: bool,
    using: str | None,
    where: Any,
    nulls_distinct: bool | None,
    name: str | None,
    concurrently: bool = False,
) -> None:
    work = Work(server, table)
    server.require_index_words(work, where, nulls_distinct)
    if isinstance(columns, str) or not columns:
        raise OperationRefused(
            f"an index of {table!r} needs its columns",
            why=f"{columns!r} is no list of names",
            way_out=f"migrator.add_index({table!r}, ('first', 'second'))",
            table=work.name,
        )
    names = [work.column(column, reads=True).name for column in columns]
    if name:
        server.require_length(name, "index")
    name = name or server.clipped(make_index_name(work.place.plain, names))
    work.names(name)
    server.require_free_index(work, name)
    target = peewee.Table(work.place.plain, schema=_schema(server, work.place))
    parts = [target.c[column] for column in names]  # As attributes, some names mean another thing.

    def text(called: str) -> str:
        return server.text(
            peewee.Index(called, target, parts, unique=unique, using=using, where=where, nulls_distinct=nulls_distinct)
        )

    def explain(error: Exception, alone: bool) -> OperationRefused | None:
        is_meant = isinstance(error, peewee.IntegrityError) and (alone or mentions(str(error), name))
        return _duplicates(work, names) if is_meant else None

    if concurrently:
        server.settle()
        server.add_index_concurrently(work, name, text, explain)
        return
    is_plain = using is None and where is None and nulls_distinct is None
    server.add_index(work, name, text(name), (names, bool(unique)) if is_plain else None, explain)


def _schema(server: Server, place: Place) -> str | None:
    return None if place.schema == server.default_schema() and not server.migrator.schema else place.schema


def _duplicates(work: Work, columns: Sequence[str]) -> OperationRefused:
    return work.refused(
        f"{', '.join(columns)} of {work.name!r} can't become unique",
        duplicated(work, columns),
        f"mend these rows{EARLIER}",
        columns[0],
    )


def _index(work: Work, name: str) -> Index:
    clipped = work.server.clipped(name)
    work.names(name)
    for index in work.table.indexes:
        if work.server.same_index(index.name, clipped):
            return index
    kind = work.constraint_kind(name)
    if kind is not None:
        raise OperationRefused(
            f"index {name!r} belongs to a constraint of {work.name!r}",
            why=f"{work.server.title} made it for the {kind}",
            way_out="drop the constraint: migrator.drop_constraint(...)",
            table=work.name,
            object=name,
        )
    raise OperationRefused(
        f"table {work.name!r} has no index {name!r}",
        why=close_matches(name, [index.name for index in work.table.indexes], "indexes"),
        way_out="write the index's name as it is in the database",
        table=work.name,
        object=name,
    )


def drop_index(server: Server, table: str, name: str, concurrently: bool = False) -> None:
    work = Work(server, table)
    try:
        index = _index(work, name)
    except OperationRefused as error:
        if not concurrently or server.migrator.apart is None:
            raise
        if server.dropped_before(work, name):
            return
        error.way_out += "; where it was dropped for this by hand, the same with --fake marks that as done"
        raise
    server.drop_index(work, index, concurrently)


def rename_index(server: Server, table: str, old: str, new: str) -> None:
    work = Work(server, table)
    index = _index(work, old)
    if index.name == new:
        return
    server.require_length(new, "index")
    if not server.same_index(index.name, new):
        work.names(new)
        server.require_free_index(work, new)
    server.rename_index(work, index.name, new)
