"""Migrations from models of MariaDB's own types and keys, as a project sees them: its questions, its check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import servers
from projects import config_of, write_project
from server_projects import Place, place_on

from pwmig.drafting import Wishes
from pwmig.project import Project

HEAD = "import peewee as p\nfrom db.migrations_config import database\nfrom playhouse.mysql_ext import JSONField\n"
TEXT = "class Page(p.Model):\n    t = p.TextField(null=True)\n"
JSON = "class Page(p.Model):\n    t = JSONField(null=True)\n"
PAGE = "    class Meta:\n        database, table_name = database, 'page'\n"
PAIRS = """
class Comp(p.Model):
    v = p.IntegerField()
    w = p.{type}()

    class Meta:
        database, table_name, primary_key = database, "comp", p.CompositeKey("v", "w")


class Ref(p.Model):
    x = p.IntegerField()
    y = p.{type}()

    class Meta:
        database, table_name = database, "ref"
        constraints = [p.SQL("FOREIGN KEY (x, y) REFERENCES comp (v, w) ON DELETE {action}")]
"""


@pytest.fixture
def here(mariadb_server: servers.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    with place_on(mariadb_server) as place:
        write_project(tmp_path, {}, config=config_of(place.database))
        yield place


def declared(root: Path, models: str) -> Project:
    (root / "db" / "models.py").write_text(HEAD + models)
    return Project.open(root)


def written(project: Project, name: str, wishes: Wishes | None = None) -> None:
    draft = project.draft(name, wishes or Wishes())
    draft.require_answers()
    for file in draft.files:
        project.create(file.name, file.source)
    project.apply()


def test_a_text_that_is_no_json_is_asked_about(here: Place, tmp_path: Path) -> None:
    written(declared(tmp_path, TEXT + PAGE), "page")
    here.run("""INSERT INTO page (t) VALUES ('{"a": 1}'), ('nope')""")
    project = declared(tmp_path, JSON + PAGE)
    (question,) = project.draft("json").questions
    assert (question.kind, question.type) == ("cast", "json")
    assert "1 row of page would not come out as they are" in question.evidence[0]
    assert question.evidence[1].startswith("nope (key 2) is no json")
    written(project, "json", Wishes().with_answer(question, "IF(json_valid(t), t, json_quote(t))"))
    assert here.run("SELECT t FROM page") == [('{"a": 1}',), ('"nope"',)]
    assert project.diff() == ()
    assert not project.draft()
    report = project.check()
    assert report.ok, report
    project.revert()
    assert here.run("SELECT t FROM page") == [('{"a": 1}',), ("nope",)]


@pytest.mark.parametrize(("type_", "action"), [("BigIntegerField", "CASCADE"), ("IntegerField", "RESTRICT")])
def test_an_unnamed_key_that_is_made_again_passes_the_check(
    here: Place, tmp_path: Path, type_: str, action: str
) -> None:
    written(declared(tmp_path, PAIRS.format(type="IntegerField", action="CASCADE")), "pairs")
    project = declared(tmp_path, PAIRS.format(type=type_, action=action))
    written(project, "other")
    report = project.check()
    assert report.ok, report
    assert "2 migrations forward, backward" in report.check("round trip").summary
