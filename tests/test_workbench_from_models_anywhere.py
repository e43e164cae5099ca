"""From the models in the workbench on each database: several changes, asked, answered by clicks, written and run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from markup import text_of
from projects import CONFIG, sql_migration, write_project
from server_projects import SERVERS, place_on
from test_workbench_from_models import click, migrations, shown_error

from pwmig.notebook import Workbench
from pwmig.notebook.questions import QuestionForm
from pwmig.project import Project

TEAM = "CREATE TABLE team (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40))"
PLAYER = (
    "CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, height VARCHAR(9), born DATE, "
    "nick VARCHAR(20))"
)
TEAMS = "INSERT INTO team VALUES (1, 'one'), (2, 'two')"
PLAYERS = (
    "INSERT INTO player VALUES (1, 'Tal', '188', NULL, 'Misha'), (2, 'Hou', 'tall', '2001-02-03', NULL), "
    "(3, 'Tal', NULL, NULL, 'x')"
)
HEAD = (
    "from peewee import *\nfrom db.migrations_config import database\n\n\n"
    "class Base(Model):\n    class Meta:\n        database = database\n        legacy_table_names = False\n\n\n"
    "class Team(Base):\n    id = IntegerField(primary_key=True)\n    name = CharField(40, null=True)\n\n\n"
)
SEVERAL = HEAD + (
    "class Player(Base):\n    id = IntegerField(primary_key=True)\n    title = CharField(80)\n"
    "    height = IntegerField(null=True, constraints=[Check('height < 250')])\n    born = DateField()\n"
    "    team = ForeignKeyField(Team)\n    level = IntegerField(default=1)\n"
)
"""A rename, another type, a column that gets required, two that come, one with a foreign key, and one that goes."""

KEPT = "- column player.nick goes with its values; the attic keeps them"
LOST = "- column player.nick goes with its values; nothing keeps them, as the config says attic = false"
CAST = "CASE height WHEN 'tall' THEN 200 ELSE 0 + CAST(height AS DECIMAL) END"


@dataclass(frozen=True)
class Given:
    root: Path
    attic: bool


@pytest.fixture(params=["sqlite", *SERVERS])
def config(request: pytest.FixtureRequest) -> Iterator[str]:
    """The config of a project on an empty database of each kind."""
    if request.param == "sqlite":
        yield CONFIG
        return
    with place_on(request.getfixturevalue(f"{request.param}_server")) as place:
        yield place.config


@pytest.fixture(params=[True])
def given(request: pytest.FixtureRequest, config: str, tmp_path: Path) -> Given:
    """A project with two tables and their rows, whose models declare several other things; with an attic, or not."""
    sources = {name: sql_migration(sql) for name, sql in zip("abcd", (TEAM, PLAYER, TEAMS, PLAYERS), strict=True)}
    root = write_project(tmp_path, sources, config=config, models=SEVERAL)
    (root / "pyproject.toml").write_text(f"[tool.pwmig]\nattic = {str(request.param).lower()}\n")
    project = Project.open(root)
    project.apply()
    project.database.close()
    return Given(root, request.param)


def asked(form: QuestionForm, kind: str, column: str) -> Any:
    (found,) = (
        one for one in form.inputs if (one.question.kind, one.question.column or one.question.old) == (kind, column)
    )
    return found


def rows(root: Path) -> list[dict[str, Any]]:
    project = Project.open(root)
    try:
        (found,) = project.snapshot(["player"]).rows
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    finally:
        project.database.close()


def answer_all(bench: Workbench, team: str) -> None:
    """The clicks of a person, from the button to the code in the editor."""
    models = bench.editor.models
    click(models.begin, bench)
    assert models.asks and bench.editor.face.body.layout.display == "none", shown_error(bench)
    asked(models.form, "rename", "name").choice.value = True
    click(models.go_on, bench)
    assert {(one.question.kind, one.question.column) for one in models.form.inputs} == {
        ("cast", "height"),
        ("fill", "born"),
        ("fill", "team_id"),
    }, shown_error(bench)
    said = text_of("".join(one.box.children[0].value for one in models.form.inputs))
    assert "tall" in said and "2 rows hold NULL in it" in said and "3 rows are there" in said
    asked(models.form, "cast", "height").text.value = CAST
    asked(models.form, "fill", "born").text.value = "1999-09-09"
    click(models.go_on, bench)
    assert "1 question has no answer yet" in text_of(bench.editor.face.error.text.value) and models.asks
    asked(models.form, "fill", "team_id").text.value = team
    click(models.go_on, bench)
    assert not models.asks and bench.editor.face.body.layout.display is None, shown_error(bench)


@pytest.mark.parametrize("given", [True, False], ids=["attic", "no attic"], indirect=True)
def test_several_changes_from_the_button_to_the_rows_and_back(given: Given) -> None:
    before = rows(given.root)
    bench = Workbench(given.root)
    bench.new()
    answer_all(bench, "2")
    said = text_of(bench.editor.models.says.value)
    assert (KEPT in said, LOST in said) == (given.attic, not given.attic) and "refused" not in said
    assert migrations(given.root) == ["a", "b", "c", "d"], "nothing is written before it is saved"
    bench.editor.set_name("several")
    click(bench.editor.face.save, bench)
    assert migrations(given.root) == ["a", "b", "c", "d", "several"] and not bench.face.layout.editing
    bench.apply(confirm=True)
    assert [row["title"] for row in rows(given.root)] == ["Tal", "Hou", "Tal"]
    assert [row["height"] for row in rows(given.root)] == [188, 200, None]
    assert {row["team_id"] for row in rows(given.root)} == {2} and {row["level"] for row in rows(given.root)} == {1}
    assert [str(row["born"]) for row in rows(given.root)] == ["1999-09-09", "2001-02-03", "1999-09-09"]
    assert not bench.from_models(), "nothing is left to do"
    bench.revert(confirm=True)
    if given.attic:
        assert rows(given.root) == before
    else:
        assert [row["name"] for row in rows(given.root)] == ["Tal", "Hou", "Tal"]


def test_a_file_for_each_of_several_changes(given: Given) -> None:
    bench = Workbench(given.root)
    bench.new()
    answer_all(bench, "1")
    models, face = bench.editor.models, bench.editor.face
    models.split.value = True
    bench.wait(60)
    count = len(bench.editor.draft.parts)
    assert count >= 6 and face.save.description == f"Save {count} files", shown_error(bench)
    click(face.save, bench)
    assert len(migrations(given.root)) == 4 + count
    bench.apply(confirm=True)
    assert {row["team_id"] for row in rows(given.root)} == {1}
    assert not bench.from_models(), "nothing is left to do"
