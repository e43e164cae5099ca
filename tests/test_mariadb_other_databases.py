"""What names another database of the server is applied, and told where it can't be tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import servers
from mariadb_everything import run
from projects import config_of, sql_migration, write_project
from server_projects import Place, place_on

from pwmig.checking import Outcome, Severity
from pwmig.errors import MigrationFailed, ProjectError
from pwmig.project import Project


@pytest.fixture
def here(mariadb_server: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    with place_on(mariadb_server) as place:
        run(place.database, [f"CREATE DATABASE {place.name}_shop"])
        try:
            yield place
        finally:
            run(place.database, [f"DROP DATABASE {place.name}_shop"])


def opened(root: Path, place: Place, migrations: dict[str, str] | None = None) -> Project:
    return Project.open(write_project(root, migrations or {}, config=config_of(place.database)))


def test_a_migration_of_two_databases_is_applied_and_a_check_warns(here: Place, tmp_path: Path) -> None:
    other = f"{here.name}_shop"
    project = opened(
        tmp_path,
        here,
        {
            "first": sql_migration("CREATE TABLE a (id int PRIMARY KEY)", "DROP TABLE a"),
            "second": sql_migration(f"CREATE TABLE {other}.zzz (id int)", f"DROP TABLE {other}.zzz"),
            "third": sql_migration("CREATE TABLE c (id int PRIMARY KEY)", "DROP TABLE c"),
        },
    )
    with pytest.raises(MigrationFailed, match=f"the rehearsal would have reached the database {other}"):
        project.rehearse()
    assert here.tables() == set()
    project.apply()
    assert here.run(f"SHOW TABLES FROM {other}") == [("zzz",)]
    report = project.check()
    assert report.ok
    (finding,) = report.check("models").findings
    assert finding.severity is Severity.WARNING
    assert finding.migration.endswith("second")
    assert "can't be tried" in finding.what
    assert other in finding.why
    assert "1 migration forward, backward" in report.check("round trip").summary
    drift = report.check("drift")
    assert drift.outcome is Outcome.SKIPPED
    assert "can't be run from nothing" in drift.summary
    assert not project.check(strict=True).ok


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE t (id int PRIMARY KEY, FOREIGN KEY (id) REFERENCES {shop}.r (id))",
        "CREATE VIEW v AS SELECT id FROM {shop}.r",
    ],
)
def test_a_baseline_says_what_is_outside(here: Place, tmp_path: Path, made: str) -> None:
    other = f"{here.name}_shop"
    run(here.database, ["CREATE TABLE a (id int)", f"CREATE TABLE {other}.r (id int PRIMARY KEY)"])
    run(here.database, [made.format(shop=other)])
    try:
        with pytest.raises(ProjectError, match="needs what is outside of it") as caught:
            opened(tmp_path, here).baseline("begin", models=False)
        assert f"the database {other}" in caught.value.why
        assert made.split()[2] in caught.value.why
        assert "ignore" in caught.value.way_out
    finally:
        run(here.database, ["DROP TABLE IF EXISTS t"])


MODELS = """
import peewee as p
from db.migrations_config import database


class Entry(p.Model):
    line = p.CharField(10, index=True)
    {more}

    class Meta:
        database = database
        table_name = "entry"
        schema = "{other}"


class Player(p.Model):
    name = p.CharField(10)

    class Meta:
        database = database
        table_name = "player"
"""


def written(project: Project, name: str) -> None:
    for file in project.draft(name).files:
        project.create(file.name, file.source)


@pytest.mark.parametrize("unmodelled", ["ignore", "report"])
def test_a_model_of_another_database_is_seen_there(here: Place, tmp_path: Path, unmodelled: str) -> None:
    """It is created, changed and taken back as one of the database connected to."""
    other = f"{here.name}_shop"

    def declare(more: str = "", models: str = MODELS) -> Project:
        (tmp_path / "db" / "models.py").write_text(models.format(other=other, more=more))
        return Project.open(tmp_path)

    project = opened(tmp_path, here)
    (tmp_path / "pyproject.toml").write_text(f'[tool.pwmig]\nunmodelled = "{unmodelled}"\n')
    project = declare()
    written(project, "entry")
    project.apply()
    assert here.run(f"SHOW TABLES FROM {other}") == [("entry",)]
    assert declare().diff() == ()
    assert not declare().draft()
    here.run(f"INSERT INTO {other}.entry (line) VALUES ('a')")

    project = declare("level = p.IntegerField(null=True, index=True)")
    written(project, "level")
    project.apply()
    assert declare("level = p.IntegerField(null=True, index=True)").diff() == ()
    here.run(f"UPDATE {other}.entry SET level = 5")

    project = declare()
    written(project, "no_level")
    project.apply()
    assert not declare().draft()
    project = declare(models=MODELS[: MODELS.index("class Entry")] + MODELS[MODELS.index("class Player") :])
    draft = project.draft("no_entry")
    if unmodelled == "report":  # Else it may be somebody else's.
        written(project, "no_entry")
        project.apply()
        assert here.run(f"SHOW TABLES FROM {other}") == []
        project.revert()
    else:
        assert not draft
        assert "whether" in draft.guesses[0]

    project = declare()
    project.revert()
    assert here.run(f"SELECT id, line, level FROM {other}.entry") == [(1, "a", 5)]
    project.revert()
    assert here.run(f"SELECT * FROM {other}.entry") == [(1, "a")]
    project.revert()
    assert here.run(f"SHOW TABLES FROM {other}") == []
