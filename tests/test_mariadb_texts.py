"""Texts of MariaDB's catalog are the same in every database, and can be read again."""

from __future__ import annotations

import peewee
import pytest
from mariadb_everything import run, see
from playhouse.migrate import migrate

from pwmig import Migrator
from pwmig.dialects.mysql.quoting import literal, qualified, quote
from pwmig.dialects.mysql.seeing.texts import canonical, mentioned, readable, under_mode

CANONICAL = (
    ("nextval(`d`.`s`)", "nextval(`s`)"),
    ("select `d`.`t`.`c` AS `c` from `d`.`t`", "select `t`.`c` AS `c` from `t`"),
    ("select `d`.`d`.`d` AS `d` from `d`.`d`", "select `d`.`d` AS `d` from `d`"),
    ("select `d`.`c` AS `c` from `other`.`t` `d`", "select `d`.`c` AS `c` from `other`.`t` `d`"),
    (
        "select `d`.`c` AS `c` from `d`.`t` `d` where `d`.`c` > 1",
        "select `d`.`c` AS `c` from `t` `d` where `d`.`c` > 1",
    ),
    ("select '`d`.`t`' AS `d`.`x` from `e`.`t`", "select '`d`.`t`' AS `d`.`x` from `e`.`t`"),
    ("select 'it\\'s `d`.`t`' AS `c` from `d`.`t`", "select 'it\\'s `d`.`t`' AS `c` from `t`"),
    ("select `d`.`f`(`d`.`c`) AS `x` from `d`.`t` `d`", "select `f`(`d`.`c`) AS `x` from `t` `d`"),
    ("select count(`d`.`c`) from `d`.`t` `d`", "select count(`d`.`c`) from `t` `d`"),
    ("from `d`.`a` join `d`.`b` join `d`.`c`", "from `a`, `b`, `c`"),
    ("from (`d`.`a` join `d`.`b` on(`d`.`a`.`x` = `d`.`b`.`x`))", "from (`a` join `b` on(`a`.`x` = `b`.`x`))"),
    ("from `d`.`a` join (`d`.`b` left join `d`.`c` on(1)) where 1", "from `a`, (`b` left join `c` on(1)) where 1"),
    ("from `d`.`a` straight_join `d`.`b`", "from `a` straight_join `b`"),
    (
        "where exists(select 1 from `d`.`a` join `d`.`b`) group by `d`.`t`.`x`",
        "where exists(select 1 from `a`, `b`) group by `t`.`x`",
    ),
    (
        "from (select `d`.`c` from `d`.`a` `d` join `d`.`b`) `d` join `d`.`e`",
        "from (select `d`.`c` from `a` `d`, `b`) `d`, `e`",
    ),
    (
        "select 1 from `d`.`a` union select `d`.`c` from `x`.`y` `d`",
        "select 1 from `a` union select `d`.`c` from `x`.`y` `d`",
    ),
    ("select extract(year from `d`.`t`.`c`) from `d`.`t`", "select extract(year from `t`.`c`) from `t`"),
)


@pytest.mark.parametrize(("text", "expected"), CANONICAL)
def test_a_text_loses_its_own_database_and_nothing_else(text: str, expected: str) -> None:
    assert canonical(text, "d") == expected
    assert canonical(expected, "e`") == expected


def test_what_a_view_reads_and_calls_is_told_from_columns_and_aliases() -> None:
    said = mentioned(
        "CREATE VIEW `v` AS select `x`.`a` AS `b`,`f`(`y`.`c`) AS `d`,`o`.`g`(1) from (`T` `x` join "
        "`o`.`u` `y` on(1)), (select `e` from `w`) `z` where exists(select 1 from `q```)"
    )
    assert said.tables == {"t", "u", "w", "q`"}
    assert said.calls == {"f", "g"}


READABLE = (
    (r"SET @a = '\'", "", r"SET @a = '\\'"),
    (r"SET @a = '\'", "NO_BACKSLASH_ESCAPES", r"SET @a = '\'"),
    ("SET @a = 'it''s \\', @b = \"\\x\"", "", "SET @a = 'it''s \\\\', @b = \"\\\\x\""),
    (r'SELECT "a\b" AS "x"', "ANSI_QUOTES", r'SELECT "a\b" AS "x"'),
    ("BEGIN -- don't \\\n SET @a = '\\'; END", "", "BEGIN -- don't \\\n SET @a = '\\\\'; END"),
    ("BEGIN /* it's \\ */ SET @a = '\\'; END", "", "BEGIN /* it's \\ */ SET @a = '\\\\'; END"),
    ("SELECT 1 # 'x \\\n + 1, '\\'", "", "SELECT 1 # 'x \\\n + 1, '\\\\'"),
    (r"SELECT 1--'\'", "", r"SELECT 1--'\\'"),
    (r"SELECT `a\'b`, '\'", "", r"SELECT `a\'b`, '\\'"),
)


@pytest.mark.parametrize(("body", "mode", "expected"), READABLE)
def test_a_body_is_made_readable_again(body: str, mode: str, expected: str) -> None:
    assert readable(body, mode) == expected


def test_a_statement_keeps_the_mode_that_changes_its_reading() -> None:
    assert under_mode("SELECT 1", "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION") == "SELECT 1"
    assert under_mode("SELECT 'x'", "ANSI_QUOTES,NO_ZERO_DATE") == (
        "SET STATEMENT sql_mode = 'ANSI_QUOTES,NO_ZERO_DATE' FOR EXECUTE IMMEDIATE 'SELECT ''x'''"
    )


TEXTS = ("", "it's", "\\", "\\'", "\0", "a\nb\r\t\x1a", '"', "`", "%s %(a)s 100%", "ü 雪 🙂", "'; DROP TABLE x; --")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("mode", ["", "NO_BACKSLASH_ESCAPES"])
def test_a_literal_is_the_text(mariadb: peewee.Database, text: str, mode: str) -> None:
    with mariadb.connection().cursor() as cursor:
        cursor.execute(f"SET sql_mode = '{mode}'")
        cursor.execute(f"SELECT {literal(text, backslashes=not mode)}")
        assert cursor.fetchall() == ((text,),)


def test_names_are_quoted_with_their_database() -> None:
    assert quote("a`b") == "`a``b`"
    assert qualified("t") == "`t`"
    assert qualified("a.t", "x`y") == "`x``y`.`a.t`"


def test_a_view_of_a_table_and_an_alias_called_as_the_database(mariadb: peewee.Database) -> None:
    name = quote(str(mariadb.database))
    run(
        mariadb,
        [
            f"CREATE TABLE {name} (id int, {name} int)",
            f"CREATE VIEW v AS SELECT {name}.{name}.{name}, x.id FROM {name} JOIN {name} x ON x.id = {name}.id",
            f"CREATE VIEW w AS SELECT {name}.id FROM v {name}, {name} y",
        ],
    )
    assert [view.sql for view in see(mariadb).views] == [
        f"CREATE VIEW `v` AS select {name}.{name} AS {name},`x`.`id` AS `id` "
        f"from ({name} join {name} `x` on(`x`.`id` = {name}.`id`))",
        f"CREATE VIEW `w` AS select {name}.`id` AS `id` from `v` {name}, {name} `y`",
    ]


def test_a_new_name_leaves_a_default_with_letters_that_the_catalog_can_t_show(mariadb: peewee.Database) -> None:
    run(mariadb, ["CREATE TABLE t (id int PRIMARY KEY, a varchar(9) DEFAULT '🙂', b int)"])
    migrator = Migrator.from_database(mariadb)
    migrate(migrator.rename_column("t", "a", "c"), migrator.add_column_default("t", "b", 3))
    run(mariadb, ["INSERT INTO t (id) VALUES (1)"])
    assert mariadb.execute_sql("SELECT c, b FROM t").fetchall() == (("🙂", 3),)
