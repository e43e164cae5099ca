"""A project's own modules: never another project's, always the files as they are now."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from projects import CONFIG, CREATE_PLAYER, open_project, write_project

from pwmig.errors import ProjectError
from pwmig.modules import ProjectModules
from pwmig.project import Project

ROOT = Path(__file__).resolve().parent.parent


def models(*fields: str, table: str = "Player") -> str:
    lines = "".join(f"    {field}\n" for field in fields)
    return (
        "from peewee import *\nfrom db.migrations_config import database\n\n"
        f"class {table}(Model):\n{lines}    class Meta:\n        database = database\n"
    )


NAME = "name = CharField(max_length=80)"
BOUND = "from db.models import {0}\n\ndef migrate_forward():\n    {0}.create_table()\n    {0}.create(name={1!r})\n"


def python(root: Path, program: str) -> str:
    """What a program of the user prints that runs in the project's folder."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{root}"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def two(tmp_path: Path) -> tuple[Project, Project]:
    first = open_project(tmp_path / "one", {"a": BOUND.format("Player", "one")}, models=models(NAME))
    second = open_project(tmp_path / "two", {"a": BOUND.format("Club", "two")}, models=models(NAME, table="Club"))
    return first, second


def rows(project: Project) -> list[str]:
    return [str(row[-1]) for sample in project.snapshot().rows for row in sample.rows]


def test_two_projects_in_one_process_never_share_their_modules(two: tuple[Project, Project]) -> None:
    first, second = two
    assert first.database is not second.database
    for project, table in ((first, "player"), (second, "club"), (first, "player")):
        assert [change.table for change in project.diff() if change.kind == "CreateTable"] == [table]
    assert [first.rehearse().steps[0].outcome, second.rehearse().steps[0].outcome] == ["applied", "applied"]
    second.apply()
    first.apply()
    assert (rows(first), rows(second)) == (["one"], ["two"])
    assert (first.diff(), second.diff()) == ((), ())


def test_what_the_process_had_imported_as_db_stays_its_own(tmp_path: Path) -> None:
    """An application with a package called db of its own looks at another project."""
    own = tmp_path / "application"
    write_project(own)
    (own / "db" / "models.py").write_text("MINE = True\n")
    other = write_project(tmp_path / "other", {"create_player": CREATE_PLAYER}, models=models(NAME))
    program = f"""
        import sys
        import db.models
        from pwmig import Project
        mine, path = db.models, list(sys.path)
        project = Project.open({str(other)!r})
        project.apply(); project.diff(); project.rehearse(backward=True)
        import db.models
        assert db.models is mine and sys.modules["db.models"] is mine and mine.MINE
        assert sys.path == path
        print("own", project.status()[0].state.value)
    """
    assert python(own, program) == "own applied"


def test_an_application_shares_its_database_with_its_project(tmp_path: Path) -> None:
    write_project(tmp_path, {"create_player": CREATE_PLAYER}, models=models(NAME))
    program = """
        import db.migrations_config, db.models
        from pwmig import Project
        project = Project.open(".")
        assert project.database is db.migrations_config.database
        assert db.models.Player._meta.database is project.database
        project.apply()
        db.models.Player.create(name="Tal")
        print(project.snapshot().rows[0].row_count)
    """
    assert python(tmp_path, program) == "1"


def test_the_order_of_importing_does_not_matter(tmp_path: Path) -> None:
    write_project(tmp_path, {"create_player": CREATE_PLAYER}, models=models(NAME))
    program = """
        from pwmig import Project
        project = Project.open(".")
        project.apply(); project.diff()
        import db.models
        print(db.models.Player._meta.database is project.database)
    """
    assert python(tmp_path, program) == "True"


def test_models_edited_between_two_looks_are_seen(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER}, models=models(NAME))
    project.apply()
    assert project.diff() == ()
    path = tmp_path / "db" / "models.py"
    for field, wanted in (
        (["level = IntegerField(null=True)"], ["AddColumn"]),
        ([], []),
        (["born = DateField(null=True)"], ["AddColumn"]),
    ):
        path.write_text(models(NAME, *field))
        assert [change.kind for change in project.diff()] == wanted


def test_an_edit_of_the_same_length_in_the_same_second_is_seen(tmp_path: Path) -> None:
    """Python keeps compiled modules by time and size, so a quick edit can hide behind them."""
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER}, models=models(NAME))
    project.apply()
    project.diff()
    path = tmp_path / "db" / "models.py"
    before = path.stat()
    path.write_text(models(NAME.replace("name", "nick")))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert project.diff() != ()


def test_a_package_of_models_is_read_anew_as_a_whole(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER})
    (tmp_path / "db" / "models.py").unlink()
    package = tmp_path / "db" / "models"
    package.mkdir()
    (package / "__init__.py").write_text("from db.models.player import Player\n")
    (package / "player.py").write_text(models(NAME))
    project.apply()
    assert project.diff() == ()
    (package / "player.py").write_text(models(NAME, "level = IntegerField(null=True)"))
    assert [change.kind for change in project.diff()] == ["AddColumn"]


def test_models_that_others_hold_stay_theirs(tmp_path: Path) -> None:
    write_project(tmp_path, {"create_player": CREATE_PLAYER}, models=models(NAME))
    program = """
        from db.models import Player
        import db.models, sys
        from pwmig import Project
        project = Project.open(".")
        project.diff(); project.diff()
        print(sys.modules["db.models"].Player is Player is db.models.Player)
    """
    assert python(tmp_path, program) == "True"


BROKEN = [
    ("a syntax error", "class (\n", "db/models.py can't be imported"),
    ("a missing import", "import nothing_here\n", "nothing_here"),
    ("no file", None, "db/models.py is not there"),
]


@pytest.mark.parametrize(("text", "words"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_broken_models_are_told_and_do_not_stop_what_needs_none(tmp_path: Path, text: str | None, words: str) -> None:
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER}, models=text or "")
    if text is None:
        (tmp_path / "db" / "models.py").unlink()
    assert [step.outcome for step in project.apply().steps] == ["applied"]
    with pytest.raises(ProjectError) as caught:
        project.diff()
    assert words in str(caught.value) and caught.value.way_out
    (tmp_path / "db" / "models.py").write_text(models(NAME))
    assert project.diff() == ()


def test_a_module_beside_the_project_may_be_imported_by_config_and_migrations(tmp_path: Path) -> None:
    config = "from settings import FILE\n" + CONFIG.replace('"app.sqlite"', "FILE")
    (tmp_path / "settings.py").write_text("FILE = 'elsewhere.sqlite'\n")
    (tmp_path / "helpers.py").write_text("def called():\n    return 'Tal'\n")
    migration = (
        "from helpers import called\nfrom db.migrations_config import database\n\ndef migrate_forward():\n"
        "    database.execute_sql('CREATE TABLE t AS SELECT ? AS name', (called(),))\n"
    )
    project = open_project(tmp_path, {"m": migration}, config=config)
    project.apply()
    assert (tmp_path / "db" / "elsewhere.sqlite").exists() and rows(project) == ["Tal"]


def test_a_name_of_the_project_does_not_hide_the_standard_library_s_afterwards(tmp_path: Path) -> None:
    write_project(tmp_path, {"create_player": CREATE_PLAYER}, models=models(NAME))
    (tmp_path / "json.py").write_text("HIDDEN = True\n")
    import json

    project = Project.open(tmp_path)
    project.apply()
    assert sys.modules["json"] is json and not hasattr(json, "HIDDEN")


def test_migrations_are_not_left_among_the_modules(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER})
    project.apply()
    project.revert()
    assert not [name for name in sys.modules if "create_player" in name]
    assert str(tmp_path) not in sys.path


def test_installing_gives_back_even_after_an_error(tmp_path: Path) -> None:
    modules = ProjectModules(write_project(tmp_path))
    before = (dict(sys.modules), list(sys.path))
    with pytest.raises(RuntimeError), modules.installed():
        raise RuntimeError
    assert (dict(sys.modules), list(sys.path)) == before


def test_a_folder_that_is_no_package_never_lends_another_project_s_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write_project(tmp_path / "other", {"create": CREATE_PLAYER})
    mine = write_project(tmp_path / "mine", {"create": CREATE_PLAYER})
    monkeypatch.syspath_prepend(str(other))
    (mine / "db" / "__init__.py").unlink(missing_ok=True)
    with pytest.raises(ProjectError, match="another project") as refused:
        Project.open(mine)
    assert "db/__init__.py" in refused.value.way_out and str(other) in refused.value.why
    (mine / "db" / "__init__.py").touch()
    with Project.open(mine).database as database:
        assert str(database.database).startswith(str(mine))
