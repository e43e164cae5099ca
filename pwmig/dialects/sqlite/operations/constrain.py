"""How each operation on constraints is done: an edit of the table's text, and a rebuild."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pwmig.columns import constraint_name
from pwmig.dialects.asked import action, close_matches, constraint_of
from pwmig.dialects.sqlite.operations.catalog import ask
from pwmig.dialects.sqlite.operations.dependants import require_key, require_no_referrers
from pwmig.dialects.sqlite.operations.work import Work
from pwmig.dialects.sqlite.texts import edit
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.parts import ConstraintDef, TableDef
from pwmig.dialects.sqlite.texts.tokens import fold, quote
from pwmig.dialects.sqlite.texts.unnamed import called, every_constraint, said
from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator

__all__ = [
    "add_constraint",
    "add_foreign_key_constraint",
    "add_unique",
    "drop_constraint",
    "drop_foreign_key_constraint",
]


def add_constraint(migrator: SqliteMigrator, table: str, name: str | None, constraint: Any) -> None:
    context = migrator.make_context()
    with context(value_literals=True):
        sql, params = context.sql(constraint_of(table, name, constraint)).query()
    if params:
        raise OperationRefused(
            f"constraint {name!r} can't hold bound values",
            why=f"{sql} has them",
            way_out="write the whole constraint as text: Check('price >= 0')",
            table=table,
        )
    _add(Work(migrator, table), name, str(sql))


def add_unique(migrator: SqliteMigrator, table: str, columns: Sequence[str]) -> None:
    work = Work(migrator, table)
    names = [work.column(column).name for column in columns]
    if not names or len(set(names)) < len(names):
        raise OperationRefused(
            f"a UNIQUE constraint of {table!r} needs its columns, each once",
            why=f"{', '.join(map(repr, names)) or 'none'} was given",
            way_out=f"migrator.add_unique({table!r}, 'first', 'second')",
            table=table,
            column=names[0] if names else None,
        )
    _add(work, constraint_name("uniq_" + "_".join(columns)), f"UNIQUE ({', '.join(map(quote, names))})")


def _add(work: Work, name: str | None, sql: str, *, held: bool = False) -> None:
    """Add a constraint of the table; ``held`` says that it is a foreign key to which all rows were found to hold."""
    if name is not None:
        _require_free_name(work.table, name)
    text = sql if name is None else f"CONSTRAINT {quote(name)} {sql}"
    work.change(edit.item_added(work.table, text), held=(("foreign key", text),) if held else ())


def _require_free_name(table: TableDef, name: str) -> None:
    if any(fold(made.name or "") == fold(name) for made in every_constraint(table)):
        raise OperationRefused(
            f"table {table.name!r} has a constraint {name!r} already",
            way_out="choose another name, or drop that one first",
            table=table.name,
            object=name,
        )


def drop_constraint(migrator: SqliteMigrator, table: str, name: str) -> None:
    """``name`` may be what a constraint without a name says."""
    work = Work(migrator, table)
    found = called(work.table, name)
    if not found:
        primary = [made.name for made in every_constraint(work.table) if made.kind == "primary key" and made.name]
        raise OperationRefused(
            f"table {work.table.name!r} has no constraint {name!r}",
            why=close_matches(name, [*(text for _, text in said(work.table)), *primary], "constraints"),
            way_out="write the constraint's name as it is in the database, or what it says where it has none",
            table=table,
            object=name,
        )
    if any(made.kind == "primary key" for made in found):
        raise OperationRefused(
            f"the primary key {name!r} of {work.table.name!r} can't be dropped",
            why="the rows would lose what tells them apart",
            way_out="create a table without it and copy the rows",
            table=table,
            object=name,
        )
    require_no_referrers(work, f"constraint {name!r}", name, found)
    work.change(_without(work.table, found))


def _without(table: TableDef, found: Sequence[ConstraintDef]) -> str:
    """The text without these constraints, of columns or of the table, and without an orphaned DEFERRABLE."""
    inner = [made for column in table.columns for made in column.constraints if made in found]
    outer = [made.span for made in table.constraints if made in found]
    sql = edit.parts_removed(table, outer)
    # Columns stand in front of the table's constraints: their spans still hold.
    return edit.inner_constraints_removed(parse_create_table(sql), inner) if inner else sql


def add_foreign_key_constraint(
    migrator: SqliteMigrator,
    table: str,
    column: str,
    rel: str,
    rel_column: str,
    on_delete: str | None,
    on_update: str | None,
    name: str | None,
) -> None:
    """Refused where a row refers to one that is not there, foreign keys enforced or not."""
    work = Work(migrator, table, (column,))
    target = work.catalog.table(rel)
    if migrator.drafts.get(rel) is not None:
        migrator.drafts.settle(rel)
        work = Work(migrator, table)
        target = work.catalog.table(rel)
    own = work.column(column)
    key = next((there for there in target.columns if fold(there.name) == fold(rel_column)), None)
    if key is None:
        raise OperationRefused(
            f"table {target.name!r} has no column {rel_column!r} to refer to",
            why=close_matches(rel_column, target.column_names, "columns"),
            way_out="name its primary key or a unique column",
            table=table,
            column=column,
        )
    require_key(work.catalog, target, key.name, work.table.name, own.name)
    made = constraint_name(name or f"fk_{table}_{column}_refs_{rel}")
    sql = f"FOREIGN KEY ({quote(own.name)}) REFERENCES {quote(target.name)} ({quote(key.name)})"
    sql += action("ON DELETE", on_delete) + action("ON UPDATE", on_update)
    _refuse_orphans(work, own.name, target.name, key.name)
    _add(work, made, sql, held=True)


def _refuse_orphans(work: Work, column: str, target: str, key: str) -> None:
    own, rel = f"c.{quote(column)}", f"p.{quote(key)}"
    sql = (
        f"FROM {quote(work.table.name)} AS c WHERE {own} IS NOT NULL "
        f"AND NOT EXISTS (SELECT 1 FROM {quote(target)} AS p WHERE {rel} = {own})"
    )
    if ask(work.database, f"SELECT 1 {sql} LIMIT 1"):
        count = ask(work.database, f"SELECT count(*) {sql}")[0][0]
        raise OperationRefused(
            f"{work.table.name}.{column} can't refer to {target}.{key}",
            why=f"{count:,} row{'s refer' if count != 1 else ' refers'} to what is not there",
            way_out="mend or delete these rows in a migration before this one",
            table=work.table.name,
            column=column,
        )


def drop_foreign_key_constraint(migrator: SqliteMigrator, table: str, column: str) -> None:
    work = Work(migrator, table)
    own = work.column(column)
    outer = [
        made
        for made in work.table.constraints
        if made.kind == "foreign key" and len(made.columns) == 1 and fold(made.columns[0]) == fold(own.name)
    ]
    inner = list(own.all("references", "deferrable"))
    if not outer and not own.all("references"):
        raise OperationRefused(
            f"column {own.name!r} of {work.table.name!r} has no foreign key of its own",
            why="no REFERENCES stands with it, and no FOREIGN KEY names it alone",
            way_out="drop a foreign key of several columns by its name: migrator.drop_constraint(...)",
            table=table,
            column=column,
        )
    work.change(_without(work.table, [*outer, *inner]))
