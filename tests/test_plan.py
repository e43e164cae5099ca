"""Planning is pure: what files and history say decides the steps; running plans keeps both in step."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from projects import open_project, sql_migration

from pwmig.errors import MigrationFailed, PlanError
from pwmig.files import MigrationFile
from pwmig.plan import Applied, Direction, find, plan_backward, plan_forward, status_of

A, B, C, D = (f"20250101_00000{number}_{name}" for number, name in enumerate(["a", "b", "c", "add_c"]))


def files(*names: str, **checksums: str) -> list[MigrationFile]:
    return [MigrationFile(name, f"/m/{name}.py", checksums.get(name[16:], "sum")) for name in names]


def applied(*names: str) -> list[Applied]:
    return [Applied(name, "sum", "2025-01-01T00:00:00Z") for name in names]


FORWARD: list[tuple[str, list[str], list[str], dict[str, Any], list[str]]] = [
    ("all that is pending", [A, B, C], [], {}, [A, B, C]),
    ("only what is pending", [A, B, C], [A], {}, [B, C]),
    ("nothing is pending", [A], [A], {}, []),
    ("no files", [], [], {}, []),
    ("to a name", [A, B, C], [], {"to": B}, [A, B]),
    ("to a part of a name", [A, B, C], [], {"to": "b"}, [A, B]),
    ("to one that is applied", [A, B, C], [A, B], {"to": A}, []),
    ("to an exact name that is a part of another", [A, B, C, D], [], {"to": "c"}, [A, B, C]),
    ("so many steps", [A, B, C], [], {"steps": 2}, [A, B]),
    ("more steps than there are", [A, B, C], [], {"steps": 9}, [A, B, C]),
    ("to and steps: the lesser", [A, B, C], [], {"to": B, "steps": 1}, [A]),
    ("unsorted files", [C, A, B], [], {}, [A, B, C]),
    ("out of order, allowed", [A, B, C], [A, C], {"allow": ["out-of-order"]}, [B]),
    ("a missing file, allowed", [B, C], [A], {"allow": ["missing"]}, [B, C]),
]


@pytest.mark.parametrize(("names", "done", "wish", "wanted"), [row[1:] for row in FORWARD], ids=[r[0] for r in FORWARD])
def test_forward(names: list[str], done: list[str], wish: dict[str, Any], wanted: list[str]) -> None:
    plan = plan_forward(files(*names), applied(*done), **wish)
    assert [step.name for step in plan.steps] == wanted
    assert {step.direction for step in plan.steps} <= {Direction.FORWARD}
    assert bool(plan) is bool(wanted) and len(plan) == len(wanted)


BACKWARD: list[tuple[str, list[str], dict[str, Any], list[str]]] = [
    ("the last applied one", [A, B, C], {}, [C]),
    ("the last in time of applying, not of name", [A, C, B], {}, [B]),
    ("nothing is applied", [], {}, []),
    ("so many steps", [A, B, C], {"steps": 2}, [C, B]),
    ("more steps than there are", [A, B, C], {"steps": 7}, [C, B, A]),
    ("down to one that stays", [A, B, C], {"to": A}, [C, B]),
    ("down to the last one: nothing", [A, B, C], {"to": C}, []),
    ("down to zero", [A, B, C], {"to": "zero"}, [C, B, A]),
    ("to and steps: the lesser", [A, B, C], {"to": "zero", "steps": 1}, [C]),
    ("out of order, down to one", [A, C, B], {"to": A}, [B, C]),
]


@pytest.mark.parametrize(("done", "wish", "wanted"), [row[1:] for row in BACKWARD], ids=[row[0] for row in BACKWARD])
def test_backward(done: list[str], wish: dict[str, Any], wanted: list[str]) -> None:
    plan = plan_backward(files(A, B, C), applied(*done), **wish)
    assert [step.name for step in plan.steps] == wanted
    assert {step.direction for step in plan.steps} <= {Direction.BACKWARD}


CHANGED = files(A, B, a="other")

REFUSED: list[tuple[str, Any, list[MigrationFile], list[str], dict[str, Any], str]] = [
    ("an unknown name", plan_forward, files(A, B), [], {"to": "nothing"}, "'nothing'"),
    ("an empty name", plan_forward, files(A, B), [], {"to": ""}, "no migration ''"),
    ("a name of more than one", plan_forward, files(A, B), [], {"to": "2025"}, "more than one"),
    ("zero steps", plan_forward, files(A), [], {"steps": 0}, "--steps 0"),
    ("fewer than zero steps", plan_backward, files(A), [A], {"steps": -1}, "--steps -1"),
    ("out of order", plan_forward, files(A, B), [B], {}, A),
    ("changed", plan_forward, CHANGED, [A], {}, A),
    ("changed, out of order allowed", plan_forward, CHANGED, [A], {"allow": ["out-of-order"]}, A),
    ("missing", plan_forward, files(B), [A], {}, A),
    ("back over a missing file", plan_backward, files(B), [A], {}, A),
    ("back over a missing file, even allowed", plan_backward, files(B), [A], {"allow": ["missing"]}, A),
    ("back over a changed file", plan_backward, CHANGED, [A], {}, A),
    ("back to one that is not applied", plan_backward, files(A, B), [A], {"to": "b"}, "'b'"),
    ("forward to zero", plan_forward, files(A), [], {"to": "zero"}, "'zero'"),
    ("an unknown allowance", plan_forward, files(A), [], {"allow": ["all"]}, "all"),
    ("an unknown allowance, backward", plan_backward, files(A), [A], {"allow": ["all"]}, "all"),
]


@pytest.mark.parametrize(
    ("make", "found", "done", "wish", "named"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_can_t_be_planned_is_refused_in_words(
    make: Any, found: list[MigrationFile], done: list[str], wish: dict[str, Any], named: str
) -> None:
    with pytest.raises(PlanError) as caught:
        make(found, applied(*done), **wish)
    assert named in caught.value.what
    assert caught.value.why and caught.value.way_out


def test_what_was_applied_may_be_changed_when_the_person_says_so() -> None:
    assert [step.checksum for step in plan_backward(CHANGED, applied(A), allow=["changed"]).steps] == ["other"]
    assert [step.name for step in plan_forward(CHANGED, applied(A), allow=["changed"]).steps] == [B]


def test_taking_back_only_in_the_history_needs_no_matching_file() -> None:
    assert plan_backward(CHANGED, applied(A), fake=True).fake


def test_a_row_without_a_checksum_fits_any_text() -> None:
    row = Applied(A, "", "2025-01-01T00:00:00Z")
    assert [status.state.value for status in status_of(CHANGED, [row])] == ["applied", "pending"]
    assert len(plan_backward(CHANGED, [row])) == 1


STATUS = [
    ("pending", files(A), [], ["pending"]),
    ("applied", files(A), [A], ["applied"]),
    ("changed", CHANGED, [A], ["changed", "pending"]),
    ("missing", files(B), [A], ["missing", "pending"]),
    ("in the order of names", files(C, A), [B], ["pending", "missing", "pending"]),
]


@pytest.mark.parametrize(("found", "done", "wanted"), [row[1:] for row in STATUS], ids=[row[0] for row in STATUS])
def test_status(found: list[MigrationFile], done: list[str], wanted: list[str]) -> None:
    assert [status.state.value for status in status_of(found, applied(*done))] == wanted


def test_a_whole_name_wins_over_its_being_a_part() -> None:
    assert find(A, [A, A + "_more"]) == A


NAMES = ["a", "b", "c", "d"]


class AnySequenceOfRuns(RuleBasedStateMachine):
    """Whatever runs follow each other, the history says "applied" just where the effect is in the database."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        made = {
            name: sql_migration(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY)", f"DROP TABLE {name}") for name in NAMES
        }
        made["e"] = sql_migration("INSERT INTO a VALUES (1)", "DELETE FROM a WHERE id = 1")
        stumble = (
            "    if __import__('pathlib').Path(__file__).with_name('stumble').exists():\n        raise RuntimeError\n"
        )
        made["c"] = made["c"].replace("\n\ndef migrate_b", "\n" + stumble + "\ndef migrate_b") + stumble
        self.flag = root / "db" / "migrations" / "stumble"
        self.project = open_project(root, made)
        self.database = root / "db" / "app.sqlite"
        self.model: list[str] = []

    def teardown(self) -> None:
        self.project.database.close()
        self.folder.cleanup()

    @rule(to=st.sampled_from([None, *NAMES, "e"]), steps=st.sampled_from([None, 1, 2]))
    def forward(self, to: str | None, steps: int | None) -> None:
        names = sorted([*NAMES, "e"])
        wanted = [name for name in names if (to is None or name <= to) and name not in self.model][:steps]
        run = self.project.apply(to=to, steps=steps, allow=["out-of-order"])
        assert [step.step.name[16:] for step in run.steps] == wanted
        self.model += wanted

    @rule(steps=st.sampled_from([1, 2, 3]))
    def backward(self, steps: int) -> None:
        run = self.project.revert(steps=steps)
        assert [step.step.name[16:] for step in run.steps] == list(reversed(self.model))[:steps]
        del self.model[max(0, len(self.model) - steps) :]

    @rule(steps=st.sampled_from([1, 2, 5]))
    def run_into_a_failure(self, steps: int) -> None:
        """The third migration raises after it has done its work: what it did goes, what ran before it stays."""
        self.flag.touch()
        wanted = [name for name in sorted([*NAMES, "e"]) if name not in self.model][:steps]
        try:
            self.project.apply(steps=steps, allow=["out-of-order"])
            assert "c" not in wanted
        except MigrationFailed:
            wanted = wanted[: wanted.index("c")]
        finally:
            self.flag.unlink()
        self.model += wanted

    @rule()
    def back_into_a_failure(self) -> None:
        self.flag.touch()
        try:
            self.project.revert(to="zero")
            assert "c" not in self.model
            self.model = []
        except MigrationFailed:
            del self.model[self.model.index("c") + 1 :]
        finally:
            self.flag.unlink()

    @rule()
    def back_to_zero(self) -> None:
        self.project.revert(to="zero")
        self.model = []

    @rule(data=st.data())
    def back_to_one(self, data: Any) -> None:
        if self.model:
            stays = data.draw(st.sampled_from(self.model))
            self.project.revert(to=stays)
            del self.model[self.model.index(stays) + 1 :]

    @rule(backward=st.booleans())
    def rehearse(self, backward: bool) -> None:
        before = self.database.read_bytes() if self.database.exists() else None
        self.project.rehearse(backward=backward, allow=["out-of-order"])
        assert (self.database.read_bytes() if self.database.exists() else None) == before

    @invariant()
    def history_and_effect_agree(self) -> None:
        if not self.database.exists():
            assert not self.model
            return
        connection = sqlite3.connect(self.database)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        listed = "SELECT name FROM pwmig_history WHERE reverted = 0 ORDER BY id"
        rows = [row[0][16:] for row in connection.execute(listed)] if "pwmig_history" in tables else []
        effects = tables & set(NAMES)
        if "a" in tables and connection.execute("SELECT count(*) FROM a").fetchone()[0]:
            effects.add("e")
        connection.close()
        assert rows == self.model
        assert effects == set(self.model)


TestAnySequenceOfRuns = AnySequenceOfRuns.TestCase
TestAnySequenceOfRuns.settings = settings(max_examples=60, stateful_step_count=12, deadline=None)
