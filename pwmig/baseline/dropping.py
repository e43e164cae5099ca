"""The statements that take a schema away, in an order that works: found by trying, on an empty database that has it.

What hangs on what, the database knows best: a thing that it will not drop yet is tried again after the others.
Nothing is dropped along with something else (no CASCADE), so that nothing else goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import peewee

from pwmig.errors import ProjectError
from pwmig.records import dataclass
from pwmig.schema import Routine, Schema, Sequence, Table

__all__ = ["drop_everything", "sent"]


@dataclass(frozen=True, slots=True)
class _Thing:
    """One thing to drop: its name for people, and the statements that may do it, the first that works counts.

    ``goes_with`` is the statement that takes it along: a part of a table goes with the whole, a sequence with the
    table that owns it.
    """

    name: str
    ways: tuple[str, ...]
    goes_with: str | None = None


def drop_everything(database: peewee.Database, schema: Schema) -> tuple[str, ...]:
    """Drop all that a schema holds, and return the statements that did it.

    ``database`` is an empty one with that schema. Raises ProjectError for what it would not drop in any order.
    """
    things = list(_things(database, schema))
    done, refusal = _in_rounds(database, things)
    if things:
        keys = list(_foreign_keys(database, schema))
        done += _in_rounds(database, keys)[0]
        more, refusal = _in_rounds(database, things)
        done += more
    if things:
        raise ProjectError(
            f"no way was found to drop {things[0].name} again",
            why=f"the database says: {refusal}",
            way_out="drop what it names from the database, if it may go, and make the baseline then",
        )
    return tuple(done)


def sent(database: peewee.Database, sql: str) -> str:
    """The statement as Peewee has to be given it, so that the database gets it as it is.

    Peewee hands parameters to the driver even where there are none: then a percent sign has to be doubled.
    """
    return sql.replace("%", "%%") if database.param == "%s" else sql


def _in_rounds(database: peewee.Database, things: list[_Thing]) -> tuple[list[str], str]:
    """Drop what can be dropped, again and again, until nothing more can; ``things`` keeps the others."""
    done: list[str] = []
    refusal, before = "", -1
    while things and len(done) != before:
        before = len(done)
        for thing in tuple(things):
            for way in thing.ways if thing in things else ():
                refusal = _refusal(database, way) or ""
                if not refusal:
                    done.append(way)
                    things.remove(thing)
                    _forget_others(things, way)
                    break
    return done, refusal


def _forget_others(things: list[_Thing], done: str) -> None:
    """Take off the list what went along with what a statement dropped."""
    for part in [thing for thing in things if thing.goes_with == done]:
        things.remove(part)
        for way in part.ways:
            _forget_others(things, way)


def _refusal(database: peewee.Database, sql: str) -> str | None:
    try:
        with database.atomic():
            database.execute_sql(sent(database, sql))
    except peewee.PeeweeException as error:
        return str(error).strip() or type(error).__name__
    return None


def _things(database: peewee.Database, schema: Schema) -> Iterator[_Thing]:
    """What is to be dropped, in the order that is right most of the time: what was made last goes first."""

    def named(thing: object) -> str:
        return _named(database, thing)

    for event in schema.events:
        yield _Thing(event.name, (f"DROP EVENT {_quoted(database, event.name)}",))
    for view in reversed(schema.views):
        kind = "MATERIALIZED VIEW" if view.materialized else "VIEW"
        yield _Thing(view.name, (f"DROP {kind} {named(view)}",))
    for table in _children_first(schema):
        whole = schema.table(table.partition_of) if table.partition_of else None
        yield _Thing(table.name, (f"DROP TABLE {named(table)}",), f"DROP TABLE {named(whole)}" if whole else None)
    for routine in reversed(schema.routines):
        yield _Thing(routine.name, tuple(_routine_ways(routine, named(routine))))
    for sequence in reversed(schema.sequences):
        owners = [named(table) for table in schema.tables if _is_owned(sequence, named(table))]
        yield _Thing(
            sequence.name, (f"DROP SEQUENCE {named(sequence)}",), f"DROP TABLE {max(owners)}" if owners else None
        )
    for kind_of in reversed(schema.types):
        word = {"domain": "DOMAIN", "collation": "COLLATION"}.get(kind_of.kind, "TYPE")
        yield _Thing(kind_of.name, (f"DROP {word} {named(kind_of)}",))
    for extension in reversed(schema.extensions):
        yield _Thing(extension.name, (f"DROP EXTENSION {_quoted(database, extension.name)}",))
    for namespace in reversed(schema.namespaces):
        yield _Thing(namespace.name, (f"DROP SCHEMA {_quoted(database, namespace.name)}",))


def _is_owned(sequence: Sequence, table: str) -> bool:
    return any(option.startswith(f"OWNED BY {table}.") for option in sequence.options)


def _routine_ways(routine: Routine, name: str) -> Iterator[str]:
    """Where routines of one name are told apart by their arguments, the name alone may not do."""
    kind = {"window": "FUNCTION"}.get(routine.kind, routine.kind.upper())
    yield f"DROP {kind} {name}({routine.arguments})"
    yield f"DROP {kind} {name}"


def _children_first(schema: Schema) -> list[Table]:
    """The tables, each before those that it refers to, is a part of or inherits from.

    Where references go round in a circle, a part comes before its whole nevertheless: it goes with it.
    """
    waiting = {schema.key(table.name): table for table in schema.tables}
    wholes = {name: {schema.key(other) for other in _wholes(table)} for name, table in waiting.items()}
    leads = {
        name: {schema.key(key.ref_table) for key in table.foreign_keys} - {name} | wholes[name]
        for name, table in waiting.items()
    }
    ordered: list[Table] = []
    while waiting:
        free = _unneeded(waiting, leads) or _unneeded(waiting, wholes)[:1]
        ordered += [waiting.pop(name) for name in free]
    return ordered


def _unneeded(waiting: Mapping[str, Table], leads: Mapping[str, set[str]]) -> list[str]:
    needed = {other for name in waiting for other in leads[name]}
    return [name for name in waiting if name not in needed]


def _wholes(table: Table) -> Iterator[str]:
    yield from table.inherits
    if table.partition_of is not None:
        yield table.partition_of


def _foreign_keys(database: peewee.Database, schema: Schema) -> Iterator[_Thing]:
    for table in schema.tables:
        for key in table.foreign_keys:
            if key.name is not None:
                alter = f"ALTER TABLE {_named(database, table)} DROP"
                name = _quoted(database, key.name)
                yield _Thing(key.name, (f"{alter} CONSTRAINT {name}", f"{alter} FOREIGN KEY {name}"))


def _named(database: peewee.Database, thing: object) -> str:
    schema, plain = getattr(thing, "schema", None), getattr(thing, "plain_name", "")
    return ".".join(_quoted(database, part) for part in ((plain,) if schema is None else (schema, plain)))


def _quoted(database: peewee.Database, name: str) -> str:
    left, right = database.quote
    return str(left + name.replace(right, right * 2) + right)
