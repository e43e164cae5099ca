"""What Peewee's migrators lack: a function in a batch, comments, several facts of a column at once."""

from __future__ import annotations

import functools

import peewee
import pytest
from peewee import BigIntegerField, CharField, IntegerField
from projects import CREATE_PLAYER, HEAD, open_project, state

from pwmig import Migrator
from pwmig.dialects import dialect_of, migrate
from pwmig.diff import diff
from pwmig.errors import MigrationFailed, OperationRefused

HOSTILE = 'it\'s 100% \\ "so" `or` --\n;\tü'


@pytest.fixture
def database(any_database):
    any_database.execute_sql(
        "CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, level INT DEFAULT 1, code VARCHAR(9))"
    )
    any_database.execute_sql("INSERT INTO player VALUES (1, 'Cruijff', 1, '007'), (2, 'Keizer', 2, '')")
    return any_database


@pytest.fixture
def migrator(database):
    return Migrator.from_database(database)


def _schema(database):
    return dialect_of(database).introspect(database)


def _column(database, name):
    return _schema(database).table("player").column(name)


def _rows(database, columns="*"):
    return list(map(tuple, database.execute_sql(f"SELECT {columns} FROM player ORDER BY id").fetchall()))


def _facts(before, after, **renamed):
    changes = diff(before, after, **renamed)
    return sorted((type(change).__name__, *sorted(getattr(change, "differing", ()))) for change in changes)


# -- a function


def _double(database):
    database.execute_sql("UPDATE player SET level = level * 2")


def test_a_function_runs_in_its_place_of_the_batch(database, migrator):
    migrate(
        migrator.add_column("player", "rank", IntegerField(default=7)),
        migrator.run_python(lambda given: given.execute_sql("UPDATE player SET level = rank, rank = 8")),
        migrator.drop_column("player", "rank"),
    )
    assert _rows(database, "level") == [(7,), (7,)]


def test_a_function_may_run_operations_of_its_own(database, migrator):
    def split(given):
        assert given is database
        migrate(migrator.add_column("player", "x", IntegerField(default=3)))
        migrate(migrator.rename_column("player", "x", "y"))

    migrate(migrator.drop_not_null("player", "name"), migrator.run_python(split), migrator.add_not_null("player", "y"))
    assert _rows(database, "y") == [(3,), (3,)]
    assert _column(database, "name").nullable
    assert migrator.pending_operations() == ()


class _Filler:
    def __call__(self, database):
        """An object that is called as a function is."""


NAMES = {
    "a function": (_double, "run_python(_double)"),
    "a partial": (functools.partial(_double), "run_python(_double)"),
    "an object": (_Filler(), "run_python(_Filler)"),
    "a method": (_Filler().__call__, "run_python(_Filler.__call__)"),
    "one within another": ((lambda: lambda given: None)(), "run_python(<lambda>)"),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_function_is_told_by_its_name(migrator, case):
    function, text = NAMES[case]
    assert migrator.run_python(function).describe() == text


async def _later(database):
    """What nobody awaits."""


def _one_by_one(database):
    yield database


UNDONE = {
    "called already": (lambda m: None, "can't be called", "parentheses"),
    "a coroutine": (lambda m: _later, "_later returned coroutine", "async"),
    "a generator": (lambda m: _one_by_one, "_one_by_one returned generator", "yield"),
    "an operation": (lambda m: lambda given: Migrator(given).drop_table("player"), "returned Operation", "migrate()"),
    "not run": (lambda m: lambda given: [m.drop_table("player")], "drop_table('player')", "migrate(migrator"),
}


@pytest.mark.parametrize("case", UNDONE)
def test_a_function_that_leaves_its_work_undone_is_refused(database, migrator, case):
    made, *words = UNDONE[case]
    with pytest.raises(OperationRefused) as refused:
        migrate(migrator.run_python(made(migrator)))
    assert all(word in str(refused.value) for word in words), str(refused.value)
    assert len(_rows(database)) == 2


def test_a_function_s_own_error_is_its_own(database, migrator):
    with pytest.raises(ZeroDivisionError), database.atomic():
        migrate(migrator.run_python(_double), migrator.run_python(lambda given: 1 / 0))
    assert _rows(database, "level") == [(1,), (2,)]


# -- comments


@pytest.mark.parametrize("column", [None, "level"])
@pytest.mark.parametrize("text", ["what it is for", HOSTILE, "x" * 1024])
def test_a_comment_is_set_and_taken_away_and_nothing_else_changes(server_database, column, text):
    database = server_database
    sql = "CREATE TABLE player (id INTEGER PRIMARY KEY, level INT DEFAULT 7 CHECK (level > 0), name VARCHAR(9) UNIQUE)"
    database.execute_sql(sql)
    migrator, before = Migrator.from_database(database), _schema(database)
    migrate(migrator.set_comment("player", text, column))
    table = _schema(database).table("player")
    assert (table if column is None else table.column(column)).comment == text
    assert [change[1:] for change in _facts(before, _schema(database))] == [("comment",)]
    migrate(migrator.set_comment("player", None, column=column))
    assert _schema(database) == before


COMMENTS_REFUSED = {
    "no text": (lambda m: m.set_comment("player", 7), "can't be a comment"),
    "a NUL letter": (lambda m: m.set_comment("player", "a\0"), "can't be a comment"),
    "no such column": (lambda m: m.set_comment("player", "x", "levl"), "level"),
    "no such table": (lambda m: m.set_comment("playr", "x"), "player"),
}


@pytest.mark.parametrize("case", COMMENTS_REFUSED)
def test_a_comment_that_can_t_be_is_refused(server_database, case):
    server_database.execute_sql("CREATE TABLE player (id INTEGER PRIMARY KEY, level INT)")
    made, word = COMMENTS_REFUSED[case]
    with pytest.raises(OperationRefused, match=word):
        migrate(made(Migrator.from_database(server_database)))


@pytest.mark.parametrize(
    ("column", "text"), [(None, "x" * 2049), ("level", "x" * 1025), (None, "\U0001f600"), ("level", "\U0001f600")]
)
def test_mariadb_is_asked_for_no_comment_that_it_would_cut(mariadb, column, text):
    mariadb.execute_sql("CREATE TABLE player (id INTEGER PRIMARY KEY, level INT)")
    with pytest.raises(OperationRefused, match="can't have this comment"):
        migrate(Migrator.from_database(mariadb).set_comment("player", text, column))


@pytest.mark.parametrize(("column", "named"), [(None, "player"), ("LEVEL", "player.LEVEL")])
def test_sqlite_keeps_no_comment_and_says_so(tmp_path, column, named):
    database = peewee.SqliteDatabase(tmp_path / "data.db")
    database.execute_sql("CREATE TABLE player (id INTEGER PRIMARY KEY, level INT)")
    with pytest.raises(OperationRefused) as refused:
        migrate(Migrator.from_database(database).set_comment("player", "x", column))
    assert refused.value.what == f"{named} can't be given a comment"
    assert refused.value.way_out


# -- several facts of a column

CHANGED = {
    "nothing but the type": (
        lambda m: m.change_column("player", "name", CharField(max_length=99)), [("AlterColumn", "type")]
    ),
    "the type and its NULL": (
        lambda m: m.change_column("player", "name", CharField(max_length=99, null=True)),
        [("AlterColumn", "type", "nullable")],
    ),
    "type, NOT NULL and default": (
        lambda m: m.change_column("player", "level", BigIntegerField(), null=False, default=5),
        [("AlterColumn", "type", "nullable", "default")],
    ),
    "no default any more": (
        lambda m: m.change_column("player", "level", default=None), [("AlterColumn", "default")]
    ),
    "a default of another type": (
        lambda m: m.change_column("player", "level", CharField(max_length=9), default="one"),
        [("AlterColumn", "type", "default")],
    ),
    "NULL let in": (lambda m: m.change_column("player", "name", null=True), [("AlterColumn", "nullable")]),
    "a new name": (lambda m: m.change_column("player", "name", name="full name"), [("RenameColumn",)]),
    "a new name and more": (
        lambda m: m.change_column("player", "name", CharField(max_length=99), null=True, name="full%name"),
        [("AlterColumn", "type", "nullable"), ("RenameColumn",)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGED)
def test_the_facts_that_are_given_change_and_no_others(database, migrator, case):
    made, expected = CHANGED[case]
    before, rows = _schema(database), _rows(database)
    wanted = made(migrator)
    migrate(wanted)
    name = wanted.kwargs.get("name")
    renamed = {"renamed_columns": {("player", "name"): name}} if name else {}
    found = _facts(before, _schema(database), **renamed)
    # MariaDB's texts have a collation, which a number has none of.
    found = [tuple(word for word in words if word != "collation") for words in found]
    assert found == [(kind, *sorted(facts)) for kind, *facts in expected]
    assert [tuple(map(str, row)) for row in _rows(database)] == [tuple(map(str, row)) for row in rows]


def test_a_comment_is_one_of_the_facts(server_database):
    server_database.execute_sql("CREATE TABLE player (id INTEGER PRIMARY KEY, level INT DEFAULT 1)")
    migrator = Migrator.from_database(server_database)
    migrate(migrator.change_column("player", "level", comment=HOSTILE, default=None, name="rank"))
    column = _column(server_database, "rank")
    assert (column.comment, column.default) in ((HOSTILE, None), (HOSTILE, "NULL"))
    migrate(migrator.change_column("player", "rank", comment=None))
    assert _column(server_database, "rank").comment is None


def test_a_cast_may_make_nulls_and_may_fill_them(database, migrator):
    new = {"postgresql": "nullif(code, '')::int"}.get(dialect_of(database).name, "nullif(code, '') + 0")
    migrate(migrator.change_column("player", "code", IntegerField(null=True), cast=new))
    assert _rows(database, "code") == [(7,), (None,)]
    migrate(migrator.change_column("player", "code", BigIntegerField(), cast="coalesce(code, 9)", null=False))
    assert _rows(database, "code") == [(7,), (9,)]
    assert not _column(database, "code").nullable


NOTHING_CHANGED = {
    "no fact": (lambda m: m.change_column("player", "level"), "nothing of player.level"),
    "a cast to nothing": (lambda m: m.change_column("player", "level", cast="1"), "needs a type"),
    "a class": (lambda m: m.change_column("player", "level", IntegerField), "parentheses"),
    "a column's name": (lambda m: m.change_column("player", "levl", null=True), "level"),
    "a name that is taken": (lambda m: m.change_column("player", "code", null=True, name="level"), "already"),
}


@pytest.mark.parametrize("case", NOTHING_CHANGED)
def test_what_can_t_be_changed_is_refused_and_leaves_all_as_it_was(database, migrator, case):
    made, word = NOTHING_CHANGED[case]
    before = _schema(database)
    with pytest.raises(OperationRefused, match=word):
        migrate(made(migrator))
    assert _schema(database) == before
    assert migrator.pending_operations() == ()


def test_a_listener_hears_of_what_was_asked_for_once(database, migrator):
    heard = []
    migrator.on_operation = lambda operation: heard.append(operation.describe())
    migrate(
        migrator.change_column("player", "level", null=False, default=None, name="rank"),
        migrator.drop_not_null("player", "name"),
    )
    assert heard == [
        "change_column('player', 'level', null=False, default=None, name='rank')",
        "drop_not_null('player', 'name')",
    ]


# -- in a run

FILL = """
def fill(given):
    assert given is database
    given.execute_sql("INSERT INTO player (name) VALUES ('Cruijff')")

def migrate_forward():
    migrate(
        migrator.run_python(fill),
        migrator.change_column("player", "name", CharField(max_length=99), null=True, name="full_name"),
    )
"""


def test_a_rehearsal_calls_the_function_with_the_copy_and_follows_the_new_name(tmp_path):
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "fill": HEAD + FILL})
    project.apply(steps=1)
    before = state(tmp_path / "db" / "app.sqlite")
    run = project.rehearse()
    assert state(tmp_path / "db" / "app.sqlite") == before
    assert run.steps[-1].operations == (
        "run_python(fill)",
        "change_column('player', 'name', CharField(max_length=99), null=True, name='full_name')",
    )
    assert [type(change).__name__ for change in run.changes] == ["RenameColumn", "AlterColumn"]
    (rows,) = run.row_changes
    assert (rows.added, rows.removed, rows.altered) == (1, 0, 0)
    project.apply()
    assert ("player", 1, "Cruijff") in state(tmp_path / "db" / "app.sqlite")


LEFT_UNDONE = """
def fill(given):
    migrator.drop_table("player")

def migrate_forward():
    migrate(migrator.run_python(fill))
"""


def test_a_function_that_leaves_an_operation_undone_stops_the_migration(tmp_path):
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "fill": HEAD + LEFT_UNDONE})
    with pytest.raises(MigrationFailed, match="fill made an operation and did not run it"):
        project.apply()
