"""The fifth question: all that stands beside tables, or is rare in them, a row each.

A row is (key, kind, number, facts): the key is the oid of what it belongs to, the number that of a column, 0 without.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pwmig.dialects.postgresql.seeing.grants import grants, grants_if_any
from pwmig.dialects.postgresql.seeing.queries import (
    SCHEMA,
    USER_SCHEMA,
    any_of,
    asked,
    in_sql,
    not_of_extension,
    shown,
)
from pwmig.dialects.postgresql.seeing.routines import AGGREGATES, ROUTINES

__all__ = ["everything", "of_tables"]


# -- what belongs to tables and views


def _triggers(version: int, oids: Iterable[int]) -> str:
    own = "AND t.tgparentid = 0" if version >= 130000 else ""
    return f"""SELECT t.tgrelid::int8, 'trigger', 0, ARRAY[t.tgname::text, pg_get_triggerdef(t.oid, true),
    t.tgenabled::text, obj_description(t.oid, 'pg_trigger')]
FROM pg_trigger t WHERE t.tgrelid = {any_of(oids)} AND NOT t.tgisinternal {own}"""


def _rules(oids: Iterable[int]) -> str:
    return f"""SELECT r.ev_class::int8, 'rule', 0, ARRAY[r.rulename::text, pg_get_ruledef(r.oid, true),
    r.ev_enabled::text, obj_description(r.oid, 'pg_rewrite')]
FROM pg_rewrite r WHERE r.ev_class = {any_of(oids)} AND r.rulename <> '_RETURN'"""


def _policies(oids: Iterable[int]) -> str:
    return f"""SELECT p.polrelid::int8, 'policy', 0, ARRAY[p.polname::text, p.polcmd::text,
    CASE WHEN p.polpermissive THEN 'PERMISSIVE' END, pg_get_expr(p.polqual, p.polrelid),
    pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy')]
    || ARRAY(SELECT quote_ident(pg_get_userbyid(r)) FROM unnest(p.polroles) r WHERE r <> 0 ORDER BY 1)
FROM pg_policy p WHERE p.polrelid = {any_of(oids)}"""


def _statistics(oids: Iterable[int]) -> str:
    """Extended statistics, written as those of the default schema are where they stand in it."""
    begin = "'CREATE STATISTICS '"
    return f"""SELECT s.stxrelid::int8, 'statistics', 0, ARRAY[CASE n.nspname WHEN (SELECT home FROM was)
    THEN {begin} || substr(pg_get_statisticsobjdef(s.oid), length({begin} || quote_ident(n.nspname)) + 2)
    ELSE pg_get_statisticsobjdef(s.oid) END]
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE s.stxrelid = {any_of(oids)}"""


def _relation_grants(oids: Iterable[int]) -> str:
    return f"""SELECT c.oid::int8, 'grants', 0, {grants("c.relacl", "r", "c.relowner")}
FROM pg_class c WHERE c.oid = {any_of(oids)} AND c.relacl IS NOT NULL
UNION ALL
SELECT a.attrelid::int8, 'grants', a.attnum::int4, {grants("a.attacl", "c", "c.relowner")}
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.attrelid = {any_of(oids)} AND a.attacl IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped"""


def _comments(relations: str, constraints: str) -> str:
    return f"""SELECT d.objoid::int8, 'comment', d.objsubid, ARRAY[d.description]
FROM pg_description d WHERE d.classoid = 'pg_class'::regclass AND d.objoid {relations}
UNION ALL
SELECT d.objoid::int8, 'constraint comment', 0, ARRAY[d.description]
FROM pg_description d WHERE d.classoid = 'pg_constraint'::regclass AND d.objoid {constraints}"""


def _sequences(owned: str) -> str:
    return f"""SELECT coalesce(d.refobjid, 0)::int8, 'sequence', coalesce(d.refobjsubid, 0),
    ARRAY[{SCHEMA}, {shown("n.nspname", "c.relname")}, format_type(s.seqtypid, NULL), s.seqstart::text,
        s.seqincrement::text, s.seqmin::text, s.seqmax::text, s.seqcache::text, s.seqcycle::text,
        CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END, s.seqrelid::text, s.seqrelid::regclass::text]
    || {grants_if_any("c.relacl", "s", "c.relowner")}
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.objsubid = 0
    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
WHERE {owned}"""


def of_tables(version: int, oids: Collection[int], indexes: Iterable[int], constraints: Iterable[int]) -> str:
    """What belongs to these relations, their indexes and their constraints; at a cost that nothing else adds to."""
    owned = f"""s.seqrelid IN (SELECT q.objid FROM pg_depend q WHERE q.classid = 'pg_class'::regclass
        AND q.refclassid = 'pg_class'::regclass AND q.refobjid = {any_of(oids)} AND q.deptype IN ('a', 'i'))"""
    described = f"""IN (SELECT unnest('{{{",".join(map(str, [*oids, *indexes]))}}}'::oid[])
        UNION ALL SELECT q.objid FROM pg_depend q WHERE q.classid = 'pg_class'::regclass
        AND q.refclassid = 'pg_class'::regclass AND q.refobjid = {any_of(oids)} AND q.deptype IN ('a', 'i'))"""
    return asked("\nUNION ALL\n".join([
        _triggers(version, oids), _rules(oids), _policies(oids), _statistics(oids), _relation_grants(oids),
        _comments(described, f"= {any_of(constraints)}"), _sequences(owned),
    ]), 4)  # fmt: skip


# -- what stands beside them


_NAMESPACES = f"""SELECT n.oid::int8, 'namespace', 0, ARRAY[n.nspname::text, obj_description(n.oid, 'pg_namespace')]
    || {grants_if_any("n.nspacl", "n", "n.nspowner")}
FROM pg_namespace n WHERE {USER_SCHEMA} AND n.nspname NOT IN ('public', (SELECT coalesce(home, '') FROM was))
    AND {not_of_extension("pg_namespace", "n.oid")}"""

_EXTENSIONS = f"""SELECT x.oid::int8, 'extension', 0, ARRAY[x.extname::text, x.extversion, {SCHEMA}]
FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace WHERE x.extname <> 'plpgsql'"""

_TYPE = f"ARRAY[{SCHEMA}, {shown('n.nspname', 't.typname')}, obj_description(t.oid, 'pg_type')"
_TYPE_FROM = "pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
_TYPE_OWN = f"{USER_SCHEMA} AND {not_of_extension('pg_type', 't.oid')}"

_TYPES = f"""SELECT t.oid::int8, 'enum', 0, {_TYPE}]
    || ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
FROM {_TYPE_FROM} WHERE t.typtype = 'e' AND {_TYPE_OWN}
UNION ALL
SELECT t.oid::int8, 'domain', 0, {_TYPE}, format_type(t.typbasetype, t.typtypmod),
    CASE WHEN t.typnotnull THEN 'NOT NULL' END, coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault),
    CASE WHEN t.typcollation <> b.typcollation THEN (
        SELECT {in_sql("cn.nspname", "l.collname", "pg_collation_is_visible(l.oid)")} FROM pg_collation l
        JOIN pg_namespace cn ON cn.oid = l.collnamespace WHERE l.oid = t.typcollation) END]
FROM {_TYPE_FROM} JOIN pg_type b ON b.oid = t.typbasetype WHERE t.typtype = 'd' AND {_TYPE_OWN}
UNION ALL
SELECT t.oid::int8, 'composite', 0, {_TYPE}, t.typrelid::text]
FROM {_TYPE_FROM} JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typtype = 'c' AND c.relkind = 'c' AND {_TYPE_OWN}
UNION ALL
SELECT c.contypid::int8, 'domain check', 0, ARRAY[c.conname::text, pg_get_expr(c.conbin, 0),
    CASE WHEN NOT c.convalidated THEN 'NOT VALID' END, obj_description(c.oid, 'pg_constraint')]
FROM pg_constraint c WHERE c.contypid <> 0 AND c.contype = 'c'
UNION ALL
SELECT t.oid::int8, 'type grants', 0, {grants("t.typacl", "T", "t.typowner")}
FROM pg_type t WHERE t.typacl IS NOT NULL AND t.typtype IN ('e', 'd', 'c', 'r')"""


def _ranges(version: int) -> str:
    name = in_sql("mn.nspname", "m.typname", "pg_type_is_visible(m.oid)")
    multirange = f"""', multirange_type_name = ' || (SELECT {name}
        FROM pg_type m JOIN pg_namespace mn ON mn.oid = m.typnamespace WHERE m.oid = r.rngmultitypid)"""
    return f"""SELECT t.oid::int8, 'range', 0, {_TYPE}, concat('subtype = ', format_type(r.rngsubtype, NULL),
    ', subtype_opclass = ' || (SELECT {in_sql("o2.nspname", "o.opcname", "pg_opclass_is_visible(o.oid)")}
        FROM pg_opclass o JOIN pg_namespace o2 ON o2.oid = o.opcnamespace WHERE o.oid = r.rngsubopc AND NOT opcdefault),
    ', collation = ' || (SELECT {in_sql("cn.nspname", "l.collname", "pg_collation_is_visible(l.oid)")}
        FROM pg_collation l JOIN pg_namespace cn ON cn.oid = l.collnamespace JOIN pg_type s ON s.oid = r.rngsubtype
        WHERE l.oid = r.rngcollation AND s.typcollation <> l.oid),
    ', canonical = ' || nullif(r.rngcanonical, 0)::regproc::text,
    ', subtype_diff = ' || nullif(r.rngsubdiff, 0)::regproc::text
    {"," + multirange if version >= 140000 else ""})]
FROM {_TYPE_FROM} JOIN pg_range r ON r.rngtypid = t.oid WHERE t.typtype = 'r' AND {_TYPE_OWN}"""


# What a collation consists of has another name in almost every version, so its row is read as JSON.
_COLLATIONS = f"""SELECT l.oid::int8, 'collation', 0, ARRAY[{SCHEMA}, {shown("n.nspname", "l.collname")},
    obj_description(l.oid, 'pg_collation'), concat_ws(', ',
        'provider = ' || CASE l.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
        CASE l.collprovider WHEN 'c' THEN 'lc_collate = ' || quote_literal(l.collcollate) || ', lc_ctype = '
            || quote_literal(l.collctype)
        ELSE 'locale = ' || quote_literal(coalesce(j ->> 'colllocale', j ->> 'colliculocale', l.collcollate)) END,
        'rules = ' || quote_literal(j ->> 'collicurules'),
        CASE WHEN NOT l.collisdeterministic THEN 'deterministic = false' END)]
FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace CROSS JOIN LATERAL to_jsonb(l) j
WHERE l.oid >= 16384 AND {USER_SCHEMA} AND {not_of_extension("pg_collation", "l.oid")}"""


_FREE_SEQUENCES = f"{USER_SCHEMA} AND c.relname !~ '^pwmig_' AND {not_of_extension('pg_class', 'c.oid')}"


def everything(version: int, oids: Iterable[int]) -> str:
    """What belongs to these relations, which are all there are, and what stands beside them."""
    oids = list(oids)
    return asked("\nUNION ALL\n".join([
        _triggers(version, oids), _rules(oids), _policies(oids), _statistics(oids), _relation_grants(oids),
        _comments(">= 16384", ">= 16384"), _sequences(_FREE_SEQUENCES),
        _NAMESPACES, _EXTENSIONS, _TYPES, _ranges(version), _COLLATIONS, ROUTINES, AGGREGATES,
    ]), 4)  # fmt: skip
