"""What is asked of which view of information_schema.

https://mariadb.com/kb/en/information-schema-tables/, https://dev.mysql.com/doc/refman/8.0/en/information-schema.html
"""

from __future__ import annotations

from pwmig.records import dataclass

__all__ = ["COLUMNS", "PARTITIONS", "PLACES", "REST", "WIDTH", "Catalog", "catalog_of"]


@dataclass(frozen=True, slots=True)
class Catalog:
    """One view of information_schema; ``schema`` and ``table`` are its columns to compare, ``fields`` what is asked.

    ``schema_wide``: about what stands beside tables, not asked for where tables are named. ``in_memory``: the server
    opens no table to answer. ``opening``: it opens each table whole.
    """

    kind: str
    source: str
    schema: str
    table: str
    fields: tuple[str, ...]
    where: str = ""
    schema_wide: bool = False
    in_memory: bool = False
    opening: bool = False


COLUMNS = Catalog(
    "column",
    "COLUMNS",
    "TABLE_SCHEMA",
    "TABLE_NAME",
    (
        *("COLUMN_NAME", "COLUMN_DEFAULT", "IS_NULLABLE", "COLUMN_TYPE", "COLLATION_NAME", "EXTRA"),
        *("COLUMN_COMMENT", "GENERATION_EXPRESSION"),
    ),
)
# At most six fields a catalog, since every row of the UNION has as many; what has more packs them into one.
WIDTH = 6
REST = (
    Catalog(
        "index",
        "STATISTICS",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        (
            *("INDEX_NAME", "COLUMN_NAME", "COLLATION", "SUB_PART"),
            *("CONCAT_WS(' ', INDEX_TYPE, NON_UNIQUE, IGNORED, SEQ_IN_INDEX)", "INDEX_COMMENT"),
        ),
        opening=True,
    ),
    Catalog(
        "table",
        "TABLES",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        ("TABLE_TYPE", "ENGINE", "TABLE_COLLATION", "CREATE_OPTIONS", "TABLE_COMMENT"),
        opening=True,
    ),
    Catalog(
        "check",
        "CHECK_CONSTRAINTS",
        "CONSTRAINT_SCHEMA",
        "TABLE_NAME",
        ("CONSTRAINT_NAME", "LEVEL", "CHECK_CLAUSE"),
        opening=True,
    ),
    Catalog(
        "key",
        "KEY_COLUMN_USAGE",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        (
            *("CONSTRAINT_NAME", "COLUMN_NAME", "REFERENCED_TABLE_SCHEMA", "REFERENCED_TABLE_NAME"),
            *("REFERENCED_COLUMN_NAME", "ORDINAL_POSITION"),
        ),
        where="REFERENCED_TABLE_NAME IS NOT NULL",
        opening=True,
    ),
    Catalog(
        "rule",
        "REFERENTIAL_CONSTRAINTS",
        "CONSTRAINT_SCHEMA",
        "TABLE_NAME",
        ("CONSTRAINT_NAME", "DELETE_RULE", "UPDATE_RULE"),
        opening=True,
    ),
    Catalog(
        "trigger",
        "TRIGGERS",
        "EVENT_OBJECT_SCHEMA",
        "EVENT_OBJECT_TABLE",
        (
            "TRIGGER_NAME",
            "ACTION_TIMING",
            "EVENT_MANIPULATION",
            "JSON_ARRAY(ACTION_ORDER, SQL_MODE)",
            "ACTION_STATEMENT",
        ),
    ),
    Catalog(
        "view",
        "VIEWS",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        ("ALGORITHM", "SECURITY_TYPE", "CHECK_OPTION", "VIEW_DEFINITION"),
    ),
    Catalog(
        "grant",
        "TABLE_PRIVILEGES",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        ("GRANTEE", "PRIVILEGE_TYPE", "IS_GRANTABLE"),
        in_memory=True,
    ),
    Catalog(
        "column grant",
        "COLUMN_PRIVILEGES",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        ("GRANTEE", "PRIVILEGE_TYPE", "IS_GRANTABLE", "COLUMN_NAME"),
        in_memory=True,
    ),
    Catalog(
        "routine",
        "ROUTINES",
        "ROUTINE_SCHEMA",
        "ROUTINE_NAME",
        (
            "ROUTINE_TYPE",
            "ROUTINE_DEFINITION",
            "ROUTINE_COMMENT",
            "JSON_ARRAY(IS_DETERMINISTIC, SQL_DATA_ACCESS, SECURITY_TYPE, SQL_MODE)",
        ),
        schema_wide=True,
    ),
    Catalog(
        "parameter",
        "PARAMETERS",
        "SPECIFIC_SCHEMA",
        "SPECIFIC_NAME",
        (
            *("ROUTINE_TYPE", "PARAMETER_MODE", "PARAMETER_NAME", "DTD_IDENTIFIER"),
            "JSON_ARRAY(ORDINAL_POSITION, CHARACTER_SET_NAME, COLLATION_NAME)",
        ),
        schema_wide=True,
    ),
    Catalog(
        "event",
        "EVENTS",
        "EVENT_SCHEMA",
        "EVENT_NAME",
        (
            *("STATUS", "EVENT_DEFINITION", "EVENT_COMMENT"),
            "JSON_ARRAY(EVENT_TYPE, CAST(EXECUTE_AT AS CHAR), INTERVAL_VALUE, INTERVAL_FIELD, CAST(STARTS AS CHAR), "
            "CAST(ENDS AS CHAR), ON_COMPLETION, TIME_ZONE, SQL_MODE)",
        ),
        schema_wide=True,
    ),
)

# Asked of the tables only of which it is known that there is something to ask.
PARTITIONS = Catalog(
    "partition",
    "PARTITIONS",
    "TABLE_SCHEMA",
    "TABLE_NAME",
    (
        *("PARTITION_NAME", "PARTITION_METHOD", "PARTITION_EXPRESSION", "PARTITION_DESCRIPTION"),
        "JSON_ARRAY(SUBPARTITION_NAME, SUBPARTITION_METHOD, SUBPARTITION_EXPRESSION, PARTITION_COMMENT)",
        "PARTITION_ORDINAL_POSITION * 65536 + coalesce(SUBPARTITION_ORDINAL_POSITION, 0)",
    ),
    where="PARTITION_NAME IS NOT NULL",
)
PLACES = Catalog("geometry", "GEOMETRY_COLUMNS", "F_TABLE_SCHEMA", "F_TABLE_NAME", ("SRID",))

# MySQL, by its manual: https://dev.mysql.com/doc/refman/8.0/en/information-schema.html (untested).
MYSQL = {
    "column": Catalog(
        "column",
        "COLUMNS",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        (*COLUMNS.fields, "SRS_ID", "ORDINAL_POSITION"),
    ),
    "index": Catalog(
        "index",
        "STATISTICS",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        (
            *("INDEX_NAME", "COLUMN_NAME", "COLLATION", "SUB_PART"),
            "CONCAT_WS(' ', INDEX_TYPE, NON_UNIQUE, IF(IS_VISIBLE = 'NO', 'YES', 'NO'), SEQ_IN_INDEX, EXPRESSION)",
            "INDEX_COMMENT",
        ),
    ),
    "check": Catalog(
        "check",
        "TABLE_CONSTRAINTS c JOIN information_schema.CHECK_CONSTRAINTS k USING (CONSTRAINT_SCHEMA, CONSTRAINT_NAME)",
        "c.TABLE_SCHEMA",
        "c.TABLE_NAME",
        ("CONSTRAINT_NAME", "'Table'", "k.CHECK_CLAUSE", "c.ENFORCED"),
        where="c.CONSTRAINT_TYPE = 'CHECK'",
    ),
    "view": Catalog(
        "view",
        "VIEWS",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        ("'UNDEFINED'", "SECURITY_TYPE", "CHECK_OPTION", "VIEW_DEFINITION"),
    ),
}


def catalog_of(catalog: Catalog, mariadb: bool) -> Catalog:
    """The catalog as the server has it."""
    return catalog if mariadb else MYSQL.get(catalog.kind, catalog)
