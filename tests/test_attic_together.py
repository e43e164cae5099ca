"""On MariaDB the drops of columns of one table, one behind the other in a batch, are kept together: one ALTER TABLE."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from projects import write_project
from server_projects import Place, account, place_on
from test_attic import migration
from test_attic_between import between
from test_attic_servers import own, read
from test_attic_stopped import killing, wherever_it_is_killed

from pwmig.errors import Cancelled, MigrationFailed
from pwmig.project import Project

__all__ = ["between", "killing"]

pytestmark = pytest.mark.mariadb

COLUMNS = "a VARCHAR(20), b INTEGER NOT NULL, c VARCHAR(9), d INTEGER, e INTEGER"
KEYS = {"key": f"id INTEGER PRIMARY KEY, {COLUMNS}", "no key": f"id INTEGER, {COLUMNS}"}
NAMES = "id, a, b, c, d, e"
ROWS = [(1, "one", 10, "x", 100, 1), (2, "two", 20, "x", None, 1), (3, None, 30, "y", 300, 1)]
BACK = {
    "a": "migrator.add_column('t', 'a', CharField(20, null=True))",
    "b": "migrator.add_column('t', 'b', IntegerField())",
    "c": "migrator.add_column('t', 'c', CharField(9, null=True))",
    "d": "migrator.add_column('t', 'd', IntegerField(null=True))",
}


def drops(*columns: str, before: str = "", behind: str = "", back: str = "", back_before: str = "") -> str:
    """A migration of one batch, and its way back, which adds the columns that it drops, the last one first."""
    forward = ", ".join(f"migrator.drop_column('t', '{column}')" for column in columns)
    backward = ", ".join(BACK[column] for column in reversed(columns))
    parts = (f"migrate({before}{forward}{behind})", f"migrate({back_before}{backward}{back})")
    return migration(*parts)


THREE = drops("a", "b", "c")


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


def made(place: Place, key: str = "key") -> None:
    place.run("DROP TABLE IF EXISTS t")
    place.run(f"CREATE TABLE t ({KEYS[key]})")
    place.database.connection().cursor().executemany("INSERT INTO t VALUES (%s, %s, %s, %s, %s, %s)", ROWS)
    place.database.commit()


def rows(place: Place) -> list[tuple[Any, ...]]:
    return read(place, f"SELECT {NAMES} FROM t ORDER BY id")


def alters(run: Any) -> list[str]:
    return [one.sql for one in run.steps[-1].statements if one.sql.startswith("ALTER TABLE")]


def columns_of(place: Place) -> list[str]:
    return [name for (name,) in read(place, "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = DATABASE() AND table_name = 't' ORDER BY ordinal_position")]  # fmt: skip


# What a batch asks for, how many ALTER TABLE of the table that is, and how many columns are kept.
BATCHES = {
    "three": (THREE, 1, 3),
    "what waits before them": (
        drops(
            "a", "b",
            before="migrator.add_not_null('t', 'e'), migrator.add_column('t', 'x', IntegerField(null=True)), ",
            back=", migrator.drop_column('t', 'x'), migrator.drop_not_null('t', 'e')",
        ), 1, 2,
    ),
    "a type before them": (
        drops(
            "a", "b",
            before="migrator.alter_column_type('t', 'c', CharField(40, null=True)), ",
            back=", migrator.alter_column_type('t', 'c', CharField(9, null=True))",
        ), 1, 2,
    ),
    "a type that is dropped": (
        drops(
            "a", "d",
            before="migrator.alter_column_type('t', 'a', CharField(40, null=True)), ",
            back=", migrator.alter_column_type('t', 'a', CharField(20, null=True))",
        ), 2, 2,
    ),
    "a new default": (
        drops(
            "a", "b",
            before="migrator.add_column('t', 'x', IntegerField(default=3)), ",
            back=", migrator.drop_column('t', 'x')",
        ), 2, 2,
    ),
    "a rename before them": (
        drops(
            "a", "b",
            before="migrator.rename_column('t', 'c', 'cc'), ", back=", migrator.rename_column('t', 'cc', 'c')",
        ), 2, 2,
    ),
    "one that is not kept": (
        migration(
            "migrate(migrator.drop_column('t', 'a'), migrator.drop_column('t', 'e', attic=False), "
            "migrator.drop_column('t', 'c'))",
            f"migrate({BACK['c']}, migrator.add_column('t', 'e', IntegerField(default=1)), {BACK['a']})",
        ), 1, 2,
    ),
    "one that is not kept first": (
        migration(
            "migrate(migrator.drop_column('t', 'e', attic=False), migrator.drop_column('t', 'a'), "
            "migrator.drop_column('t', 'c'))",
            f"migrate({BACK['c']}, {BACK['a']}, migrator.add_column('t', 'e', IntegerField(default=1)))",
        ), 1, 2,
    ),
    "another operation between": (
        drops("a", "b", behind=", migrator.add_not_null('t', 'e'), migrator.drop_column('t', 'c')",
              back_before=f"{BACK['c']}, migrator.drop_not_null('t', 'e'), "), 2, 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("case", BATCHES)
def test_one_statement_drops_them_and_each_value_comes_back(place: Place, tmp_path: Path, case: str, key: str) -> None:
    source, count, kept = BATCHES[case]
    made(place, key)
    project = place.project(tmp_path, {"change": source})
    before = place.state() if "not kept" not in case else None
    run = project.apply()
    # Without a key the column of another type may be all that tells some of the rows.
    assert len(alters(run)) == count + (case == "a type before them" and key == "no key"), alters(run)
    assert [one.row_count for one in run.steps[0].kept] == [3] * kept
    reverted = project.revert()
    assert rows(place) == ROWS
    assert [(one.restored, one.unmatched) for one in reverted.steps[0].restored] == [(3, 0)] * kept
    assert {str(name) for entry in project.attic() for name in entry.columns} <= {"x"}  # For the next way there.
    if before is not None:
        for table in (*own(place), "pwmig_history"):
            place.run(f"DROP TABLE {table}")
        assert place.state() == before, "columns stand where they stood"


def test_what_waits_for_another_table_is_run_before_the_lock(place: Place, tmp_path: Path) -> None:
    made(place)
    place.run("CREATE TABLE other (id INTEGER PRIMARY KEY, x INTEGER, y INTEGER)")
    place.run("INSERT INTO other VALUES (1, 5, 6)")
    place.database.commit()
    source = migration(
        "migrate(migrator.add_not_null('other', 'x'), migrator.add_not_null('t', 'e'), migrator.drop_column('t', 'a'), "
        "migrator.drop_column('t', 'b'), migrator.drop_column('other', 'y'), migrator.drop_not_null('t', 'e'))",
        f"migrate(migrator.add_column('other', 'y', IntegerField()), {BACK['b']}, {BACK['a']})",
    )
    project = place.project(tmp_path, {"change": source})
    assert [sql.split()[2] for sql in alters(project.apply())] == ["`other`", "`t`", "`other`", "`t`"]
    project.revert()
    assert rows(place) == ROWS and read(place, "SELECT x, y FROM other") == [(5, 6)]


def test_the_tables_come_first_then_one_lock_then_the_rows_then_the_drop(
    place: Place, tmp_path: Path, between: Any
) -> None:
    made(place)
    project, sent = place.project(tmp_path, {"change": THREE}), []
    from pymysql.connections import Connection

    send = Connection.query

    def query(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append((sql if isinstance(sql, str) else bytes(sql).decode()).split("(")[0])
        return send(self, sql, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "query", query)
        project.apply()
    verbs = [sql.split(" AS ")[0].split(" SELECT ")[0] for sql in sent]
    first = next(n for n, sql in enumerate(verbs) if sql.startswith("LOCK TABLES"))
    last = verbs.index("UNLOCK TABLES")
    made_first = [sql for sql in verbs[:first] if sql.startswith("CREATE TABLE `pwmig_attic_")]
    assert made_first == [f"CREATE TABLE `pwmig_attic_{n}`" for n in (1, 2, 3)]
    held = [sql for sql in verbs[first + 1 : last] if sql.startswith(("INSERT", "ALTER", "CREATE", "DROP"))]
    held = [sql for sql in held if not sql.startswith("INSERT INTO pwmig_journal")]
    assert [sql for sql in held if sql.startswith("INSERT")] == [f"INSERT INTO `pwmig_attic_{n}`" for n in (1, 2, 3)]
    assert held[3:] == ["ALTER TABLE `t` DROP COLUMN `a`, DROP COLUMN `b`, DROP COLUMN `c`"]
    assert sum(sql.startswith(("LOCK TABLES", "UNLOCK")) for sql in verbs) == 2


# -- while others write


@pytest.mark.parametrize("level", ["REPEATABLE READ", "READ COMMITTED"])
@pytest.mark.parametrize("key", KEYS)
def test_whatever_is_written_between_two_statements_is_there_after_the_way_back(
    place: Place, tmp_path: Path, between: list[Callable[[Any, int], None]], key: str, level: str
) -> None:
    """At each place another row is written, in all columns that go, and another one comes."""
    place.run(f"CREATE TABLE t ({KEYS[key]})")
    place.run("INSERT INTO t SELECT seq, 'old', seq, 'old', seq, 1 FROM seq_1_to_400")
    place.database.commit()
    source = drops("a", "b", "c", before="migrator.add_not_null('t', 'e'), ")
    first = f"SET SESSION TRANSACTION ISOLATION LEVEL {level}"
    config = place.config.replace('{"database"', f'{{"init_command": {first!r}, "database"')
    project = Project.open(write_project(tmp_path, {"change": source}, config=config))
    wanted, points = {row[0]: row for row in rows(place)}, []

    def write(cursor: Any, point: int) -> None:
        points.append(point)
        for sql, row in (
            (f"UPDATE t SET a = 'a{point}', b = -{point}, c = 'c{point}' WHERE id = {point}",
             (point, f"a{point}", -point, f"c{point}", point, 1)),
            (f"INSERT INTO t VALUES ({1000 + point}, 'new', 5, 'new', 6, 1)", (1000 + point, "new", 5, "new", 6, 1)),
        ):  # fmt: skip
            with suppress(Exception):  # Locked, or not there.
                cursor.execute(sql)
                cursor.execute("COMMIT")
                wanted[row[0]] = row

    between.append(write)
    assert len(alters(project.apply())) == 1
    between.clear()
    assert 20 < len(points) < 400
    project.revert()
    assert {row[0]: row for row in rows(place)} == wanted


def test_a_table_that_is_empty_stays_locked_until_all_are_gone(place: Place, tmp_path: Path, between: Any) -> None:
    place.run(f"CREATE TABLE t ({KEYS['key']})")
    place.database.commit()
    project, wanted = place.project(tmp_path, {"change": THREE}), []

    def write(cursor: Any, point: int) -> None:
        if point > 25:
            with suppress(Exception):
                cursor.execute(f"INSERT INTO t VALUES ({point}, 'new', 5, 'new', 6, 1)")
                cursor.execute("COMMIT")
                wanted.append((point, "new", 5, "new", 6, 1))

    between.append(write)
    project.apply()
    between.clear()
    project.revert()
    assert rows(place) == wanted


# -- wherever it is killed


@pytest.mark.parametrize("key", KEYS)
def test_wherever_it_is_killed_each_value_is_in_the_table_or_in_the_attic_and_comes_back(
    place: Place, tmp_path: Path, killing: list[int], key: str
) -> None:
    source = drops("a", "b", "c", before="migrator.add_not_null('t', 'e'), ")
    project, gone = place.project(tmp_path, {"change": source}), []

    def ready() -> Project:
        for table in place.tables():
            place.run(f"DROP TABLE {table}")
        made(place, key)
        return project

    def see(project: Project) -> None:
        there = columns_of(place)
        gone.append("a" not in there)
        assert [name in there for name in "abc"] in ([True] * 3, [False] * 3), "one statement drops all or none"
        kept = {
            table: read(place, f"SELECT v0 FROM {table} ORDER BY k0") for table in own(place) if table[-1].isdigit()
        }
        held = [sorted(map(repr, values)) for values in kept.values()]
        for column, values in (("a", (1,)), ("b", (2,)), ("c", (3,))):
            wanted = sorted(repr((row[values[0]],)) for row in ROWS)
            in_table = column in there and sorted(map(repr, read(place, f"SELECT {column} FROM t"))) == wanted
            assert in_table or wanted in held, column
        if not project.applied():
            project.apply(fake=gone[-1])
        project.revert()
        assert rows(place) == ROWS
        project.apply()
        project.revert()
        assert rows(place) == ROWS and project.attic() == ()

    wherever_it_is_killed(place, killing, ready, Project.apply, see)
    assert any(gone) and not all(gone)


# -- what fails


def free(place: Place) -> bool:
    """Whether nobody has a lock on the table or the attic."""
    place.run("SET SESSION lock_wait_timeout = 1, innodb_lock_wait_timeout = 1")
    place.run("UPDATE t SET e = e + 0")
    place.database.commit()
    return True


REFUSED = {
    "a later one is needed": (drops("a", "b", "d"), "CREATE VIEW v AS SELECT d FROM t", "other things need it"),
    "a later one is not there": (drops("a", "b").replace("'b'))", "'nothing'))"), "SELECT 1", "no column 'nothing'"),
    "what waits is against the rows": (
        drops("a", "b", before="migrator.add_not_null('t', 'd'), "), "SELECT 1", "1 row holds NULL",
    ),
    "what waits is not unique": (
        drops("a", "b", before="migrator.add_unique('t', 'c'), "), "SELECT 1", "1 value is there more than once",
    ),
    "a check": (
        drops("a", "b", before="migrator.add_constraint('t', 'low', Check('d < 200')), "), "SELECT 1", "'low'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_fails_leaves_the_table_and_nothing_in_the_attic(
    place: Place, tmp_path: Path, case: str, key: str
) -> None:
    source, first, words = REFUSED[case]
    made(place, key)
    place.run(first)
    place.database.commit()
    project = place.project(tmp_path, {"change": source})
    with pytest.raises(MigrationFailed, match=words):
        project.apply()
    assert rows(place) == ROWS and own(place) == [] and free(place)


def test_where_it_is_interrupted_between_two_of_them_nothing_is_kept_or_locked(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pwmig.dialects.migrator import Migrator

    made(place)
    project, run, calls = place.project(tmp_path, {"change": THREE}), Migrator._run_one, []

    def interrupted(self: Any, wanted: Any) -> None:
        calls.append(wanted)
        if len(calls) == 3:
            raise KeyboardInterrupt
        run(self, wanted)

    with monkeypatch.context() as patch:
        patch.setattr(Migrator, "_run_one", interrupted)
        with pytest.raises(Cancelled):
            project.apply()
    assert rows(place) == ROWS and own(place) == [] and free(place)
    assert len(alters(project.apply())) == 1


def test_an_account_that_may_not_lock_is_told_so_and_nothing_is_left(place: Place, tmp_path: Path) -> None:
    made(place)
    with account(place, "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX ON * TO $user") as poor:
        config = place.config.replace("**{", f"**{{'user': {poor.connect_params['user']!r}, ")
        project = Project.open(write_project(tmp_path, {"change": THREE}, config=config))
        with pytest.raises(MigrationFailed, match="may not lock tables"):
            project.apply()
    assert rows(place) == ROWS and own(place) == []


# -- what hangs on the columns


def test_columns_with_foreign_keys_to_others_and_to_the_table_itself(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE club (id INTEGER PRIMARY KEY)")
    place.run("INSERT INTO club VALUES (1), (2)")
    place.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER GENERATED ALWAYS AS (id + 1) STORED, "
        "CONSTRAINT of_club FOREIGN KEY (a) REFERENCES club (id), CONSTRAINT of_t FOREIGN KEY (b) REFERENCES t (id))"
    )
    place.run("INSERT INTO t (id, a, b) VALUES (1, 2, NULL), (2, 1, 1), (3, NULL, 2)")
    place.database.commit()
    forward = ", ".join(f"migrator.drop_column('t', '{name}')" for name in "cab")
    backward = ", ".join(f"migrator.add_column('t', '{name}', IntegerField(null=True))" for name in "ba")
    project = place.project(tmp_path, {"change": migration(f"migrate({forward})", f"migrate({backward})")})
    before = read(place, "SELECT id, a, b FROM t ORDER BY id")
    run = project.apply()
    assert len(alters(run)) == 1 and len(run.steps[0].kept) == 2
    project.revert()
    assert read(place, "SELECT id, a, b FROM t ORDER BY id") == before


def test_with_lock_timeout_the_one_lock_is_tried_again(place: Place, tmp_path: Path) -> None:
    made(place)
    source = drops("a", "b", before="migrator.lock_timeout(1, retries=1, pause=0), ")
    project = place.project(tmp_path, {"change": source})
    other = place.server.database(place.name).connection()
    other.cursor().execute("BEGIN")
    other.cursor().execute("SELECT * FROM t FOR UPDATE")
    with pytest.raises(MigrationFailed, match="in 2 tries"):
        project.apply()
    other.cursor().execute("ROLLBACK")
    other.close()
    assert rows(place) == ROWS and own(place) == []
    assert len(alters(project.apply())) == 1
    project.revert()
    assert rows(place) == ROWS


# -- the way back


@pytest.mark.parametrize("key", KEYS)
def test_wherever_the_way_back_is_killed_each_value_is_there_or_in_the_attic(
    place: Place, tmp_path: Path, killing: list[int], key: str
) -> None:
    project, half = place.project(tmp_path, {"change": THREE}), []

    def ready() -> Project:
        if project.applied():
            project.purge(None)
        for table in place.tables():
            place.run(f"DROP TABLE {table}")
        made(place, key)
        project.apply()
        return project

    def see(project: Project) -> None:
        if project.applied():
            again = [name for name in columns_of(place) if name in "abc"]
            assert again in ([], ["a", "b", "c"]), "one statement adds all or none"
            half.append(bool(again))
            for name in again:
                place.run(f"ALTER TABLE t DROP COLUMN {name}")
            place.database.commit()
            assert [one.restored for one in project.revert().steps[0].restored] == [3, 3, 3]
        assert rows(place) == ROWS
        project.apply()
        project.revert()
        assert rows(place) == ROWS and project.attic() == ()

    wherever_it_is_killed(place, killing, ready, Project.revert, see)
    assert any(half) and not all(half)


def test_a_row_without_a_value_stops_the_way_back_before_anything_is_added(place: Place, tmp_path: Path) -> None:
    made(place)
    project = place.project(tmp_path, {"change": drops("b", "a", "c")})
    project.apply()
    place.run("INSERT INTO t (id, d, e) VALUES (4, 5, 6)")
    place.database.commit()
    before = place.state()
    with pytest.raises(MigrationFailed, match="1 row has no value"):
        project.revert()
    assert place.state() == before
