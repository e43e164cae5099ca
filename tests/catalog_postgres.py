"""All that PostgreSQL's own catalog tells of a database, and all its rows, read by a connection of the test's own.

https://www.postgresql.org/docs/current/catalogs.html
"""

from __future__ import annotations

import re
from typing import Any

import peewee
import psycopg
from catalogs import Facts
from psycopg import sql
from servers import double_quoted

__all__ = ["connect", "facts", "quoted", "settings"]

RESERVED = frozenset(
    ("order", "primary", "user", "select", "check", "references", "unique", "constraint", "foreign", "table")
)
"""Words of this corpus that PostgreSQL writes in quotes."""

HERE = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
NAME = "CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname"
TABLES = f"pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {HERE}"

# Debian's 15.20 stamps each column with the place in the log of the last DDL on its table, whoever ran it.
OPTIONS = "(SELECT array_agg(o) FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg_attver=%')"


def _rights(column: str) -> str:
    return f"(SELECT array_agg(r::text ORDER BY r::text) FROM unnest({column}) r)"


# Of each row, columns called k1, k2 are its name, and each other one is a fact.
QUERIES = {
    "relation": f"""SELECT {NAME} AS k1, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
        c.relreplident, c.reloptions, toast.reloptions AS toast_options, pg_get_userbyid(c.relowner) AS owner,
        {_rights("c.relacl")} AS rights, am.amname, c.reltablespace::text, c.reloftype::regtype::text, c.relispopulated,
        pg_get_expr(c.relpartbound, c.oid) AS bound, CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END AS parts,
        CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition,
        obj_description(c.oid, 'pg_class') AS comment,
        (SELECT array_agg(inhparent::regclass::text ORDER BY inhseqno) FROM pg_inherits
         WHERE inhrelid = c.oid) AS above,
        (SELECT array_agg(DISTINCT tgenabled) FROM pg_trigger
         WHERE tgrelid = c.oid AND tgisinternal AND tgenabled <> 'O') AS asleep
        FROM {TABLES} LEFT JOIN pg_am am ON am.oid = c.relam LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')""",
    "column": f"""SELECT {NAME} AS k1, a.attname AS k2, a.attnum AS position,
        format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
        pg_get_expr(d.adbin, d.adrelid) AS default,
        co.collname AS collation, a.attidentity, a.attgenerated, a.attstorage, a.attcompression,
        NULLIF(a.attstattarget, -1) AS target, {OPTIONS} AS options, {_rights("a.attacl")} AS rights, a.attislocal,
        a.attinhcount, col_description(c.oid, a.attnum) AS comment
        FROM {TABLES} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        LEFT JOIN pg_collation co ON co.oid = a.attcollation WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')""",
    "constraint": f"""SELECT {NAME} AS k1, o.conname AS k2, o.contype, pg_get_constraintdef(o.oid) AS definition,
        o.condeferrable, o.condeferred, o.convalidated, o.conislocal, o.coninhcount, o.connoinherit,
        o.conindid::regclass::text AS index, obj_description(o.oid, 'pg_constraint') AS comment
        FROM {TABLES} JOIN pg_constraint o ON o.conrelid = c.oid AND o.contype <> 'n'""",
    "index": f"""SELECT {NAME} AS k1, x.relname AS k2, pg_get_indexdef(x.oid) AS definition, i.indisclustered,
        i.indisvalid, i.indisready, i.indisreplident, i.indimmediate, pg_get_userbyid(x.relowner) AS owner,
        obj_description(x.oid, 'pg_class') AS comment, x.reltablespace::text,
        (SELECT array_agg(attstattarget ORDER BY attnum) FROM pg_attribute WHERE attrelid = x.oid) AS targets
        FROM {TABLES} JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid""",
    "trigger": f"""SELECT {NAME} AS k1, t.tgname AS k2, pg_get_triggerdef(t.oid) AS definition, t.tgenabled,
        obj_description(t.oid, 'pg_trigger') AS comment
        FROM {TABLES} JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal""",
    "rule": f"""SELECT {NAME} AS k1, r.rulename AS k2, pg_get_ruledef(r.oid) AS definition, r.ev_enabled,
        obj_description(r.oid, 'pg_rewrite') AS comment
        FROM {TABLES} JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN'""",
    "policy": f"""SELECT {NAME} AS k1, p.polname AS k2, p.polcmd, p.polpermissive, p.polroles::regrole[]::text[],
        pg_get_expr(p.polqual, p.polrelid) AS sees, pg_get_expr(p.polwithcheck, p.polrelid) AS writes,
        obj_description(p.oid, 'pg_policy') AS comment FROM {TABLES} JOIN pg_policy p ON p.polrelid = c.oid""",
    "sequence": f"""SELECT {NAME} AS k1, format_type(s.seqtypid, NULL) AS type, s.seqstart, s.seqincrement, s.seqmax,
        s.seqmin, s.seqcache, s.seqcycle,
        (SELECT array_agg(deptype::text || ' ' || refobjid::regclass || ' ' || quote_ident(attname)) FROM pg_depend
         JOIN pg_attribute ON (attrelid, attnum) = (refobjid, refobjsubid)
            WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype IN ('a', 'i')) AS owned
        FROM {TABLES} JOIN pg_sequence s ON s.seqrelid = c.oid""",
    "statistics": f"""SELECT s.stxname AS k1, pg_get_statisticsobjdef(s.oid) AS definition, s.stxstattarget,
        obj_description(s.oid, 'pg_statistic_ext') AS comment
        FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace AND {HERE}""",
    "type": f"""SELECT t.typname AS k1, t.typtype, format_type(t.typbasetype, t.typtypmod) AS base, t.typnotnull,
        t.typdefault, {_rights("t.typacl")} AS rights, obj_description(t.oid, 'pg_type') AS comment,
        (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) AS labels,
        (SELECT array_agg(conname || ' ' || pg_get_constraintdef(oid) ORDER BY conname) FROM pg_constraint
         WHERE contypid = t.oid) AS checks
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND {HERE} WHERE t.typtype IN ('e', 'd', 'r')""",
    "function": f"""SELECT p.oid::regprocedure::text AS k1, pg_get_functiondef(p.oid) AS definition,
        {_rights("p.proacl")} AS rights, obj_description(p.oid, 'pg_proc') AS comment
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND {HERE} WHERE p.prokind IN ('f', 'p')""",
    "schema": f"""SELECT n.nspname AS k1, {_rights("n.nspacl")} AS rights, pg_get_userbyid(n.nspowner) AS owner,
        obj_description(n.oid, 'pg_namespace') AS comment FROM pg_namespace n WHERE {HERE}""",
    "published": f"""SELECT p.pubname AS k1, {NAME} AS k2, pg_get_expr(r.prqual, c.oid) AS rows, r.prattrs
        FROM {TABLES} JOIN pg_publication_rel r ON r.prrelid = c.oid JOIN pg_publication p ON p.oid = r.prpubid""",
    "event trigger": "SELECT evtname AS k1, evtevent, evtfoid::regproc::text, evtenabled FROM pg_event_trigger",
}  # fmt: skip


def connect(database: peewee.Database) -> Any:
    """A connection of the test's own to the database that Peewee's leads to."""
    return psycopg.connect(dbname=database.database, autocommit=True, options="-c jit=off", **database.connect_params)


def facts(connection: Any) -> Facts:
    """The catalog, where each sequence stands, and all rows of all tables and views."""
    found: Facts = {}
    for kind, query in QUERIES.items():
        cursor = connection.execute(query)
        names = [column.name for column in cursor.description]
        keys = sum(name in ("k1", "k2") for name in names)
        for row in cursor:
            for name, value in zip(names[keys:], row[keys:]):
                found[(kind, *row[:keys], name)] = value
    relations = [key[1] for key in found if key[0] == "relation" and key[2] == "relkind"]
    for name in relations:
        kind = found["relation", name, "relkind"]
        place = sql.Identifier(*name.split(".", 1)) if name.startswith("side.") else sql.Identifier(name)
        if kind == "S":
            query = sql.SQL("SELECT last_value, is_called FROM {}").format(place)
            found["position", name] = connection.execute(query).fetchone()
        elif kind in ("r", "v", "m"):
            places = {found[key]: key[2] for key in found if key[:2] == ("column", name) and key[3] == "position"}
            found |= _rows(connection, name, place, [places[number] for number in sorted(places)])
    return found


def _rows(connection: Any, name: str, place: sql.Identifier, columns: list[str]) -> Facts:
    """{column: its values as texts, in the order of the first column, which is the key}."""
    if not columns:
        return {}
    cells = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns)
    order = sql.SQL(", ").join(map(sql.Literal, range(1, len(columns) + 1)))
    query = sql.SQL("SELECT {} FROM ONLY {} ORDER BY {}").format(cells, place, order)
    rows = connection.execute(query).fetchall()
    return {("rows", name, column): [row[i] for row in rows] for i, column in enumerate(columns)}


def settings(database: peewee.Database) -> Any:
    """What Peewee's own connection has set."""
    query = "SELECT name, setting FROM pg_settings WHERE source = 'session' ORDER BY name"
    return list(database.execute_sql(query))


def quoted(name: str) -> str:
    """A name as the catalog's texts write it: in quotes where it needs them."""
    plain = name.split(".", 1)[1] if name.startswith("side.") else name
    return plain if re.fullmatch("[a-z_][a-z0-9_]*", plain) and plain not in RESERVED else double_quoted(plain)
