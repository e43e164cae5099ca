"""Wherever a run is killed, or its server, one command brings it to its end: a sample of tests/kill_matrix.py.

``PWMIG_KILLS=all`` has every cell of it run here.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable

import pytest
from kill_cases import BASE, CASES, LONG, LONG_BASE, Case
from kill_grounds import ground_of
from kill_matrix import ABREAST, Course, Courses, Tally, committing, kill_all, writing
from killing import Stop
from requirements import server_of

from pwmig import Migrator
from pwmig.errors import OperationRefused

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process to kill")

WHOLE = os.environ.get("PWMIG_KILLS") == "all"
KINDS = ["sqlite", *(pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("postgres", "mariadb"))]
KNOWN: dict[tuple[str, str], str] = {}
"""Migrations of which not every place holds yet, and what happens there."""


WAL = ("drop_column", "alter_column_type with a cast", "backfill that commits", "a batch")
"""Those of which a sample is killed where SQLite has a write-ahead log too: rebuilds, what is kept, commits between."""


def _marks(kind: str, title: str) -> list[pytest.MarkDecorator]:
    found = [] if kind in ("sqlite", "wal") else [getattr(pytest.mark, kind)]
    if (kind, title) in KNOWN:
        found.append(pytest.mark.xfail(reason=KNOWN[kind, title], strict=False))
    return found


CELLS = [
    pytest.param(kind, title, marks=_marks(kind, title), id=f"{kind}-{title}")
    for kind in BASE
    for title, case in CASES.items()
    if kind in case.kinds
]
CELLS += [
    pytest.param("wal", title, id=f"wal-{title}")
    for title, case in CASES.items()
    if "sqlite" in case.kinds and (WHOLE or title in WAL)
]


@pytest.fixture(scope="module")
def courses(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Courses]:
    """``courses(kind)``: those on a prepared database of that kind."""

    def of(kind: str, base: str | None = None) -> Courses:
        key = f"{kind} {base or ''}"
        if key not in found:
            folder = tmp_path_factory.mktemp("killed")
            server = None if kind in ("sqlite", "wal") else server_of(kind, pytestconfig)
            found[key] = Courses(ground_of(kind, server, folder), folder, base)
        return found[key]

    found: dict[str, Courses] = {}
    return of


def sample(course: Course) -> list[Stop]:
    """The last place, one of those where something was written, another for each migration, and where it commits."""
    places = writing(course)
    number = zlib.crc32(repr(course.root.name).encode()) + course.forward
    return [places[-1], places[number % len(places)], *committing(course)[-1:]]


@pytest.mark.parametrize("kind, title", CELLS)
def test_wherever_a_run_is_killed_one_command_ends_it(courses: Callable[..., Courses], kind: str, title: str) -> None:
    tally = Tally()
    for course in courses(kind).of(title, CASES[title]):
        if WHOLE:
            tally += kill_all(course, long=False)
            continue
        for number, stop in enumerate(sample(course)):
            course.kill_runner(stop, tally, back=number == 1)
    assert tally.cells and not tally.failures, "\n".join(tally.failures)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_wherever_the_server_is_killed_one_command_ends_it(courses: Callable[..., Courses], kind: str) -> None:
    tally = Tally()
    for course in courses(kind).of("several batches", CASES["several batches"]):
        places = writing(course)
        stops = [*places[:: len(places) // (ABREAST - 2) + 1], places[-1], *committing(course)[-1:]]
        course.kill_server(stops, tally)
    assert tally.cells > ABREAST and not tally.failures, "\n".join(tally.failures)


@pytest.mark.parametrize("kind", [*KINDS, "wal"])
def test_inside_a_long_statement_too(courses: Callable[..., Courses], kind: str) -> None:
    tally = Tally()
    rows = 200_000 if WHOLE else 20_000
    of_many = courses(kind, LONG_BASE["sqlite" if kind == "wal" else kind].format(rows=rows))
    for title in LONG if WHOLE else ["a drop, long"]:
        for course in of_many.of(title, LONG[title]):
            if WHOLE:
                tally += kill_all(course, long=True)
                continue
            number, (_, elapsed_s) = max(enumerate(course.sent), key=lambda one: one[1][1])
            course.kill_runner(Stop(number, after_s=elapsed_s * 0.4), tally)
            if course.ground.kind != "sqlite":
                course.kill_server([Stop(number, after_s=elapsed_s * 0.4)], tally)
    assert tally.cells and not tally.failures, "\n".join(tally.failures)


@pytest.mark.parametrize("kind", KINDS)
def test_every_operation_is_in_one_of_the_migrations(courses: Callable[..., Courses], kind: str) -> None:
    """But for those that the database refuses, whatever they are told."""
    database = courses(kind).ground.database("base")
    migrator = type(Migrator.from_database(database))
    operations = {name for name in dir(migrator) if name[0] != "_" and is_operation(getattr(migrator, name))}
    text = "\n".join(case.source() for case in CASES.values() if kind in case.kinds)
    called = set(re.findall(r"migrator\.(\w+)\(", text))
    assert {"add_column", "backfill", "drop_table"} <= called <= operations
    with database.connection_context():
        for name in operations - called:
            with pytest.raises(OperationRefused):
                getattr(Migrator.from_database(database), name)(*REFUSED[name]).run()


def is_operation(method: object) -> bool:
    """Of pwmig's own: what Peewee builds its operations of is none."""
    code = getattr(method, "__code__", None)
    ours = getattr(method, "__module__", "").startswith("pwmig.")
    return ours and code is not None and code.co_qualname == "operation.<locals>.inner"


REFUSED = {
    "add_enum_value": ("extra", "word", "x"),
    "lock_timeout": (1,),
    "redefine_table": ("extra", "CREATE TABLE extra (id INTEGER)"),
    "set_comment": ("extra", "x"),
    "set_search_path": ("other",),
    "validate_constraint": ("extra", "x"),
}
"""Operations that a database may refuse, and how they are called then."""


def test_the_places_to_stop_at_are_chosen_as_they_are_said_to_be(courses: Callable[..., Courses]) -> None:
    (there, _) = courses("sqlite").of("rename_table", CASES["rename_table"])
    texts = [there.sent[stop.number][0] for stop in writing(there)]
    assert any(text.startswith("ALTER TABLE") for text in texts) and "COMMIT" in texts
    assert committing(there) == []


@pytest.mark.postgres
def test_what_a_migration_does_beside_its_transaction_is_seen(courses: Callable[..., Courses]) -> None:
    beside = (
        "import psycopg\n"
        "with psycopg.connect(host=database.connect_params['host'], dbname=database.database, user='postgres',\n"
        "                     autocommit=True) as other:\n"
        "    other.execute(\"INSERT INTO ledger VALUES ('beside')\")\n"
        "database.execute_sql('UPDATE bystander SET amount = 7')"
    )
    (course,) = courses("postgres").of("beside", Case(beside, None))
    (update,) = (number for number, (text, _) in enumerate(course.sent) if text.startswith("UPDATE bystander"))
    tally = Tally()
    course.kill_runner(Stop(update), tally)
    assert len(tally.failures) == 1 and "rows of ledger: (\"('beside',)\",), not ()" in tally.failures[0], tally
