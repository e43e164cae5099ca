"""What leads from one thing of a PostgreSQL database to another: for foreseeing what a statement touches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from pwmig.dialects.server.asking import Execute
from pwmig.dialects.server.foresight import Known, words_of
from pwmig.dialects.server.tokens import POSTGRESQL

__all__ = ["known", "written"]

_OWN = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
_NAME = "CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || c.relname"

_TABLES = f"""
SELECT c.relname, {_NAME}, c.oid::bigint
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {_OWN} AND c.relname !~ '^pwmig_'"""

# A view's rule depends on what it reads; a foreign key, a partition and a child lead on too.
_LEADS = """
SELECT r.ev_class::bigint, d.refobjid::bigint, true FROM pg_catalog.pg_rewrite AS r
JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
  AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.ev_class
UNION SELECT confrelid::bigint, conrelid::bigint, false FROM pg_catalog.pg_constraint
WHERE contype = 'f' AND (confdeltype IN ('c', 'n', 'd') OR confupdtype IN ('c', 'n', 'd'))
UNION SELECT inhparent::bigint, inhrelid::bigint, false FROM pg_catalog.pg_inherits"""

_TRIGGERS = """
SELECT t.tgrelid::bigint, p.proname FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal"""

_ROUTINES = f"""
SELECT p.proname, p.prosrc FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE {_OWN} AND l.lanname NOT IN ('c', 'internal')"""

# https://www.postgresql.org/docs/current/monitoring-stats.html: what this transaction has done until now.
_WRITTEN = f"""
SELECT {_NAME} FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND {_OWN} AND c.relname !~ '^pwmig_'
  AND pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
    + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) > 0"""


def known(execute: Execute) -> Known:
    """The tables, views, triggers, routines and foreign keys of the database."""
    rows = execute(_TABLES)
    names = {oid: name for _, name, oid in rows}
    views: dict[str, set[str]] = defaultdict(set)
    cascades: dict[str, set[str]] = defaultdict(set)
    for source, target, of_view in execute(_LEADS):
        if source in names and target in names:
            (views if of_view else cascades)[names[source]].add(names[target])
    triggers: dict[str, set[str]] = defaultdict(set)
    for table, routine in execute(_TRIGGERS):
        if table in names:
            triggers[names[table]].add(routine)
    routines: dict[str, frozenset[str] | None] = {}
    for name, body in execute(_ROUTINES):
        words = words_of(POSTGRESQL, body or "")
        before = routines.get(name, frozenset())
        routines[name] = None if words is None or before is None else words | before
    tables = _grouped((plain, name) for plain, name, _ in rows)
    return Known(tables, _frozen(views), _frozen(cascades), _frozen(triggers), routines)


def written(execute: Execute) -> set[str]:
    """The tables whose rows this transaction has written until now, triggers and cascades included."""
    return {row[0] for row in execute(_WRITTEN)}


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for plain, name in pairs:
        found[plain] = (*found.get(plain, ()), name)
    return found


def _frozen(sets: dict[str, set[Any]]) -> dict[str, frozenset[Any]]:
    return {name: frozenset(one) for name, one in sets.items()}
