"""A cast on MariaDB: of a column of the key too, in words of the user's, and gone on with where it was killed."""

from __future__ import annotations

from typing import Any

import peewee
import pytest
from peewee import CharField, IntegerField, SmallIntegerField

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.errors import OperationRefused

pytestmark = pytest.mark.mariadb


def rows(database: Any, sql: str = "SELECT * FROM t") -> list[tuple[Any, ...]]:
    return sorted(map(tuple, database.execute_sql(sql).fetchall()), key=repr)


def made(database: Any, table: str = "t") -> str:
    return str(database.execute_sql(f"SHOW CREATE TABLE {table}").fetchone()[1])


def cast(database: Any, column: str, field: peewee.Field, text: str) -> None:
    migrator = Migrator.from_database(database)
    migrate(migrator.alter_column_type("t", column, field, cast=text))


KEYS = {
    "a text": ("code VARCHAR(9) NOT NULL PRIMARY KEY COMMENT 'it''s', v INT", "('A-1', 1), ('A-2', 2)", "code",
               IntegerField(), "CAST(substr(code, 3) AS INTEGER)", [(1, 1), (2, 2)], ["NOT NULL COMMENT 'it''s'"]),
    "one that counts": ("id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT", "(1, 1), (2, 2)", "id",
                        peewee.BigIntegerField(), "id * 2 - 2", [(0, 1), (2, 2)], ["bigint(20) NOT NULL AUTO_INC"]),
    "one of two": ("a INT NOT NULL, n INT NOT NULL AUTO_INCREMENT, PRIMARY KEY (n, a)", "(5, 1), (6, 2)", "a",
                   CharField(3), "a * 2", [("10", 1), ("12", 2)], ["`n` int(11) NOT NULL AUTO_INC", "(`n`,`a`)"]),
    "beside one that refers": (
        "a INT NOT NULL, b INT NOT NULL, PRIMARY KEY (a, b), FOREIGN KEY (a) REFERENCES p (id)", "(1, 1), (1, 2)", "b",
        IntegerField(), "3 - b", [(1, 1), (1, 2)], ["PRIMARY KEY (`a`,`b`)", "FOREIGN KEY (`a`)"]),
    "with its default": ("id INT NOT NULL DEFAULT 7, v INT, PRIMARY KEY (id), KEY of_both (v, id)", "(1, 1), (2, 2)",
                         "id", IntegerField(), "3 - id", [(1, 2), (2, 1)], ["NOT NULL DEFAULT 7", "(`v`,`id`)"]),
}  # fmt: skip


@pytest.mark.parametrize("case", KEYS)
def test_a_column_of_the_key_is_cast_and_stays_what_it_is(mariadb: Any, case: str) -> None:
    columns, values, column, field, text, expected, words = KEYS[case]
    mariadb.execute_sql("CREATE TABLE p (id INT NOT NULL PRIMARY KEY)")
    mariadb.execute_sql("INSERT INTO p VALUES (1)")
    mariadb.execute_sql(f"CREATE TABLE t ({columns})")
    mariadb.execute_sql(f"INSERT INTO t VALUES {values}")
    cast(mariadb, column, field, text)
    assert rows(mariadb) == expected
    assert "PRIMARY KEY" in made(mariadb) and "pwmig" not in made(mariadb)
    for part in words:
        assert part in made(mariadb)


def test_a_key_that_others_refer_to_names_them_and_without_them_it_is_cast(mariadb: Any) -> None:
    mariadb.execute_sql("CREATE TABLE t (id INT NOT NULL PRIMARY KEY)")
    mariadb.execute_sql("CREATE TABLE c (t_id INT, CONSTRAINT of_t FOREIGN KEY (t_id) REFERENCES t (id))")
    mariadb.execute_sql("INSERT INTO t VALUES (1)")
    before = made(mariadb)
    with pytest.raises(OperationRefused, match="the foreign key of_t of c") as caught:
        cast(mariadb, "id", CharField(9), "concat('n', id)")
    assert made(mariadb) == before
    assert "migrator.drop_constraint('c', 'of_t')" in caught.value.way_out
    migrator = Migrator.from_database(mariadb)
    migrate(migrator.drop_constraint("c", "of_t"))
    cast(mariadb, "id", CharField(9), "concat('n', id)")
    assert rows(mariadb) == [("n1",)]


REFUSED = {
    "a value that is none": ("v", IntegerField(null=True), "v", "Incorrect integer value: 'one' for column t.v", ""),
    "a number that is too large": ("n", SmallIntegerField(), "n * 100", "Out of range value for column t.n", "700"),
    "a text that is too long": ("v", CharField(2, null=True), "v", "Data too long for column t.v", "'one'"),
    "nothing": ("n", IntegerField(), "NULLIF(n, 70000)", "Column t.n cannot be null", "70000"),
    "two with one key": ("id", IntegerField(), "1", "Duplicate entry '1' for key 'PRIMARY'", ""),
    "two of what is unique": ("n", IntegerField(), "5", "Duplicate entry '5' for key 'only'", ""),
    "what may not stand there": ("n", IntegerField(), "9*n + rand()", "cannot be used in the GENERATED ALWAYS AS", ""),
    "a column that there is none of": ("n", IntegerField(), "m + 1", "Unknown column 'm'", ""),
    "no SQL": ("n", IntegerField(), "n +", "You have an error in your SQL syntax", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_cast_that_can_t_be_is_refused_in_words_of_the_users(mariadb: Any, case: str) -> None:
    column, field, text, words, value = REFUSED[case]
    mariadb.execute_sql("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v VARCHAR(9), n INT NOT NULL, UNIQUE only (n))")
    mariadb.execute_sql("INSERT INTO t VALUES (1, '1', 3), (2, 'one', 4), (3, '3', 70000)")
    before, held = made(mariadb), rows(mariadb)
    with pytest.raises(OperationRefused) as caught:
        cast(mariadb, column, field, text)
    assert (made(mariadb), rows(mariadb)) == (before, held)
    assert "pwmig" not in str(caught.value) and words in caught.value.why and value in caught.value.why
    assert f"t.{column}" in caught.value.what


def test_without_a_cast_the_value_that_does_not_fit_is_named_too(mariadb: Any) -> None:
    mariadb.execute_sql("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v VARCHAR(9))")
    mariadb.execute_sql("INSERT INTO t VALUES (1, '1'), (2, 'one')")
    migrator = Migrator.from_database(mariadb)
    with pytest.raises(OperationRefused, match=r"t\.v") as caught:
        migrate(migrator.alter_column_type("t", "v", IntegerField(null=True)))
    assert "pwmig" not in str(caught.value) and "'one' for column t.v" in caught.value.why
    with pytest.raises(OperationRefused, match=r"t\.v") as caught:
        migrate(migrator.alter_column_type("t", "v", CharField(2, null=True)))
    assert "pwmig" not in str(caught.value) and "'one'" in caught.value.why
