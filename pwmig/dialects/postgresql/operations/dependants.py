"""What needs a column or a table: PostgreSQL keeps it (https://www.postgresql.org/docs/current/catalog-pg-depend.html)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.operations.server import Need, Place, Server
from pwmig.dialects.server.operations.work import own_index_names, own_indexes

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.work import Work

__all__ = ["needs_of_column", "needs_of_constraint", "needs_of_table", "readers_of_column"]

_SAYS = """
SELECT d.classid::regclass::text, pg_describe_object(d.classid, d.objid, d.objsubid), d.deptype::text,
  con.conname, con.contype::text, conrel.relname, conns.nspname, coalesce(con.conrelid = {table}, false),
  (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(con.conkey) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.attnum),
  rel.relkind::text, rel.relname, relns.nspname, defcol.attname, defrel.relname, defns.nspname,
  coalesce(def.adrelid = {table}, false), coalesce(pol.polname, trg.tgname, rul.rulename)
FROM pg_depend d
LEFT JOIN pg_constraint con ON d.classid = 'pg_constraint'::regclass AND con.oid = d.objid
LEFT JOIN pg_class conrel ON conrel.oid = con.conrelid LEFT JOIN pg_namespace conns ON conns.oid = conrel.relnamespace
LEFT JOIN pg_rewrite rul ON d.classid = 'pg_rewrite'::regclass AND rul.oid = d.objid
LEFT JOIN pg_class rel ON (d.classid = 'pg_class'::regclass AND rel.oid = d.objid) OR rel.oid = rul.ev_class
LEFT JOIN pg_namespace relns ON relns.oid = rel.relnamespace
LEFT JOIN pg_attrdef def ON d.classid = 'pg_attrdef'::regclass AND def.oid = d.objid
LEFT JOIN pg_class defrel ON defrel.oid = def.adrelid LEFT JOIN pg_namespace defns ON defns.oid = defrel.relnamespace
LEFT JOIN pg_attribute defcol ON defcol.attrelid = def.adrelid AND defcol.attnum = def.adnum
LEFT JOIN pg_policy pol ON d.classid = 'pg_policy'::regclass AND pol.oid = d.objid
LEFT JOIN pg_trigger trg ON d.classid = 'pg_trigger'::regclass AND trg.oid = d.objid
WHERE {where} ORDER BY 2
"""


@dataclass(frozen=True, slots=True)
class _Dependant:
    """One thing that PostgreSQL says depends on another; what does not apply is None."""

    catalog: str
    words: str
    kind: str
    constraint: str | None
    constraint_kind: str | None
    constraint_table: str | None
    constraint_schema: str | None
    is_own_constraint: bool
    constraint_columns: list[str] | None
    relation_kind: str | None
    relation: str | None
    relation_schema: str | None
    column: str | None
    column_table: str | None
    column_schema: str | None
    is_own_table: bool
    other_name: str | None


def _dependants(server: Server, oid: int, where: str, values: list[object]) -> list[_Dependant]:
    sql = _SAYS.format(table=MARK, where=where)
    return [_Dependant(*row) for row in server.ask(sql, [oid, oid, *values])]


def _of_column(work: Work, name: str) -> list[_Dependant]:
    where = (
        f"d.refclassid = 'pg_class'::regclass AND d.refobjid = {MARK} AND d.refobjsubid = "
        f"(SELECT attnum FROM pg_attribute WHERE attrelid = {MARK} AND attname = {MARK})"
    )
    return _dependants(work.server, work.place.oid, where, [work.place.oid, work.place.oid, name])


def needs_of_column(work: Work, name: str) -> list[Need]:
    """All that would go with the column or stop its drop, but for what is its own.

    Its own are a foreign key, a UNIQUE and a check of this column alone, its default, the sequence that it counts by,
    and the index of a field with ``index=True`` or ``unique=True``.
    """
    own = own_index_names(work.table, name, work.server.clipped)
    indexes = {index.name for index in own_indexes(work.table, name, own)}
    others = [made for made in _of_column(work, name) if not _is_own(made, name, indexes)]
    return list(dict.fromkeys(_need(work.server, made, work.place) for made in others))


def _is_own(made: _Dependant, name: str, indexes: set[str]) -> bool:
    if made.catalog == "pg_constraint":
        alone = made.is_own_constraint and made.constraint_columns == [name]
        return alone and made.constraint_kind in ("c", "u", "f", "n")
    if made.catalog == "pg_attrdef":
        return made.is_own_table and made.column == name
    if made.catalog == "pg_class" and made.relation_kind == "S":
        return made.kind in ("a", "i")
    return made.catalog == "pg_class" and made.relation_kind in ("i", "I") and made.relation in indexes


def readers_of_column(work: Work, name: str) -> list[Need]:
    """What reads the column so that its type can't change: views, rules, triggers, policies, generated columns."""
    found = []
    for made in _of_column(work, name):
        generated = made.catalog == "pg_attrdef" and made.column != name
        if generated or made.catalog in ("pg_rewrite", "pg_trigger", "pg_policy", "pg_proc"):
            found.append(_need(work.server, made, work.place))
    return list(dict.fromkeys(found))


def needs_of_table(server: Server, place: Place) -> list[Need]:
    """What is not a part of the table and would go with it or stop its drop: keys, views, partitions, routines."""
    where = (
        f"((d.refclassid = 'pg_class'::regclass AND d.refobjid = {MARK}) OR (d.refclassid = 'pg_type'::regclass "
        f"AND d.refobjid IN (SELECT unnest(ARRAY[t.oid, t.typarray]) FROM pg_type t WHERE t.typrelid = {MARK}))) "
        "AND d.deptype IN ('n', 'a')"
    )
    found = []
    for made in _dependants(server, place.oid, where, [place.oid, place.oid]):
        if not _is_part(made, place):
            found.append(_need(server, made, place))
    return list(dict.fromkeys(found))


def _is_part(made: _Dependant, place: Place) -> bool:
    """Whether it is the table's own: its constraints, indexes, defaults, triggers, rules, policies, sequences."""
    if made.catalog == "pg_constraint":
        return made.is_own_constraint
    if made.catalog == "pg_attrdef":
        return made.is_own_table
    if made.catalog == "pg_rewrite":
        return (made.relation_schema, made.relation) == (place.schema, place.plain)
    if made.catalog == "pg_class":
        is_column = (made.relation_schema, made.relation) == (place.schema, place.plain)
        return made.relation_kind in ("i", "I", "S") or is_column
    return made.catalog in ("pg_trigger", "pg_policy", "pg_statistic_ext", "pg_publication_rel")


def needs_of_constraint(work: Work, name: str) -> list[Need]:
    """The foreign keys that refer to what a UNIQUE constraint keeps unique."""
    where = (
        "d.deptype = 'n' AND ((d.refclassid = 'pg_constraint'::regclass AND d.refobjid = own.oid) "
        "OR (d.refclassid = 'pg_class'::regclass AND d.refobjid = own.conindid))"
    )
    own = f"(SELECT oid, conindid FROM pg_constraint WHERE conrelid = {MARK} AND conname = {MARK})"
    where = f"EXISTS (SELECT 1 FROM {own} AS own WHERE {where})"
    made = _dependants(work.server, work.place.oid, where, [work.place.oid, name])
    return list(dict.fromkeys(_need(work.server, one, work.place) for one in made))


# -- in words


def _need(server: Server, made: _Dependant, place: Place) -> Need:
    """What it is, and the operation that does away with it."""
    if made.constraint is not None:
        table = server.called(made.constraint_schema or "", made.constraint_table or "")
        columns = made.constraint_columns or []
        if made.constraint_kind == "p":
            return "it is the primary key" if made.is_own_constraint else made.words, "create a table without it"
        if made.constraint_kind == "f":
            return f"the foreign key {made.constraint} of {table} ({', '.join(columns)})", _drop(table, made.constraint)
        return made.words, _drop(table, made.constraint)
    if made.column is not None:
        table = server.called(made.column_schema or "", made.column_table or "")
        return f"column {made.column} of {table}", f"migrator.drop_column({table!r}, {made.column!r})"
    if made.relation is not None:
        return _relation(server, made, place)
    return made.words, _sql_hint(server, made, place)


def _drop(table: str, constraint: str) -> str:
    return f"migrator.drop_constraint({table!r}, {constraint!r})"


_RELATIONS = {"v": "view", "m": "materialized view", "r": "table", "p": "table", "f": "foreign table"}


def _relation(server: Server, made: _Dependant, place: Place) -> Need:
    schema, name = made.relation_schema or "", made.relation or ""
    called = server.called(schema, name)
    if made.relation_kind in ("i", "I"):
        return f"index {name}", f"migrator.drop_index({place.name!r}, {name!r})"
    if made.catalog == "pg_rewrite" and made.relation_kind not in ("v", "m"):
        return made.words, _sql_hint(server, made, place)
    kind = _RELATIONS.get(made.relation_kind or "", "table")
    if kind == "table":
        return f"table {called}", f"migrator.drop_table({called!r})"
    statement = f"DROP {kind.upper()} {server.qualified(Place(schema, name, called))}"
    return f"{kind} {called}", f"migrator.sql({statement!r})"


_DROPS = {"pg_policy": "POLICY", "pg_trigger": "TRIGGER", "pg_rewrite": "RULE"}


def _sql_hint(server: Server, made: _Dependant, place: Place) -> str:
    word = _DROPS.get(made.catalog)
    if word is None or made.other_name is None:
        return f"drop {made.words} by SQL"
    statement = f"DROP {word} {server.quote(made.other_name)} ON {server.qualified(place)}"
    return f"migrator.sql({statement!r})"
