"""What is only planned: `--dry-run` and `sql` write to nothing, and the wishes about what to run compose."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from anywhere import Anywhere, SqlitePlace, anywhere
from projects import open_project, sql_migration
from server_projects import account

from pwmig.cli import main

__all__ = ["anywhere"]

COMMANDS = (["migrate", "--dry-run"], ["migrate", "--dry-run", "--backward"], ["sql"], ["sql", "--backward"])
SAID = (
    "would apply 20250101_000001_club\n",
    "would revert 20250101_000000_player\n",
    "CREATE TABLE club",
    "DROP TABLE player",
)


# Nothing is written


def files_of(root: Path) -> dict[str, tuple[str, int]]:
    """The files beside the database, with what they hold and when they were written."""
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in root.glob("*sqlite*")
    }


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_another_program_that_has_the_write_lock_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    """In WAL mode it may even have the file for itself: whoever reads goes on."""
    monkeypatch.chdir(tmp_path)
    place = SqlitePlace(tmp_path / "app.sqlite")
    project = place.project(tmp_path, {"player": place.create("player"), "club": place.create("club")})
    project.apply(steps=1)
    place.run(f"PRAGMA journal_mode = {mode}")
    writer = sqlite3.connect(place.file, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE" if mode == "WAL" else "BEGIN IMMEDIATE")
    writer.execute("INSERT INTO player (name) VALUES ('theirs')")
    before = files_of(tmp_path)
    started = time.monotonic()
    for command, said in zip(COMMANDS, SAID, strict=True):
        assert main(command) == 0
        assert said in capsys.readouterr().out
    assert time.monotonic() - started < 30, "nobody waited for the lock"
    after = files_of(tmp_path)
    assert {name: text for name, text in after.items() if not name.endswith("-shm")} == {
        name: text for name, text in before.items() if not name.endswith("-shm")
    }
    writer.execute("COMMIT")
    writer.close()


@contextmanager
def poor(place: Anywhere) -> Iterator[str]:
    """The config of the project by an account that can't write to its database, but may make scratch databases."""
    if isinstance(place, SqlitePlace):
        yield place.config.replace(
            f"SqliteDatabase({str(place.file)!r},", f"SqliteDatabase('file:{place.file}?mode=ro', uri=True,"
        )
        return
    rights = {
        "postgres": (
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO $user",
            "ALTER ROLE $user CREATEDB",
            f"ALTER ROLE $user IN DATABASE {place.quote(place.name)} SET search_path = public",
        ),
        "mariadb": (
            f"GRANT SELECT, SHOW VIEW, TRIGGER ON {place.quote(place.name)}.* TO $user",
            "GRANT ALL ON `pwmig\\_scratch\\_%`.* TO $user",
        ),
    }[place.kind]
    with account(place, *rights) as other:
        user = other.connect_params["user"]
        yield place.config.replace('{"database":', f'{{"user": {user!r}, "database":')


def test_an_account_that_may_only_read_is_enough(
    anywhere: Anywhere, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = anywhere.project(tmp_path, {"player": anywhere.create("player"), "club": anywhere.create("club")})
    project.apply(steps=1)
    project.database.close()
    with poor(anywhere) as config:
        (tmp_path / "db" / "migrations_config.py").write_text(config)
        for command, said in zip(COMMANDS, SAID, strict=True):
            assert main(command) == 0, capsys.readouterr().err
            assert said in capsys.readouterr().out
    assert anywhere.tables() == {"player", "pwmig_history"}


@pytest.mark.postgres
def test_where_nothing_may_be_written_a_plan_is_made_and_a_rehearsal_refused(
    postgres_server: Any, tmp_path: Path
) -> None:
    from server_projects import place_on

    from pwmig.errors import NoScratch

    with place_on(postgres_server) as place:
        project = place.project(tmp_path, {"player": place.create("player")})
        place.run(f"ALTER DATABASE {place.quote(place.name)} SET default_transaction_read_only = on")
        assert len(project.plan()) == 1
        with pytest.raises(NoScratch) as caught:
            project.rehearse()
        assert "default_transaction_read_only" in caught.value.way_out


# What composes

PLANS: list[tuple[str, list[str] | str]] = [
    ("", ["apply c", "apply d", "apply e"]),
    ("--steps 1", ["apply c"]),
    ("--steps 2", ["apply c", "apply d"]),
    ("--steps 9", ["apply c", "apply d", "apply e"]),
    ("--to d", ["apply c", "apply d"]),
    ("--to 20250101_000003_d", ["apply c", "apply d"]),
    ("--to db/migrations/20250101_000003_d.py", ["apply c", "apply d"]),
    ("--to d --steps 1", ["apply c"]),
    ("--to d --steps 5", ["apply c", "apply d"]),
    ("--to b", []),
    ("--fake --steps 1", ["apply c, without running it"]),
    ("--fake --to d", ["apply c, without running it", "apply d, without running it"]),
    ("--backward", ["revert b"]),
    ("--backward --steps 2", ["revert b", "revert a"]),
    ("--backward --steps 9", ["revert b", "revert a"]),
    ("--backward --to a", ["revert b"]),
    ("--backward --to zero", ["revert b", "revert a"]),
    ("--backward --to zero --steps 1", ["revert b"]),
    ("--backward --to a --steps 5", ["revert b"]),
    ("--backward --to b", []),
    ("--backward --fake", ["revert b, without running it"]),
    ("--backward --fake --steps 2", ["revert b, without running it", "revert a, without running it"]),
    ("--to nothing", "there is no migration 'nothing'"),
    ("--to=", "there is no migration ''"),
    ("--to 2025", "means more than one migration"),
    ("--to zero", "there is no migration 'zero'"),
    ("--steps 0", "--steps 0 makes no plan"),
    ("--steps=-1", "--steps -1 makes no plan"),
    ("--steps 1.5", "invalid int value"),
    ("--to d --steps 0", "--steps 0 makes no plan"),
    ("--backward --to c", "there is no migration 'c'"),
    ("--backward --steps 0", "--steps 0 makes no plan"),
    ("--allow everything", "nothing called everything can be allowed"),
]
"""a and b are applied, c, d and e are pending."""


@pytest.fixture(scope="module")
def half_way(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("half_way")
    made = {name: sql_migration(f"CREATE TABLE {name} (x)", f"DROP TABLE {name}") for name in "abcde"}
    project = open_project(root, made)
    project.apply(steps=2)
    project.database.close()
    return root


@pytest.mark.parametrize(("wishes", "wanted"), PLANS, ids=[words or "nothing" for words, _ in PLANS])
def test_wishes_compose(
    half_way: Path, capsys: pytest.CaptureFixture[str], wishes: str, wanted: list[str] | str
) -> None:
    command = ["migrate", "--dry-run", "--project", str(half_way), *wishes.split()]
    if isinstance(wanted, list):
        assert main(command) == 0
        lines = [line.replace(f"20250101_00000{'abcde'.index(line.split()[2].rstrip(',')[-1])}_", "")
                 for line in capsys.readouterr().out.splitlines() if line.startswith("would")]  # fmt: skip
        assert lines == [f"would {line}" for line in wanted]
        return
    try:
        code = main(command)
    except SystemExit as ended:  # It is no number at all.
        code = int(str(ended.code))
    told = capsys.readouterr().err
    assert code == 2 and wanted in told
    assert "way out:" in told or "usage:" in told


@pytest.mark.parametrize("wishes", [words for words, wanted in PLANS if isinstance(wanted, list)][::5])
def test_what_was_planned_is_what_runs(
    half_way: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], wishes: str
) -> None:
    root = tmp_path / "copy"
    shutil.copytree(half_way, root)
    names = []
    for mode in (["--dry-run"], []):
        assert main(["migrate", *mode, "--project", str(root), *wishes.split()]) == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        names.append([word.rstrip(",") for words in lines for word in words if word.startswith("2025")])
    assert names[0] == names[1]
