"""What an account may not see is told with the right that lacks, and never taken for a difference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import servers
from mariadb_everything import run
from projects import config_of, sql_migration, write_project
from server_projects import Place, account, place_on

from pwmig.checking import Outcome, Severity
from pwmig.errors import FactsHidden, PwmigError
from pwmig.project import Project

MODELS = """
from peewee import *
from db.migrations_config import database

class Base(Model):
    class Meta:
        database = database

class Parent(Base):
    pass

class Child(Base):
    parent = ForeignKeyField(Parent, on_delete="CASCADE")
"""

SEEN = "SELECT, REFERENCES, TRIGGER, SHOW VIEW, EVENT"

TABLES = (
    "CREATE TABLE parent (id int NOT NULL AUTO_INCREMENT PRIMARY KEY)",
    "CREATE TABLE child (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, parent_id int NOT NULL, "
    "KEY child_parent_id (parent_id), FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE)",
    "INSERT INTO parent () VALUES ()",
)


@pytest.fixture
def here(mariadb_server: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    with place_on(mariadb_server) as place:
        run(place.database, TABLES)
        yield place


def granted(place: Place, rights: str, pattern: str = "") -> str:
    return f"GRANT {rights} ON {place.quote(pattern or place.name)}.* TO $user"


def opened(root: Path, database: Any, migrations: dict[str, str] | None = None) -> Project:
    return Project.open(write_project(root, migrations or {}, config=config_of(database), models=MODELS))


def url(database: Any) -> str:
    params = database.connect_params
    socket = f"?unix_socket={params['unix_socket']}" if params.get("unix_socket") else ""
    place = f"{params.get('host', 'localhost')}:{params.get('port', 3306)}"
    return f"mysql://{params['user']}@{place}/{database.database}{socket}"


LACKING = (
    ("SELECT", (), "foreign key .* of child", "GRANT REFERENCES ON `$name`.* TO "),
    ("SELECT, REFERENCES", (), "whether child has triggers", "TRIGGER ON `$name`.* TO "),
    (
        "SELECT, INSERT",
        ("CREATE TRIGGER t BEFORE INSERT ON parent FOR EACH ROW SET @a = 1",),
        "t of parent",
        "TRIGGER ON `$name`.`parent` TO ",
    ),
    (
        "SELECT, TRIGGER",
        ("CREATE VIEW v AS SELECT 1 AS a",),
        "the text of the view v",
        "GRANT SHOW VIEW ON `$name`.`v` TO ",
    ),
    ("SELECT, TRIGGER", (), "has events", "EVENT ON `$name`.* TO "),
    (SEEN, (), "has routines", "GRANT SELECT ON mysql.proc TO "),
    (SEEN + ", EXECUTE", ("CREATE PROCEDURE p() SELECT 1",), "procedure p", "GRANT SELECT ON mysql.proc TO "),
)


@pytest.mark.parametrize(("rights", "made", "what", "right"), LACKING, ids=[f"{one[0]}: {one[2]}" for one in LACKING])
def test_a_comparison_is_refused_with_the_right_that_lacks(
    here: Place, tmp_path: Path, rights: str, made: tuple[str, ...], what: str, right: str
) -> None:
    run(here.database, made)
    with account(here, granted(here, rights)) as poor:
        project = opened(tmp_path, here.database)
        for sides in (("live", url(poor)), (url(poor), "live")):
            with pytest.raises(FactsHidden, match=what) as caught:
                project.diff(*sides)
            assert right.replace("$name", here.name) in caught.value.way_out
        statement = re.search(r"GRANT .+(?=; or connect)", caught.value.way_out)
        limited = opened(tmp_path / "limited", poor)
        with pytest.raises(FactsHidden, match=what):
            limited.diff("live", url(here.database))
        with pytest.raises(FactsHidden, match=what):
            limited.baseline("begin", models=False)
        assert statement is not None
        run(here.database, [statement[0]])  # As it stands there.
        try:
            project.diff("live", url(poor))
        except FactsHidden as another:
            assert re.search(what, another.what) is None, "what lacks next is another right"


ENOUGH = (
    f"{SEEN}, EXECUTE ON `$name`.*",
    f"{SEEN}, CREATE ROUTINE ON `$pattern`.*",
    "SELECT, INSERT, EVENT, ALTER ROUTINE ON `$name`.*",
    "ALL PRIVILEGES ON `$name`.*",
    "ALL PRIVILEGES ON *.*",
)


@pytest.mark.parametrize("rights", ENOUGH)
@pytest.mark.parametrize("by", ["itself", "a role", "a role of a role"])
def test_an_account_that_may_see_all_compares(here: Place, tmp_path: Path, rights: str, by: str) -> None:
    pattern = here.name[:-1].replace("_", "\\_") + "%"
    text = rights.replace("$name", here.name.replace("_", "\\_")).replace("$pattern", pattern)
    roles = [f"{here.name}_{number}" for number in range(["itself", "a role", "a role of a role"].index(by))]
    statements = [f"GRANT {text} TO {roles[0] if roles else '$user'}"]
    statements += [f"GRANT {one} TO {other}" for one, other in pairwise(roles)]
    statements += [f"GRANT {roles[-1]} TO $user", f"SET DEFAULT ROLE {roles[-1]} FOR $user"] if roles else []
    run(here.database, [f"CREATE ROLE {role}" for role in roles])
    try:
        with account(here, *statements) as other:
            assert opened(tmp_path, here.database).diff("live", url(other)) == ()
    finally:
        run(here.database, [f"DROP ROLE {role}" for role in roles])


def test_rights_on_another_database_show_nothing_here(here: Place, tmp_path: Path) -> None:
    everything = [granted(here, "ALL PRIVILEGES", f"{here.name}x"), granted(here, "SELECT, REFERENCES")]
    with account(here, *everything) as poor, pytest.raises(FactsHidden, match="triggers"):
        opened(tmp_path, here.database).diff("live", url(poor))


def test_models_need_what_models_say_alone(here: Place, tmp_path: Path) -> None:
    with account(here, granted(here, "SELECT")) as poor:
        with pytest.raises(FactsHidden, match=r"foreign key .* of child"):
            opened(tmp_path, here.database).diff(url(poor), "models")
        run(
            here.database, [f"GRANT REFERENCES ON {here.quote(here.name)}.* TO {poor.connect_params['user']}@localhost"]
        )
        assert opened(tmp_path, here.database).diff(url(poor), "models") == ()


def test_a_look_and_rows_need_no_more_than_select(here: Place, tmp_path: Path) -> None:
    with account(here, granted(here, "SELECT")) as poor:
        project = opened(tmp_path, poor, {"later": sql_migration("SELECT 1")})
        assert [status.state.value for status in project.status()] == ["pending"]
        assert project.page("parent").rows.rows == ((1,),)
        assert project.snapshot(["child"]).schema.table_names == ("child",)
        (child, _) = project.schema().tables
        assert (child.foreign_keys[0].on_delete, child.foreign_keys[0].on_update) == ("?", "?")


def test_a_rehearsal_is_refused_where_its_copy_would_be_another(here: Place, tmp_path: Path) -> None:
    with account(here, granted(here, "SELECT"), "GRANT ALL PRIVILEGES ON `pwmig\\_scratch\\_%`.* TO $user") as poor:
        project = opened(tmp_path, poor, {"later": sql_migration("DELETE FROM parent")})
        with pytest.raises(PwmigError, match=r"foreign key .* of child"):
            project.rehearse()


def test_a_check_warns_of_what_it_could_not_compare(here: Place, tmp_path: Path) -> None:
    made = "".join(f"    database.execute_sql({sql!r})\n" for sql in TABLES)
    gone = "".join(f"    database.execute_sql('DROP TABLE {name}')\n" for name in ("child", "parent"))
    source = "from db.migrations_config import database\n\n"
    source += f"def migrate_forward():\n{made}\n\ndef migrate_backward():\n{gone}"
    opened(tmp_path, here.database, {"make": source}).apply(fake=True)
    with account(here, granted(here, "SELECT"), "GRANT ALL PRIVILEGES ON `pwmig\\_scratch\\_%`.* TO $user") as poor:
        (tmp_path / "db" / "migrations_config.py").write_text(config_of(poor))
        drift = Project.open(tmp_path).check().check("drift")
    assert drift.outcome is Outcome.PASSED
    assert [finding.severity for finding in drift.findings] == [Severity.WARNING]
    assert f"REFERENCES ON `{here.name}`.* TO " in drift.findings[0].way_out
