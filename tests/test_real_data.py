"""The main job on real databases: look, apply, look, take back, and everything is as it was."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import peewee
import pytest
from mariadb_everything import run
from modelled import CONFIG, loaded
from projects import HEAD, config_of, open_project, state

from pwmig.dialects import dialect_of
from pwmig.modelling import write_models
from pwmig.plan import Run
from pwmig.project import Project
from pwmig.schema import Schema


def migration(forward: str, backward: str) -> str:
    return (
        HEAD
        + f"def migrate_forward():\n    migrate(\n        {forward},\n    )\n\n"
        + f"def migrate_backward():\n    migrate(\n        {backward},\n    )\n"
    )


FOOTBALLERS = {
    "add_player_level": migration(
        "migrator.add_column('player', 'level', IntegerField(default=1))", "migrator.drop_column('player', 'level')"
    ),
    "index_birth_date": migration(
        "migrator.add_index('player', ('birth_date',))", "migrator.drop_index('player', 'player_birth_date')"
    ),
    "rename_position": migration(
        "migrator.rename_column('player', 'position', 'role')", "migrator.rename_column('player', 'role', 'position')"
    ),
}

CHINOOK = {
    "add_track_level": migration(
        "migrator.add_column('Track', 'Level', IntegerField(default=1))", "migrator.drop_column('Track', 'Level')"
    ),
    "index_birth_date": migration(
        "migrator.add_index('Employee', ('BirthDate',))", "migrator.drop_index('Employee', 'Employee_BirthDate')"
    ),
    "rename_composer": migration(
        "migrator.rename_column('Track', 'Composer', 'Writer')", "migrator.rename_column('Track', 'Writer', 'Composer')"
    ),
    "add_employee_level": migration(
        "migrator.add_column('Employee', 'Level', IntegerField(default=1))", "migrator.drop_column('Employee', 'Level')"
    ),
}


@pytest.fixture
def adopted(tmp_path: Path, real_data: Callable[[str], Path]) -> Callable[[str, dict[str, str]], Project]:
    """A copy of a real database as a project's own."""

    def adopt(name: str, migrations: dict[str, str]) -> Project:
        (tmp_path / "db").mkdir()
        shutil.copyfile(real_data(name), tmp_path / "db" / "app.sqlite")
        return open_project(tmp_path, migrations)

    return adopt


def lines(run: Run) -> list[str]:
    return [f"{change.sign} {change.describe()}" for change in run.changes]


def column(run: Run, table: str, name: str) -> set[object]:
    rows = run.samples(table)[1]
    return {row[rows.columns.index(name)] for row in rows.rows}


def test_the_footballers_there_and_back(adopted: Callable[..., Project]) -> None:
    project = adopted("footballers_cc0.sqlite", FOOTBALLERS)
    file = project.root / "db" / "app.sqlite"
    start, schema = state(file), project.schema()
    rehearsal = project.rehearse()
    assert state(file) == start
    run = project.apply(watch=True)
    assert run.changes == rehearsal.changes
    assert {change.kind for change in run.changes} == {"AddColumn", "AddIndex", "RenameColumn"}
    assert column(run, "player", "level") == {1}
    assert run.after.table_rows("player").row_count == run.before.table_rows("player").row_count == 31_689
    assert project.database.execute_sql("SELECT count(*), sum(level) FROM player").fetchone() == (31_689, 31_689)
    project.database.close()
    lost = project.rehearse(to="zero", backward=True).losses
    assert [str(loss) for loss in lost] == ["the values of player.level in 31,689 rows"]
    project.revert(to="zero")
    assert project.schema() == schema
    assert state(file) == start


def test_chinook_with_its_brackets_there_and_back(adopted: Callable[..., Project]) -> None:
    project = adopted("chinook.sqlite", CHINOOK)
    file = project.root / "db" / "app.sqlite"
    start, schema = state(file), project.schema()
    rehearsal = project.rehearse()
    assert state(file) == start
    run = project.apply(watch=True)
    assert run.changes == rehearsal.changes
    assert sorted(change.kind for change in run.changes) == ["AddColumn", "AddColumn", "AddIndex", "RenameColumn"]
    assert column(run, "Employee", "Level") == {1} == column(run, "Track", "Level")
    project.revert(steps=4)
    assert project.schema() == schema
    assert rows_of(file) == [row for row in start if row[0] not in ("table", "index")]


def rows_of(file: Path) -> list[tuple[object, ...]]:
    return [row for row in state(file) if row[0] not in ("table", "index")]


def test_each_step_back_is_the_step_before(adopted: Callable[..., Project]) -> None:
    project = adopted("footballers_cc0.sqlite", FOOTBALLERS)
    file = project.root / "db" / "app.sqlite"
    stations = [state(file)]
    for name in FOOTBALLERS:
        project.apply(to=name)
        stations.append(state(file))
    for station in reversed(stations[:-1]):
        project.revert()
        assert state(file) == station


# -- adopted as it is, on each kind of database


@pytest.fixture
def another(request: pytest.FixtureRequest, any_database: peewee.Database) -> Iterator[peewee.Database]:
    """A second database of the same kind, empty."""
    if isinstance(any_database, peewee.SqliteDatabase):
        database = peewee.SqliteDatabase(request.getfixturevalue("tmp_path") / "another.sqlite")
        with database.connection_context():
            yield database
        return
    kind = "postgres" if isinstance(any_database, peewee.PostgresqlDatabase) else "mariadb"
    with request.getfixturevalue(f"{kind}_server").fresh() as database:
        yield database


def fill_with_chinook(database: peewee.Database, real_data: Callable[[str], Path]) -> None:
    """The music shop in the form that it has for this kind of database, with its 15,607 rows."""
    if isinstance(database, peewee.SqliteDatabase):
        sqlite3.connect(real_data("chinook.sqlite")).backup(database.connection())
        return
    form = "postgres" if isinstance(database, peewee.PostgresqlDatabase) else "mysql"
    text = re.sub(r"/\*.*?\*/", "", real_data(f"chinook_{form}.sql").read_text(encoding="utf-8"), flags=re.DOTALL)
    made = (part.strip() for part in re.split(r";\s*\n", text))
    run(database, [part for part in made if re.match("CREATE (UNIQUE|TABLE|INDEX)|ALTER|INSERT", part)])
    database.commit()


def fill_with_footballers(database: peewee.Database, real_data: Callable[[str], Path]) -> None:
    """The footballers, by models written from their file, which make the same tables in another kind of database."""
    file = peewee.SqliteDatabase(f"{real_data('footballers_cc0.sqlite').as_uri()}?mode=ro", uri=True)
    dialect = dialect_of(file)
    with loaded(write_models(dialect.introspect(file), dialect, config=CONFIG), database) as module:
        database.create_tables([module.Country, module.Player])
        for model in (module.Country, module.Player):
            fields = model._meta.sorted_fields
            columns = ", ".join(field.column_name for field in fields)
            rows = file.execute_sql(f"SELECT {columns} FROM {model._meta.table_name}").fetchall()
            for batch in peewee.chunked(rows, 100 if database.param == "?" else 2000):
                model.insert_many(batch, fields=fields).execute()
    if not isinstance(database, peewee.SqliteDatabase):
        database.commit()
    file.close()


def row_counts(database: peewee.Database, schema: Schema) -> dict[str, int]:
    quote = database.quote
    sizes = {}
    for name in schema.table_names:
        sizes[name] = database.execute_sql(f"SELECT count(*) FROM {quote[0]}{name}{quote[1]}").fetchone()[0]
    return sizes


REAL = [
    pytest.param(fill_with_chinook, 15_607, 11, id="chinook"),
    pytest.param(fill_with_footballers, 31_861, 2, id="footballers"),
]


@pytest.mark.parametrize(("fill", "rows", "tables"), REAL)
def test_adopted_by_a_baseline_it_is_made_again_elsewhere_and_its_models_differ_in_nothing(
    tmp_path: Path,
    any_database: peewee.Database,
    another: peewee.Database,
    real_data: Callable[[str], Path],
    fill: Callable[[peewee.Database, Callable[[str], Path]], None],
    rows: int,
    tables: int,
) -> None:
    fill(any_database, real_data)
    project = open_project(tmp_path / "here", config=config_of(any_database))
    schema = project.schema()
    assert len(schema.tables) == tables
    assert sum(row_counts(any_database, schema).values()) == rows

    made = project.baseline("as_it_is", models=True)
    assert (made.unsaid, project.diff(), project.diff("history", "live")) == ((), (), ())
    assert sum(row_counts(any_database, schema).values()) == rows

    shutil.copytree(tmp_path / "here", tmp_path / "there", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "there" / "db" / "migrations_config.py").write_text(config_of(another))
    elsewhere = Project.open(tmp_path / "there")
    elsewhere.apply()
    assert elsewhere.schema() == schema
    assert elsewhere.diff() == ()


LEVEL = migration(
    "migrator.add_column('player', 'level', IntegerField(default=1))", "migrator.drop_column('player', 'level')"
)


def test_the_footballers_there_and_back_on_each_kind_of_database(
    tmp_path: Path, any_database: peewee.Database, real_data: Callable[[str], Path]
) -> None:
    fill_with_footballers(any_database, real_data)
    project = open_project(tmp_path, {"add_player_level": LEVEL}, config=config_of(any_database))
    schema = project.schema()
    changes = project.rehearse().changes
    assert project.schema() == schema
    assert project.apply(watch=True).changes == changes
    assert [change.kind for change in changes] == ["AddColumn"]
    assert any_database.execute_sql("SELECT count(*), sum(level) FROM player").fetchone() == (31_689, 31_689)
    if not isinstance(any_database, peewee.SqliteDatabase):
        any_database.commit()  # which gives back the locks of reading
    project.revert()
    assert project.schema() == schema
