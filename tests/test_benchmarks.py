"""What `benchmarks/` compares is comparable: both sides of a pair make the same of the table."""

from __future__ import annotations

import pytest

from benchmarks import operations
from benchmarks.measure import table
from benchmarks.players import SERVERS, SqlitePlayers
from pwmig.dialects import dialect_of
from pwmig.schema import Column

ROWS = 50


@pytest.fixture
def players(any_database, request, tmp_path):
    kind = request.node.callspec.params["any_database"]
    made = SqlitePlayers(tmp_path, ROWS) if kind == "sqlite" else SERVERS[kind](any_database, ROWS)
    yield made
    if kind == "sqlite":
        made.database.close()


def _seen(players):
    """The columns by name, without what the way there decides (where a new one stands), and all rows."""
    database = players.database
    table = dialect_of(database).introspect(database).table("player")
    columns = {column.name: _plain(column) for column in table.columns}
    names = ", ".join(sorted(columns))
    rows = database.execute_sql(f"SELECT {names} FROM player ORDER BY id").fetchall()
    return columns, list(rows), sorted(index.columns for index in table.indexes), len(table.checks)


def _plain(column: Column) -> tuple[str, bool, str | None]:
    return column.type.lower(), column.nullable, column.default


def test_both_sides_of_a_pair_make_the_same_table(players):
    names = []
    for case in operations.cases(players.kind):
        found = []
        for side in (case.ours, case.other):
            players.fresh()
            side(players)
            found.append(_seen(players))
        (ours, rows, *others), (theirs, their_rows, *their_others) = found
        assert (ours.keys(), rows) == (theirs.keys(), their_rows), case.name
        assert len(rows) == ROWS
        if "playhouse" not in case.name:  # It loses a default and a check on the way.
            assert (ours, others) == (theirs, their_others), case.name
        names.append(case.name)
    assert len(names) == len(set(names)) >= 4


@pytest.mark.parametrize("name", operations.OPERATIONS)
def test_every_operation_that_is_measured_is_one_that_can_be_done(players, name):
    players.fresh()
    before = dialect_of(players.database).introspect(players.database)
    with players.watched() as disk:
        operations.ours(operations.OPERATIONS[name])(players)
    assert disk[0] >= 0
    assert dialect_of(players.database).introspect(players.database) != before or name == "sql"


def test_what_is_no_floor_and_what_is_missed_is_said():
    figures = [
        operations.Measured(0.5, 1.0, 0.5, 10, 20).figures("held", 0.6),
        operations.Measured(0.5, 1.0, 0.5, 10, 0).figures("missed", 0.4),
        operations.Measured(0.5, float("nan"), float("nan"), 1, 1).figures("alone", 0.4, disk=False),
    ]
    told = "\n".join(table([figure for some in figures for figure in some]))
    assert [line.split()[-1] for line in told.splitlines() if line.split()[0] in ("held", "missed")] == [
        "holds",
        "hold",
    ]
    assert "does not hold" in told and told.splitlines()[-1].split()[-2:] == ["ms", "-"]
