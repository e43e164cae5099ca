"""The part of the fifth question that is about functions, procedures and aggregates."""

from __future__ import annotations

from pwmig.dialects.postgresql.seeing.grants import grants_if_any
from pwmig.dialects.postgresql.seeing.queries import SCHEMA, USER_SCHEMA, not_of_extension, shown

__all__ = ["AGGREGATES", "ROUTINES"]


def _routine(words: str) -> str:
    """The text of a routine, which ``pg_get_functiondef`` begins with its schema, whatever the search path."""
    begin = f"'CREATE OR REPLACE {words} '"
    return f"""CASE n.nspname WHEN (SELECT home FROM was)
        THEN {begin} || substr(pg_get_functiondef(p.oid), length({begin} || quote_ident(n.nspname)) + 2)
        ELSE pg_get_functiondef(p.oid) END"""


def _modify(letter: str) -> str:
    return f"CASE {letter} WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END"


ROUTINES = f"""SELECT p.oid::int8, 'routine', 0, ARRAY[{SCHEMA}, {shown("n.nspname", "p.proname")},
    CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END,
    CASE p.prokind WHEN 'p' THEN {_routine("PROCEDURE")} ELSE {_routine("FUNCTION")} END,
    oidvectortypes(p.proargtypes), obj_description(p.oid, 'pg_proc')]
    || {grants_if_any("p.proacl", "f", "p.proowner")}
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid >= 16384 AND p.prokind IN ('f', 'p', 'w') AND {USER_SCHEMA} AND {not_of_extension("pg_proc", "p.oid")}
    AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid
        AND i.deptype = 'i')"""

# https://www.postgresql.org/docs/current/sql-createaggregate.html
AGGREGATES = f"""SELECT p.oid::int8, 'routine', 0, ARRAY[{SCHEMA}, {shown("n.nspname", "p.proname")},
    'aggregate', concat('CREATE AGGREGATE ', quote_ident({SCHEMA}) || '.', quote_ident(p.proname), '(',
        coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*'), ') (',
        concat_ws(', ', 'SFUNC = ' || g.aggtransfn, 'STYPE = ' || format_type(g.aggtranstype, NULL),
            'SSPACE = ' || nullif(g.aggtransspace, 0), 'FINALFUNC = ' || nullif(g.aggfinalfn, 0)::regproc,
            CASE WHEN g.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
            'FINALFUNC_MODIFY = ' || CASE WHEN g.aggfinalfn <> 0 AND g.aggfinalmodify
                <> CASE WHEN g.aggkind = 'n' THEN 'r' ELSE 'w' END THEN {_modify("g.aggfinalmodify")} END,
            'COMBINEFUNC = ' || nullif(g.aggcombinefn, 0)::regproc,
            'SERIALFUNC = ' || nullif(g.aggserialfn, 0)::regproc,
            'DESERIALFUNC = ' || nullif(g.aggdeserialfn, 0)::regproc, 'INITCOND = ' || quote_literal(g.agginitval),
            'MSFUNC = ' || nullif(g.aggmtransfn, 0)::regproc, 'MINVFUNC = ' || nullif(g.aggminvtransfn, 0)::regproc,
            'MSTYPE = ' || format_type(nullif(g.aggmtranstype, 0), NULL), 'MSSPACE = ' || nullif(g.aggmtransspace, 0),
            'MFINALFUNC = ' || nullif(g.aggmfinalfn, 0)::regproc,
            CASE WHEN g.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
            'MFINALFUNC_MODIFY = ' || CASE WHEN g.aggmfinalfn <> 0 AND g.aggmfinalmodify
                <> CASE WHEN g.aggkind = 'n' THEN 'r' ELSE 'w' END THEN {_modify("g.aggmfinalmodify")} END,
            'MINITCOND = ' || quote_literal(g.aggminitval),
            'SORTOP = ' || (SELECT 'OPERATOR(' || quote_ident(s.nspname) || '.' || o.oprname || ')' FROM pg_operator o
                JOIN pg_namespace s ON s.oid = o.oprnamespace WHERE o.oid = g.aggsortop),
            'PARALLEL = ' || CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' END,
            CASE WHEN g.aggkind = 'h' THEN 'HYPOTHETICAL' END), ')'),
    pg_get_function_identity_arguments(p.oid), obj_description(p.oid, 'pg_proc')]
    || {grants_if_any("p.proacl", "f", "p.proowner")}
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_aggregate g ON g.aggfnoid = p.oid
WHERE p.oid >= 16384 AND {USER_SCHEMA} AND {not_of_extension("pg_proc", "p.oid")}"""
