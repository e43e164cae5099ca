"""What a busy table asks for: indexes made while others write, constraints validated later, enums, bounded waiting."""

from __future__ import annotations

import re
import threading

import peewee
import pytest
from peewee import AutoField, CharField, Check, IntegerField

from pwmig import Migrator
from pwmig.dialects import dialect_of, migrate
from pwmig.diff import diff
from pwmig.errors import OperationRefused


def _schema(database):
    return dialect_of(database).introspect(database)


def _statements(database):
    seen, run = [], database.execute_sql

    def recorded(sql, params=None):
        seen.append(sql)
        return run(sql, params)

    database.execute_sql = recorded
    return seen


# -- indexes, concurrently


@pytest.mark.postgres
def test_an_index_is_made_and_dropped_concurrently(postgres):
    migrator = Migrator.from_database(postgres)
    migrate(migrator.create_table("player", {"id": AutoField(), "per%cent": IntegerField()}))
    before, seen = _schema(postgres), _statements(postgres)
    migrate(migrator.add_index("player", ("per%cent",), name="by%", concurrently=True))
    (index,) = _schema(postgres).table("player").indexes
    assert (index.name, index.unique) == ("by%", False)
    migrate(migrator.drop_index("player", "by%", concurrently=True))
    assert _schema(postgres) == before
    working = re.fullmatch('CREATE INDEX CONCURRENTLY ("pwmig_[0-9a-f]+") ON "player" \\("per%%cent"\\)', seen[0])
    assert working is not None
    assert seen[1:] == [f'ALTER INDEX {working[1]} RENAME TO "by%%"', 'DROP INDEX CONCURRENTLY "by%%"']


@pytest.mark.postgres
def test_an_index_that_can_not_be_made_concurrently_is_not_left_behind(postgres):
    """PostgreSQL leaves one that is not valid, which costs and helps nobody."""
    migrator = Migrator.from_database(postgres)
    migrate(migrator.create_table("player", {"id": AutoField(), "x": IntegerField()}))
    postgres.execute_sql("INSERT INTO player (x) VALUES (1), (1)")
    with pytest.raises(OperationRefused, match="1 value is there more than once"):
        migrate(migrator.add_index("player", ("x",), True, concurrently=True))
    assert postgres.execute_sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone() == (0,)
    assert _schema(postgres).table("player").indexes == ()


@pytest.mark.postgres
def test_what_is_concurrent_stands_in_no_transaction_and_in_no_batch(postgres):
    migrator = Migrator.from_database(postgres)
    migrate(migrator.create_table("player", {"id": AutoField(), "x": IntegerField()}))
    before = _schema(postgres)
    with postgres.atomic():
        for wanted in (
            migrator.add_index("player", ("x",), concurrently=True),
            migrator.drop_index("player", "any", concurrently=True),
        ):
            with pytest.raises(OperationRefused, match="in a transaction") as caught:
                migrate(wanted)
            assert "atomic" in caught.value.way_out
    with pytest.raises(OperationRefused, match=r"migrate\(...\) of its own"):
        migrate(
            migrator.add_index("player", ("x",), concurrently=True), migrator.add_column("player", "y", IntegerField())
        )
    assert _schema(postgres) == before
    assert migrator.pending_operations() == ()


@pytest.mark.mariadb
def test_on_mariadb_concurrently_has_the_server_refuse_where_others_would_wait(mariadb):
    mariadb.execute_sql("CREATE TABLE player (id int PRIMARY KEY, x int, t text)")
    migrator, seen = Migrator.from_database(mariadb), _statements(mariadb)
    migrate(migrator.add_index("player", ("x",), concurrently=True))
    migrate(migrator.drop_index("player", "player_x", concurrently=True))
    assert all(sql.endswith(" LOCK=NONE") for sql in seen)
    assert len(seen) == 2
    assert _schema(mariadb).table("player").indexes == ()


# -- constraints that are not valid yet


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["check", "key"])
def test_a_constraint_is_added_for_new_rows_and_validated_later(postgres, kind):
    migrator = Migrator.from_database(postgres)
    migrate(
        migrator.create_table("club", {"id": AutoField()}),
        migrator.create_table("player", {"id": AutoField(), "x": IntegerField(null=True)}),
    )
    postgres.execute_sql("INSERT INTO player (x) VALUES (7)")
    if kind == "check":
        migrate(migrator.add_constraint("player", "k%", Check("x > 7"), not_valid=True))
    else:
        names = "player", "x", "club", "id"
        migrate(migrator.add_foreign_key_constraint(*names, constraint_name="k%", not_valid=True))
    table = _schema(postgres).table("player")
    assert [made.validated for made in (*table.checks, *table.foreign_keys)] == [False]
    with pytest.raises(peewee.IntegrityError), postgres.atomic():
        postgres.execute_sql("INSERT INTO player (x) VALUES (3)")
    with pytest.raises(OperationRefused, match="do not hold to constraint 'k%'"):
        migrate(migrator.validate_constraint("player", "k%"))
    postgres.execute_sql("UPDATE player SET x = NULL")
    migrate(migrator.validate_constraint("player", "k%"))
    table = _schema(postgres).table("player")
    assert [made.validated for made in (*table.checks, *table.foreign_keys)] == [True]
    seen = _statements(postgres)
    migrate(migrator.validate_constraint("player", "k%"))
    assert not any(sql.startswith("ALTER") for sql in seen)
    with pytest.raises(OperationRefused, match="no constraint 'k'"):
        migrate(migrator.validate_constraint("player", "k"))


NOT_THERE = {
    "not valid": lambda m: m.add_constraint("player", "c", Check("x > 0"), not_valid=True),
    "a key that is not valid": lambda m: m.add_foreign_key_constraint("player", "x", "club", "id", not_valid=True),
    "validate": lambda m: m.validate_constraint("player", "uniq_name"),
}
ONLY_ON_SERVERS = {
    "an index, concurrently": lambda m: m.add_index("player", ("x",), concurrently=True),
    "an index dropped, concurrently": lambda m: m.drop_index("player", "any", concurrently=True),
    "an enum": lambda m: m.add_enum_value("player", "name", "x"),
    "a lock": lambda m: m.lock_timeout(1),
}


def _refused(database, ask):
    migrator = Migrator.from_database(database)
    migrate(
        migrator.create_table("club", {"id": AutoField()}),
        migrator.create_table("player", {"id": AutoField(), "x": IntegerField(null=True), "name": CharField()}),
        migrator.add_unique("player", "name"),
    )
    before = _schema(database)
    with pytest.raises(OperationRefused) as caught:
        migrate(ask(migrator))
    assert caught.value.why
    assert caught.value.way_out
    assert _schema(database) == before


@pytest.mark.mariadb
@pytest.mark.parametrize("case", NOT_THERE)
def test_what_mariadb_does_not_have_is_refused(mariadb, case):
    _refused(mariadb, NOT_THERE[case])


@pytest.mark.parametrize("case", [*NOT_THERE, *ONLY_ON_SERVERS])
def test_what_sqlite_does_not_have_is_refused(tmp_path, case):
    database = peewee.SqliteDatabase(tmp_path / "any.sqlite")
    with database.connection_context():
        _refused(database, (NOT_THERE | ONLY_ON_SERVERS)[case])


# -- enums


def _enum_table(database, values):
    listed = ", ".join("'" + value.replace("'", "''").replace("%", "%%") + "'" for value in values)
    if dialect_of(database).name == "postgresql":
        database.execute_sql(f'CREATE TYPE "mo""od" AS ENUM ({listed})')
        database.execute_sql("""CREATE TABLE player (id int PRIMARY KEY, m "mo""od" NOT NULL DEFAULT 'ok')""")
    else:
        database.execute_sql(f"CREATE TABLE player (id int PRIMARY KEY, m enum({listed}) NOT NULL DEFAULT 'ok')")
    database.execute_sql("INSERT INTO player VALUES (1, 'ok'), (2, 'sad')")


def _values(database):
    if dialect_of(database).name == "postgresql":
        return [value for (value,) in database.execute_sql("SELECT enumlabel FROM pg_enum ORDER BY enumsortorder")]
    database.execute_sql("DROP TABLE IF EXISTS numbered")
    database.execute_sql("CREATE TABLE numbered AS SELECT m FROM player WHERE id < 0")
    found = []
    for number in range(1, 20):
        try:
            database.execute_sql(f"INSERT INTO numbered VALUES ({number})")
        except peewee.DatabaseError:
            break
    found = [value for (value,) in database.execute_sql("SELECT m FROM numbered ORDER BY m + 0")]
    database.execute_sql("DROP TABLE numbered")
    return found


@pytest.mark.parametrize(("place", "expected"), [
    ({}, ["sad", "ok", "new"]), ({"before": "sad"}, ["new", "sad", "ok"]), ({"after": "sad"}, ["sad", "new", "ok"]),
    ({"before": "ok"}, ["sad", "new", "ok"]), ({"after": "ok"}, ["sad", "ok", "new"]),
])  # fmt: skip
@pytest.mark.parametrize("new", ["glad", "it's 5%, (2)", 'so "so"', "a\\b"])
def test_an_enum_gets_a_value_where_it_is_wanted(server_database, place, expected, new):
    _enum_table(server_database, ["sad", "ok"])
    migrator = Migrator.from_database(server_database)
    migrate(migrator.add_enum_value("player", "m", new, **place))
    assert _values(server_database) == [new if value == "new" else value for value in expected]
    assert list(server_database.execute_sql("SELECT id, m FROM player ORDER BY id")) == [(1, "ok"), (2, "sad")]
    column = _schema(server_database).table("player").column("m")
    assert (column.nullable, "ok" in column.default) == (False, True)
    server_database.execute_sql("INSERT INTO player VALUES (3, %s)", (new,))
    migrate(migrator.add_enum_value("player", "m", "last", after=new))
    assert "last" in _values(server_database)
    assert list(server_database.execute_sql("SELECT m FROM player WHERE id = 3")) == [(new,)]


@pytest.mark.parametrize(("ask", "word"), [
    (lambda m: m.add_enum_value("player", "m", "ok"), "already"),
    (lambda m: m.add_enum_value("player", "m", "x", before="okk"), "names like it: ok"),
    (lambda m: m.add_enum_value("player", "m", "x", before="ok", after="sad"), "told twice"),
    (lambda m: m.add_enum_value("player", "id", "x"), "no enum"),
    (lambda m: m.add_enum_value("player", "nothing", "x"), "no column"),
])  # fmt: skip
def test_what_is_no_value_for_an_enum_is_refused(server_database, ask, word):
    _enum_table(server_database, ["sad", "ok"])
    before = _schema(server_database)
    with pytest.raises(OperationRefused, match=word):
        migrate(ask(Migrator.from_database(server_database)))
    assert _schema(server_database) == before


# -- waiting for locks


class _Holder:
    """Another connection that has the table, until it is told to let go."""

    def __init__(self, database, server):
        self.other = server.database(database.database)
        self.other.connect()
        self.other.begin()
        self.other.execute_sql("SELECT * FROM player").fetchall()

    def let_go(self):
        if not self.other.is_closed():
            self.other.rollback()
            self.other.close()


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.postgres),
                        pytest.param("mariadb", marks=pytest.mark.mariadb)])  # fmt: skip
def busy(request):
    """A database whose table somebody reads in a transaction that does not end, and who that is."""
    server = request.getfixturevalue(f"{request.param}_server")
    with server.fresh() as database:
        migrator = Migrator.from_database(database)
        migrate(migrator.create_table("player", {"id": AutoField(), "x": IntegerField(null=True)}))
        holder = _Holder(database, server)
        try:
            yield database, holder
        finally:
            holder.let_go()


def test_a_lock_that_is_not_got_is_told_with_who_has_it(busy):
    database, _ = busy
    migrator, before = Migrator.from_database(database), _schema(database)
    limits = _limits(database)
    with pytest.raises(OperationRefused) as caught:
        migrate(
            migrator.lock_timeout(0.2, retries=1, pause=0.01),
            migrator.add_column("player", "y", IntegerField(default=1)),
        )
    error = caught.value
    assert (error.table, "2 tries" in error.what) == ("player", True)
    assert "process" in error.why or "connection" in error.why
    assert error.way_out
    assert _schema(database) == before
    assert _limits(database) == limits
    assert (migrator.waiting, migrator.on_operation) == (None, None)
    if dialect_of(database).name == "postgresql":
        assert not database.in_transaction()


def _limits(database):
    if dialect_of(database).name == "postgresql":
        return database.execute_sql("SELECT current_setting('lock_timeout')").fetchone()
    return database.execute_sql("SELECT @@lock_wait_timeout, @@innodb_lock_wait_timeout").fetchone()


def test_a_lock_that_is_free_before_the_retries_end_is_got(busy, monkeypatch):
    """The holder lets go in the first pause."""
    database, holder = busy
    from pwmig.dialects.server.operations import patience

    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        holder.let_go()

    monkeypatch.setattr(patience.time, "sleep", pause)
    migrator, heard = Migrator.from_database(database), []
    migrator.on_operation = lambda operation: heard.append(operation.name)
    limits = _limits(database)
    migrate(
        migrator.sql("INSERT INTO player (x) VALUES (7)"),
        migrator.lock_timeout(0.2, retries=3, pause=5),
        migrator.add_column("player", "y", IntegerField(default=1)),
        migrator.add_index("player", ("x",)),
        migrator.sql("INSERT INTO player (x, y) VALUES (8, 2)"),
    )
    assert pauses == [5]
    assert heard == ["sql", "add_column", "add_index", "sql"]
    assert _schema(database).table("player").column_names == ("id", "x", "y")
    assert list(database.execute_sql("SELECT x, y FROM player ORDER BY x")) == [(7, 1), (8, 2)]
    assert _limits(database) == limits


@pytest.mark.postgres
def test_in_a_migrations_transaction_the_locks_are_given_back_before_each_pause(postgres_server):
    """So nobody waits for the tables of the batch meanwhile, and what was done before it stays."""
    from pwmig.dialects.server.operations import patience

    with postgres_server.fresh() as database:
        migrator = Migrator.from_database(database)
        migrate(*(migrator.create_table(name, {"id": AutoField(), "x": IntegerField(null=True)})
                  for name in ("player", "other")))  # fmt: skip
        holder = _Holder(database, postgres_server)
        seen = []

        def pause(seconds):
            third = postgres_server.database(database.database)
            with third.connection_context():
                third.execute_sql("SET lock_timeout = '5s'")
                third.execute_sql("INSERT INTO other (x) VALUES (1)")
                seen.append(seconds)
            holder.let_go()

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(patience.time, "sleep", pause)
            try:
                with database.atomic():
                    database.execute_sql("CREATE TABLE kept (id int)")
                    migrate(
                        migrator.lock_timeout(0.2, retries=2),
                        migrator.rename_column("other", "x", "y"),
                        migrator.drop_column("player", "x"),
                    )
            finally:
                holder.let_go()
        assert seen == [1]
        schema = _schema(database)
        assert schema.table("other").column_names == ("id", "y")
        assert schema.table("player").column_names == ("id",)
        assert schema.table("kept") is not None


@pytest.mark.parametrize(("ask", "word"), [
    (lambda m: [m.lock_timeout(1)], "by itself"),
    (lambda m: [m.lock_timeout(0), m.sql("SELECT 1")], "can't be kept to"),
    (lambda m: [m.lock_timeout(1, retries=-1), m.sql("SELECT 1")], "can't be kept to"),
])  # fmt: skip
def test_a_patience_that_says_nothing_is_refused(server_database, ask, word):
    with pytest.raises(OperationRefused, match=word):
        migrate(*ask(Migrator.from_database(server_database)))


def test_an_error_that_is_not_about_a_lock_is_told_as_it_is(server_database):
    migrator = Migrator.from_database(server_database)
    migrate(migrator.create_table("player", {"id": AutoField(), "x": IntegerField(null=True)}))
    server_database.execute_sql("INSERT INTO player (x) VALUES (NULL)")
    with pytest.raises(OperationRefused, match="1 row holds NULL"):
        migrate(migrator.lock_timeout(3, retries=2), migrator.add_not_null("player", "x"))
    with pytest.raises(peewee.ProgrammingError):
        migrate(migrator.lock_timeout(3, retries=2), migrator.sql("no SQL"))


def test_two_that_wait_shortly_do_not_stop_each_other_for_good(postgres_server):
    """One holds what the other wants; both give back and try again."""
    with postgres_server.fresh() as database:
        migrator = Migrator.from_database(database)
        migrate(*(migrator.create_table(name, {"id": AutoField(), "x": IntegerField(null=True)})
                  for name in ("a", "b")))  # fmt: skip
        failed = []

        def run(first, second, pause):
            own = postgres_server.database(database.database)
            with own.connection_context():
                mine = Migrator.from_database(own)
                try:
                    migrate(
                        mine.lock_timeout(0.1, retries=30, pause=pause),
                        mine.add_index(first, ("x",), name=f"{first}_{second}"), mine.sql("SELECT pg_sleep(0.05)"),
                        mine.add_column_default(second, "x", 1),
                    )  # fmt: skip
                except Exception as error:
                    failed.append(error)

        threads = [threading.Thread(target=run, args=args) for args in (("a", "b", 0.01), ("b", "a", 0.07))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        changes = diff(_schema(database), _schema(database))
        assert changes == ()
        assert {index.name for table in _schema(database).tables for index in table.indexes} == {"a_b", "b_a"}
