"""What a person is told of a migration that stopped half-way on MariaDB, what is refused, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from projects import run_cli
from server_projects import Place, place_on
from test_attic import migration
from test_attic_stopped import killing, mend
from test_half_applied import CASES, journal, ready, seen

from pwmig.errors import HalfApplied, MigrationFailed, PlanError
from pwmig.project import Project

__all__ = ["killing"]

pytestmark = pytest.mark.mariadb

ADD = "migrate(migrator.add_column('player', 'extra', IntegerField(null=True)))"
INDEX = "migrate(migrator.add_index('player', ['extra']))"
FAILS = "database.execute_sql('ALTER TABLE player ADD COLUMN name INT')"
STOPS = migration(f"{ADD}\n{INDEX}\n{FAILS}", "migrate(migrator.drop_column('player', 'extra'))")


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


def stopped(place: Place, root: Path, source: str = STOPS) -> Project:
    project = ready(place, root, source)
    with pytest.raises(MigrationFailed) as caught:
        project.apply()
    assert "pwmig resolve 20250101_000000_change --resume ends it" in caught.value.way_out
    return project


def run(place: Place, *statements: str) -> None:
    for sql in statements:
        place.run(sql)
    place.database.commit()


def hows(place: Place) -> list[tuple[Any, ...]]:
    found = place.run("SELECT how, reverted = 0 FROM pwmig_history ORDER BY id")
    place.database.commit()
    return found


def test_the_commands_say_where_it_stopped_and_what_ends_it(place: Place, tmp_path: Path) -> None:
    stopped(place, tmp_path)
    words = "failed at statement 3 of 3: ALTER TABLE player ADD COLUMN name INT"
    told = run_cli(tmp_path, "status")
    assert told.returncode == 1 and words in told.stdout
    assert "pwmig resolve 20250101_000000_change --resume ends it, --undo takes it back" in told.stdout
    (status,) = json.loads(run_cli(tmp_path, "status", "--json").stdout)["migrations"]
    assert (status["state"], status["stopped"]) == ("failed", words)
    assert status["way_out"] == "pwmig resolve 20250101_000000_change --resume"
    told = run_cli(tmp_path, "migrate")
    assert told.returncode == 2 and words in told.stderr and "resolve 20250101_000000_change --resume" in told.stderr
    told = run_cli(tmp_path, "resolve", "change", "--resume")
    assert told.returncode == 2 and "Duplicate column name" in told.stderr
    (status,) = json.loads(run_cli(tmp_path, "status", "--json").stdout)["migrations"]
    assert status["stopped"].endswith(words.partition(": ")[2]), "it runs anew, and stops there again"
    mend(tmp_path, STOPS.replace(FAILS, "pass"))
    assert run_cli(tmp_path, "resolve", "change", "--resume").returncode == 0
    assert run_cli(tmp_path, "status").returncode == 0 and journal(place) == []
    assert hows(place)[-1] == ("run", 1)


def test_undo_from_the_command_line_leaves_it_pending(place: Place, tmp_path: Path) -> None:
    ready(place, tmp_path, STOPS)
    start = seen(place)
    stopped(place, tmp_path)
    assert run_cli(tmp_path, "resolve", "change", "--undo").returncode == 0
    assert seen(place) == start and journal(place) == [] and hows(place) == [("undo", 0)]
    assert json.loads(run_cli(tmp_path, "status", "--json").stdout)["migrations"][0]["state"] == "pending"


@pytest.mark.parametrize("how", ["resume", "undo"])
def test_a_table_that_somebody_changed_since_is_told_and_nothing_is_done(
    place: Place, tmp_path: Path, how: str
) -> None:
    project = stopped(place, tmp_path)
    run(place, "ALTER TABLE player ADD COLUMN by_hand INT")
    before, told = seen(place), journal(place)
    with pytest.raises(PlanError, match="player is neither as it was before") as caught:
        project.resolve("change", how=how)
    assert "--applied" in caught.value.way_out and "--reverted" in caught.value.way_out
    assert seen(place) == before and journal(place) == told
    project.resolve("change", how="applied")
    assert journal(place) == [] and hows(place) == [("resolved", 1)]


def test_what_is_recorded_as_reverted_has_to_be_so(place: Place, tmp_path: Path) -> None:
    project = stopped(place, tmp_path)
    with pytest.raises(PlanError, match="is not reverted as far as the tables tell") as caught:
        project.resolve("change", how="reverted")
    assert "player.extra" in caught.value.why
    run(place, "ALTER TABLE player DROP COLUMN extra")
    assert project.status()[0].state.value == "pending"
    with pytest.raises(PlanError, match="is reverted already"):
        project.resolve("change", how="reverted")


def test_what_was_taken_back_by_hand_is_pending_and_runs(place: Place, tmp_path: Path) -> None:
    project = stopped(place, tmp_path)
    run(place, "ALTER TABLE player DROP COLUMN extra")
    mend(tmp_path, STOPS.replace(FAILS, "pass"))
    project.apply()
    assert journal(place) == [] and len(project.applied()) == 1


def test_a_way_back_that_is_recorded(place: Place, tmp_path: Path) -> None:
    back = f"migrate(migrator.drop_index('player', 'player_level'))\n{FAILS}"
    project = ready(place, tmp_path, migration("migrate(migrator.drop_not_null('player', 'note'))", back))
    project.apply()
    with pytest.raises(MigrationFailed):
        project.revert()
    with pytest.raises(HalfApplied, match="is half taken back: it failed at statement 2"):
        project.plan(backward=True)
    with pytest.raises(PlanError, match="is not applied as far as the tables tell"):
        project.resolve("change", how="applied")
    project.resolve("change", how="reverted")
    assert not project.applied() and journal(place) == []


def test_nothing_is_there_to_be_resolved(place: Place, tmp_path: Path) -> None:
    project = ready(place, tmp_path, migration(ADD, "pass"))
    for how in ("resume", "undo"):
        with pytest.raises(PlanError, match="nothing of it is half-done") as caught:
            project.resolve("change", how=how)
        assert "pwmig migrate runs what is pending" in caught.value.way_out
    project.apply()
    with pytest.raises(PlanError, match="is applied already"):
        project.resolve("change", how="applied")


ROWS = (
    "class Club(Model):\n    title = CharField()\n\n    class Meta:\n        database = database\n"
    "        table_name = 'club'\n\n\n"
)
MAKES = "club = Club.create(id=None, title='new')"
USES = "database.execute_sql('UPDATE player SET club_id = %s', (club.id,))"


def made(*lines: str) -> str:
    return migration("\n".join(lines), "pass", above=ROWS)


def test_what_is_skipped_gives_what_it_gave(place: Place, tmp_path: Path) -> None:
    counted = "database.execute_sql('ALTER TABLE club MODIFY id INTEGER NOT NULL AUTO_INCREMENT')"
    lines = [counted, MAKES, ADD, USES, INDEX]
    project = stopped(place, tmp_path, made(*lines, FAILS))
    with pytest.raises(PlanError, match="can't be taken back by itself") as caught:
        project.resolve("change", how="undo")
    assert "--resume finishes it" in caught.value.way_out
    mend(tmp_path, made(counted, MAKES.replace("new", "other"), ADD, USES, INDEX))
    project.resolve("change")
    assert place.run("SELECT title FROM club WHERE id = 3") == [("new",)]
    assert place.run("SELECT DISTINCT club_id FROM player") == [(3,)]
    assert place.run("SELECT count(*) FROM club") == [(3,)]
    place.database.commit()


def test_a_file_that_does_something_else_before_is_refused(place: Place, tmp_path: Path) -> None:
    update = "database.execute_sql('UPDATE player SET level = level + 1')"
    project = stopped(place, tmp_path, migration(f"{ADD}\n{update}\n{INDEX}\n{FAILS}", "pass"))
    before, told = seen(place), journal(place)
    mend(tmp_path, migration(f"{ADD}\n{update.replace('+ 1', '+ 2')}\n{INDEX}", "pass"))
    with pytest.raises(MigrationFailed, match="does something else than before it stopped"):
        project.resolve("change")
    assert seen(place) == before and len(journal(place)) >= len(told)
    mend(tmp_path, migration(f"{ADD}\n{update}\n{INDEX}", "pass"))
    project.resolve("change")
    assert place.run("SELECT level FROM player ORDER BY id") == [(2,), (2,), (4,)]
    place.database.commit()


@pytest.mark.parametrize("how", ["resume", "undo"])
def test_a_way_out_that_is_killed_itself_is_gone_again(
    place: Place, tmp_path: Path, killing: list[int], how: str
) -> None:
    source = CASES["drops"]
    project = ready(place, tmp_path, source)
    start = seen(place)
    project.apply()
    end = seen(place)
    for count in range(4, 100, 7):
        project = ready(place, tmp_path, source.replace("'club'))", "'club'))\n    1 / 0", 1))
        with suppress(Exception):
            project.apply()
        mend(tmp_path, source)
        killing[0] = count
        with suppress(Exception):
            project.resolve("change", how=how)
        ended, killing[0] = killing[0] < 10**8, 10**9
        project.database.close()
        if not ended and project.halves():
            project.resolve("change", how=how)
        elif not ended and how == "resume":
            project.apply()
        assert seen(place) == (end if how == "resume" else start), f"killed at statement {count}"
        assert journal(place) == []
        if ended:
            break
    assert ended


def test_it_costs_one_insert_a_statement_and_one_delete(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymysql.connections import Connection

    send, heard = Connection.query, []

    def query(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        heard.append(sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace"))
        return send(self, sql, *args, **kwargs)

    counts = []
    for number in (2, 4):
        lines = [f"database.execute_sql('ALTER TABLE player ADD COLUMN c{n} INT')" for n in range(number)]
        project = ready(place, tmp_path, migration("\n".join(lines), "pass"))
        with monkeypatch.context() as patch:
            patch.setattr(Connection, "query", query)
            heard.clear()
            project.apply()
        told = [sql for sql in heard if "pwmig_journal" in sql]
        writes = [sql.split()[0] for sql in told if sql.startswith(("INSERT", "UPDATE", "DELETE"))]
        assert writes == ["INSERT"] * number + ["DELETE"]
        assert sum(sql.strip() == "COMMIT" for sql in heard) == 1
        counts.append(len(heard))
    assert (counts[1] - counts[0]) / 2 <= 5


def test_tables_that_the_migration_locks_itself_are_no_hindrance(place: Place, tmp_path: Path) -> None:
    lock, unlock = (f"database.execute_sql('{sql}')" for sql in ("LOCK TABLES player WRITE", "UNLOCK TABLES"))
    project = ready(place, tmp_path, migration(f"{lock}\n{ADD}\n{unlock}\n{INDEX}", "pass"))
    project.apply()
    assert journal(place) == [] and len(project.applied()) == 1


def test_a_rehearsal_takes_no_journal_along(place: Place, tmp_path: Path) -> None:
    project = ready(place, tmp_path, migration(ADD, "migrate(migrator.drop_column('player', 'extra'))"))
    project.apply()
    assert project.rehearse(backward=True).steps[0].outcome == "reverted"
