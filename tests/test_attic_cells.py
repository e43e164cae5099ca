"""Rows are recognised by cells of every type on MariaDB, NULL and not, and what they hold comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_projects import Place, place_on
from test_attic import migration

pytestmark = pytest.mark.mariadb

TYPES = {
    "INET6": ("'::1'", "'::2'"),
    "UUID": ("'123e4567-e89b-12d3-a456-426655440000'", "'123e4567-e89b-12d3-a456-426655440001'"),
    "ENUM('a', 'b')": ("'a'", "'b'"),
    "SET('a', 'b')": ("'a,b'", "'b'"),
    "BIT(9)": ("b'101'", "b'111'"),
    "JSON": ("'{\"a\": 1}'", "'{\"a\": 2}'"),
    "POINT": ("POINT(1, 2)", "POINT(1, 3)"),
    "YEAR": ("2024", "2025"),
    "TIME(3)": ("'10:00:00.123'", "'10:00:00.124'"),
    "DECIMAL(9, 3)": ("1.25", "1.255"),
    "DOUBLE": ("1.25", "1.255"),
    "FLOAT": ("0.1", "0.2"),
    "VARBINARY(9)": ("x'00ff'", "x'00fe'"),
    "VARCHAR(9) CHARACTER SET ucs2": ("'é'", "'e'"),
    "VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci": ("'one'", "'ONE'"),
}


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


def tables(place: Place, key: str, other: str) -> list[str]:
    """A table for each type, with NULL and two values of it."""
    for number, (type_, values) in enumerate(TYPES.items()):
        place.run(f"CREATE TABLE t{number} (id INTEGER NOT NULL{key}, x {type_} NULL, note {other})")
        for row, value in enumerate(("NULL", *values)):
            place.run(f"INSERT INTO t{number} VALUES ({row if key else 0}, {value}, {row})")
    place.database.commit()
    return [f"t{number}" for number in range(len(TYPES))]


def drop_and_add(tables: list[str], column: str, field: str) -> str:
    return migration(
        "\n".join(f"migrate(migrator.drop_column('{table}', '{column}'))" for table in tables),
        "\n".join(f"migrate(migrator.add_column('{table}', '{column}', {field}))" for table in tables),
    )


def rows(place: Place, table: str) -> list[tuple[Any, ...]]:
    found = place.run(f"SELECT id, HEX(CAST(x AS BINARY)), note FROM {table} ORDER BY 1, 2, 3")
    place.database.commit()
    return found


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["key", "no key"])
def test_rows_are_recognised_by_cells_of_every_type(place: Place, tmp_path: Path, key: str) -> None:
    made = tables(place, key, "INTEGER")
    before = [rows(place, table) for table in made]
    project = place.project(tmp_path, {"change": drop_and_add(made, "note", "IntegerField(null=True)")})
    project.apply()
    for number, (first, _) in enumerate(TYPES.values()):
        if key:
            place.run(f"INSERT INTO t{number} (id, x) VALUES (9, {first})")
            place.run(f"UPDATE t{number} SET x = {first} WHERE id = 0")
        else:
            place.run(f"DELETE FROM t{number} WHERE x IS NOT NULL LIMIT 1")
    place.database.commit()
    found = [(done.restored, done.changed, done.gone, done.lacking) for done in project.revert().steps[0].restored]
    assert found == [(3, 1, 0, 1) if key else (2, 0, 1, 0)] * len(made)
    assert key or all(set(rows(place, table)) < set(old) for table, old in zip(made, before, strict=True))


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["key", "no key"])
def test_cells_of_every_type_come_back(place: Place, tmp_path: Path, key: str) -> None:
    """Also where nothing but the cell itself tells the rows apart, and the server takes two values for the same."""
    made = tables(place, key, "VARCHAR(9) CHARACTER SET latin1")
    if not key:
        for table in made:
            place.run(f"UPDATE {table} SET note = 'same'")
        place.database.commit()
    before = [rows(place, table) for table in made]
    backward = "\n".join(
        f"database.execute_sql({f'ALTER TABLE {table} ADD COLUMN x {type_} NULL AFTER id'!r})"
        for table, type_ in zip(made, TYPES, strict=True)
    )
    forward = "\n".join(f"migrate(migrator.drop_column('{table}', 'x'))" for table in made)
    project = place.project(tmp_path, {"change": migration(forward, backward)})
    project.apply()
    assert [(done.restored, done.unmatched) for done in project.revert().steps[0].restored] == [(3, 0)] * len(made)
    assert [rows(place, table) for table in made] == before and project.attic() == ()


def test_a_time_stamp_of_rows_without_key_does_not_move(place: Place, tmp_path: Path) -> None:
    place.run(
        "CREATE TABLE t (x TIMESTAMP NOT NULL DEFAULT '2001-01-01' ON UPDATE CURRENT_TIMESTAMP, id INT, note INT)"
    )
    place.run("INSERT INTO t (id, note) VALUES (1, 1), (2, 2)")
    place.database.commit()
    before = rows(place, "t")
    project = place.project(tmp_path, {"change": drop_and_add(["t"], "note", "IntegerField(null=True)")})
    project.apply()
    project.revert()
    assert rows(place, "t") == before


def test_a_row_that_the_server_takes_for_the_same_is_newer(place: Place, tmp_path: Path) -> None:
    create = "CREATE TABLE t (id INT PRIMARY KEY, x VARCHAR(9), note INT)"
    place.run(create)
    place.run("INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 2)")
    place.database.commit()
    back = (
        f"database.execute_sql('{create}')\ndatabase.execute_sql(\"INSERT INTO t VALUES (1, 'ONE', 1), (2, 'two', 2)\")"
    )
    project = place.project(tmp_path, {"change": migration("migrate(migrator.drop_table('t'))", back)})
    project.apply()
    project.revert()
    assert [str(entry) for entry in project.attic()] == ["table t, 1 row"]
    assert place.run("SELECT x FROM pwmig_attic_1") == [("one",)]


def test_hostile_names_in_a_table_without_key(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE `o%d ?` (id INT, `x %s` INT, `no%te ?` INT)")
    place.run("INSERT INTO `o%d ?` VALUES (1, 1, 1), (2, 2, 2)")
    place.database.commit()
    project = place.project(tmp_path, {"change": drop_and_add(["o%d ?"], "no%te ?", "IntegerField(null=True)")})
    project.apply()
    project.revert()
    assert place.run("SELECT * FROM `o%d ?` ORDER BY id") == [(1, 1, 1), (2, 2, 2)]


def test_what_a_fill_took_from_rows_without_key_comes_back_as_it_was(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE `o%d ?` (id FLOAT, x VARCHAR(9), `no%te ?` FLOAT)")
    place.run("INSERT INTO `o%d ?` VALUES (0.1, 'one', 1.2345678), (0.1, 'ONE', 0.1), (0.1, NULL, 0.1)")
    place.database.commit()
    shown = "SELECT HEX(x), CAST(`no%te ?` AS DOUBLE) FROM `o%d ?` ORDER BY 1, 2"
    before = place.run(shown)
    fill = "migrate(migrator.backfill('o%d ?', {{{!r}: {}}}, where='id > 0'))"
    source = migration(f"{fill.format('x', repr('-'))}\n{fill.format('no%te ?', 7)}", "pass")
    project = place.project(tmp_path, {"change": source})
    project.apply()
    assert place.run(shown) != before
    place.database.commit()
    assert [(done.restored, done.unmatched) for done in project.revert().steps[0].restored] == [(3, 0), (3, 0)]
    assert sorted(map(repr, place.run(shown))) == sorted(map(repr, before))
