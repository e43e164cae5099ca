"""Real data there and back: what was filled, dropped or split off is in its row, and each text in its letters."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peewee
import pytest
from projects import HEAD, config_of, open_project, state
from test_real_data import fill_with_footballers

from pwmig import Migrator, Project


def migration(forward: str, backward: str, above: str = "") -> str:
    def body(lines: str) -> str:
        return "".join(f"    {line}\n" for line in lines.strip().splitlines())

    return f"{HEAD}{above}\ndef migrate_forward():\n{body(forward)}\n\ndef migrate_backward():\n{body(backward)}"


FOOTBALLERS = {
    "require_height": migration(
        "migrate(migrator.backfill('player', {'height_cm': 180}), migrator.add_not_null('player', 'height_cm'))",
        "migrate(migrator.drop_not_null('player', 'height_cm'))",
    ),
    "drop_birth_place": migration(
        "migrate(migrator.drop_column('player', 'birth_place'))",
        "migrate(migrator.add_column('player', 'birth_place', CharField(120, null=True)))",
    ),
    "split_country": migration(
        """migrate(
    migrator.create_table('country', {'id': AutoField(), 'name': CharField(80, unique=True)}),
    migrator.sql('INSERT INTO country (name) SELECT DISTINCT country FROM player ORDER BY country'),
    migrator.add_column('player', 'country_id', IntegerField(null=True)),
    migrator.backfill('player', {'country_id': SQL('(SELECT c.id FROM country c WHERE c.name = player.country)')}),
    migrator.add_not_null('player', 'country_id'),
    migrator.add_foreign_key_constraint('player', 'country_id', 'country', 'id'),
    migrator.drop_column('player', 'country'),
)""",
        """migrate(
    migrator.add_column('player', 'country', CharField(80)),
    migrator.drop_foreign_key_constraint('player', 'country_id'),
    migrator.drop_column('player', 'country_id'),
    migrator.drop_table('country'),
)""",
    ),
}


def make_flat(database: peewee.Database) -> None:
    """One table of players, with the names of their countries."""
    migrator = Migrator.from_database(database)
    name = "(SELECT c.name FROM country c WHERE c.id = player.country_id)"
    migrator.migrate(
        migrator.add_column("player", "country", peewee.CharField(80, null=True)),
        migrator.sql(f"UPDATE player SET country = {name}"),
        migrator.add_not_null("player", "country"),
        migrator.drop_foreign_key_constraint("player", "country_id"),
        migrator.drop_column("player", "country_id"),
        migrator.drop_table("country"),
    )


def seen(database: peewee.Database, columns: str) -> list[Any]:
    rows = list(database.execute_sql(f"SELECT {columns} FROM player ORDER BY id").fetchall())
    if not isinstance(database, peewee.SqliteDatabase):
        database.commit()  # which gives back the locks of reading
    return rows


COLUMNS = "id, name, position, height_cm, birth_date, birth_place, country"
NULLS = 3_925


def test_footballers_whose_columns_were_filled_dropped_and_split_off_are_as_they_were(
    tmp_path: Path, any_database: peewee.Database, real_data: Callable[[str], Path]
) -> None:
    fill_with_footballers(any_database, real_data)
    make_flat(any_database)
    project = open_project(tmp_path, FOOTBALLERS, config=config_of(any_database))
    rows, schema, columns = seen(any_database, COLUMNS), project.schema(), any_database.get_columns("player")
    texts = catalog(any_database)
    assert (len(rows), sum(row[3] is None for row in rows)) == (31_689, NULLS)

    run = project.apply()
    assert [str(kept) for step in run.steps for kept in step.kept] == [
        f"what player.height_cm held before, in {NULLS:,} rows",
        "the values of player.birth_place in 31,689 rows",
        "the values of player.country in 31,689 rows",
    ]
    found = seen(any_database, "height_cm, (SELECT c.name FROM country c WHERE c.id = country_id)")
    assert found == [(180 if row[3] is None else row[3], row[6]) for row in rows]

    run = project.revert(to="zero")
    assert [str(back) for step in run.steps for back in step.restored] == [
        "the values of player.country in 31,689 rows put back",
        "the values of player.birth_place in 31,689 rows put back",
        f"the values of player.height_cm in {NULLS:,} rows put back",
    ]
    assert project.schema() == schema or isinstance(any_database, peewee.PostgresqlDatabase)
    assert sorted(map(str, any_database.get_columns("player"))) == sorted(map(str, columns))
    assert seen(any_database, COLUMNS) == rows
    assert catalog(any_database) == texts


def catalog(database: peewee.Database) -> list[Any]:
    """What SQLite's catalog holds, letter for letter."""
    if not isinstance(database, peewee.SqliteDatabase):
        return []
    connection = sqlite3.connect(database.database)
    sql = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name <> 'sqlite_sequence' ORDER BY 1, 2"
    try:
        return [row for row in connection.execute(sql) if "pwmig" not in row[2]]
    finally:
        connection.close()


def test_the_footballers_file_is_as_it_was(tmp_path: Path, real_data: Callable[[str], Path]) -> None:
    """Its own letters: a text that no Peewee has written, and a column in the middle of it."""
    project = adopted(tmp_path, real_data("footballers_cc0.sqlite"), dict(list(FOOTBALLERS.items())[:2]))
    file = project.root / "db" / "app.sqlite"
    start = state(file)
    project.apply()
    assert state(file) != start
    project.revert(to="zero")
    assert state(file) == start


def adopted(root: Path, file: Path, migrations: dict[str, str]) -> Project:
    (root / "db").mkdir()
    shutil.copyfile(file, root / "db" / "app.sqlite")
    return open_project(root, migrations)


FIELDS = (
    "class NVarCharField(CharField):\n    field_type = 'NVARCHAR'\n\n\n"
    "class NumericField(DecimalField):\n    field_type = 'NUMERIC'\n\n"
)

CHINOOK = {
    "add_columns": migration(
        "migrate(migrator.add_column('Track', 'Level', IntegerField(default=1, index=True)), "
        "migrator.add_column('Employee', 'Nick Name', CharField(20, null=True)))",
        "migrate(migrator.drop_column('Employee', 'Nick Name'), migrator.drop_column('Track', 'Level'))",
    ),
    "change_types": migration(
        "migrate(migrator.alter_column_type('Track', 'Bytes', BigIntegerField()), "
        "migrator.alter_column_type('Track', 'Name', CharField(10), cast='substr(Name, 1, 10)'))",
        "migrate(migrator.alter_column_type('Track', 'Name', NVarCharField(200)), "
        "migrator.alter_column_type('Track', 'Bytes', IntegerField()))",
        FIELDS,
    ),
    "require": migration(
        "migrate(migrator.backfill('Track', {'Composer': 'nobody'}), migrator.add_not_null('Track', 'Composer'), "
        "migrator.drop_not_null('Employee', 'LastName'))",
        "migrate(migrator.add_not_null('Employee', 'LastName'), migrator.drop_not_null('Track', 'Composer'))",
    ),
    "give_defaults": migration(
        "migrate(migrator.add_column_default('Track', 'Bytes', 0), "
        "migrator.add_column_default('InvoiceLine', 'Quantity', 1))",
        "migrate(migrator.drop_column_default('InvoiceLine', 'Quantity'), "
        "migrator.drop_column_default('Track', 'Bytes'))",
    ),
    "change_a_column": migration(
        "migrate(migrator.change_column('Track', 'Milliseconds', BigIntegerField(null=True), default=0, name='Ms'))",
        "migrate(migrator.change_column('Track', 'Ms', IntegerField(), null=False, default=None, name='Milliseconds'))",
    ),
    "constrain": migration(
        "migrate(migrator.add_constraint('InvoiceLine', 'some', Check('Quantity > 0')), "
        "migrator.add_unique('Employee', 'LastName', 'FirstName'), "
        "migrator.add_foreign_key_constraint('InvoiceLine', 'InvoiceLineId', 'Track', 'TrackId'))",
        "migrate(migrator.drop_foreign_key_constraint('InvoiceLine', 'InvoiceLineId'), "
        "migrator.drop_constraint('Employee', 'uniq_LastName_FirstName'), "
        "migrator.drop_constraint('InvoiceLine', 'some'))",
    ),
    "change_indexes": migration(
        "migrate(migrator.add_index('Track', ('Bytes', 'Name')), "
        "migrator.rename_index('Employee', 'IFK_EmployeeReportsTo', 'boss'))",
        "migrate(migrator.rename_index('Employee', 'boss', 'IFK_EmployeeReportsTo'), "
        "migrator.drop_index('Track', 'Track_Bytes_Name'))",
    ),
    "drop_columns": migration(
        "migrate(migrator.drop_column('Track', 'UnitPrice'), migrator.drop_column('Employee', 'Title'), "
        "migrator.drop_column('Employee', 'BirthDate'), migrator.drop_column('InvoiceLine', 'UnitPrice'))",
        "migrate(migrator.add_column('InvoiceLine', 'UnitPrice', NumericField(decimal_places=2)), "
        "migrator.add_column('Employee', 'BirthDate', DateTimeField(null=True)), "
        "migrator.add_column('Employee', 'Title', NVarCharField(30, null=True)), "
        "migrator.add_column('Track', 'UnitPrice', NumericField(decimal_places=2)))",
        FIELDS,
    ),
    "rename_columns": migration(
        "migrate(migrator.rename_column('Track', 'Composer', 'Writer'), "
        "migrator.rename_column('Track', 'TrackId', 'Track No'), "
        "migrator.rename_column('Employee', 'EmployeeId', 'Id'))",
        "migrate(migrator.rename_column('Employee', 'Id', 'EmployeeId'), "
        "migrator.rename_column('Track', 'Track No', 'TrackId'), "
        "migrator.rename_column('Track', 'Writer', 'Composer'))",
    ),
    "rename_tables": migration(
        "migrate(migrator.rename_table('Track', 'song'), migrator.rename_table('Employee', 'our people'), "
        "migrator.rename_table('InvoiceLine', 'Line'))",
        "migrate(migrator.rename_table('Line', 'InvoiceLine'), migrator.rename_table('our people', 'Employee'), "
        "migrator.rename_table('song', 'Track'))",
    ),
}
"""Migrations of three tables, each by itself and one after the other."""


@pytest.mark.parametrize("names", [*((name,) for name in CHINOOK), tuple(CHINOOK)], ids=lambda names: "+".join(names))
def test_tables_with_names_in_brackets_are_letter_for_letter_as_they_were(
    tmp_path: Path, real_data: Callable[[str], Path], names: tuple[str, ...]
) -> None:
    project = adopted(tmp_path, real_data("chinook.sqlite"), {name: CHINOOK[name] for name in names})
    file = project.root / "db" / "app.sqlite"
    start = state(file)
    project.apply()
    assert state(file) != start
    project.revert(to="zero")
    assert state(file) == start


@pytest.mark.parametrize("name", ["rename_columns", "rename_tables"])
def test_so_are_a_view_and_a_trigger_that_name_them(
    tmp_path: Path, real_data: Callable[[str], Path], name: str
) -> None:
    project = adopted(tmp_path, real_data("chinook.sqlite"), {name: CHINOOK[name]})
    file = project.root / "db" / "app.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute('CREATE VIEW [songs] AS SELECT [Track].[Composer], "x" AS w FROM [Track]')
        connection.execute(
            "CREATE TRIGGER [heard] AFTER UPDATE OF [Composer] ON [Track] BEGIN UPDATE [InvoiceLine] "
            "SET [Quantity] = 1 WHERE [TrackId] = new.[TrackId]; END"
        )
    connection.close()
    start = state(file)
    project.apply()
    assert state(file) != start
    project.revert()
    assert state(file) == start
