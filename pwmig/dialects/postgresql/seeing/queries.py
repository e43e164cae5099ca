"""The five questions to PostgreSQL's catalog (https://www.postgresql.org/docs/current/catalogs.html).

Each is one statement of three parts: the first sets what the texts of ``pg_get_expr`` and its kin depend on, the
second asks, the third sets it back. So a text never shows the schema of a thing in the default schema and always
that of any other, and a constant reads alike whatever the connection's time zone; an open transaction keeps its
settings. The parts of a UNION ALL are carried out in their order, since ``set_config`` forbids to share them among
workers. What is rare comes as an array that is NULL elsewhere, so that common rows are short.

The first row of an answer is ``(version number, default schema, ...)``, the last one says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "SCHEMA", "USER_SCHEMA", "any_of", "asked", "columns", "constraints", "in_sql", "indexes", "not_of_extension",
    "relations", "shown",
]  # fmt: skip

_SETTINGS = (
    ("search_path", "concat_ws(', ', quote_ident(home), 'pg_temp')"),
    ("quote_all_identifiers", "'off'"),
    ("timezone", "'UTC'"),
    ("datestyle", "'ISO, MDY'"),
    ("intervalstyle", "'postgres'"),
    ("extra_float_digits", "'1'"),
    ("bytea_output", "'hex'"),
    ("standard_conforming_strings", "'on'"),
)
_KEPT = ", ".join(f"current_setting('{name}') AS {name}" for name, _ in _SETTINGS)
_SET = ", ".join(f"set_config('{name}', {value}, true)" for name, value in _SETTINGS)
_SET_BACK = ", ".join(f"set_config('{name}', {name}, true)" for name, _ in _SETTINGS)
_HOME = "(SELECT home FROM was)"

SCHEMA = f"nullif(n.nspname, {_HOME})::text"
"""A thing's schema, None for the default one; ``n`` is its row of pg_namespace."""

USER_SCHEMA = r"n.nspname <> 'information_schema' AND n.nspname !~ '^(pg|pwmig)_'"
"""That a schema is neither the server's nor pwmig's; ``n`` is its row of pg_namespace."""


def asked(question: str, width: int) -> str:
    """A question of so many columns, the first a number and the second a text, under settings of its own."""
    rest = ", NULL" * (width - 2)
    return f"""
WITH was AS MATERIALIZED (SELECT current_schema()::text AS home, {_KEPT})
SELECT current_setting('server_version_num')::int8 + 0 * length(concat({_SET})), home{rest} FROM was
UNION ALL ({question})
UNION ALL SELECT 0 * length(concat({_SET_BACK})), NULL{rest} FROM was"""


def not_of_extension(catalog: str, oid: str) -> str:
    """That an object belongs to no extension."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{catalog}'::regclass AND e.objid = {oid}"
        " AND e.deptype = 'e')"
    )


def any_of(oids: Iterable[int]) -> str:
    return "ANY ('{" + ",".join(map(str, oids)) + "}'::oid[])"


def shown(schema: str, name: str) -> str:
    """A thing's name as the records have it: with its schema unless that is the default one."""
    return f"CASE {schema} WHEN {_HOME} THEN {name}::text ELSE {schema} || '.' || {name} END"


def in_sql(schema: str, name: str, visible: str) -> str:
    """A thing's name as SQL has it: with its schema unless it is found without."""
    return f"CASE WHEN {visible} THEN quote_ident({name}) ELSE quote_ident({schema}) || '.' || quote_ident({name}) END"


def _relations(kinds: str, named: str) -> str:
    return f"""
SELECT c.oid::int8, c.relkind::text, {SCHEMA}, c.relname::text,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid)
         WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    CASE WHEN c.relkind IN ('r', 'p') THEN nullif(ARRAY(
        SELECT {shown("pn.nspname", "p.relname")} FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
        JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE h.inhrelid = c.oid ORDER BY h.inhseqno), '{{}}') END,
    pg_get_expr(c.relpartbound, c.oid),
    CASE WHEN c.relpersistence <> 'p' OR c.reloptions IS NOT NULL OR x.reloptions IS NOT NULL OR c.reltablespace <> 0
        OR c.relreplident IN ('f', 'n') OR c.relrowsecurity OR c.relforcerowsecurity OR c.reloftype <> 0
        OR a.amname <> 'heap' OR c.relkind = 'm' AND NOT c.relispopulated
    THEN array_remove(ARRAY[
        CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
        'OF ' || nullif(c.reloftype, 0)::regtype::text,
        'USING ' || quote_ident(nullif(a.amname, 'heap')),
        'TABLESPACE ' || quote_ident(s.spcname),
        CASE WHEN c.relkind IN ('r', 'p') THEN CASE c.relreplident
            WHEN 'f' THEN 'REPLICA IDENTITY FULL' WHEN 'n' THEN 'REPLICA IDENTITY NOTHING' END END,
        CASE WHEN c.relrowsecurity THEN 'ROW LEVEL SECURITY' END,
        CASE WHEN c.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END,
        CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'WITH NO DATA' END], NULL)
        || c.reloptions || ARRAY(SELECT 'toast.' || o FROM unnest(x.reloptions) o) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_am a ON a.oid = c.relam LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
LEFT JOIN pg_class x ON x.oid = c.reltoastrelid
WHERE c.relkind IN ({kinds}) AND {named} {USER_SCHEMA} AND c.relname !~ '^pwmig_'
    AND {not_of_extension("pg_class", "c.oid")}"""


def relations(names: bool) -> str:
    """Tables, views, and the row types of composite types: (oid, kind, schema, name, text, parents, bound, words).

    With ``names`` the statement takes two parameters: plain names, to be found by an index, and names as the records
    have them; no composite types then. ``text`` is a view's query or a partitioning.
    """
    if not names:
        return asked(_relations("'r', 'p', 'v', 'm', 'c'", ""), 8)
    named = f"c.relname = ANY (%s::name[]) AND {shown('n.nspname', 'c.relname')} = ANY (%s::text[]) AND"
    return asked(_relations("'r', 'p', 'v', 'm'", named), 8)


_COLLATION = in_sql("ln.nspname", "l.collname", "l.collname IS NULL OR pg_collation_is_visible(l.oid)")
"""A collation's name, NULL where :func:`_of_collation` has found none."""


def _of_collation(oid: str, where: str) -> str:
    return f"""LEFT JOIN pg_collation l ON l.oid = {oid} AND {where}
LEFT JOIN pg_namespace ln ON ln.oid = l.collnamespace"""


def columns(version: int, oids: Iterable[int]) -> str:
    """(relation, name, number, type, whether NOT NULL, default or expression, facts).

    The facts are (generated, identity, collation, storage, compression, statistics, inherited, options ...), of which
    there are servers that keep some for themselves.
    """
    compression = "CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END" if version >= 140000 else "NULL"
    compressed = "OR a.attcompression <> ''" if version >= 140000 else ""
    question = f"""
SELECT a.attrelid::int8, a.attname::text, a.attnum::int4, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid),
    CASE WHEN a.attgenerated <> '' OR a.attidentity <> '' OR a.attcollation <> t.typcollation
        OR a.attstorage <> t.typstorage OR a.attstattarget >= 0 OR a.attinhcount > 0
        OR strpos(a.attoptions::text, 'n_distinct') > 0
        {compressed}
    THEN ARRAY[
        CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
        CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
        {_COLLATION},
        CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage
            WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END,
        {compression},
        CASE WHEN a.attstattarget >= 0 THEN a.attstattarget::text END,
        CASE WHEN a.attinhcount > 0 THEN CASE WHEN a.attislocal THEN 'LOCAL' ELSE 'INHERITED' END END]
        || CASE WHEN strpos(a.attoptions::text, 'n_distinct') > 0 THEN a.attoptions END END
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
{_of_collation("a.attcollation", "a.attcollation <> t.typcollation")}
WHERE a.attrelid = {any_of(oids)} AND a.attnum > 0 AND NOT a.attisdropped"""
    return asked(question, 7)


def indexes(version: int, oids: Iterable[int]) -> str:
    """(relation, name, oid, keys, how many of them count, orders, whether unique, method, predicate, facts).

    The facts are (invalid, nulls not distinct, clustered, replica identity, tablespace, attached to, options ...).
    Of a part that has something of its own comes a row besides: without name, its number in place of the count, its
    expression in place of the predicate, and the facts (operator class, collation, statistics, options ...).
    """
    alike = "x.indnullsnotdistinct" if version >= 150000 else "false"
    # An operator class is the default for its own type, and for those that look like it and have none of their own.
    default = "o.opcdefault AND (o.opcintype = k.atttypid OR e.oid IS NULL) AND a.attoptions IS NULL"
    own_collation = "u.sorting <> coalesce(k.attcollation, 100)"
    question = f"""
SELECT x.indrelid::int8, i.relname::text, x.indexrelid::int8, x.indkey::text, x.indnkeyatts::int4, x.indoption::text,
    x.indisunique, nullif(m.amname, 'btree')::text, pg_get_expr(x.indpred, x.indrelid),
    CASE WHEN NOT x.indisvalid OR {alike} OR x.indisclustered OR x.indisreplident OR i.reltablespace <> 0
        OR i.relispartition OR i.reloptions IS NOT NULL
    THEN ARRAY[
        CASE WHEN NOT x.indisvalid THEN 'INVALID' END,
        CASE WHEN {alike} THEN 'NULLS NOT DISTINCT' END,
        CASE WHEN x.indisclustered THEN 'CLUSTER ON ' || quote_ident(i.relname) END,
        CASE WHEN x.indisreplident THEN 'REPLICA IDENTITY USING INDEX ' || quote_ident(i.relname) END,
        'TABLESPACE ' || quote_ident(s.spcname),
        'ATTACHED TO ' || h.inhparent::regclass::text] || i.reloptions END
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m ON m.oid = i.relam
LEFT JOIN pg_tablespace s ON s.oid = i.reltablespace
LEFT JOIN pg_inherits h ON h.inhrelid = x.indexrelid
WHERE x.indrelid = {any_of(oids)}
UNION ALL
SELECT x.indrelid::int8, NULL, x.indexrelid::int8, NULL, u.number::int4, NULL, NULL, NULL,
    CASE WHEN k.attnum IS NULL THEN pg_get_indexdef(x.indexrelid, u.number::int4, false) END,
    ARRAY[
        CASE WHEN NOT ({default}) THEN {in_sql("n.nspname", "o.opcname", "pg_opclass_is_visible(o.oid)")} END,
        {_COLLATION},
        CASE WHEN a.attstattarget >= 0 THEN a.attstattarget::text END] || a.attoptions
FROM pg_index x
CROSS JOIN LATERAL unnest(x.indclass::oid[], x.indcollation::oid[]) WITH ORDINALITY u (class, sorting, number)
JOIN pg_opclass o ON o.oid = u.class JOIN pg_namespace n ON n.oid = o.opcnamespace
JOIN pg_attribute a ON a.attrelid = x.indexrelid AND a.attnum = u.number
LEFT JOIN pg_attribute k ON k.attrelid = x.indrelid AND k.attnum = x.indkey[u.number - 1] AND k.attnum <> 0
LEFT JOIN pg_opclass e ON e.opcmethod = o.opcmethod AND e.opcdefault AND e.opcintype = coalesce(k.atttypid, a.atttypid)
{_of_collation("u.sorting", own_collation)}
WHERE x.indrelid = {any_of(oids)} AND (k.attnum IS NULL OR NOT ({default}) OR l.oid IS NOT NULL OR a.attstattarget >= 0)
"""
    return asked(question, 10)


def constraints(version: int, oids: Iterable[int]) -> str:
    """(relation, name, kind, oid, index, column numbers, text, words, deferrable, valid, inherited, foreign).

    ``words`` are of NOT ENFORCED, PERIOD and INHERITED (besides being the table's own) those that hold. ``foreign`` of
    a foreign key is (schema, name, match, on delete, on update, then the columns referred to, as many as refer, and
    the numbers of those that ON DELETE sets).
    """
    wide = version >= 180000
    newer = "CASE WHEN NOT c.conenforced THEN 'NOT ENFORCED' END, CASE WHEN c.conperiod THEN 'PERIOD' END"
    words = f"""CASE WHEN c.contype = 'c' AND c.coninhcount > 0 {"OR NOT c.conenforced OR c.conperiod" if wide else ""}
        THEN array_remove(ARRAY[CASE WHEN c.contype = 'c' AND c.coninhcount > 0 THEN 'INHERITED' END,
            {newer if wide else "NULL"}], NULL) END"""
    not_null = r"OR c.contype = 'n' AND (NOT c.convalidated OR c.connoinherit OR c.conname !~ '_not_null\d*$')"

    set_columns = "|| c.confdelsetcols::text[]" if version >= 150000 else ""
    question = f"""
SELECT c.conrelid::int8, c.conname::text, c.contype::text, c.oid::int8, c.conindid::int8, c.conkey::int4[],
    CASE c.contype WHEN 'c' THEN pg_get_expr(c.conbin, c.conrelid) WHEN 'x' THEN pg_get_constraintdef(c.oid) END,
    {words},
    CASE WHEN c.condeferrable THEN CASE WHEN c.condeferred THEN 'DEFERRABLE INITIALLY DEFERRED'
        ELSE 'DEFERRABLE INITIALLY IMMEDIATE' END END,
    c.convalidated, NOT c.connoinherit,
    CASE c.contype WHEN 'f' THEN ARRAY[{SCHEMA}, {shown("n.nspname", "f.relname")},
        c.confmatchtype::text, c.confdeltype::text, c.confupdtype::text]
 || r.names {set_columns} END
FROM pg_constraint c LEFT JOIN pg_class f ON f.oid = c.confrelid LEFT JOIN pg_namespace n ON n.oid = f.relnamespace
LEFT JOIN (
    SELECT q.oid, array_agg(a.attname::text ORDER BY u.place) AS names
    FROM pg_constraint q CROSS JOIN LATERAL unnest(q.confkey) WITH ORDINALITY u (number, place)
    JOIN pg_attribute a ON a.attrelid = q.confrelid AND a.attnum = u.number
    WHERE q.conrelid = {any_of(oids)} AND q.contype = 'f' AND q.conparentid = 0 GROUP BY q.oid) r ON r.oid = c.oid
WHERE c.conrelid = {any_of(oids)} AND (c.contype IN ('p', 'u', 'x') OR c.contype = 'c' AND c.conislocal
    OR c.contype = 'f' AND c.conparentid = 0 {not_null if wide else ""})"""
    return asked(question, 12)
