"""A batch is one ALTER TABLE a table, and does what its operations do one by one: tables of batches, and any batch."""

from __future__ import annotations

import re

import peewee
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peewee import BigIntegerField, BooleanField, CharField, Check, ForeignKeyField, IntegerField, Model, TextField

from pwmig import Migrator
from pwmig.dialects import dialect_of, migrate
from pwmig.diff import diff
from pwmig.errors import OperationRefused

SCHEMA = (
    "CREATE TABLE club (id int PRIMARY KEY, code varchar(9) UNIQUE, town varchar(20))",
    "INSERT INTO club VALUES (1, 'aja', 'Amsterdam'), (2, 'fey', 'Rotterdam')",
    "CREATE TABLE player (id int PRIMARY KEY, a int, b int, c varchar(20) DEFAULT 'it''s 5%', d int NOT NULL, "
    "e int DEFAULT 5, f varchar(30), club_id int, CONSTRAINT c_set CHECK (c <> ', b NOT NULL'), "
    "CONSTRAINT bd CHECK (b + d > 0), CONSTRAINT de UNIQUE (d, e))",
    "INSERT INTO player (id, a, b, d, f, club_id) VALUES (1, 1, 1, 1, 'x', 1), (2, 2, 2, 2, 'y', 1), "
    "(3, 3, 3, 3, 'z', NULL)",
    "CREATE INDEX by_a ON player (a)",
    "CREATE INDEX by_ef ON player (e, f)",
)

Club = type("Club", (Model,), {"Meta": type("Meta", (), {"table_name": "club"})})

# What is asked in one batch, and how many ALTER TABLE that is on PostgreSQL and on MariaDB.
BATCHES = {
    "five changes": (
        lambda m: [
            m.add_column("player", "x", CharField(max_length=9, default="x%")),
            m.add_not_null("player", "b"),
            m.alter_column_type("player", "a", BigIntegerField()),
            m.add_column_default("player", "d", 7),
            m.drop_column("player", "club_id"),
        ],
        (2, 2),
    ),
    "added columns": (
        lambda m: [m.add_column("player", f"x{n}", IntegerField(default=n)) for n in range(5)], (2, 2)
    ),
    "added columns that may be null": (
        lambda m: [m.add_column("player", f"x{n}", IntegerField(null=True)) for n in range(5)], (1, 1)
    ),
    "another table between": (
        lambda m: [
            m.add_not_null("player", "b"), m.drop_column("club", "town"), m.add_column_default("player", "a", 1),
            m.add_column("club", "x", IntegerField(null=True)),
        ],
        (2, 2),
    ),
    "indexes": (
        lambda m: [
            m.add_index("player", ("b",)), m.alter_column_type("player", "d", BigIntegerField()),
            m.drop_index("player", "by_a"),
            m.rename_index("player", "by_ef", "by%ef"), m.add_index("player", ("a", "b"), True, name="ab"),
        ],
        (1, 2),
    ),
    "constraints": (
        lambda m: [
            m.add_constraint("player", "odd%", Check("a % 2 < 2")), m.drop_constraint("player", "c_set"),
            m.add_unique("player", "a", "b"), m.add_not_null("player", "f"),
        ],
        (1, 2),
    ),
    "a rename between": (
        lambda m: [
            m.alter_column_type("player", "a", BigIntegerField()), m.rename_column("player", "f", "per%cent"),
            m.add_not_null("player", "b"),
        ],
        (2, 1),
    ),
    "the same column again": (
        lambda m: [
            m.add_column_default("player", "a", 1), m.drop_column_default("player", "a"), m.add_not_null("player", "a"),
            m.drop_not_null("player", "a"),
        ],
        (3, 4),
    ),
    "several facts of a column": (
        lambda m: [
            m.alter_column_type("player", "a", BigIntegerField()), m.add_not_null("player", "a"),
            m.add_column_default("player", "a", 5), m.alter_column_type("player", "f", CharField(max_length=99)),
            m.add_column_default("player", "f", "it's 5%"), m.add_not_null("player", "f"), m.add_unique("player", "b"),
        ],
        (1, 2),
    ),
    "a default goes when the type has come": (
        lambda m: [
            m.alter_column_type("player", "e", BooleanField(), cast="e > 0"), m.drop_column_default("player", "e"),
            m.alter_column_type("player", "a", BigIntegerField()), m.drop_column_default("player", "a"),
        ],
        None,
    ),
    "a column that was just added": (
        lambda m: [
            m.add_column("player", "x", IntegerField(null=True)), m.add_index("player", ("x",)),
            m.rename_column("player", "x", "y"), m.add_column_default("player", "y", 3),
        ],
        None,
    ),
    "a column's name again": (
        lambda m: [m.drop_index("player", "by_a"), m.drop_column("player", "a"),
                   m.add_column("player", "a", CharField(default="new"))],
        None,
    ),
    "what needs it goes first": (
        lambda m: [m.drop_constraint("player", "bd"), m.drop_column("player", "b")], None
    ),
    "a check on a column that was just added": (
        lambda m: [
            m.add_column("player", "x", IntegerField(default=3)), m.add_constraint("player", "x_set", Check("x > 2"))
        ],
        None,
    ),
    "a check on a column that changes": (
        lambda m: [
            m.alter_column_type("player", "a", BigIntegerField()), m.add_constraint("player", "a_set", Check("a > 0")),
            m.rename_column("player", "f", "g"), m.add_constraint("player", "g_set", Check("g <> 'f'")),
        ],
        None,
    ),
    "a foreign key": (
        lambda m: [
            m.add_column("club", "key", IntegerField(null=True)), m.add_column("player", "y", IntegerField(null=True)),
            m.add_foreign_key_constraint("player", "club_id", "club", "id", "CASCADE"),
            m.add_column("club", "more", IntegerField(null=True)), m.drop_foreign_key_constraint("player", "club_id"),
        ],
        None,
    ),
    "a foreign key's column": (
        lambda m: [
            m.add_column("player", "of", ForeignKeyField(Club, null=True)), m.rename_column("club", "town", "city"),
            m.drop_column("player", "of"), m.drop_column("club", "city"),
        ],
        None,
    ),
    "SQL between": (
        lambda m: [
            m.add_column("player", "x", IntegerField(default=3)), m.sql("UPDATE player SET x = id"),
            m.add_unique("player", "x"), m.add_not_null("player", "b"),
        ],
        None,
    ),
    "tables between": (
        lambda m: [
            m.add_column("club", "x", IntegerField(default=1)), m.rename_table("club", "team"),
            m.add_column("team", "y", IntegerField(default=2)), m.create_table("made", {"id": IntegerField()}),
            m.add_column("made", "z", IntegerField(null=True)), m.drop_table("made"),
        ],
        None,
    ),
}  # fmt: skip


def _set_up(database):
    for statement in SCHEMA:
        database.execute_sql(statement.replace("%", "%%"))


def _start_again(database):
    for table in ("player", "club", "team", "made"):
        database.execute_sql(f"DROP TABLE IF EXISTS {table}")
    _set_up(database)


@pytest.fixture
def database(server_database):
    _set_up(server_database)
    if dialect_of(server_database).name == "postgresql" and hasattr(server_database.connection(), "prepare_threshold"):
        server_database.connection().prepare_threshold = None  # A kept plan knows columns that are gone.
    return server_database


def _schema(database):
    return dialect_of(database).introspect(database)


def _rows(database):
    """All rows, by table, under the columns' names."""
    mark, found = database.quote[0], {}
    for table in _schema(database).tables:
        names = ", ".join(f"{mark}{name}{mark}" for name in table.column_names)
        sql = f"SELECT {names} FROM {mark}{table.name}{mark}".replace("%", "%%")
        found[table.name] = sorted(map(repr, database.execute_sql(sql)))
    return found


def _statements(database):
    seen, run = [], database.execute_sql

    def recorded(sql, params=None):
        seen.append(sql)
        return run(sql, params)

    database.execute_sql = recorded
    return seen


def _alters(statements):
    return [sql for sql in statements if sql.startswith("ALTER TABLE")]


@pytest.mark.parametrize("case", BATCHES)
def test_a_batch_does_what_its_operations_do_one_by_one(database, case):
    ask, counts = BATCHES[case]
    migrator = Migrator.from_database(database)
    for operation in ask(migrator):
        migrate(operation)
    schema, rows = _schema(database), _rows(database)
    _start_again(database)
    seen = _statements(database)
    migrate(*ask(migrator))
    del database.execute_sql
    assert diff(schema, _schema(database)) == ()
    assert _schema(database) == schema
    assert _rows(database) == rows
    if counts is not None:
        assert len(_alters(seen)) == counts[dialect_of(database).name == "mysql"], seen


def test_what_is_instant_stays_so_beside_what_is_instant_too(mariadb):
    """A new index makes a statement slow, and all that stands beside it."""
    _set_up(mariadb)
    migrator, seen = Migrator.from_database(mariadb), _statements(mariadb)
    migrate(
        migrator.add_column("player", "x", IntegerField(default=3)),
        migrator.add_index("player", ("b",)),
        migrator.add_column("player", "y", CharField(default="")),
    )
    first, then, *rest = _alters(seen)
    assert first.endswith(", ALGORITHM=INSTANT")
    assert first.count("ADD COLUMN") == 2
    assert then == "ALTER TABLE `player` ADD INDEX `player_b` (`b`)"
    assert len(rest) == 1
    seen.clear()
    migrate(
        migrator.drop_column_default("player", "c"),
        migrator.add_column("player", "z", IntegerField(default=3)),
        migrator.rename_column("player", "f", "g"),
        migrator.drop_column("player", "club_id"),
    )
    changes = re.sub(r"^ALTER TABLE `player` ", "ALTER TABLE player ", _alters(seen)[0]).replace("`z`", "`zz`")
    changes = changes.replace("`g`", "`gg`").replace("`f`", "`g`").replace("`club_id`", "`x`")
    mariadb.execute_sql(changes.replace("%", "%%") + ", ALGORITHM=INSTANT")  # Is refused where anything is copied.


# -- refusals

REFUSED = {
    "no such column": (lambda m: m.drop_column("player", "nothing"), "no column"),
    "an index needs it": (lambda m: m.drop_column("player", "a"), "by_a"),
    "a constraint's name": (lambda m: m.drop_constraint("player", "sed"), "no constraint"),
    "another table": (lambda m: m.drop_table("nothing"), "no table"),
    "values": (lambda m: m.alter_column_type("player", "f", IntegerField()), "type of"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_later_is_refused_before_anything_ran(database, case):
    """Where the operation's own table could be looked at; a statement that is no ALTER TABLE would run what waits."""
    ask, word = REFUSED[case]
    migrator, before, rows = Migrator.from_database(database), _schema(database), _rows(database)
    waits = [migrator.add_column("player", "x", IntegerField(default=1)), migrator.add_not_null("player", "b")]
    seen = _statements(database)
    with pytest.raises(OperationRefused, match=word):
        migrate(*waits, ask(migrator))
    del database.execute_sql
    if case not in ("another table",) and dialect_of(database).name == "mysql":
        assert _alters(seen) == []
    if case not in ("another table",) or dialect_of(database).name == "postgresql":
        assert (_schema(database), _rows(database)) == (before, rows)


def test_what_a_waiting_clause_needs_of_another_table_is_not_taken_from_it(database):
    migrator, before = Migrator.from_database(database), _schema(database)
    with pytest.raises(OperationRefused, match="fk_player_of_refs_club of player"):
        migrate(
            migrator.add_column("player", "of", CharField(max_length=9, null=True)),
            migrator.add_foreign_key_constraint("player", "of", "club", "code"),
            migrator.add_column("club", "x", IntegerField(null=True)),
            migrator.drop_column("club", "code"),
        )
    if dialect_of(database).name == "postgresql":
        assert _schema(database) == before


def test_what_stands_in_the_way_and_waits_to_go_is_let_go_first(mariadb):
    """The default of another column names this one: only a refusal tells."""
    mariadb.execute_sql("CREATE TABLE player (id int PRIMARY KEY, a int, b int DEFAULT (a + 1))")
    migrator, seen = Migrator.from_database(mariadb), _statements(mariadb)
    migrate(migrator.drop_column_default("player", "b"), migrator.drop_column("player", "a"))
    assert _schema(mariadb).table("player").column_names == ("id", "b")
    assert len(_alters(seen)) == 2
    with pytest.raises(OperationRefused, match="no column"):
        migrate(migrator.drop_column_default("player", "b"), migrator.drop_column("player", "a"))


def test_on_mariadb_the_last_column_is_not_dropped_with_the_others(mariadb):
    mariadb.execute_sql("CREATE TABLE player (a int, b int)")
    migrator = Migrator.from_database(mariadb)
    with pytest.raises(OperationRefused, match="only column"):
        migrate(migrator.drop_column("player", "a"), migrator.drop_column("player", "b"))
    migrate(migrator.add_column("player", "c", IntegerField(null=True)), migrator.drop_column("player", "b"))
    assert _schema(mariadb).table("player").column_names == ("c",)


AGAINST_ROWS = {
    "null": (lambda m: m.add_not_null("player", "club_id"), "club_id", "1 row holds NULL"),
    "a check": (lambda m: m.add_constraint("player", "high", Check("a > 1")), None, "'high'"),
    "unique": (lambda m: m.add_unique("player", "e"), None, "'uniq_e'"),
    "an index": (lambda m: m.add_index("player", ("e",), True, name="once"), "e", "1 value is there more than once"),
    "orphans": (lambda m: m.add_foreign_key_constraint("player", "d", "club", "id"), "d", "1 row refers"),
}


@pytest.mark.parametrize("case", AGAINST_ROWS)
def test_an_error_of_the_one_statement_is_told_as_that_of_the_operation(database, case):
    ask, column, word = AGAINST_ROWS[case]
    migrator, before, rows = Migrator.from_database(database), _schema(database), _rows(database)
    with pytest.raises(OperationRefused) as caught:
        migrate(
            migrator.add_constraint("player", "fine", Check("id > 0")),
            migrator.add_not_null("player", "b"),
            migrator.add_unique("player", "a", "b"),
            ask(migrator),
            migrator.add_column_default("player", "c", "x"),
        )
    assert (caught.value.table, caught.value.column) == ("player", column)
    assert word in str(caught.value)
    assert caught.value.way_out
    assert isinstance(caught.value.__cause__, peewee.DatabaseError)
    if case != "an index" or dialect_of(database).name == "postgresql":
        assert (_schema(database), _rows(database)) == (before, rows)
    assert migrator.waiting is None


def test_what_lets_null_in_again_does_not_hide_that_it_was_there(database):
    migrator, before = Migrator.from_database(database), _schema(database)
    with pytest.raises(OperationRefused, match="1 row holds NULL"):
        migrate(
            migrator.alter_column_type("player", "club_id", BigIntegerField()),
            migrator.add_not_null("player", "club_id"),
            migrator.drop_not_null("player", "club_id"),
        )
    assert _schema(database) == before


@pytest.mark.parametrize(("ask", "table"), [
    (lambda m: m.add_not_null("player", "b"), "player"),
    (lambda m: m.add_unique("player", "d"), "player"),
    (lambda m: m.add_constraint("player", "c%", Check("a > 0")), "player"),
    (lambda m: m.add_foreign_key_constraint("player", "club_id", "club", "id"), "player"),
    (lambda m: m.alter_column_type("player", "a", BigIntegerField()), "player"),
], ids=["not null", "unique", "check", "foreign key", "type"])  # fmt: skip
def test_what_the_statement_says_by_itself_is_not_asked_before(database, monkeypatch, ask, table):
    """To read all rows costs as much as the statement."""
    from pwmig.dialects.server.operations.server import Server

    asked, ask_server = [], Server.ask

    def heard(self, sql, values=()):
        asked.append(sql)
        return ask_server(self, sql, values)

    monkeypatch.setattr(Server, "ask", heard)
    migrate(ask(Migrator.from_database(database)))
    assert [sql for sql in asked if re.search(rf"(FROM|INTO) [\"`]{table}|pwmig_values", sql)] == []


def test_where_mariadb_would_not_say_it_the_rows_are_asked(mariadb):
    """Without a strict mode it makes zeros of NULL, and without its checks it lets orphans stay."""
    _set_up(mariadb)
    migrator = Migrator.from_database(mariadb)
    before = _schema(mariadb)
    mariadb.execute_sql("SET SESSION sql_mode = '', foreign_key_checks = 0")
    with pytest.raises(OperationRefused, match="1 row holds NULL"):
        migrate(migrator.add_not_null("player", "club_id"))
    with pytest.raises(OperationRefused, match="1 row refers"):
        migrate(migrator.add_foreign_key_constraint("player", "d", "club", "id"))
    assert _schema(mariadb) == before


def test_tables_that_are_kin_are_altered_one_by_one(postgres):
    """What is done to a parent is done to its children."""
    for statement in (
        "CREATE TABLE t (id int, a int, b int) PARTITION BY LIST (id)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
    ):
        postgres.execute_sql(statement)
    migrator = Migrator.from_database(postgres)
    migrate(
        migrator.add_column("t", "x", IntegerField(default=1)),
        migrator.add_not_null("t1", "x"),
        migrator.add_column_default("t", "x", 4),
        migrator.add_column_default("t1", "x", 5),
    )
    found = {table.name: table.column("x").default for table in _schema(postgres).tables}
    assert found == {"t": "4", "t1": "5"}


# -- any batch

_COLUMNS = ("a", "b", "c", "d", "e", "f", "club_id", "x", "y")
_NAMES = ("by_a", "by_ef", "bd", "de", "c_set", "n1", "n2", "uniq_a", "player_a")
_columns, _names = st.sampled_from(_COLUMNS), st.sampled_from(_NAMES)
_fields = st.sampled_from([
    ("int", lambda: IntegerField(null=True)), ("int default", lambda: IntegerField(default=1)),
    ("text default", lambda: CharField(max_length=40, default="t%")),
    ("indexed", lambda: IntegerField(null=True, index=True)), ("key", lambda: ForeignKeyField(Club, null=True)),
])  # fmt: skip
_types = st.sampled_from([
    ("bigint", BigIntegerField), ("varchar(40)", lambda: CharField(max_length=40)), ("int", IntegerField),
    ("text", TextField),
])  # fmt: skip
_checks = st.tuples(_columns, _columns).map(lambda pair: f"{pair[0]} = {pair[0]} OR {pair[1]} IS NULL")


def _call(method, *arguments, table="player"):
    return st.tuples(st.just((table, method)), *arguments)


_towns = st.sampled_from(("id", "code", "town", "x"))

CALLS = st.one_of(
    _call("add_column", _columns, _fields),
    _call("drop_column", _columns),
    _call("rename_column", _columns, _columns),
    _call("add_not_null", _columns),
    _call("drop_not_null", _columns),
    _call("add_column_default", _columns, st.just(5)),
    _call("drop_column_default", _columns),
    _call("alter_column_type", _columns, _types),
    _call("add_index", st.lists(_columns, min_size=1, max_size=2, unique=True).map(tuple), st.booleans()),
    _call("drop_index", _names),
    _call("rename_index", _names, _names),
    _call("add_constraint", _names, _checks.map(Check)),
    _call("drop_constraint", _names),
    _call("add_unique", _columns),
    _call("add_foreign_key_constraint", st.sampled_from(("club_id", "x", "a")), st.just("club"), _towns),
    _call("drop_foreign_key_constraint", _columns),
    _call("add_column", _towns, _fields, table="club"),
    _call("drop_column", _towns, table="club"),
    _call("rename_column", _towns, _towns, table="club"),
    _call("alter_column_type", _towns, _types, table="club"),
    _call("add_unique", _towns, table="club"),
    _call("drop_constraint", st.sampled_from(("uniq_x", "uniq_town", "code", "club_code_key")), table="club"),
    _call("add_column_default", _towns, st.just(5), table="club"),
)


def _operation(migrator, call):
    (table, method), *arguments = call
    made = [
        argument[1]() if isinstance(argument, tuple) and callable(argument[-1]) else argument for argument in arguments
    ]
    return getattr(migrator, method)(table, *made)


def _outcome(database, migrator, batches):
    """The schema and the rows after some batches, and whether all were done."""
    done = True
    try:
        for batch in batches:
            migrate(*(_operation(migrator, call) for call in batch))
    except (OperationRefused, peewee.DatabaseError):
        done = False
    return done, _schema(database), _rows(database)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(calls=st.lists(CALLS, min_size=2, max_size=9))
def test_any_batch_is_what_its_operations_are_one_by_one(database, calls):
    """Operations that are refused one by one are left out, and the one that is last may be refused."""
    migrator = Migrator.from_database(database)
    _start_again(database)
    start = _schema(database), _rows(database)
    fine, refused = [], None
    for call in calls:
        before = _schema(database)
        if _outcome(database, migrator, [[call]])[0]:
            fine.append(call)
        elif _schema(database) == before:
            refused = refused or (len(fine), call)
    expected = _schema(database), _rows(database)
    _start_again(database)
    done, *found = _outcome(database, migrator, [fine])
    assert done
    assert diff(expected[0], found[0]) == ()
    assert tuple(found) == expected
    if refused is not None:
        _start_again(database)
        done, *found = _outcome(database, migrator, [[*fine[: refused[0]], refused[1]]])
        assert not done
        if dialect_of(database).name == "postgresql":
            assert tuple(found) == start
