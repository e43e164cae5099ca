"""What is said of a migration that stopped on MariaDB is what is so: where it stopped, what stays, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from projects import run_cli
from server_projects import Place, place_on
from test_attic import migration
from test_attic_stopped import mend
from test_half_applied import journal, ready, seen
from test_half_applied_by_hand import ADDED, by_hand, sql
from test_half_applied_recorded import EXTRA, TITLE, UNIQUE

from pwmig.errors import MigrationFailed, PlanError, PwmigError
from pwmig.waits import Waits

pytestmark = pytest.mark.mariadb

LOSES = "database.execute_sql('KILL CONNECTION_ID()')"
UPDATE = sql("UPDATE player SET level = coalesce(level, 0) + 1")
FAILS = sql("ALTER TABLE player ADD COLUMN name INT")
RESUME = "pwmig resolve 20250101_000000_change --resume ends it"
UNDO = "; or --undo takes back what stays"
BOTH = f"{RESUME}{UNDO}"

# What a migration does; where it stopped, as status has it; the beginning of the way out, and whether it offers --undo.
STOPS = {
    "Ctrl-C behind a statement": ([EXTRA, "raise KeyboardInterrupt"],
        "stopped behind statement 1, which took effect: ALTER TABLE player", BOTH),
    "Ctrl-C behind two": ([EXTRA, TITLE, "raise KeyboardInterrupt"],
        "stopped behind statement 2, which took effect: ALTER TABLE club", BOTH),
    "a lost connection": ([EXTRA, LOSES, TITLE],
        "stopped behind statement 1, which took effect: ALTER TABLE player",
        f"look whether the server runs, then what pwmig status says, and {BOTH}"),
    "duplicates in an index": ([TITLE, UNIQUE],
        "failed at statement 2 of 2: ALTER TABLE `player` ADD UNIQUE", f"mend these rows by hand, and {BOTH}"),
    "duplicates in a constraint": ([TITLE, "migrate(migrator.add_unique('player', 'note'))"],
        "failed at statement 2 of 2: ALTER TABLE `player` ADD CONSTRAINT", f"mend these rows by hand, and {BOTH}"),
    "rows against a check": ([TITLE, "migrate(migrator.add_constraint('player', 'ck', Check('level > 100')))"],
        "failed at statement 2 of 2: ALTER TABLE `player` ADD CONSTRAINT", f"mend these rows by hand, and {BOTH}"),
    "rows against a foreign key": (
        [TITLE, "migrate(migrator.add_foreign_key_constraint('player', 'level', 'club', 'id'))"],
        "failed at statement 2 of 2: ALTER TABLE `player` ADD CONSTRAINT",
        f"mend or delete these rows by hand, and {BOTH}"),
    "rows that nothing takes back": ([UPDATE, EXTRA, FAILS],
        "failed at statement 3 of 3: ALTER TABLE player ADD COLUMN name", f"mend it, and {RESUME}."),
    "in another database": ([EXTRA, sql("USE {other}"), sql("ALTER TABLE t ADD COLUMN id INT")],
        "failed at statement 2 of 2: ALTER TABLE t ADD COLUMN id", f"mend it, and {BOTH}"),
    "behind another database": ([EXTRA, sql("USE {other}"), sql("ALTER TABLE t ADD COLUMN x INT"), FAILS],
        "failed at statement 3 of 3: ALTER TABLE player ADD COLUMN name", f"mend it, and {BOTH}"),
    "rows of another database": ([EXTRA, sql("USE {other}"), sql("INSERT INTO t VALUES (1)"), "1 / 0"],
        "failed at statement 3: (the code behind it)", f"mend it, and {BOTH}"),
}  # fmt: skip


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


@pytest.mark.parametrize("case", STOPS)
def test_where_it_stopped_and_what_ends_it(place: Place, tmp_path: Path, case: str) -> None:
    lines, where, way_out = STOPS[case]
    with place_on(place.server) as other:
        other.run("CREATE TABLE t (id INT)")
        project = ready(place, tmp_path, migration("\n".join(lines).replace("{other}", other.name), "pass"))
        by_hand(place, "UPDATE player SET note = 'same'")
        with pytest.raises(PwmigError) as caught:
            project.apply()
        project.database.close()
        assert caught.value.way_out.startswith(way_out), caught.value.way_out
        assert "pwmig_journal" not in other.database.get_tables()
    (status,) = project.status()
    assert status.stopped.startswith(where), status.stopped
    assert (status.undo != "") is (UNDO in way_out)
    told = run_cli(tmp_path, "status").stdout
    assert ("--undo takes it back" in told) is (UNDO in way_out)
    if UNDO in way_out:
        project.resolve("change", how="undo")
        assert journal(place) == []
        return
    with pytest.raises(PlanError, match="can't be taken back by itself"):
        project.resolve("change", how="undo")
    with pytest.raises(PlanError, match="is not reverted as far as the tables tell") as refused:
        project.resolve("change", how="reverted")
    assert "--undo" not in refused.value.way_out


def test_undo_is_not_offered_over_what_somebody_changed_by_hand(place: Place, tmp_path: Path) -> None:
    project = ready(place, tmp_path, migration(f"{EXTRA}\nraise KeyboardInterrupt", "pass"))
    with pytest.raises(PwmigError):
        project.apply()
    project.database.close()
    by_hand(place, ADDED)
    with pytest.raises(PlanError, match="is not reverted as far as the tables tell") as caught:
        project.resolve("change", how="reverted")
    assert "--undo" not in caught.value.way_out


def test_what_goes_on_in_another_database_comes_to_its_end(place: Place, tmp_path: Path) -> None:
    with place_on(place.server) as other:
        other.run("CREATE TABLE t (id INT)")
        lines = [
            EXTRA,
            sql(f"USE {other.name}"),
            sql("ALTER TABLE t ADD COLUMN x INT"),
            sql(f"USE {place.name}"),
            TITLE,
        ]
        project = ready(place, tmp_path, migration("\n".join(lines), "pass"))
        project.apply()
        assert journal(place) == [] and len(project.applied()) == 1
        assert [column.name for column in other.database.get_columns("t")] == ["id", "x"]
        assert other.database.get_tables() == ["t"]


@pytest.mark.parametrize("how", ["undo", "resume", "applied"])
def test_what_has_the_same_name_here_is_not_what_was_changed_there(place: Place, tmp_path: Path, how: str) -> None:
    with place_on(place.server) as other:
        other.run("CREATE TABLE club (id INT)")
        there, back = (sql(f"USE {name}") for name in (other.name, place.name))
        changes = [sql("DROP TABLE IF EXISTS club"), sql("CREATE TABLE IF NOT EXISTS player (id INT)")]
        lines = [EXTRA, there, *changes, sql("ALTER TABLE player ADD COLUMN IF NOT EXISTS x INT"), back, FAILS]
        project = ready(place, tmp_path, migration("\n".join(lines), "pass"))
        start = seen(place)
        with pytest.raises(MigrationFailed):
            project.apply()
        stopped = seen(place)
        mend(tmp_path, migration("\n".join(lines[:-1]), "pass"))
        project.resolve("change", how=how)
        assert seen(place) == (start if how == "undo" else stopped)
        assert journal(place) == [] and other.database.get_tables() == ["player"]


@contextmanager
def held(place: Place) -> Iterator[None]:
    """The rows of a table, and with them its definition, are held by somebody else."""
    other = place.server.database(place.name)
    other.connect()
    cursor = other.connection().cursor()
    cursor.execute("START TRANSACTION")
    cursor.execute("SELECT * FROM player FOR UPDATE")
    try:
        yield
    finally:
        other.close()


FIRST = {
    "by SQL": sql("ALTER TABLE player ADD COLUMN x INT"),
    "by an operation": "migrate(migrator.sql('ALTER TABLE player FORCE'))",
    "what comes back": "migrate(migrator.add_column('player', 'note', CharField(20, null=True)))",
}


@pytest.mark.parametrize("case", FIRST)
def test_a_lock_that_the_first_statement_did_not_get_leaves_nothing(place: Place, tmp_path: Path, case: str) -> None:
    """The attic is there, as the way there has taken a column."""
    project = ready(place, tmp_path, migration("migrate(migrator.drop_column('player', 'note'))", FIRST[case]))
    project.apply()
    before = seen(place)
    with held(place), pytest.raises(MigrationFailed, match="a lock was not got") as caught:
        project.revert(waits=Waits(lock_s=0.2, lock_retries=0))
    assert caught.value.way_out.endswith("It was rolled back: the database holds nothing of it.")
    assert seen(place) == before and journal(place) == [] and not project.halves()
