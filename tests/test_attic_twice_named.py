"""What goes one after the other under one name is told apart on the way back: the latest comes back first."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from projects import config_of, open_project
from test_attic import migration

from pwmig.attic.entries import Entry
from pwmig.attic.names import Event, Gone, Way, after, comes_back
from pwmig.project import Project

KEYED = "id INTEGER NOT NULL PRIMARY KEY"
T = ["CREATE TABLE t ({key}, a VARCHAR(9), b VARCHAR(9))"]
T += ["INSERT INTO t VALUES (1, 'a1', 'b1'), (2, 'a2', NULL), (3, NULL, 'b3')"]
U = ["CREATE TABLE u (id INTEGER NOT NULL PRIMARY KEY, b VARCHAR(9))", "INSERT INTO u VALUES (2, 'u2')"]
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "SELECT id, a, b FROM t ORDER BY 1": [(1, "a1", "b1"), (2, "a2", None), (3, None, "b3")]
}
ROWS_OF_U = {**ROWS, "SELECT id, b FROM u": [(2, "u2")]}

TEXT = "CharField(9, null=True)"
MAKE_T = f"migrator.create_table('t', {{'id': IntegerField(primary_key=True), 'a': {TEXT}, 'b': {TEXT}}})"
DROP_T, DROP_A = "migrator.drop_table('t')", "migrator.drop_column('t', 'a')"
ADD_A, ADD_B = (f"migrator.add_column('t', '{name}', {TEXT})" for name in "ab")


def make(name: str) -> str:
    return f"migrator.create_table('{name}', {{'id': IntegerField(primary_key=True), 'b': {TEXT}}})"


def table(old: str, new: str) -> str:
    return f"migrator.rename_table('{old}', '{new}')"


def column(old: str, new: str) -> str:
    return f"migrator.rename_column('t', '{old}', '{new}')"


TABLES = {
    "dropped, another dropped by its name": (
        (DROP_T, table("u", "t"), DROP_T), (make("t"), table("t", "u"), MAKE_T)
    ),
    "dropped, another made by its name": (
        (DROP_T, make("t"), table("t", "v"), table("u", "t")),
        (table("t", "u"), table("v", "t"), DROP_T, MAKE_T),
    ),
    "dropped, one without rows made and dropped": (
        (DROP_T, make("t"), DROP_T), (make("t"), DROP_T, MAKE_T)
    ),
    "dropped, another by its name and erased": (
        (DROP_T, make("t"), table("t", "v"), table("v", "t"), "migrator.drop_table('t', attic=False)"),
        (make("t"), table("t", "v"), table("v", "t"), DROP_T, MAKE_T),
    ),
    "three times": (
        (DROP_T, MAKE_T, "migrator.sql(\"INSERT INTO t VALUES (7, 'x', 'y')\")", DROP_T, table("u", "t"), DROP_T),
        (make("t"), table("t", "u"), MAKE_T, DROP_T, MAKE_T),
    ),
}  # fmt: skip
COLUMNS = {
    "dropped, another dropped by its name": ((DROP_A, column("b", "a"), DROP_A), (ADD_A, column("a", "b"), ADD_A)),
    "dropped, another by its name erased": (
        ("migrator.add_column('t', 'n', IntegerField(null=True))", DROP_A, column("n", "a"),
         "migrator.drop_column('t', 'a', attic=False)"),
        ("migrator.add_column('t', 'a', IntegerField(null=True))", column("a", "n"), ADD_A,
         "migrator.drop_column('t', 'n')"),
    ),
    "dropped, made again and renamed": (
        (DROP_A, "migrator.add_column('t', 'a', IntegerField(default=3))", column("a", "n"), column("b", "a"), DROP_A),
        (ADD_A, column("a", "b"), column("n", "a"), DROP_A, ADD_A),
    ),
    "renamed, dropped, another": (
        (column("a", "x"), "migrator.drop_column('t', 'x')", "migrator.drop_column('t', 'b')"),
        (ADD_B, f"migrator.add_column('t', 'x', {TEXT})", column("x", "a")),
    ),
    "new, filled and dropped, another": (
        ("migrator.add_column('t', 'n', CharField(9, default='d'))",
         "migrator.backfill('t', {'a': 'z'}, where=True)", "migrator.drop_column('t', 'n')",
         "migrator.drop_column('t', 'b')"),
        (ADD_B, f"migrator.add_column('t', 'n', {TEXT})", "migrator.drop_column('t', 'n')"),
    ),
    "dropped, another made, changed and filled": (
        (DROP_A, ADD_A, "migrator.add_column('t', 'c', IntegerField(null=True))", "migrator.drop_column('t', 'c')",
         "migrator.backfill('t', {'a': 'z'})"),
        (DROP_A, ADD_A),
    ),
    "filled, dropped, made as another type": (
        ("migrator.backfill('t', {'a': 'z'})", DROP_A, "migrator.add_column('t', 'a', IntegerField(default=3))"),
        (DROP_A, ADD_A),
    ),
}  # fmt: skip
ALL_TABLES = [pytest.param(*ways, True, id=f"table {case}") for case, ways in TABLES.items()]
ALL_COLUMNS = [pytest.param(*ways, True, id=f"column {case}") for case, ways in COLUMNS.items()]
ALL_COLUMNS += [pytest.param(*ways, False, id=f"column {case}, no key") for case, ways in COLUMNS.items()]


def project_on(database: Any, root: Path, forward: str, backward: str, made: list[str], keyed: bool = True) -> Project:
    for statement in made:
        database.execute_sql(statement.format(key=KEYED if keyed else "id INTEGER"))
    return open_project(root / "p", {"change": migration(forward, backward)}, config=config_of(database))


def check(database: Any, wanted: dict[str, list[tuple[Any, ...]]]) -> None:
    for text, rows in wanted.items():
        assert list(map(tuple, database.execute_sql(text).fetchall())) == rows


def in_batches(operations: tuple[str, ...], together: bool) -> str:
    return f"migrate({', '.join(operations)})" if together else "; ".join(f"migrate({one})" for one in operations)


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "a batch each"])
@pytest.mark.parametrize(("forward", "backward", "keyed"), ALL_TABLES + ALL_COLUMNS)
def test_each_comes_back_where_it_was(
    tmp_path: Path,
    any_database: Any,
    forward: tuple[str, ...],
    backward: tuple[str, ...],
    keyed: bool,
    together: bool,
) -> None:
    ways = in_batches(forward, together), in_batches(backward, together)
    project = project_on(any_database, tmp_path, *ways, T + U, keyed)
    for _ in range(2 if keyed else 1):
        assert project.apply().steps[0].kept
        project.revert()
        check(any_database, ROWS_OF_U)
        left = {entry.what for entry in project.attic() if entry.direction == "forward"}
        assert left <= ({"change", "column"} if "'c'" in str(forward) else set())  # Of what goes for good.


@pytest.mark.parametrize("raw", [False, True], ids=["by operations", "by raw SQL"])
def test_what_can_not_be_told_apart_stays_and_is_told(tmp_path: Path, any_database: Any, raw: bool) -> None:
    """The way back makes one table only, where two of the name went."""
    back = f"migrate({make('t')})"
    if raw:
        back = "database.execute_sql('CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, b VARCHAR(9))')"
    project = project_on(any_database, tmp_path, f"migrate({DROP_T}, {table('u', 't')}, {DROP_T})", back, T + U)
    project.apply()
    told = {str(one) for one in project.revert().steps[0].restored}
    left = "0 rows of t put back; 3 left in the attic: another table may have the name by now, as more than one had it"
    assert any(one.startswith(left) for one in told)
    check(any_database, {"SELECT id, b FROM t": [] if raw else [(2, "u2")]})
    assert sum(entry.row_count for entry in project.attic()) == (4 if raw else 3)


def test_the_values_of_two_columns_of_a_name_are_not_mixed(tmp_path: Path, any_database: Any) -> None:
    forward = f"migrate({DROP_A}, {column('b', 'a')}, {DROP_A})"
    project = project_on(any_database, tmp_path, forward, f"migrate({ADD_A})", T)
    project.apply()
    told = [str(one) for one in project.revert().steps[0].restored]
    assert any("3 left in the attic: another column may have the name by now" in one for one in told)
    check(any_database, {"SELECT id, a FROM t ORDER BY 1": [(1, "b1"), (2, None), (3, "b3")]})
    assert [str(entry) for entry in project.attic()] == ["t.a, 3 rows"]


def test_rows_of_two_tables_that_were_made_under_a_name_come_back_going_forward(
    tmp_path: Path, any_database: Any
) -> None:
    forward = (make("s"), table("s", "v"), make("s"))
    backward = ("migrator.drop_table('s')", table("v", "s"), "migrator.drop_table('s')")
    project = project_on(any_database, tmp_path, in_batches(forward, True), in_batches(backward, True), T)
    project.apply()
    any_database.execute_sql("INSERT INTO s VALUES (1, 's1')")
    any_database.execute_sql("INSERT INTO v VALUES (2, 'v2')")
    project.revert()
    project.apply()
    check(any_database, {"SELECT id, b FROM s": [(1, "s1")], "SELECT id, b FROM v": [(2, "v2")]})
    assert project.attic() == ()


def test_what_a_table_held_that_goes_for_good_is_not_given_to_another_of_its_name(
    tmp_path: Path, any_database: Any
) -> None:
    insert = 'migrator.sql("INSERT INTO t (id) VALUES (1)")'
    forward = f"migrate({table('t', 'w')}, {MAKE_T}, {insert}, migrator.backfill('t', {{'a': 'a1'}}))"
    backward = f"migrate({DROP_T}, {table('w', 't')})"
    project = project_on(any_database, tmp_path, forward, backward, T)
    project.apply()
    told = [str(one) for one in project.revert().steps[0].restored]
    check(any_database, ROWS)
    assert told == [
        "the values of t.a in 0 rows put back; 1 left in the attic: another column may have the name by now, as more "
        "than one had it: give it to the right one, then pwmig attic restore NAME --changed"
    ]


def test_by_hand_the_right_one_gets_them_once_it_has_the_name(tmp_path: Path, any_database: Any) -> None:
    forward = f"migrate({DROP_A}, {column('b', 'a')}, {DROP_A})"
    project = project_on(any_database, tmp_path, forward, f"migrate({ADD_A})", T)
    project.apply()
    project.revert()
    any_database.execute_sql("ALTER TABLE t RENAME COLUMN a TO b")
    any_database.execute_sql("ALTER TABLE t ADD COLUMN a VARCHAR(9)")
    assert [(done.restored, done.unsure) for done in project.restore("change")] == [(0, 3)]
    told = project.restore("change", doubtful=True)
    assert [(done.restored, done.unmatched) for done in told] == [(3, 0)]
    check(any_database, ROWS)
    assert project.attic() == ()


class Names:
    """As much of a shelf as names ask for."""

    def same_table(self, one: str, other: str) -> bool:
        return one == other

    same_column = same_table


@pytest.mark.parametrize("columns", [False, True], ids=["tables", "columns"])
def test_the_way_back_makes_each_thing_again_by_itself(columns: bool) -> None:
    """Whatever is dropped, made and renamed, and whether it was kept: the inverse finds it, and nothing else."""
    for seed in range(400):
        chance = random.Random(seed)
        there, gone = {"a": 0, "b": 1, "c": 2}, set[int]()
        kept: list[tuple[Entry, int]] = []
        made: list[tuple[Event, int]] = []
        for number in range(12):
            event, thing = _any_event(chance, there, number + 3, columns)
            kept = [(after(entry, event, SHELF, Way.ON), of) for entry, of in kept]
            if event.frees and not event.takes and chance.random() < 0.7:
                kept.append((_entry_of(event, number, columns), thing))
                gone.add(thing)
            made.append((event, thing))
        for event, thing in reversed(made):
            back = _inverse(event)
            if back.makes:
                found = [of for entry, of in reversed(kept) if comes_back(_name(entry)) and _name(entry) == back.takes]
                assert found[:1] == ([thing] if thing in gone else []), seed
                kept = [one for one in kept if one[1] != thing]
            kept = [(after(entry, back, SHELF, Way.BACK), of) for entry, of in kept]
        assert not kept


SHELF: Any = Names()


def _any_event(chance: random.Random, there: dict[str, int], new: int, columns: bool) -> tuple[Event, int]:
    """Something that may happen to tables, or to the columns of one; and to which of them."""
    free = sorted({*"abc"} - there.keys())
    if not there or (free and chance.random() < 0.3):
        name = chance.choice(free)
        there[name] = new
        return (Event("add_column", "t", name) if columns else Event("create_table", name)), new
    name = chance.choice(sorted(there))
    thing = there.pop(name)
    if not free or chance.random() < 0.5:
        return (Event("drop_column", "t", name) if columns else Event("drop_table", name)), thing
    then = chance.choice(free)
    there[then] = thing
    return (Event("rename_column", "t", name, then) if columns else Event("rename_table", name, then)), thing


def _inverse(event: Event) -> Event:
    if event.kind.startswith("rename"):
        return (
            replace(event, name=event.new, new=event.name) if event.new else Event(event.kind, event.name, event.table)
        )
    kinds = dict(zip(("drop_table", "create_table", "drop_column", "add_column"),
                     ("create_table", "drop_table", "add_column", "drop_column")))  # fmt: skip
    return replace(event, kind=kinds[event.kind])


def _entry_of(event: Event, number: int, columns: bool) -> Entry:
    gone = Gone(event.frees)
    what, table, names = ("column", "t", (gone,)) if columns else ("table", gone, ("x",))
    return Entry(number, "m", "forward", what, table, names, (), (), 1, 0, "")


def _name(entry: Entry) -> str:
    return entry.table if entry.what == "table" else entry.columns[0]
