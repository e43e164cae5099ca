"""The table of small changes: each written, applied and taken back on each database that it applies to."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import authored_columns
import authored_indexes
import authored_mariadb
import authored_several
import authored_tables
import authored_types
import peewee
import pytest
from authored import (
    Change,
    Place,
    go_there_and_back,
    go_there_and_back_in_steps,
    go_twice,
    open_project,
    said,
    write,
)

CHANGES: dict[str, Change] = {}
for _changes in (
    *(authored_columns, authored_indexes, authored_tables, authored_types, authored_several),
    authored_mariadb,
):
    assert not CHANGES.keys() & _changes.CHANGES.keys()
    CHANGES |= _changes.CHANGES
MARKS = {"sqlite": (), "postgres": pytest.mark.postgres, "mariadb": pytest.mark.mariadb}
WHERE_THEY_APPLY = [
    pytest.param(name, kind, marks=MARKS[kind], id=f"{name}-{kind}")
    for name, change in CHANGES.items()
    for kind in MARKS
    if kind not in change.skip
]

IN_STEPS = (
    "a foreign key is renamed, and another comes in its name",
    "one generated column says something else of a new name, another goes",
)
"""The rows of other files that are written as several migrations, too."""

_numbers = itertools.count()


@contextmanager
def empty(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Any]:
    if kind == "sqlite":
        database = peewee.SqliteDatabase(folder / f"{next(_numbers)}.sqlite")
        with database.connection_context():
            yield database
        return
    with request.getfixturevalue(f"{kind}_server").fresh() as database:
        yield database


def test_a_change_that_does_not_apply_somewhere_says_why() -> None:
    left_out = [(kind, why) for change in CHANGES.values() for kind, why in change.skip.items()]
    assert all(kind in MARKS and len(why) > 10 for kind, why in left_out)
    assert len(CHANGES) >= 80


@pytest.mark.parametrize(("name", "kind"), WHERE_THEY_APPLY)
def test_a_change_is_written_applied_and_taken_back(
    name: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    change: Change = CHANGES[name]

    @contextmanager
    def elsewhere() -> Iterator[Place]:
        with empty(kind, request, tmp_path) as database:
            yield Place(database, tmp_path / "elsewhere")

    with empty(kind, request, tmp_path) as database:
        go_there_and_back(Place(database, tmp_path), change, elsewhere)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        one
        for one in WHERE_THEY_APPLY
        if one.values[0] in {*authored_several.CHANGES, *authored_mariadb.CHANGES, *IN_STEPS}
    ],
)
def test_several_changes_are_written_one_by_one(
    name: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with empty(kind, request, tmp_path) as database:
        go_there_and_back_in_steps(Place(database, tmp_path), CHANGES[name])


@pytest.mark.mariadb
@pytest.mark.parametrize("name", authored_mariadb.CHANGES)
def test_what_mariadb_tells_of_its_tables_comes_back(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with empty("mariadb", request, tmp_path) as database:
        go_twice(Place(database, tmp_path), CHANGES[name])


@pytest.mark.mariadb
def test_a_number_that_is_the_key_again_is_that_of_the_row(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Rows that came meanwhile are numbered behind those that had a number."""
    change = CHANGES["a text becomes the key in place of a number"]
    with empty("mariadb", request, tmp_path) as database:
        place = Place(database, tmp_path)
        place.create(change.before("mariadb"))
        place.fill(change.rows)
        made = write(place, said(place, change.after("mariadb")), change.answers)
        project = open_project(place, {"change": made.source()})
        project.apply()
        place.run("INSERT INTO event (s) VALUES ('0'), ('y')")
        project.revert()
        found = dict(place.run("SELECT s, id FROM event"))
        place.run("INSERT INTO event (s) VALUES ('x')")
        assert place.run("SELECT id FROM event WHERE s = 'x'") == [(10,)]
    assert {found.pop("0"), found.pop("y")} == {8, 9}
    assert found == {"z": 1, "b": 2, "a": 7}
