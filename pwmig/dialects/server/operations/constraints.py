"""How each operation on constraints is done, as far as servers share it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.asked import action, close_matches, constraint_of, verb
from pwmig.dialects.server.operations.keys import require_key
from pwmig.dialects.server.operations.texts import is_whole
from pwmig.dialects.server.operations.waiting import mentions
from pwmig.dialects.server.operations.work import Work, duplicated
from pwmig.errors import EARLIER, OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.server import Place, Server
    from pwmig.dialects.server.operations.waiting import Explain
    from pwmig.schema import ForeignKey

__all__ = [
    "add_constraint",
    "add_foreign_key_constraint",
    "add_unique",
    "drop_constraint",
    "drop_foreign_key_constraint",
    "validate_constraint",
]


def add_constraint(server: Server, table: str, name: str, constraint: Any, not_valid: bool = False) -> None:
    work = Work(server, table)
    server.require_length(name, "constraint")
    sql = server.text(constraint_of(work.name, name, constraint))
    _add(work, name, server.not_valid(sql) if not_valid else sql)


def add_unique(server: Server, table: str, columns: Sequence[str]) -> None:
    work = Work(server, table)
    names = [work.column(column, reads=True).name for column in columns]
    _require_columns(work, names)
    name = server.clipped(peewee._truncate_constraint_name("uniq_" + "_".join(columns)))
    _add(work, name, f"UNIQUE {server.names(names)}", indexes=True, unique=names)


def _require_columns(work: Work, names: Sequence[str]) -> None:
    if not names or len(set(names)) < len(names):
        raise OperationRefused(
            f"a UNIQUE constraint of {work.name!r} needs its columns, each once",
            why=f"{', '.join(map(repr, names)) or 'none'} was given",
            way_out=f"migrator.add_unique({work.name!r}, 'first', 'second')",
            table=work.name,
            column=names[0] if names else None,
        )


def _add(work: Work, name: str, sql: str, *, indexes: bool = False, unique: Sequence[str] = ()) -> None:
    _require_free(work, name)

    explain = _explaining(work, name, sql, unique)
    if mentions(sql, "REFERENCES"):
        work.settle(*work.server.waiting.tables)  # It leads to a table that only the server finds.
    work.wait(f"ADD CONSTRAINT {work.server.quote(name)} {sql}", names=(name,), explain=explain, indexes=indexes)
    if mentions(sql, "REFERENCES"):
        work.settle(work.place.key)


def _explaining(work: Work, name: str, sql: str = "", unique: Sequence[str] = ()) -> Explain:
    def explain(error: Exception, alone: bool) -> OperationRefused | None:
        if not work.server.is_against_rows(error) or not (alone or mentions(str(error), name)):
            return None
        told = duplicated(work, unique) if unique else _against(work, sql)
        return OperationRefused(
            f"the rows of table {work.name!r} do not hold to constraint {name!r}",
            why=f"{told}; {work.server.title} says: {error}" if told else f"{work.server.title} says: {error}",
            way_out=f"mend these rows{EARLIER}",
            table=work.name,
            object=name,
        )

    return explain


def _against(work: Work, sql: str) -> str:
    """How many rows a check does not hold for, and which; nothing where that can't be asked."""
    words = sql.strip()
    if words[:5].upper() != "CHECK" or not is_whole(words[5:].strip()):
        return ""
    condition = f"NOT {words[5:].strip()}"
    rows = work.count(condition)
    return f"{rows} {verb(rows, 'does', 'do')} not{work.example(condition)}" if rows != "0 rows" else ""


def validate_constraint(server: Server, table: str, name: str) -> None:
    work = Work(server, table)
    kind = _kind(work, name)
    name = work.constraint_name(name)
    waits = [check.name for check in work.table.checks if not check.validated]
    waits += [key.name for key in work.table.foreign_keys if not key.validated]
    if kind in ("check", "foreign key") and server.marks_unchecked and name not in waits:
        return  # It holds already.
    server.validate(work, name, _explaining(work, name))


def _require_free(work: Work, name: str) -> None:
    if work.constraint_kind(name) is not None:
        raise OperationRefused(
            f"table {work.name!r} has a constraint {name!r} already",
            way_out="choose another name, or drop that one first",
            table=work.name,
            object=name,
        )


def drop_constraint(server: Server, table: str, name: str) -> None:
    work = Work(server, table)
    kind = _kind(work, name)
    if kind == "primary key" and not server.drops_keys:
        raise OperationRefused(
            f"the primary key {name!r} of {work.name!r} can't be dropped",
            why="the rows would lose what tells them apart",
            way_out="create a table without it and copy the rows",
            table=work.name,
            object=name,
        )
    server.drop_constraint(work, kind, work.constraint_name(name))


def _kind(work: Work, name: str) -> str:
    kind = work.constraint_kind(name)
    if kind is None:
        raise OperationRefused(
            f"table {work.name!r} has no constraint {name!r}",
            why=close_matches(name, [found for found, _ in work.constraints()], "named constraints"),
            way_out="write the constraint's name as it is in the database",
            table=work.name,
            object=name,
        )
    return kind


# -- foreign keys


def add_foreign_key_constraint(
    server: Server,
    table: str,
    column: str,
    rel: str,
    rel_column: str,
    on_delete: str | None,
    on_update: str | None,
    name: str | None,
    rel_schema: str | None,
    *,
    not_valid: bool = False,
) -> None:
    """Refused where a row refers to one that is not there, unless it is ``not_valid``."""
    work = Work(server, table)
    own = work.column(column)
    target = Work(server, f"{rel_schema}.{rel}" if rel_schema else rel)
    if target.place.key != work.place.key:
        target.settle(*({target.place.key} & server.waiting.tables.keys()))
    key = target.get_column(rel_column)
    if key is None:
        raise OperationRefused(
            f"table {target.name!r} has no column {rel_column!r} to refer to",
            why=close_matches(rel_column, target.table.column_names, "columns"),
            way_out="name its primary key or a unique column",
            table=work.name,
            column=own.name,
        )
    require_key(target, key.name, work.name, own.name)
    usual = f"fk_{work.place.plain}_{own.name}_refs_{target.place.plain}"
    name = server.clipped(peewee._truncate_constraint_name(name or usual))
    sql = f"FOREIGN KEY {server.names([own.name])} REFERENCES {target.sql} {server.names([key.name])}"
    sql += action("ON DELETE", on_delete) + action("ON UPDATE", on_update)
    _require_free(work, name)
    if not_valid:
        sql = server.not_valid(sql)
    elif not server.says_orphans() and (refusal := _orphans(work, own.name, target.place, key.name)):
        raise refusal
    work.wait(
        f"ADD CONSTRAINT {server.quote(name)} {sql}",
        names=(name, own.name),
        others=(target.place.key,),
        explain=lambda error, alone: _orphans(work, own.name, target.place, key.name),
    )


def _orphans(work: Work, column: str, target: Place, key: str) -> OperationRefused | None:
    """The refusal where rows refer to what is not there; where values can't be compared, the server says why."""
    server = work.server
    own = f"t.{server.quote(column)}"
    there = f"SELECT 1 FROM {server.qualified(target)} AS p WHERE p.{server.quote(key)} = {own}"
    condition = f"{own} IS NOT NULL AND NOT EXISTS ({there})"
    if not server.comparable(work, column, target, key) or not work.any(condition):
        return None
    rows = work.count(condition)
    return work.refused(
        f"{work.name}.{column} can't refer to {target.name}.{key}",
        f"{rows} {'refers' if rows == '1 row' else 'refer'} to what is not there",
        f"mend or delete these rows{EARLIER}",
        column,
    )


def drop_foreign_key_constraint(server: Server, table: str, column: str) -> None:
    work = Work(server, table)
    own = work.column(column)
    keys = [key for key in work.table.foreign_keys if own.name in key.columns]
    found = [key.name for key in keys if len(key.columns) == 1 and key.name]
    if not found:
        raise _no_key(work, own.name, keys)
    for name in found:
        server.drop_constraint(work, "foreign key", name)


def _no_key(work: Work, column: str, keys: Sequence[ForeignKey]) -> OperationRefused:
    drops = [f"migrator.drop_constraint({work.name!r}, {key.name!r})" for key in keys]
    why = "no foreign key of the table names it"
    if keys:
        why = "; ".join(f"{key.name} is one of several columns: {', '.join(key.columns)}" for key in keys)
    return work.refused(
        f"column {column!r} of {work.name!r} has no foreign key of its own",
        why,
        "drop it by its name: " + ", ".join(drops) if drops else "name the column that has one",
        column,
    )
