"""What needs a column or a table: PostgreSQL keeps it (https://www.postgresql.org/docs/current/catalog-pg-depend.html)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.dialects.server.asking import MARK
from pwmig.dialects.server.operations.needs import Need, once
from pwmig.dialects.server.operations.server import Place, Server
from pwmig.dialects.server.operations.work import own_index_names, own_indexes
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.work import Work

__all__ = ["needs_of_column", "needs_of_constraint", "needs_of_table", "readers_of_column"]

_SAYS = """
SELECT d.classid::regclass::text, pg_describe_object(d.classid, d.objid, d.objsubid), d.deptype::text,
  con.conname, con.contype::text, conrel.relname, conns.nspname, coalesce(con.conrelid = {table}, false),
  (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(con.conkey) WITH ORDINALITY AS k(attnum, place)
    JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.attnum),
  rel.relkind::text, rel.relname, relns.nspname, defcol.attname, defrel.relname, defns.nspname,
  defcol.attgenerated <> '', coalesce(def.adrelid = {table}, false), coalesce(pol.polname, trg.tgname, rul.rulename),
  CASE WHEN d.classid = 'pg_proc'::regclass THEN d.objid::regprocedure::text END, d.objid::bigint, rel.oid::bigint
FROM pg_depend d
LEFT JOIN pg_constraint con ON d.classid = 'pg_constraint'::regclass AND con.oid = d.objid
LEFT JOIN pg_class conrel ON conrel.oid = con.conrelid LEFT JOIN pg_namespace conns ON conns.oid = conrel.relnamespace
LEFT JOIN pg_rewrite rul ON d.classid = 'pg_rewrite'::regclass AND rul.oid = d.objid
LEFT JOIN pg_policy pol ON d.classid = 'pg_policy'::regclass AND pol.oid = d.objid
LEFT JOIN pg_trigger trg ON d.classid = 'pg_trigger'::regclass AND trg.oid = d.objid
LEFT JOIN pg_class rel ON rel.oid = coalesce(rul.ev_class, pol.polrelid, trg.tgrelid,
  CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid END)
LEFT JOIN pg_namespace relns ON relns.oid = rel.relnamespace
LEFT JOIN pg_attrdef def ON d.classid = 'pg_attrdef'::regclass AND def.oid = d.objid
LEFT JOIN pg_class defrel ON defrel.oid = def.adrelid LEFT JOIN pg_namespace defns ON defns.oid = defrel.relnamespace
LEFT JOIN pg_attribute defcol ON defcol.attrelid = def.adrelid AND defcol.attnum = def.adnum
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
    is_generated: bool | None
    is_own_table: bool
    other_name: str | None
    routine: str | None
    oid: int
    relation_oid: int | None


def _dependants(server: Server, oid: int, where: str, values: list[object]) -> list[_Dependant]:
    sql = _SAYS.format(table=MARK, where=where)
    return [_Dependant(*row) for row in server.ask(sql, [oid, oid, *values])]


_SEQUENCES = f"""
ARRAY(SELECT own.objid FROM pg_depend own JOIN pg_class seq ON seq.oid = own.objid AND seq.relkind = 'S'
  WHERE own.classid = 'pg_class'::regclass AND own.refclassid = 'pg_class'::regclass AND own.deptype IN ('a', 'i')
  AND own.refobjid = {MARK}"""
"""The sequences that columns of a table count by, of all of them or, with more of a condition, of one."""

_NUMBER = f"(SELECT attnum FROM pg_attribute WHERE attrelid = {MARK} AND attname = {MARK})"


def _of_column(server: Server, oid: int, name: str) -> list[_Dependant]:
    where = f"d.refclassid = 'pg_class'::regclass AND d.refobjid = {MARK} AND d.refobjsubid = {_NUMBER}"
    return _dependants(server, oid, where, [oid, oid, name])


def _of_its_sequence(server: Server, oid: int, name: str) -> list[_Dependant]:
    """What depends on the sequence that a column counts by."""
    where = f"d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY ({_SEQUENCES} AND own.refobjsubid = {_NUMBER}))"
    return _dependants(server, oid, where, [oid, oid, name])


def needs_of_column(work: Work, name: str) -> list[Need]:
    """All that would go with the column or stop its drop, but for what is its own.

    Its own are a foreign key, a UNIQUE and a check of this column alone, its default, the sequence that it counts by,
    and the index of a field with ``index=True`` or ``unique=True``.
    """
    return _in_turn(work.server, work.place, _others(work, name), work)


def _others(work: Work, name: str) -> list[_Dependant]:
    server, oid = work.server, work.place.oid
    own = own_index_names(work.table, name, server.clipped)
    indexes = {index.name for index in own_indexes(work.table, name, own)}
    made = _of_column(server, oid, name)
    if any(one.catalog == "pg_class" and one.relation_kind == "S" for one in made):
        made += _of_its_sequence(server, oid, name)
    return [one for one in made if not _is_own(one, name, indexes)]


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
    for made in _of_column(work.server, work.place.oid, name):
        generated = made.is_generated and made.column != name
        if generated or made.catalog in ("pg_rewrite", "pg_trigger", "pg_policy", "pg_proc"):
            found.append(made)
    return _in_turn(work.server, work.place, found, work)


def needs_of_table(server: Server, place: Place) -> list[Need]:
    """What is not a part of the table and would go with it or stop its drop: keys, views, partitions, routines, and
    defaults of other tables that count by one of its sequences."""
    return _in_turn(server, place, _beside(server, place))


def _beside(server: Server, place: Place) -> list[_Dependant]:
    """What depends on a table or a view and is no part of it."""
    where = (
        f"((d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (array_append({_SEQUENCES}), {MARK}::oid))) "
        "OR (d.refclassid = 'pg_type'::regclass AND d.refobjid = ANY "
        f"(ARRAY(SELECT unnest(ARRAY[t.oid, t.typarray]) FROM pg_type t WHERE t.typrelid = {MARK})))) "
        "AND d.deptype IN ('n', 'a')"
    )
    found = _dependants(server, place.oid, where, [place.oid, place.oid, place.oid])
    return [made for made in found if not _is_part(made, place)]


def _is_part(made: _Dependant, place: Place) -> bool:
    """Whether it is the table's own: its constraints, indexes, defaults, triggers, rules, policies, sequences."""
    if made.catalog == "pg_constraint":
        return made.is_own_constraint
    if made.catalog == "pg_attrdef":
        return made.is_own_table
    if made.catalog in ("pg_rewrite", "pg_trigger", "pg_policy"):
        return made.relation_oid == place.oid
    if made.catalog == "pg_class":
        return made.relation_kind in ("i", "I", "S") or made.relation_oid == place.oid
    return made.catalog in ("pg_statistic_ext", "pg_publication_rel")


def needs_of_constraint(work: Work, name: str) -> list[Need]:
    """The foreign keys that refer to what a UNIQUE constraint keeps unique."""
    made = _of_constraint(work.server, work.place, name)
    return once(_need(work.server, one, work.place) for one in made)


def _of_constraint(server: Server, place: Place, name: str) -> list[_Dependant]:
    where = (
        "d.deptype = 'n' AND ((d.refclassid = 'pg_constraint'::regclass AND d.refobjid = own.oid) "
        "OR (d.refclassid = 'pg_class'::regclass AND d.refobjid = own.conindid))"
    )
    own = f"(SELECT oid, conindid FROM pg_constraint WHERE conrelid = {MARK} AND conname = {MARK})"
    where = f"EXISTS (SELECT 1 FROM {own} AS own WHERE {where})"
    return _dependants(server, place.oid, where, [place.oid, name])


# -- what needs these in turn

_DEEPEST = 100


def _in_turn(server: Server, place: Place, made: list[_Dependant], work: Work | None = None) -> list[Need]:
    """The needs that things are, and those of what depends on each of them: views over views, and so on."""
    found: list[Need] = []
    level = [(one, place) for one in made]
    for depth in range(_DEEPEST):
        found += [_need(server, one, where, depth) for one, where in level]
        things = {(one.catalog, one.column or one.oid): (one, where) for one, where in level}
        level = [further for one, where in things.values() for further in _further(server, one, where, work)]
        if not level:
            break
    return once(found)


def _further(server: Server, made: _Dependant, place: Place, work: Work | None) -> list[tuple[_Dependant, Place]]:
    """What depends on a dependant, and the table or view that it depends on there."""
    if made.catalog == "pg_constraint":
        is_unique = made.is_own_constraint and made.constraint_kind == "u"
        return [(one, place) for one in _of_constraint(server, place, made.constraint or "")] if is_unique else []
    if made.catalog == "pg_attrdef":
        if not (made.is_generated and made.is_own_table and work is not None):
            return []
        return [(one, place) for one in _others(work, made.column or "")]
    if made.catalog == "pg_proc":
        where = f"d.refclassid = 'pg_proc'::regclass AND d.refobjid = {MARK} AND d.deptype = 'n'"
        return [(one, place) for one in _dependants(server, place.oid, where, [made.oid])]
    if made.relation_oid in (None, place.oid) or made.relation_kind not in _RELATIONS:
        return []
    if made.catalog == "pg_rewrite" and made.relation_kind not in ("v", "m"):
        return []
    if made.catalog not in ("pg_class", "pg_rewrite"):
        return []
    schema, plain = made.relation_schema or "", made.relation or ""
    beneath = Place(schema, plain, server.called(schema, plain), oid=made.relation_oid or 0)
    return [(one, beneath) for one in _beside(server, beneath)]


# -- in words


def _need(server: Server, made: _Dependant, place: Place, depth: int = 0) -> Need:
    return Need(*_told(server, made, place), depth)


def _told(server: Server, made: _Dependant, place: Place) -> tuple[str, str]:
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
        if not made.is_generated:
            default = f"the default of column {made.column} of {table}"
            return default, f"migrator.drop_column_default({table!r}, {made.column!r})"
        return f"column {made.column} of {table}", f"migrator.drop_column({table!r}, {made.column!r})"
    if made.relation is not None and made.catalog in ("pg_class", "pg_rewrite"):
        return _relation(server, made, place)
    return made.words, _sql_hint(server, made)


def _drop(table: str, constraint: str) -> str:
    return f"migrator.drop_constraint({table!r}, {constraint!r})"


_RELATIONS = {"v": "view", "m": "materialized view", "r": "table", "p": "table", "f": "foreign table"}


def _relation(server: Server, made: _Dependant, place: Place) -> tuple[str, str]:
    schema, name = made.relation_schema or "", made.relation or ""
    called = server.called(schema, name)
    if made.relation_kind in ("i", "I"):
        return f"index {name}", f"migrator.drop_index({place.name!r}, {name!r})"
    if made.catalog == "pg_rewrite" and made.relation_kind not in ("v", "m"):
        return made.words, _sql_hint(server, made)
    kind = _RELATIONS.get(made.relation_kind or "", "table")
    if kind == "table":
        return f"table {called}", f"migrator.drop_table({called!r})"
    statement = f"DROP {kind.upper()} {server.qualified(Place(schema, name, called))}"
    return f"{kind} {called}", f"migrator.sql({statement!r})"


_DROPS = {"pg_policy": "POLICY", "pg_trigger": "TRIGGER", "pg_rewrite": "RULE"}


def _sql_hint(server: Server, made: _Dependant) -> str:
    word = _DROPS.get(made.catalog)
    if made.routine is not None:
        statement = f"DROP ROUTINE {made.routine}"
    elif word is not None and made.other_name is not None and made.relation is not None:
        schema, plain = made.relation_schema or "", made.relation
        on = server.qualified(Place(schema, plain, server.called(schema, plain)))
        statement = f"DROP {word} {server.quote(made.other_name)} ON {on}"
    else:
        return f"drop {made.words} by SQL"
    return f"migrator.sql({statement!r})"
