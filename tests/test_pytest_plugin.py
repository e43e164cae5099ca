"""The fixture for a user's test suite: a migrated database of its own for each test, the real one untouched."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from example_project import copy_example
from projects import CREATE_PLAYER, sql_migration, write_project
from server_projects import Place, place

__all__ = ["place"]

ROOT = Path(__file__).resolve().parent.parent
CONFTEST = 'pytest_plugins = ["pwmig.pytest_plugin"]\n'
MODELS = """
from peewee import *
from db.migrations_config import database

class Player(Model):
    name = CharField(max_length=80)
    class Meta:
        database = database
"""
TESTS = """
import pytest
from db.models import Player


@pytest.mark.parametrize("number", range(3))
def test_each_test_starts_anew(migrated_database, number):
    assert Player.select().count() == 0
    Player.create(name=f"player {number}")
    assert Player.select().count() == 1
    assert Player._meta.database is migrated_database


def test_it_is_open_and_migrated(migrated_database):
    assert not migrated_database.is_closed()
    assert {"player", "pwmig_history"} <= set(migrated_database.get_tables())


def test_transactions_and_new_connections_stay_in_it(migrated_database):
    with migrated_database.atomic():
        Player.create(name="a")
    migrated_database.close()
    migrated_database.connect()
    assert [player.name for player in Player.select()] == ["a"]


def test_a_test_may_close_it(migrated_database):
    migrated_database.close()
"""


def run_pytest(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": f"{ROOT}{os.pathsep}{root}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )


def files(root: Path) -> dict[str, str]:
    found = [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_project(tmp_path, {"create_player": CREATE_PLAYER}, models=MODELS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_players.py").write_text(TESTS)
    return tmp_path


@pytest.mark.parametrize("real", ["none", "empty", "with rows"])
def test_each_test_has_a_database_of_its_own_and_the_real_one_is_untouched(root: Path, real: str) -> None:
    if real == "empty":
        (root / "db" / "app.sqlite").touch()
    elif real == "with rows":
        import sqlite3

        connection = sqlite3.connect(root / "db" / "app.sqlite")
        connection.executescript(
            "CREATE TABLE player (id INTEGER PRIMARY KEY, name); INSERT INTO player VALUES (1, 'x')"
        )
        connection.close()
    before = files(root)
    done = run_pytest(root)
    assert done.returncode == 0 and "6 passed" in done.stdout, done.stdout + done.stderr
    assert files(root) == before


def test_it_reads_what_the_migrations_load(tmp_path: Path) -> None:
    """The example project: rows that a migration loads are there for each test, and its models see them."""
    copy_example(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_players.py").write_text(
        "import pytest\nfrom db.models import Player\n\n\n"
        "@pytest.mark.parametrize('again', [False, True])\ndef test_champions(migrated_database, again):\n"
        "    assert Player.select().count() > 10\n"
        "    assert Player.select().where(Player.name.endswith('!')).count() == 0\n"
        "    Player.update(name=Player.name + '!').execute()\n"
    )
    before = files(tmp_path)
    done = run_pytest(tmp_path)
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr
    assert files(tmp_path) == before


def test_another_root_is_named_by_a_fixture(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    suite = tmp_path_factory.mktemp("suite")
    (suite / "pytest.ini").write_text("[pytest]\n")
    (suite / "conftest.py").write_text(
        f"{CONFTEST}\nimport pytest\nfrom pathlib import Path\n\n\n"
        f"@pytest.fixture(scope='session')\ndef pwmig_root():\n    return Path({str(root)!r})\n"
    )
    (suite / "test_it.py").write_text(
        "def test_it(migrated_database):\n    assert 'player' in migrated_database.get_tables()\n"
    )
    done = run_pytest(suite)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_failing_migration_fails_the_tests_in_words(root: Path) -> None:
    path = root / "db/migrations/20250101_000000_create_player.py"
    path.write_text("def migrate_forward():\n    raise ValueError('half-way')\n")
    done = run_pytest(root)
    assert done.returncode == 1 and "20250101_000000_create_player failed at line 2" in done.stdout
    assert not (root / "db" / "app.sqlite").exists()


def test_tests_that_do_not_ask_for_it_cost_no_project(root: Path) -> None:
    (root / "db" / "migrations_config.py").write_text("raise RuntimeError('nobody needs this')\n")
    (root / "test_players.py").write_text("def test_nothing():\n    pass\n")
    assert run_pytest(root).returncode == 0


def test_a_test_suite_on_a_server_has_databases_of_its_own(place: Place, tmp_path: Path) -> None:
    view = sql_migration("CREATE VIEW shown AS SELECT name FROM player", "DROP VIEW shown")
    rows = sql_migration("INSERT INTO kind (name) VALUES ('one'), ('two')", "DELETE FROM kind")
    migrations = {"player": place.create("player"), "kind": place.create("kind"), "view": view, "rows": rows}
    project = place.project(tmp_path, migrations, models=MODELS)
    more = "\n\ndef test_rows_and_views_are_there(migrated_database):\n" + (
        "    assert migrated_database.execute_sql('SELECT count(*) FROM kind').fetchone()[0] == 2\n"
        "    migrated_database.execute_sql(\"INSERT INTO kind (name) VALUES ('three')\")\n"
        "    assert migrated_database.execute_sql('SELECT max(id) FROM kind').fetchone()[0] == 3\n"
        "    assert migrated_database.execute_sql('SELECT count(*) FROM shown').fetchone()[0] == 0\n"
    )
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_players.py").write_text(TESTS + more)
    done = run_pytest(tmp_path)
    assert "7 passed" in done.stdout, done.stdout + done.stderr
    assert place.tables() == set() and place.scratches() == set()
    assert [status.state.value for status in project.status()] == ["pending"] * 4
