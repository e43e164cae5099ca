"""Columns of a key that are dropped or cast are kept too: their rows are found by all their other cells."""

from __future__ import annotations

import re

import peewee
import pytest
from projects import HEAD, config_of, open_project

from pwmig.dialects import dialect_of


def _text(there: str, back: str) -> str:
    return f"{HEAD}\n\ndef migrate_forward():\n    {there}\n\n\ndef migrate_backward():\n    {back}\n"


def _rows(database, table="t"):
    return sorted(map(tuple, database.execute_sql(f"SELECT * FROM {table}").fetchall()), key=str)


def _project(tmp_path, database, there, back, *statements):
    for statement in statements:
        database.execute_sql(statement)
    return open_project(tmp_path / "p", {"one": _text(there, back)}, config=config_of(database))


CODES = ("CREATE TABLE t (code VARCHAR(20) NOT NULL PRIMARY KEY, v INT, note VARCHAR(9))",)
FEW = "INSERT INTO t VALUES ('A-1', 1, 'x'), ('A-2', 2, NULL), ('A-3', 2, NULL)"
NARROW = "migrate(migrator.alter_column_type('t', 'code', IntegerField(), cast='CAST(substr(code, 3) AS INTEGER)'))"
WIDEN = "migrate(migrator.alter_column_type('t', 'code', CharField(20)))"


@pytest.fixture
def casting(any_database):
    """A database that casts columns of a key."""
    return any_database


def test_what_a_change_of_the_key_took_comes_back(tmp_path, casting):
    database = casting
    project = _project(tmp_path, database, NARROW, WIDEN, *CODES, FEW)
    before = _rows(database)
    (step,) = project.apply().steps
    assert _rows(database) != before
    assert {kept.column for kept in step.kept} == {"code"}
    (step,) = project.revert().steps
    assert _rows(database) == before
    assert [done.unmatched for done in step.restored] == [0] * len(step.restored)
    assert project.attic() == ()


def test_rows_that_have_changed_or_gone_since_are_counted(tmp_path, casting):
    database = casting
    project = _project(tmp_path, database, NARROW, WIDEN, *CODES, FEW.replace("('A-3', 2", "('A-3', 3"))
    project.apply()
    database.execute_sql("UPDATE t SET v = 7 WHERE v = 2")
    database.execute_sql("DELETE FROM t WHERE v = 3")
    (step,) = project.revert().steps
    (told,) = [done for done in step.restored if done.column == "code"]
    assert (told.restored, told.gone) == (1, 2)
    found = _rows(database)
    assert [row for row in found if row[1] == 1] == [("A-1", 1, "x")]
    assert [row[0] for row in found if row[1] == 7] == ["2"]


def test_a_column_that_went_before_its_key_was_cast_waits_until_the_key_is_back(tmp_path, casting):
    database = casting
    there = f"migrate(migrator.drop_column('t', 'note'))\n    {NARROW}"
    back = f"migrate(migrator.add_column('t', 'note', CharField(9, null=True)))\n    {WIDEN}"
    project = _project(tmp_path, database, there, back, *CODES, FEW.replace("('A-3', 2", "('A-3', 3"))
    before = _rows(database)
    project.apply()
    project.revert()
    assert _rows(database) == before
    assert project.attic() == ()


def test_another_column_that_was_filled_after_the_key_was_cast_comes_back_with_it(tmp_path, casting):
    database = casting
    there = f"{NARROW}\n    migrate(migrator.backfill('t', {{'note': 'filled'}}))"
    project = _project(tmp_path, database, there, WIDEN, *CODES, FEW)
    before = _rows(database)
    project.apply()
    project.revert()
    assert _rows(database) == before


TWO = ("CREATE TABLE t (a INT NOT NULL, b VARCHAR(9), c INT NOT NULL, PRIMARY KEY (a, c))",)
PAIRS = "INSERT INTO t VALUES (1, 'one', 5), (2, 'two', 6), (3, 'three', 7), (3, NULL, 8)"


@pytest.mark.postgres
def test_a_column_of_a_key_that_was_dropped_with_it_comes_back(tmp_path, postgres):
    database = postgres
    there = "migrate(migrator.drop_column('t', 'c', cascade=True))"
    back = "migrate(migrator.add_column('t', 'c', IntegerField(null=True)))"
    project = _project(tmp_path, database, there, back, *TWO, PAIRS)
    before = _rows(database)
    (step,) = project.apply().steps
    assert [kept.row_count for kept in step.kept] == [4]
    project.revert()
    assert _rows(database) == before
    assert project.attic() == ()


@pytest.mark.parametrize("options", ["", " WITHOUT ROWID"])
def test_numbers_that_the_key_itself_is_come_back_on_sqlite(tmp_path, options):
    database = peewee.SqliteDatabase(tmp_path / "any.sqlite")
    there = "migrate(migrator.alter_column_type('t', 'id', IntegerField(), cast='id * 2'))"
    table = f"CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v TEXT){options}"
    project = _project(tmp_path, database, there, "pass", table, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (4, 'c')")
    before = _rows(database)
    project.apply()
    assert _rows(database) == [(2, "a"), (4, "b"), (8, "c")]
    project.revert()
    assert _rows(database) == before


DROP = "migrate(migrator.drop_column('t', 'a'))"
ADD = "migrate(migrator.add_column('t', 'a', CharField(20, null=True)))"
OTHER_KEY = {
    "sqlite": [
        "CREATE TABLE other (id INT NOT NULL, o INT NOT NULL, PRIMARY KEY (o, id))",
        "INSERT INTO other SELECT id, o FROM t",
        "DROP TABLE t",
        "ALTER TABLE other RENAME TO t",
    ],
    "postgresql": ["ALTER TABLE t DROP CONSTRAINT t_pkey", "ALTER TABLE t ADD PRIMARY KEY (o, id)"],
    "mysql": ["ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (o, id)"],
}


def test_what_was_kept_by_a_key_is_given_back_by_that_though_the_table_has_another_one_by_now(tmp_path, any_database):
    database = any_database
    table = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, a VARCHAR(20), o INT NOT NULL)"
    rows = "INSERT INTO t VALUES (1, 'x', 7), (2, 'y', 6), (3, 'z', 5)"
    project = _project(tmp_path, database, DROP, ADD, table, rows)
    project.apply()
    for statement in OTHER_KEY[dialect_of(database).name]:
        database.execute_sql(statement)
    database.execute_sql("INSERT INTO t (id, o) VALUES (3, 9)")
    (told,) = project.revert().steps[0].restored
    assert (told.restored, told.doubtful) == (2, 1)
    found = database.execute_sql("SELECT id, a, o FROM t ORDER BY id, o").fetchall()
    assert list(found) == [(1, "x", 7), (2, "y", 6), (3, None, 5), (3, None, 9)]


def test_a_table_without_key_that_has_got_one_gets_its_values_back(tmp_path, any_database):
    database = any_database
    project = _project(
        *(tmp_path, database, DROP, ADD),
        *("CREATE TABLE t (id INT NOT NULL, a VARCHAR(20))", "INSERT INTO t VALUES (1, 'x'), (2, 'y')"),
    )
    project.apply()
    key = ["ALTER TABLE t ADD PRIMARY KEY (id)"]
    if dialect_of(database).name == "sqlite":
        key = [statement.replace("o, id", "id").replace("o INT NOT NULL, ", "") for statement in OTHER_KEY["sqlite"]]
        key[1] = "INSERT INTO other SELECT id FROM t"
    for statement in key:
        database.execute_sql(statement)
    project.revert()
    assert _rows(database) == [(1, "x"), (2, "y")]
    assert project.attic() == ()


@pytest.mark.mariadb
@pytest.mark.parametrize("name", ["T", "X", "t", "x"])
def test_tables_that_are_called_like_an_alias_are_locked_and_kept(tmp_path, mariadb, name):
    there, back = (text.replace("'t'", f"'{name}'") for text in (DROP, ADD))
    table = f"CREATE TABLE {name} (id INT NOT NULL PRIMARY KEY, a VARCHAR(20))"
    project = _project(tmp_path, mariadb, there, back, table, f"INSERT INTO {name} VALUES (1, 'x'), (2, NULL)")
    before = _rows(mariadb, name)
    project.apply()
    project.revert()
    assert _rows(mariadb, name) == before


@pytest.mark.parametrize("key", ["INTEGER NOT NULL PRIMARY KEY", "INT NOT NULL PRIMARY KEY"])
@pytest.mark.parametrize("change", ["4 - id", "id + 1"])
def test_numbers_of_a_key_come_back_though_other_rows_have_them_meanwhile(tmp_path, casting, change, key):
    there = f"migrate(migrator.alter_column_type('t', 'id', IntegerField(), cast='{change}'))"
    table = f"CREATE TABLE t (id {key}, v VARCHAR(9))"
    project = _project(tmp_path, casting, there, "pass", table, "INSERT INTO t VALUES (3, 'a'), (2, 'b'), (1, 'c')")
    before = _rows(casting)
    project.apply()
    assert _rows(casting) != before
    project.revert()
    assert _rows(casting) == before
    assert project.attic() == ()


def test_a_key_that_a_newer_row_has_by_now_stays_in_the_attic(tmp_path, casting):
    there = "migrate(migrator.alter_column_type('t', 'id', IntegerField(), cast='id * 10'))"
    table = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v VARCHAR(9))"
    project = _project(tmp_path, casting, there, "pass", table, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (10, 'c')")
    project.apply()
    casting.execute_sql("INSERT INTO t VALUES (1, 'new')")
    (told,) = project.revert().steps[0].restored
    assert (told.restored, told.newer) == (1, 2)
    assert _rows(casting) == [(1, "new"), (10, "a"), (100, "c"), (2, "b")]


@pytest.mark.postgres
def test_a_key_that_counts_comes_back_and_counts_on(tmp_path, postgres):
    there = "migrate(migrator.drop_column('t', 'id', cascade=True))"
    back = "migrate(migrator.add_column('t', 'id', AutoField()))"
    rows = ["CREATE TABLE t (id SERIAL PRIMARY KEY, v VARCHAR(9))", "INSERT INTO t VALUES (1, 'a'), (3, 'b'), (7, 'c')"]
    project = _project(tmp_path, postgres, there, back, *rows)
    project.apply()
    postgres.execute_sql("INSERT INTO t VALUES ('new')")
    (told,) = project.revert().steps[0].restored
    assert (told.restored, told.lacking) == (3, 1)
    postgres.execute_sql("INSERT INTO t (v) VALUES ('newer')")
    found = dict(postgres.execute_sql("SELECT v, id FROM t").fetchall())
    assert {name: found[name] for name in "abc"} == {"a": 1, "b": 3, "c": 7}
    assert 7 < found["new"] < found["newer"]


PAIR = "CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, v VARCHAR(9), PRIMARY KEY (a, b))"
OF_PAIRS = "INSERT INTO t VALUES (1, 1, 'x'), (1, 2, 'y'), (2, 1, 'x'), (3, 7, NULL)"
PAIR_CASTS = {
    "one to a larger type": (
        "migrate(migrator.alter_column_type('t', 'b', BigIntegerField(), cast='b * 10000000000'))",
        "migrate(migrator.alter_column_type('t', 'b', IntegerField(), cast='b / 10000000000'))",
    ),
    "one to other numbers": ("migrate(migrator.alter_column_type('t', 'b', IntegerField(), cast='b + 5'))", "pass"),
    "one to those of others": ("migrate(migrator.alter_column_type('t', 'b', IntegerField(), cast='3 - b'))", "pass"),
    "and cast back": (
        "migrate(migrator.alter_column_type('t', 'b', CharField(9), cast=\"b || '-'\"))",
        "migrate(migrator.alter_column_type('t', 'b', IntegerField(), cast='CAST(substr(b, 1, 1) AS INTEGER)'))",
    ),
    "both": (
        "migrate(migrator.alter_column_type('t', 'a', IntegerField(), cast='a + 1'))\n    "
        "migrate(migrator.alter_column_type('t', 'b', IntegerField(), cast='b + 1'))",
        "pass",
    ),
}


@pytest.mark.parametrize("way", PAIR_CASTS)
def test_columns_of_a_key_of_two_come_back(tmp_path, casting, way):
    there, back = PAIR_CASTS[way]
    if dialect_of(casting).name == "mysql":
        there = re.sub(r"(\w) \|\| '-'", r"concat(\1, '-')", there)
    project = _project(tmp_path, casting, there, back, PAIR, OF_PAIRS)
    before = _rows(casting)
    project.apply()
    assert _rows(casting) != before
    restored = project.revert().steps[0].restored
    assert _rows(casting) == before
    assert [done.unmatched for done in restored] == [0] * len(restored)
    assert max(done.restored for done in restored) == 4
    assert [entry for entry in project.attic() if entry.direction == "forward"] == []


@pytest.mark.mariadb
@pytest.mark.parametrize("kind", ["INT UNSIGNED", "TINYINT", "SMALLINT UNSIGNED"])
def test_keys_pass_each_other_within_their_type_and_no_timestamp_moves(tmp_path, mariadb, kind):
    field = f"__import__('pwmig.fields').fields.StoredField('{kind.lower()}')"
    there = f"migrate(migrator.alter_column_type('t', 'id', {field}, cast='4 - CAST(id AS SIGNED)'))"
    stamp = "TIMESTAMP NOT NULL DEFAULT '2020-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP"
    table = f"CREATE TABLE t (id {kind} NOT NULL PRIMARY KEY, v VARCHAR(9), at {stamp})"
    project = _project(tmp_path, mariadb, there, "pass", table, "INSERT INTO t (id, v) VALUES (3, 'a'), (1, 'b')")
    before = _rows(mariadb)
    project.apply()
    assert [(row[0], row[1]) for row in _rows(mariadb)] == [(1, "a"), (3, "b")]
    (told,) = project.revert().steps[0].restored
    assert (told.restored, told.unmatched) == (2, 0)
    assert _rows(mariadb) == before and project.attic() == ()


@pytest.mark.parametrize(
    "there, back, wider",
    [
        ("IntegerField(), cast='c / 10'", "BigIntegerField()", "BIGINT"),
        ("DecimalField(10, 2), cast='round(c, 2)'", "DecimalField(10, 4)", "DECIMAL(10,4)"),
        ("CharField(1), cast='substr(c, 1, 1)'", "CharField(9)", "VARCHAR(9)"),
    ],
)
def test_a_column_of_a_key_of_several_that_was_cast_comes_back(tmp_path, casting, there, back, wider):
    rows = "INSERT INTO t VALUES (1, 'one', '50'), (2, 'two', '61'), (3, 'three', '73'), (3, NULL, '84')"
    table = f"CREATE TABLE t (a INT NOT NULL, b VARCHAR(9), c {wider} NOT NULL, PRIMARY KEY (a, c))"
    if "DECIMAL" in wider:
        rows = rows.replace("'50'", "5.1234").replace("'61'", "6.5").replace("'73'", "7.0051").replace("'84'", "8.5555")
    elif "BIG" in wider:
        rows = rows.replace("'50'", "50").replace("'61'", "61").replace("'73'", "73").replace("'84'", "84")
    there = f'migrate(migrator.alter_column_type("t", "c", {there}))'
    project = _project(tmp_path, casting, there, f"migrate(migrator.alter_column_type('t', 'c', {back}))", table, rows)
    before = _rows(casting)
    (step,) = project.apply().steps
    kept = sum(one.row_count for one in step.kept)
    assert _rows(casting) != before
    (step,) = project.revert().steps
    assert _rows(casting) == before
    assert [(done.restored, done.unmatched) for done in step.restored] == [(kept, 0)]
    assert project.attic() == ()
