"""What a run says of the attic, in words: one of a thing is one."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import run_cli
from test_attic import DROP_NAME, migration, project_of, run_on

from pwmig.plan import Restored

TOLD = [
    (Restored("a", "b", 1, lacking=1), "the values of a.b in 1 row put back; 1 row is newer and had none"),
    (Restored("a", "b", 0, lacking=2), "the values of a.b in 0 rows put back; 2 rows are newer and had none"),
    (Restored("a", "b", 1, gone=1), "the values of a.b in 1 row put back; 1 left in the attic: its row is gone"),
    (Restored("a", "b", 1, gone=2), "the values of a.b in 1 row put back; 2 left in the attic: their rows are gone"),
    (
        Restored("a", "b", 2, rounded=1),
        "the values of a.b in 2 rows put back; 1 of them as another value, since the type is another one: left in the "
        "attic too",
    ),
    (
        Restored("a", "b", 2, newer=1),
        "the values of a.b in 2 rows put back; 1 left in the attic: its row holds something newer",
    ),
    (Restored("a", None, 2, newer=1), "2 rows of a put back; 1 left in the attic: its key is there already"),
    (Restored("a", None, 2, newer=2), "2 rows of a put back; 2 left in the attic: their keys are there already"),
    (
        Restored("a", "b", 2, doubtful=1),
        "the values of a.b in 2 rows put back; 1 left in the attic: its row has changed, or may be another one by now",
    ),
    (
        Restored("a", "b", 2, doubtful=2),
        "the values of a.b in 2 rows put back; 2 left in the attic: their rows have changed, or may be others by now",
    ),
]


@pytest.mark.parametrize(("done", "words"), TOLD)
def test_what_was_put_back(done: Restored, words: str) -> None:
    assert str(done) == words


def test_who_purges_is_told_how_much_would_go(tmp_path: Path) -> None:
    project_of(tmp_path, DROP_NAME).apply()
    told = run_cli(tmp_path, "attic", "purge", "change").stderr
    assert "nothing was purged: 1 thing would be gone for good" in told


BACK = "the values of player.name in"
AGAIN = "INSERT INTO player (id, note) VALUES (3, 'other')"
CHANGED = "pwmig attic restore change --changed puts what has changed back all the same"
BY_HAND = {
    "restored": (["INSERT INTO player (id, note, born) VALUES (1, 'a', 1990)"], 0, f"{BACK} 1 row put back"),
    "gone": ([], 1, f"{BACK} 0 rows put back; 1 left in the attic: its row is gone"),
    "newer": (["INSERT INTO player VALUES (1, 'new', 'a', 1990)"], 1, f"{BACK} 0 rows put back; 1 left in the attic: "
              "its row holds something newer"),
}  # fmt: skip


@pytest.mark.parametrize("case", BY_HAND)
def test_what_is_put_back_by_hand_speaks_of_that_alone(tmp_path: Path, case: str) -> None:
    """Not of the rows that had theirs before."""
    statements, code, words = BY_HAND[case]
    project = project_of(tmp_path, DROP_NAME)
    project.apply()
    run_on(tmp_path, "DELETE FROM player WHERE id = 1")
    assert project.revert().steps[0].restored == (Restored("player", "name", 2, gone=1),)
    run_on(tmp_path, *statements)
    done = run_cli(tmp_path, "attic", "restore", "change")
    assert (done.returncode, done.stdout.splitlines()) == (code, [words])


def test_what_is_doubtful_names_the_way_that_gives_it_back(tmp_path: Path) -> None:
    project = project_of(tmp_path, DROP_NAME)
    project.apply()
    run_on(tmp_path, "DELETE FROM player WHERE id = 3", AGAIN)
    assert project.revert().steps[0].restored == (Restored("player", "name", 2, doubtful=1, lacking=0),)
    left = f"{BACK} 0 rows put back; 1 left in the attic: its row has changed, or may be another one by now"
    done = run_cli(tmp_path, "attic", "restore", "change")
    assert (done.returncode, done.stdout.splitlines()) == (1, [left, CHANGED])
    done = run_cli(tmp_path, *CHANGED.split()[1:5])
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [f"{BACK} 1 row put back; 1 of them in rows that have changed since"],
    )


def test_what_was_filled_and_is_put_back_by_hand_speaks_of_that_alone(tmp_path: Path) -> None:
    project = project_of(tmp_path, migration("migrate(migrator.backfill('player', {'name': 'x'}, True))", "pass"))
    project.apply()
    run_on(tmp_path, "UPDATE player SET name = 'newer' WHERE id = 1", "DELETE FROM player WHERE id = 2")
    assert project.revert().steps[0].restored == (Restored("player", "name", 1, gone=1, newer=1),)
    run_on(tmp_path, "UPDATE player SET name = 'x' WHERE id = 1")
    done = run_cli(tmp_path, "attic", "restore", "change")
    assert done.stdout.splitlines() == [f"{BACK} 1 row put back; 1 left in the attic: its row is gone"]
