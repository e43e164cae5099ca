"""A check of the models stands in a migration as the model has it; what the database had, in the database's words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from projects import sql_migration, write_project
from server_projects import Place, account, place_on
from test_from_models import created, new_source, run_cli

from pwmig.declared import as_worded
from pwmig.drafting import Wishes
from pwmig.project import Project
from pwmig.schema import Check, Schema

pytestmark = pytest.mark.postgres

CREATE = "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, side VARCHAR(9), size NUMERIC(6, 2), name TEXT)"
HEAD = "from peewee import *\nfrom db.migrations_config import database\n\n\n"
PLAYER = (
    "class Player(Model):\n    id = IntegerField(primary_key=True)\n    side = CharField(9, null=True{side})\n"
    "    {size} = DecimalField(6, 2, null=True{of_size})\n    name = TextField(null=True)\n\n"
    "    class Meta:\n        database = database\n        constraints = [{meta}]\n"
)


def models(meta: str = "", side: str = "", of_size: str = "", size: str = "size") -> str:
    facts = {"side": side, "of_size": of_size}
    said = {name: f", constraints=[{checks}]" if checks else "" for name, checks in facts.items()}
    return HEAD + PLAYER.format(meta=meta, size=size, **said)


@pytest.fixture
def place(postgres_server: Any) -> Iterator[Place]:
    with place_on(postgres_server) as found:
        yield found


def project_of(place: Place, root: Path, declared: str, *statements: str) -> Path:
    migrations = {f"m{number}": sql_migration(sql) for number, sql in enumerate(statements)}
    project = Project.open(write_project(root, migrations, config=place.config, models=declared))
    project.apply()
    project.database.close()
    return root


def seen(root: Path) -> Schema:
    """What the database holds, without what pwmig keeps in it."""
    project = Project.open(root)
    try:
        return project.schema()
    finally:
        project.database.close()


SAID: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "a list": ({"side": "Check(\"side in ('white', 'black')\")"}, ("side in ('white', 'black')",)),
    "a number": ({"of_size": "Check('size > 0')"}, ("'size > 0'", '"size > 0"')),
    "a name": (
        {"meta": "SQL(\"CONSTRAINT fair CHECK (name <> 'cheat' and size between 0 and 9)\")"},
        ("name <> 'cheat' and size between 0 and 9", '"fair"'),
    ),
    "two that say the same": ({"of_size": "Check('size > 0'), Check('(size)>0')"}, ("size",)),
    "a pattern": ({"meta": "Check(\"name LIKE 'a%%'\")"}, ("name LIKE 'a%",)),
    "parentheses and quotes in texts": ({"meta": "Check(\"name <> ') CHECK (x'\")"}, ("name <> ') CHECK (x'",)),
    "a comment": ({"meta": "Check('size > 0 -- never nothing\\n')"}, ("size > 0",)),
    "a query of types": ({"side": "Check('length(side) < 9'), Check('side is not null')"}, ("length(side) < 9",)),
}


def has_one_of(source: str, words: tuple[str, ...]) -> bool:
    return any(one in source.replace('\\"', '"').replace("%%", "%") for one in words)


@pytest.mark.parametrize("what", SAID)
@pytest.mark.parametrize("statements", [(), (CREATE,)], ids=["a table that comes", "a table that is there"])
def test_the_words_are_the_models(place: Place, tmp_path: Path, what: str, statements: tuple[str, ...]) -> None:
    facts, words = SAID[what]
    root = project_of(place, tmp_path, models(**facts), *statements)
    created(root)
    source = new_source(root)
    assert has_one_of(source, words), source
    assert "::" not in source and "ARRAY" not in source
    before = seen(root)
    assert run_cli(root, "migrate").returncode == 0
    assert run_cli(root, "diff").returncode == 0 and created(root).stdout.startswith("nothing to do")
    assert run_cli(root, "migrate", "--backward").returncode == 0
    assert seen(root) == before


def test_the_way_back_has_the_words_of_the_server(place: Place, tmp_path: Path) -> None:
    """The model says nothing of what goes, and another thing of what is another one."""
    gone = CREATE.replace(
        "name TEXT", "name TEXT, CONSTRAINT sides CHECK (side IN ('a', 'b')), CONSTRAINT sizes CHECK (size > 0)"
    )
    root = project_of(place, tmp_path, models(meta="SQL('CONSTRAINT sizes CHECK (size > 1)')"), gone)
    before = seen(root)
    created(root)
    forward, _, backward = new_source(root).partition("def migrate_backward")
    assert "size > 1" in forward and "::" not in forward
    assert "ARRAY" in backward and "(0)::numeric" in backward
    assert run_cli(root, "migrate").returncode == 0
    assert run_cli(root, "diff").returncode == 0
    assert run_cli(root, "migrate", "--backward").returncode == 0
    assert seen(root) == before


@pytest.mark.parametrize("split", [False, True])
def test_a_column_that_is_renamed_along(place: Place, tmp_path: Path, split: bool) -> None:
    declared = models(size="width", meta="Check('width > 0')", side="Check(\"side in ('a', 'b')\")")
    root = project_of(place, tmp_path, declared, CREATE.replace("name TEXT", "name TEXT, CHECK (size < 9)"))
    project = Project.open(root)
    draft = project.draft(wishes=Wishes(renames=("player.size:width",), split=split))
    whole = "".join(file.source for file in draft.files)
    assert '"width > 0"' in whole and "side in ('a', 'b')" in whole
    for file in draft.files:
        project.create(file.name, file.source)
    project.apply()
    assert project.diff() == () and not project.draft()


def test_where_no_database_may_be_created(place: Place, tmp_path: Path) -> None:
    """The models are seen in a schema of a transaction, in which nothing may fail."""
    facts = SAID["a list"][0] | {"of_size": "Check('size > 0')"}
    grants = (f'GRANT CREATE ON DATABASE "{place.name}" TO $user', "GRANT ALL ON SCHEMA public TO $user")
    with account(place, *grants) as poor:
        project = project_on(tmp_path, poor, models(**facts))
        (file,) = project.draft().files
        project.database.close()
    assert "side in ('white', 'black')" in file.source and "size > 0" in file.source


def project_on(root: Path, database: Any, declared: str) -> Project:
    from projects import config_of

    return Project.open(write_project(root, {}, config=config_of(database), models=declared))


def test_what_rows_refuse_is_said_in_the_words_of_the_model(place: Place, tmp_path: Path) -> None:
    rows = "INSERT INTO player VALUES (1, 'red', 1, NULL)"
    root = project_of(place, tmp_path, models(**SAID["a list"][0]), CREATE, rows)
    done = created(root)
    assert (
        "note: player: check (side in ('white', 'black')): 1 row is against it, as that with id = 1, side = 'red'; "
        in done.stdout
    )


def test_a_check_of_no_model_is_as_it_is() -> None:
    assert as_worded(Check("size > 0")) == Check("size > 0")
