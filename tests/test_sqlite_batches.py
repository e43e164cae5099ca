"""One migrate(...) on SQLite is one batch: one rebuild a table at most, and what its operations make one by one."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import peewee
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from peewee import SQL, CharField, Check, FloatField, ForeignKeyField, IntegerField, Model, TextField

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.dialects.sqlite.texts.tokens import quote, significant, unquote
from pwmig.errors import OperationRefused

SCHEMA = """
CREATE TABLE club (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO club VALUES (1, 'Ajax'), (2, 'Feyenoord');
CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, code TEXT, level INT DEFAULT 3, born INT,
    club_id INT REFERENCES club (id) ON DELETE CASCADE, CONSTRAINT young CHECK (born > 1900));
INSERT INTO player VALUES (1, 'Cruijff', '14', 9, 1947, 1), (2, 'Keizer', '11', 8, 1943, 1),
    (30, 'Swart', '8', 7, 1938, 2), (4, 'Moulijn', '007', NULL, 1937, NULL);
ALTER TABLE player ADD COLUMN feet INT DEFAULT 2;
INSERT INTO player (id, name, feet) VALUES (5, 'Kindvall', 1);
CREATE INDEX player_born ON player (born);
CREATE TABLE goal (id INTEGER PRIMARY KEY, player_id INT REFERENCES player (id) ON DELETE CASCADE);
INSERT INTO goal VALUES (1, 1), (2, 30);
CREATE TABLE note (what TEXT);
CREATE TRIGGER renamed AFTER UPDATE OF name ON player BEGIN INSERT INTO note VALUES (old.name); END;
CREATE VIEW names AS SELECT id, name FROM player;
"""


class Club(Model):
    class Meta:
        database = None


@contextmanager
def opened(path: Path | str) -> Iterator[Migrator]:
    database = peewee.SqliteDatabase(path, pragmas={"foreign_keys": 1, "synchronous": 0})
    database.connect()
    try:
        yield Migrator.from_database(database)
    finally:
        database.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "data.db")) as connection:
        connection.executescript("PRAGMA synchronous = OFF;" + SCHEMA)
    return tmp_path / "data.db"


@pytest.fixture
def migrator(path: Path) -> Iterator[Migrator]:
    with opened(path) as made:
        yield made


@contextmanager
def recorded(database: peewee.Database) -> Iterator[list[str]]:
    """Each statement that goes through execute_sql, as a run's record hears it."""
    sent, before, statements = database.execute_sql, vars(database).get("execute_sql"), []

    def execute_sql(sql: str, params: Any = None) -> Any:
        if sql.split()[0] not in ("PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN"):
            statements.append(sql)
        return sent(sql, params)

    database.execute_sql = execute_sql
    try:
        yield statements
    finally:
        del database.execute_sql
        if before is not None:
            database.execute_sql = before


def picture(migrator: Migrator) -> tuple[Any, Any, Any]:
    """The catalog's texts as words, all rows with the types of their values, and the rows that refer to nothing."""
    ask = migrator.database.connection().execute
    texts, rows = {}, {}
    for kind, name, table, sql in ask("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall():
        texts[name] = (kind, table, [unquote(token.text) for token in significant(sql or "")])
        if kind in ("table", "view"):
            columns = [row[1] for row in ask(f"PRAGMA table_xinfo({quote(name)})")]
            cells = ", ".join(f"typeof({quote(column)}), {quote(column)}" for column in columns)
            rows[name] = ask(f"SELECT {cells} FROM {quote(name)} ORDER BY 2").fetchall()
    assert ask("PRAGMA integrity_check").fetchall() == [("ok",)]
    return texts, rows, ask("PRAGMA foreign_key_check").fetchall()


def rebuilds(statements: list[str]) -> int:
    return sum(statement.startswith("INSERT OR ABORT") for statement in statements)


Ask = Callable[[Migrator], Any]

COUNTED: dict[str, tuple[int, list[Ask]]] = {
    "five changes": (
        1,
        [
            lambda m: m.add_column("player", "rank", IntegerField(default=1)),
            lambda m: m.add_not_null("player", "name"),
            lambda m: m.add_index("player", ("level",)),
            lambda m: m.alter_column_type("player", "code", CharField(9)),
            lambda m: m.drop_column("player", "feet"),
        ],
    ),
    "five others": (
        1,
        [
            lambda m: m.add_constraint("player", "small", Check("level < 10")),
            lambda m: m.rename_column("player", "level", "class"),
            lambda m: m.add_column("player", "rank", TextField(default="x")),
            lambda m: m.add_column_default("player", "code", "0"),
            lambda m: m.add_unique("player", "name"),
        ],
    ),
    "a default of Python": (1, [lambda m: m.add_column("player", "rank", IntegerField(default=1))]),
    "a default of the database": (
        0,
        [lambda m: m.add_column("player", "rank", IntegerField(constraints=[SQL("DEFAULT 1")]))],
    ),
    "the same default of both": (
        0,
        [lambda m: m.add_column("player", "rank", IntegerField(default=1, constraints=[SQL("DEFAULT 1")]))],
    ),
    "another default of both": (
        1,
        [lambda m: m.add_column("player", "rank", IntegerField(default=2, constraints=[SQL("DEFAULT 1")]))],
    ),
    "texts only": (
        0,
        [
            lambda m: m.drop_not_null("player", "name"),
            lambda m: m.drop_constraint("player", "young"),
            lambda m: m.alter_column_type("player", "name", CharField(90)),
            lambda m: m.add_column("player", "rank", IntegerField(null=True)),
            lambda m: m.add_constraint("player", "small", Check("level < 10")),
            lambda m: m.add_foreign_key_constraint("goal", "id", "player", "id"),
        ],
    ),
    "one column dropped": (0, [lambda m: m.drop_column("player", "feet")]),
    "two columns dropped": (1, [lambda m: m.drop_column("player", "feet"), lambda m: m.drop_column("player", "code")]),
    "added and dropped again": (
        0,
        [lambda m: m.add_column("player", "x", IntegerField(default=1)), lambda m: m.drop_column("player", "x")],
    ),
    "two tables": (
        2,
        [
            lambda m: m.add_column("player", "x", IntegerField(default=1)),
            lambda m: m.add_column("club", "x", IntegerField(default=1)),
            lambda m: m.add_unique("player", "x", "id"),
            lambda m: m.add_column("club", "y", IntegerField(default=1)),
        ],
    ),
    "a statement in between": (
        2,
        [
            lambda m: m.add_column("player", "x", IntegerField(default=1)),
            lambda m: m.sql("UPDATE player SET x = 2 WHERE id = 1"),
            lambda m: m.add_column("player", "y", IntegerField(default=1)),
        ],
    ),
    "an index before and after": (
        1,
        [
            lambda m: m.add_index("player", ("level",)),
            lambda m: m.add_column("player", "x", IntegerField(default=1, index=True)),
            lambda m: m.drop_index("player", "player_level"),
        ],
    ),
}  # fmt: skip


TOGETHER: dict[str, list[Ask]] = {
    "a child's draft, and its parent's key renamed": [
        lambda m: m.add_column("goal", "minute", IntegerField(default=1)),
        lambda m: m.rename_column("player", "id", "number"),
        lambda m: m.add_not_null("goal", "player_id"),
    ],
    "a parent's draft, and its child's key renamed": [
        lambda m: m.add_column("player", "x", IntegerField(default=1)),
        lambda m: m.rename_column("goal", "player_id", "id_of_player"),
        lambda m: m.add_column("player", "y", IntegerField(default=1)),
    ],
    "a table renamed with its draft": [
        lambda m: m.add_column("player", "x", IntegerField(default=1)),
        lambda m: m.add_column("goal", "y", IntegerField(default=1)),
        lambda m: m.rename_table("player", "person"),
        lambda m: m.drop_column("person", "x"),
        lambda m: m.drop_column("goal", "y"),
    ],
    "a parent dropped after the key that refers to it": [
        lambda m: m.drop_foreign_key_constraint("player", "club_id"),
        lambda m: m.add_column("player", "x", IntegerField(default=1)),
        lambda m: m.drop_table("club"),
    ],
    "a key to what the batch makes unique": [
        lambda m: m.add_column("club", "code", IntegerField(default=1)),
        lambda m: m.sql("UPDATE club SET code = id"),
        lambda m: m.add_unique("club", "code"),
        lambda m: m.add_foreign_key_constraint("player", "club_id", "club", "code"),
    ],
    "a table created in between": [
        lambda m: m.add_column("player", "x", IntegerField(default=1, index=True)),
        lambda m: m.create_table("foot", {"id": peewee.AutoField(), "name": TextField()}),
        lambda m: m.add_column("player", "foot_id", IntegerField(null=True)),
        lambda m: m.add_foreign_key_constraint("player", "foot_id", "foot", "id"),
    ],
    "a name in other letters": [
        lambda m: m.add_column("player", "x", IntegerField(default=1)),
        lambda m: m.rename_column("player", "LEVEL", "Level"),
        lambda m: m.drop_column("player", "FEET"),
    ],
    "hostile names": [
        lambda m: m.add_column("player", 'a "b" [c]', TextField(default="it's")),
        lambda m: m.rename_column("player", "name", "select"),
        lambda m: m.add_index("player", ("select",)),
        lambda m: m.rename_column("player", 'a "b" [c]', "x, y"),
        lambda m: m.add_unique("player", "x, y", "select"),
    ],
    "an index renamed with its table's draft": [
        lambda m: m.add_column("player", "x", IntegerField(default=1)),
        lambda m: m.rename_index("player", "player_born", "by_birth"),
        lambda m: m.drop_index("player", "by_birth"),
        lambda m: m.drop_constraint("player", "young"),
        lambda m: m.drop_column("player", "born"),
    ],
    "a key to itself": [
        lambda m: m.add_foreign_key_constraint("player", "id", "player", "id"),
        lambda m: m.add_column("player", "x", IntegerField(default=1)),
        lambda m: m.rename_column("player", "id", "number"),
        lambda m: m.add_foreign_key_constraint("player", "x", "player", "number"),
    ],
    "a function that only the connection knows": [
        lambda m: m.add_constraint("player", "odd", Check("twice(level) <> 3")),
        lambda m: m.add_column("player", "x", IntegerField(default=1)),
        lambda m: m.rename_column("player", "level", "class"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("case", TOGETHER)
def test_tables_that_know_each_other_come_out_as_one_by_one(path, migrator, case):
    def known(made: Migrator) -> None:
        connection = made.database.connection()
        connection.create_function("twice", 1, lambda value: value and 2 * value, deterministic=True)

    known(migrator)
    migrate(*[ask(migrator) for ask in TOGETHER[case]])
    one_by_one = path.with_name("one_by_one.db")
    with closing(sqlite3.connect(one_by_one)) as connection:
        connection.executescript("PRAGMA synchronous = OFF;" + SCHEMA)
    with opened(one_by_one) as other:
        known(other)
        for ask in TOGETHER[case]:
            migrate(ask(other))
        assert picture(migrator) == picture(other)


@pytest.mark.parametrize("case", COUNTED)
def test_a_batch_rebuilds_a_table_once_at_most(path, migrator, case):
    wanted, asks = COUNTED[case]
    with recorded(migrator.database) as statements:
        migrate(*[ask(migrator) for ask in asks])
    assert rebuilds(statements) == wanted, statements
    created = [statement for statement in statements if statement.startswith("CREATE INDEX")]
    assert len(created) <= max(wanted, 1) * len(set(created))
    one_by_one = path.with_name("one_by_one.db")
    with closing(sqlite3.connect(one_by_one)) as connection:
        connection.executescript("PRAGMA synchronous = OFF;" + SCHEMA)
    with opened(one_by_one) as other:
        for ask in asks:
            migrate(ask(other))
        assert picture(migrator) == picture(other)


def test_a_database_default_is_one_statement_of_sqlites_own(migrator):
    with recorded(migrator.database) as statements:
        migrate(migrator.add_column("player", "c", IntegerField(constraints=[SQL("DEFAULT 1")])))
    assert statements == ['ALTER TABLE "player" ADD COLUMN "c" INTEGER NOT NULL DEFAULT 1']


def test_what_would_break_is_refused_before_anything_is_touched(migrator):
    before = picture(migrator)
    with recorded(migrator.database) as statements, pytest.raises(OperationRefused):
        migrate(
            migrator.add_column("player", "rank", IntegerField(default=1)),
            migrator.drop_column("player", "level"),
            migrator.add_not_null("player", "born"),
        )
    assert statements == []
    assert picture(migrator) == before


def test_a_text_that_was_written_is_forgotten_with_its_batch(migrator):
    """The connection itself must not go by the new text afterwards."""
    before = picture(migrator)
    with pytest.raises(peewee.OperationalError):
        migrate(migrator.drop_not_null("player", "name"), migrator.sql("no SQL"))
    assert picture(migrator) == before
    with pytest.raises(peewee.IntegrityError, match="NOT NULL"):
        migrator.database.execute_sql("INSERT INTO player (name) VALUES (NULL)")


def test_values_of_a_dropped_column_do_not_come_back(migrator):
    migrate(
        migrator.drop_column("player", "feet"),
        migrator.add_column("player", "feet", IntegerField(null=True)),
        migrator.rename_column("player", "code", "number"),
    )
    assert migrator.database.execute_sql("SELECT DISTINCT feet FROM player").fetchall() == [(None,)]


def test_duplicates_are_told_also_where_the_index_comes_with_a_rebuild(migrator):
    before = picture(migrator)
    with pytest.raises(OperationRefused, match="1 value is there more than once"):
        migrate(migrator.add_column("player", "x", IntegerField(default=1)), migrator.add_index("player", ("x",), True))
    assert picture(migrator) == before


def test_with_foreign_keys_on_in_a_transaction_a_batch_does_what_needs_no_rebuild(migrator):
    with migrator.database.atomic():
        migrate(
            migrator.drop_not_null("player", "name"),
            migrator.drop_column("player", "feet"),
            migrator.drop_column("player", "code"),
            migrator.drop_constraint("player", "young"),
        )
    with pytest.raises(OperationRefused, match="can't be rebuilt"), migrator.database.atomic():
        migrate(migrator.add_column("player", "x", IntegerField(default=1)))
    assert picture(migrator)[1]["goal"] == [("integer", 1, "integer", 1), ("integer", 2, "integer", 30)]


def test_what_a_statement_reads_is_settled_before_it(migrator):
    read = []
    migrator.database.register_function(lambda *values: read.append(values), "hear", 3)
    migrate(
        migrator.add_column("player", "x", IntegerField(default=4)),
        migrator.alter_column_type("player", "level", FloatField()),
        migrator.sql("SELECT hear(id, x, level) FROM player WHERE id = 1"),
    )
    assert read == [(1, 4, 9.0)]


def test_a_fill_with_a_query_of_its_own_reads_what_the_operations_before_it_made(migrator):
    migrate(
        migrator.add_column("club", "stars", IntegerField(default=5)),
        migrator.add_column("player", "stars", IntegerField(default=SQL("(SELECT max(stars) FROM club)"))),
        migrator.drop_column("club", "stars"),
    )
    assert migrator.database.execute_sql("SELECT DISTINCT stars FROM player").fetchall() == [(5,)]


# -- any operations in any order


COLUMNS = st.sampled_from(["name", "code", "level", "born", "feet", "x", "y"])
FIELDS = [
    lambda: IntegerField(null=True),
    lambda: IntegerField(default=1),
    lambda: IntegerField(null=True, constraints=[SQL("DEFAULT 7")]),
    lambda: TextField(default="it's"),
    lambda: CharField(max_length=9, null=True, index=True),
    lambda: FloatField(default=SQL("level")),
    lambda: ForeignKeyField(Club, null=True),
]
TYPES = [lambda: IntegerField(), lambda: TextField(), lambda: FloatField(), lambda: CharField(max_length=99)]
CASTS = [
    "CAST(level AS TEXT)",
    "level + 1",
    "upper(name)",
    "x",
    "coalesce(born, 0) + id",
    "(SELECT count(*) FROM goal)",
]

Step = tuple[str, tuple[Any, ...]]

STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("add_column"), st.tuples(COLUMNS, st.sampled_from(FIELDS))),
    st.tuples(st.just("drop_column"), st.tuples(COLUMNS)),
    st.tuples(st.just("rename_column"), st.tuples(COLUMNS, COLUMNS)),
    st.tuples(st.just("add_not_null"), st.tuples(COLUMNS)),
    st.tuples(st.just("drop_not_null"), st.tuples(COLUMNS)),
    st.tuples(st.just("add_column_default"), st.tuples(COLUMNS, st.sampled_from([4, "it's", SQL("(1 + 1)")]))),
    st.tuples(st.just("drop_column_default"), st.tuples(COLUMNS)),
    st.tuples(st.just("alter_column_type"), st.tuples(COLUMNS, st.sampled_from(TYPES))),
    st.tuples(st.just("alter_column_type"), st.tuples(COLUMNS, st.sampled_from(TYPES), st.sampled_from(CASTS))),
    st.tuples(st.just("add_constraint"), st.tuples(st.just("c"), COLUMNS.map(lambda name: Check(f"{name} <> 99")))),
    st.tuples(st.just("drop_constraint"), st.tuples(st.sampled_from(["c", "young"]))),
    st.tuples(st.just("add_unique"), st.tuples(COLUMNS, st.just("id"))),
    st.tuples(st.just("add_index"), st.tuples(st.tuples(COLUMNS))),
    st.tuples(st.just("drop_index"), st.tuples(COLUMNS.map(lambda name: f"player_{name}"))),
    st.tuples(st.just("add_foreign_key_constraint"), st.tuples(COLUMNS, st.just("club"), st.just("id"))),
    st.tuples(st.just("drop_foreign_key_constraint"), st.tuples(COLUMNS)),
    st.tuples(st.just("sql"), st.tuples(COLUMNS.map(lambda name: f"UPDATE player SET {name} = 1 WHERE id = 2"))),
)


def asked(migrator: Migrator, step: Step) -> Any:
    name, values = step
    values = tuple(value() if callable(value) else value for value in values)
    return getattr(migrator, name)(*(() if name == "sql" else ("player",)), *values)


def filled() -> peewee.SqliteDatabase:
    database = peewee.SqliteDatabase(":memory:", pragmas={"foreign_keys": 1})
    database.connect()
    database.connection().executescript(SCHEMA)
    return database


@given(st.lists(STEPS, min_size=2, max_size=12))
@example([("add_column", ("x", FIELDS[1])), ("rename_column", ("x", "y"))])
@example([("alter_column_type", ("level", TYPES[1], CASTS[1])), ("alter_column_type", ("level", TYPES[2], CASTS[1]))])
@example([("alter_column_type", ("code", TYPES[2], CASTS[1])), ("rename_column", ("level", "x"))])
@example([("drop_column", ("feet",)), ("add_column", ("feet", FIELDS[2]))])
@example([("rename_column", ("level", "x")), ("alter_column_type", ("code", TYPES[0], "x"))])
@example([("add_column", ("x", FIELDS[5])), ("drop_column", ("level",)), ("rename_column", ("x", "level"))])
@example([("add_column", ("x", FIELDS[4])), ("rename_column", ("x", "y")), ("drop_index", ("player_x",))])
@example([("add_column", ("x", FIELDS[2])), ("add_column_default", ("x", 4)), ("alter_column_type", ("x", TYPES[1]))])
def test_a_batch_makes_what_its_operations_make_one_by_one(steps: list[Step]) -> None:
    one_by_one, at_once = Migrator.from_database(filled()), Migrator.from_database(filled())
    taken = [step for step in steps if _goes_through(one_by_one, step)]
    migrate(*[asked(at_once, step) for step in taken])
    assert picture(at_once) == picture(one_by_one)


@given(st.lists(STEPS, max_size=4), STEPS)
def test_a_batch_that_ends_in_a_refusal_leaves_all_as_it_was(steps: list[Step], last: Step) -> None:
    one_by_one, at_once = Migrator.from_database(filled()), Migrator.from_database(filled())
    taken = [step for step in steps if _goes_through(one_by_one, step)]
    before = picture(at_once)
    if _goes_through(one_by_one, last):
        last = ("sql", ("no SQL",))
    with pytest.raises((OperationRefused, peewee.PeeweeException)):
        migrate(*[asked(at_once, step) for step in (*taken, last)])
    assert picture(at_once) == before


def _goes_through(migrator: Migrator, step: Step) -> bool:
    try:
        migrate(asked(migrator, step))
    except (OperationRefused, peewee.PeeweeException):
        return False
    return True


# -- killed at each statement


BATCHES: dict[str, list[Ask]] = {
    "a rebuild": [
        lambda m: m.add_column("player", "rank", IntegerField(default=1, index=True)),
        lambda m: m.rename_column("player", "level", "class"),
        lambda m: m.drop_column("player", "feet"),
    ],
    "a text": [
        lambda m: m.drop_not_null("player", "name"),
        lambda m: m.drop_constraint("player", "young"),
        lambda m: m.add_column_default("player", "born", 1999),
    ],
}  # fmt: skip


def _killed_at(path: Path, asks: list[Ask], number: int) -> bool:
    """Run a batch in a process that is killed at a statement; whether it came so far."""
    child = os.fork()
    if child == 0:
        try:
            with opened(path) as migrator:
                left = iter(range(number))
                migrator.database.connection().set_trace_callback(
                    lambda _: os.kill(os.getpid(), signal.SIGKILL) if next(left, None) is None else None
                )
                migrate(*[ask(migrator) for ask in asks])
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process to kill")
@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("batch", BATCHES)
def test_killed_at_any_statement_the_table_is_whole_old_or_new(tmp_path, batch, mode):
    path = tmp_path / "data.db"
    seen = []
    for number in range(1_000):
        for file in tmp_path.iterdir():
            file.unlink()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA journal_mode = {mode}")
            connection.executescript("PRAGMA synchronous = OFF;" + SCHEMA)
        with opened(path) as migrator:
            before = picture(migrator)
        killed = _killed_at(path, BATCHES[batch], number)
        with opened(path) as migrator:
            after = picture(migrator)
        if not killed:
            assert number > 20, "it was killed at too few statements"
            assert after != before and all(state in (before, after) for state in seen)
            return
        seen.append(after)
    raise AssertionError("it never came to its end")


FAILED = {
    "a rebuild": lambda m: [m.add_column("player", "x", IntegerField(default=1)), m.sql("no SQL")],
    "a text": lambda m: [
        m.drop_not_null("player", "name"), m.add_column("player", "x", IntegerField(null=True)), m.sql("no SQL")
    ],
    "a column of SQLite's own": lambda m: [m.add_column("player", "x", IntegerField(null=True)), m.sql("no SQL")],
    "a name": lambda m: [m.rename_column("player", "name", "x"), m.sql("no SQL")],
}  # fmt: skip


@pytest.mark.parametrize("around", [False, True], ids=["alone", "in a transaction"])
@pytest.mark.parametrize("batch", FAILED)
def test_what_a_failed_batch_added_can_be_added_by_the_very_next_statement(migrator, batch, around):
    """The connection would go by a text that was rolled back, and call the column a duplicate."""
    database = migrator.database
    database.execute_sql("PRAGMA foreign_keys = OFF")
    with database.atomic() if around else nullcontext():
        with pytest.raises(peewee.OperationalError):
            migrate(*FAILED[batch](migrator))
        database.execute_sql("ALTER TABLE player ADD COLUMN x INTEGER")
    assert "x" in [column.name for column in database.get_columns("player")]
