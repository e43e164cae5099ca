"""All that MariaDB's own catalog tells of a database, and all its rows, read by a connection of the test's own.

https://mariadb.com/kb/en/information-schema-tables/
"""

from __future__ import annotations

import re
from typing import Any

import peewee
import pymysql
from catalogs import Facts
from pymysql.constants import CLIENT
from servers import back_quoted

__all__ = ["connect", "facts", "quoted", "settings"]

# Of each row, columns called k1, k2, k3 are its name, and each other one is a fact.
QUERIES = {
    "relation": """SELECT table_name AS k1, table_type, engine, row_format, auto_increment, table_collation,
        create_options, table_comment AS comment, `checksum` IS NULL AS unchecked
        FROM information_schema.tables WHERE table_schema = DATABASE()""",
    "column": """SELECT table_name AS k1, column_name AS k2, NULLIF(column_default, 'NULL') AS `default`,
        is_nullable AS required, column_type AS `type`, character_set_name, collation_name, extra,
        privileges, column_comment AS comment, is_generated, generation_expression
        FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position""",
    "index": """SELECT table_name AS k1, index_name AS k2, seq_in_index AS k3, column_name, non_unique, collation,
        sub_part, packed, index_type, comment, index_comment, ignored
        FROM information_schema.statistics WHERE table_schema = DATABASE()""",
    "constraint": """SELECT table_name AS k1, constraint_name AS k2, constraint_type
        FROM information_schema.table_constraints WHERE table_schema = DATABASE()""",
    "constraint ": """SELECT table_name AS k1, constraint_name AS k2, level, check_clause
        FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()""",
    "constraint  ": """SELECT table_name AS k1, constraint_name AS k2, referenced_table_name, unique_constraint_name,
        match_option, update_rule, delete_rule FROM information_schema.referential_constraints
        WHERE constraint_schema = DATABASE()""",
    "constraint   ": """SELECT table_name AS k1, constraint_name AS k2, ordinal_position AS k3, column_name,
        referenced_table_schema, referenced_table_name, referenced_column_name
        FROM information_schema.key_column_usage WHERE table_schema = DATABASE()""",
    "trigger": """SELECT event_object_table AS k1, trigger_name AS k2, event_manipulation, action_timing, action_order,
        action_statement, sql_mode, definer, character_set_client, collation_connection, database_collation
        FROM information_schema.triggers WHERE trigger_schema = DATABASE()""",
    "view": """SELECT table_name AS k1, view_definition AS definition, check_option, is_updatable, definer,
        security_type, character_set_client, collation_connection, algorithm
        FROM information_schema.views WHERE table_schema = DATABASE()""",
    "partition": """SELECT table_name AS k1, partition_name AS k2, subpartition_name, partition_ordinal_position,
        partition_method, subpartition_method, partition_expression, partition_description, partition_comment
        FROM information_schema.partitions WHERE table_schema = DATABASE() AND partition_name IS NOT NULL""",
    "routine": """SELECT routine_name AS k1, routine_definition, sql_mode, definer, security_type, routine_comment,
        character_set_client, collation_connection FROM information_schema.routines
        WHERE routine_schema = DATABASE()""",
    "event": """SELECT event_name AS k1, event_definition, status, definer, interval_value, interval_field, starts
        FROM information_schema.events WHERE event_schema = DATABASE()""",
    "rights": """SELECT table_name AS k1, grantee AS k2, privilege_type AS k3, is_grantable
        FROM information_schema.table_privileges WHERE table_schema = DATABASE()""",
    "rights ": """SELECT CONCAT(table_name, '.', column_name) AS k1, grantee AS k2, privilege_type AS k3, is_grantable
        FROM information_schema.column_privileges WHERE table_schema = DATABASE()""",
    "database": """SELECT default_character_set_name, default_collation_name, schema_comment
        FROM information_schema.schemata WHERE schema_name = DATABASE()""",
}
SETTINGS = (
    *("sql_mode", "foreign_key_checks", "unique_checks", "check_constraint_checks", "lock_wait_timeout"),
    *("alter_algorithm", "innodb_lock_wait_timeout", "old_mode", "system_versioning_alter_history", "time_zone"),
    *("character_set_client", "collation_connection", "default_storage_engine", "autocommit", "sql_log_bin"),
)


def connect(database: peewee.Database) -> Any:
    """A connection of the test's own to the database that Peewee's leads to."""
    told = {**database.connect_params, "client_flag": CLIENT.MULTI_STATEMENTS, "sql_mode": None, "autocommit": True}
    return pymysql.connect(database=database.database, **told)


def _ask(connection: Any, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [column[0] for column in cursor.description], list(cursor.fetchall())


def facts(connection: Any) -> Facts:
    """The catalog, SHOW CREATE of each thing line by line, and all rows of all tables and views."""
    found: Facts = {}
    for kind, query in QUERIES.items():
        names, rows = _ask(connection, query)
        keys = sum(name in ("k1", "k2", "k3") for name in names)
        for row in rows:
            for name, value in zip(names[keys:], row[keys:]):
                found[(kind.strip(), *map(str, row[:keys]), name)] = value
    kinds = {key[1]: value for key, value in found.items() if key[0] == "relation" and key[2] == "table_type"}
    for name, kind in kinds.items():
        for line in _ask(connection, f"SHOW CREATE TABLE {back_quoted(name)}")[1][0][1].split("\n"):
            found.setdefault(("line", name, _named(line)), []).append(_told(line))
        columns = [key[2] for key in found if key[:2] == ("column", name) and key[3] == "type"]
        found["order", name] = columns
        found |= _rows(connection, name, columns, "SYSTEM VERSIONED" in kind)
    return found


def _named(line: str) -> str:
    """What a line of SHOW CREATE TABLE is about: the first name in it, "options" for the one behind the body."""
    if line.startswith(")"):
        return "options"
    name = None if "PRIMARY KEY (" in line else re.search(r"`((?:[^`]|``)*)`", line)
    return name.group(1).replace("``", "`") if name else line.strip()


def _told(line: str) -> str:
    return re.sub(r" AUTO_INCREMENT=\d+", "", line.rstrip(","))


def _rows(connection: Any, name: str, columns: list[str], versioned: bool) -> Facts:
    """{column: its values, in the order of the first column, which is the key}; of a versioned table the past too."""
    cells = ", ".join(map(back_quoted, columns))
    order = ", ".join(str(number) for number in range(1, len(columns) + 1))
    past = " FOR SYSTEM_TIME ALL" if versioned else ""
    rows = _ask(connection, f"SELECT {cells} FROM {back_quoted(name)}{past} ORDER BY {order}")[1]
    return {("rows", name, column): [row[i] for row in rows] for i, column in enumerate(columns)}


def settings(database: peewee.Database) -> Any:
    """What Peewee's own connection has set."""
    with database.connection().cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"@@{name}" for name in SETTINGS))
        return cursor.fetchall()


def quoted(name: str) -> str:
    """A name as the catalog's texts write it."""
    return back_quoted(name)
