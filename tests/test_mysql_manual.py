"""What differs on MySQL 8, written to its manual and held against its examples: no server of it runs here.

https://dev.mysql.com/doc/refman/8.0/en/information-schema-columns-table.html
"""

from __future__ import annotations

import pytest

from pwmig.dialects.mysql.seeing.asking import in_their_places
from pwmig.dialects.mysql.seeing.columns import mysql_column
from pwmig.dialects.mysql.seeing.tables import Raw, table
from pwmig.dialects.mysql.writing import column_definition, create_table
from pwmig.schema import Check, Column, Index, IndexPart

ABOUT = ("BASE TABLE", "InnoDB", "utf8mb4_0900_ai_ci", "row_format=COMPRESSED partitioned", "")

# Default, nullable, type, collation, EXTRA, comment, expression, SRID of a row; its record.
ROWS = (
    (
        ("abc", "YES", "varchar(9)", "utf8mb4_bin", "", "", "", None),
        Column("c", "varchar(9)", True, "'abc'", "utf8mb4_bin"),
    ),
    (
        ("it's \\", "NO", "char(9)", "utf8mb4_bin", "", "", "", None),
        Column("c", "char(9)", False, r"'it''s \\'", "utf8mb4_bin"),
    ),
    (("1.50", "YES", "decimal(10,2)", None, "", "", "", None), Column("c", "decimal(10,2)", True, "1.50")),
    ((None, "YES", "int", None, "", "", "", None), Column("c", "int")),
    (
        (None, "NO", "int unsigned", None, "auto_increment", "", "", None),
        Column("c", "int unsigned", False, autoincrement=True),
    ),
    (("b'101'", "YES", "bit(3)", None, "", "", "", None), Column("c", "bit(3)", True, "b'101'")),
    (("2020-01-01", "YES", "date", None, "", "", "", None), Column("c", "date", True, "'2020-01-01'")),
    (
        (
            "CURRENT_TIMESTAMP(3)",
            "NO",
            "datetime(3)",
            None,
            "DEFAULT_GENERATED on update CURRENT_TIMESTAMP(3)",
            "",
            "",
            None,
        ),
        Column("c", "datetime(3)", False, "CURRENT_TIMESTAMP(3)", on_update="CURRENT_TIMESTAMP(3)"),
    ),
    (
        ("concat(_utf8mb4\\'a\\',`b`)", "YES", "text", "utf8mb4_bin", "DEFAULT_GENERATED", "", "", None),
        Column("c", "text", True, "(concat(_utf8mb4'a',`b`))", "utf8mb4_bin"),
    ),
    (
        (None, "YES", "int", None, "VIRTUAL GENERATED", "", "(`a` + 1)", None),
        Column("c", "int", generated="(`a` + 1)", generated_kind="virtual"),
    ),
    (
        (None, "NO", "int", None, "STORED GENERATED INVISIBLE", "sum", "(`a` + 1)", None),
        Column("c", "int", False, generated="(`a` + 1)", generated_kind="stored", invisible=True, comment="sum"),
    ),
    ((None, "NO", "point", None, "", "", "", 4326), Column("c", "point", False, options=("SRID 4326",))),
)


@pytest.mark.parametrize(("row", "expected"), ROWS, ids=[str(row[:5]) for row, _ in ROWS])
def test_a_row_of_the_catalog_is_read_as_the_manual_says(row: tuple[str, ...], expected: Column) -> None:
    assert mysql_column(("c", *row), "db") == expected


DEFINITIONS = (
    "`c` varchar(9) COLLATE utf8mb4_bin DEFAULT 'abc'",
    "`c` int unsigned NOT NULL AUTO_INCREMENT",
    "`c` text COLLATE utf8mb4_bin DEFAULT (concat(_utf8mb4'a',`b`))",
    "`c` int GENERATED ALWAYS AS ((`a` + 1)) STORED NOT NULL INVISIBLE COMMENT 'sum'",
    "`c` point NOT NULL SRID 4326",
)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_what_was_read_is_written_as_the_manual_says(definition: str) -> None:
    assert definition in [column_definition(column) for _, column in ROWS]


def test_checks_and_indexes_are_read_as_the_manual_says() -> None:
    raw = Raw("t", ABOUT)
    raw.columns = [("t", "a", None, "YES", "int", None, "", "", "", None)]
    raw.indexes = [
        ("index", "t", "i", "a", "D", None, "BTREE 1 NO 2", ""),
        ("index", "t", "j", "a", "A", None, "BTREE 0 YES 1", ""),
        ("index", "t", "i", None, "A", None, "BTREE 1 NO 1 lower(`b`)", ""),
    ]
    raw.checks = [("check", "t", "c", "Table", "(`b` <> _utf8mb4\\'x\\')", "NO", None, None)]
    found = table(raw, "db", mariadb=False)
    assert found.indexes == (
        Index("i", (IndexPart(None, "lower(`b`)"), IndexPart("a", descending=True))),
        Index("j", (IndexPart("a"),), unique=True, invisible=True),
    )
    assert found.checks == (Check("`b` <> _utf8mb4'x'", "c", enforced=False),)
    assert found.options == ("ENGINE=InnoDB", "COLLATE=utf8mb4_0900_ai_ci", "ROW_FORMAT=COMPRESSED")
    text = create_table(found)
    assert "KEY `i` ((lower(`b`)), `a` DESC)" in text
    assert "UNIQUE KEY `j` (`a`) /*M!100600 IGNORED *//*!80000 INVISIBLE */" in text
    assert "CONSTRAINT `c` CHECK (`b` <> _utf8mb4'x') NOT ENFORCED" in text


def test_rows_that_come_in_no_order_are_put_in_theirs() -> None:
    rows = [("t", "b", 2), ("s", "x", 1), ("t", "a", 10), ("t", "c", 1)]
    assert in_their_places(rows, 1) == [("s", "x"), ("t", "c"), ("t", "b"), ("t", "a")]
