"""Faults of Peewee's own migrator, by name: each does its damage there, and none here.

A row is a schema, one operation and one question. Peewee's migrator gives it another answer than was there before,
or an error; pwmig's gives the right one. Where a row says so, pwmig's is a refusal, with everything as it was.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

import catalog_mariadb
import catalog_postgres
import peewee
import pytest
from peewee import BigIntegerField, CharField, Check, IntegerField, Model, TextField
from playhouse import migrate as playhouse

from pwmig import Migrator
from pwmig.dialects import dialect_of
from pwmig.diff import diff
from pwmig.errors import OperationRefused


@dataclass(frozen=True)
class Fault:
    """``right`` is what ``question`` gives after the operation, where nothing was lost."""

    script: str
    ask: Any
    question: str
    right: Any
    refused: bool = False
    """Whether pwmig refuses what can't be done without a loss."""
    way: str = "in its context"
    """How Peewee's operation is run: "in its context", "without", "in a transaction"."""


Numbers = type(
    "Numbers",
    (Model,),
    {"n": IntegerField(primary_key=True), "Meta": type("Meta", (), {"table_name": "numbers"})},
)
NUMBERS = "CREATE TABLE numbers (n INTEGER PRIMARY KEY); INSERT INTO numbers VALUES (7); "
T = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, x INT); INSERT INTO t VALUES (1, 'one', 7); "
CHILD = T + "CREATE TABLE c (t_id INT REFERENCES t (id) ON DELETE CASCADE); INSERT INTO c VALUES (1), (1); "
COUNT = "SELECT count(*) FROM "
COLUMN = "SELECT type, \"notnull\", dflt_value FROM pragma_table_xinfo('t') WHERE name = 'x'"
TEXT = "SELECT sql FROM sqlite_master WHERE name = 't'"


def _widened(m: Any) -> Any:
    return m.alter_column_type("t", "x", BigIntegerField())


def _required(m: Any) -> Any:
    return m.add_not_null("t", "x")


def _loosened(m: Any) -> Any:
    return m.drop_not_null("t", "x")


def _inline(words: str, more: str = "") -> Fault:
    """What alter_column_type leaves of a column's own words."""
    body = f"CREATE TABLE t (id INTEGER PRIMARY KEY, x INT {words}, a TEXT)"
    return Fault(f"{NUMBERS}{more}{body}", _widened, TEXT, body.replace("x INT", "x INTEGER"))


SQLITE = {
    "triggers on the table are dropped": Fault(
        T + "CREATE TRIGGER noted AFTER UPDATE ON t BEGIN SELECT 1; END", _required,
        "SELECT name FROM sqlite_master WHERE type = 'trigger'", "noted",
    ),
    "STRICT is dropped": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT) STRICT", _required,
        "SELECT strict FROM pragma_table_list WHERE name = 't'", 1,
    ),
    "WITHOUT ROWID is dropped": Fault(
        "CREATE TABLE t (id TEXT PRIMARY KEY, x INT) WITHOUT ROWID", _required,
        "SELECT wr FROM pragma_table_list WHERE name = 't'", 1,
    ),
    "the AUTOINCREMENT high-water mark is set back": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, x INT); INSERT INTO t VALUES (1, 1), (99, 1); "
        "DELETE FROM t WHERE id = 99", _required, "SELECT seq FROM sqlite_sequence WHERE name = 't'", 99,
    ),
    "the user's own t__tmp__ is dropped": Fault(
        T + "CREATE TABLE t__tmp__ (mine TEXT); INSERT INTO t__tmp__ VALUES ('mine')", _required,
        COUNT + "t__tmp__", 1,
    ),
    "white space in literals is folded": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'a  b\n\tc', x INT)", _required,
        "SELECT dflt_value FROM pragma_table_xinfo('t') WHERE name = 'a'", "'a  b\n\tc'",
    ),
    "alter_column_type loses an inline CHECK": _inline("CHECK (x > 0)"),
    "alter_column_type loses an inline UNIQUE": _inline("UNIQUE"),
    "alter_column_type loses an inline REFERENCES": _inline("REFERENCES numbers (n) ON DELETE CASCADE"),
    "alter_column_type loses COLLATE": _inline("COLLATE NOCASE"),
    "alter_column_type loses DEFAULT": _inline("DEFAULT 7"),
    "alter_column_type loses ON CONFLICT": _inline("NOT NULL ON CONFLICT IGNORE"),
    "drop_not_null does nothing to a lower-case not null": Fault(
        "CREATE TABLE t (id integer primary key, x int not null)", _loosened, COLUMN, ("INT", 0, None)
    ),
    "drop_not_null edits the words NOT NULL in a default": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT DEFAULT 'is NOT NULL' NOT NULL)", _loosened,
        COLUMN, ("TEXT", 0, "'is NOT NULL'"),
    ),
    "drop_not_null edits the words NOT NULL in a check": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT CHECK (x IS NOT NULL OR id > 9) NOT NULL)", _loosened,
        TEXT, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT CHECK (x IS NOT NULL OR id > 9))",
    ),
    "drop_column_default misses -1": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT DEFAULT -1)", lambda m: m.drop_column_default("t", "x"),
        COLUMN, ("INT", 0, None),
    ),
    "a name in another case passes and nothing changes": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT NOT NULL)", lambda m: m.drop_not_null("t", "X"),
        COLUMN, ("INT", 0, None),
    ),
    "'007' becomes a number": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t VALUES (1, '007')",
        lambda m: m.alter_column_type("t", "x", IntegerField()),
        "SELECT typeof(x), x FROM t", ("text", "007"), refused=True,
    ),
    "add_column NOT NULL fires the user's UPDATE triggers": Fault(
        T + "CREATE TABLE audit (what TEXT); "
        "CREATE TRIGGER noted AFTER UPDATE ON t BEGIN INSERT INTO audit VALUES (old.a); END",
        lambda m: m.add_column("t", "new", IntegerField(default=1)), COUNT + "audit", 0,
    ),
    "DROP COLUMN of a foreign key column is refused": Fault(
        NUMBERS + "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT, FOREIGN KEY (x) REFERENCES numbers (n))",
        lambda m: m.drop_column("t", "x"), COUNT + "pragma_table_xinfo('t')", 1,
    ),
    "commas in a default": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'a, b', x INT)", _required, COLUMN, ("INT", 1, None)
    ),
    "parentheses in a default": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT ') (', x INT)", _required, COLUMN, ("INT", 1, None)
    ),
    "quotes in a default": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'it''s, \"so\"', x INT)", _required,
        "SELECT dflt_value FROM pragma_table_xinfo('t') WHERE name = 'a'", "'it''s, \"so\"'",
    ),
    "names in [brackets]": Fault(
        "CREATE TABLE [t] ([id] INTEGER PRIMARY KEY, [x] INT)", _required, COLUMN, ("INT", 1, None)
    ),
    "comments in the DDL": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, -- the key, (really)\n x INT /* NOT NULL, */)", _required,
        TEXT, "CREATE TABLE t (id INTEGER PRIMARY KEY, -- the key, (really)\n x INT NOT NULL /* NOT NULL, */)",
    ),
    "a name with a space": Fault(
        'CREATE TABLE t ("the id" INTEGER PRIMARY KEY, "a b" TEXT, x INT)', _required, COLUMN, ("INT", 1, None)
    ),
    "a name with a dash": Fault(
        'CREATE TABLE t (id INTEGER PRIMARY KEY, "a-b" TEXT, x INT)', lambda m: m.add_not_null("t", "a-b"),
        "SELECT \"notnull\" FROM pragma_table_xinfo('t') WHERE name = 'a-b'", 1,
    ),
    "a name with a quote": Fault(
        'CREATE TABLE t (id INTEGER PRIMARY KEY, "a""b" TEXT, x INT)', _required, COLUMN, ("INT", 1, None)
    ),
    "generated columns": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, x INT, g TEXT AS (upper(a)) STORED); "
        "INSERT INTO t (a, x) VALUES ('one', 1)", _required, "SELECT g FROM t", "ONE",
    ),
    "a view that names the table": Fault(
        T + "CREATE VIEW seen AS SELECT a FROM t", _required, "SELECT a FROM seen", "one"
    ),
    "another table's trigger that names the table": Fault(
        T + "CREATE TABLE o (y INT); CREATE TRIGGER other AFTER INSERT ON o BEGIN UPDATE t SET a = 'new'; END",
        _required, COUNT + "sqlite_master WHERE name = 'other' AND sql LIKE '%UPDATE t SET%'", 1,
    ),
    "expression defaults": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT DEFAULT (1 + (2)))",
        lambda m: m.drop_column_default("t", "x"), COLUMN, ("INT", 0, None),
    ),
    "constraints": Fault(
        T, lambda m: m.add_constraint("t", "small", Check("x < 10")),
        COUNT + "sqlite_master WHERE sql LIKE '%small%'", 1
    ),
    "without the context, CASCADE deletes child rows": Fault(CHILD, _required, COUNT + "c", 2, way="without"),
    "without the context, SET NULL empties child rows": Fault(
        CHILD.replace("CASCADE", "SET NULL"), _required, COUNT + "c WHERE t_id = 1", 2, way="without"
    ),
    "without the context, a failed rename leaves the rows in t__tmp__": Fault(
        T + "CREATE VIEW seen AS SELECT a FROM t", _required, COUNT + "t", 1, way="without"
    ),
    "the context inside db.atomic(): all child rows go": Fault(
        CHILD, _required, COUNT + "c", 2, way="in a transaction"
    ),
}  # fmt: skip

POSTGRES = {
    "add_column_default fails on psycopg 3, with bound parameters in DDL": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int)", lambda m: m.add_column_default("t", "x", 5),
        "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef", "5",
    ),
    "% in a name fails": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int)", lambda m: m.rename_column("t", "x", "x%"),
        "SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum = 2", "x%",
    ),
    "% in a predicate fails": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int)",
        lambda m: m.add_constraint("t", "c", Check("x % 2 = 0")),
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'c'", "CHECK (((x % 2) = 0))",
    ),
    "drop_column is CASCADE by default and takes a view along": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int); CREATE VIEW seen AS SELECT x FROM t",
        lambda m: m.drop_column("t", "x"), COUNT + "pg_views WHERE viewname = 'seen'", 1, refused=True,
    ),
    "drop_column is CASCADE by default and takes foreign keys along": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int UNIQUE); CREATE TABLE c (x int REFERENCES t (x))",
        lambda m: m.drop_column("t", "x"), COUNT + "pg_constraint WHERE contype = 'f'", 1, refused=True,
    ),
    "alter_column_type loses the collation": Fault(
        'CREATE TABLE t (id int PRIMARY KEY, x varchar(9) COLLATE "C")',
        lambda m: m.alter_column_type("t", "x", CharField(max_length=20)),
        "SELECT collation_name::text FROM information_schema.columns WHERE column_name = 'x'", "C",
    ),
    "rename_table fails if the new sequence's name is taken": Fault(
        "CREATE TABLE t (id serial PRIMARY KEY, x int); CREATE SEQUENCE new_id_seq",
        lambda m: m.rename_table("t", "new"), COUNT + "new", 0,
    ),
}  # fmt: skip

FACTS = (
    "SELECT concat_ws('|', column_default, is_nullable, column_comment, character_set_name, collation_name, extra) "
    "FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 't' AND column_name IN ('x', 'y')"
)
CHECKS = "SELECT count(*) FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()"


def _nullable(facts: str) -> str:
    return "NULL|YES" + facts.removeprefix("NO") if facts.startswith("NO") else facts.replace("|NO|", "|YES|")


def _rebuilt(words: str, right: str) -> dict[str, Fault]:
    """What rename_column and drop_not_null leave of a column."""
    name = words.replace("varchar(9) ", "").replace("timestamp(3) ", "")
    script = f"CREATE TABLE t (id int PRIMARY KEY, x {words})"
    question = CHECKS if "CHECK" in words else FACTS
    return {
        f"rename_column loses {name}": Fault(script, lambda m: m.rename_column("t", "x", "y"), question, right),
        f"drop_not_null loses {name}": Fault(
            script, _loosened, question, _nullable(right) if isinstance(right, str) else right
        ),
    }


MARIADB = {
    **_rebuilt("varchar(9) NOT NULL DEFAULT 'it''s'", "'it''s'|NO||utf8mb4|utf8mb4_general_ci|"),
    **_rebuilt("varchar(9) NOT NULL COMMENT 'it''s'", "NO|it's|utf8mb4|utf8mb4_general_ci|"),
    **_rebuilt("varchar(9) CHARACTER SET latin1 NOT NULL", "NO||latin1|latin1_swedish_ci|"),
    **_rebuilt("varchar(9) COLLATE utf8mb4_bin NOT NULL", "NO||utf8mb4|utf8mb4_bin|"),
    **_rebuilt("varchar(9) NOT NULL CHECK (x <> '')", 1),
    **_rebuilt(
        "timestamp(3) NOT NULL DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3)",
        "current_timestamp(3)|NO||on update current_timestamp(3)",
    ),
    "a unique column gains a second index": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int UNIQUE)", lambda m: m.rename_column("t", "x", "y"),
        COUNT + "information_schema.statistics WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY'", 1,
    ),
    "a composite foreign key becomes a single one": Fault(
        "CREATE TABLE up (k int, l int, PRIMARY KEY (k, l)); "
        "CREATE TABLE t (id int PRIMARY KEY, x int, l int, CONSTRAINT two FOREIGN KEY (x, l) REFERENCES up (k, l))",
        lambda m: m.rename_column("t", "x", "y"),
        "SELECT group_concat(column_name) FROM information_schema.key_column_usage WHERE table_schema = DATABASE() "
        "AND referenced_table_name = 'up'", "y,l",
    ),
    "a back-fill rewrites ON UPDATE timestamps": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, up timestamp DEFAULT '2020-01-01' ON UPDATE current_timestamp); "
        "INSERT INTO t (id) VALUES (1)", lambda m: m.add_column("t", "new", IntegerField(default=1)),
        "SELECT CAST(up AS CHAR) FROM t", "2020-01-01 00:00:00",
    ),
}  # fmt: skip


def _run(migrator, fault):
    contexts = {
        "in its context": migrator.migration_context,
        "without": nullcontext,
        "in a transaction": lambda: migrator.database.atomic(),
    }
    with contexts[fault.way](), migrator.migration_context() if fault.way == "in a transaction" else nullcontext():
        migrator.migrate(fault.ask(migrator))


def _answer(ask, fault):
    rows = ask(fault.question)
    rows = [row[0] if len(row) == 1 else tuple(row) for row in rows]
    return rows[0] if len(rows) == 1 else rows


def _answer_of_theirs(database, ask, fault):
    try:
        _run(playhouse.SchemaMigrator.from_database(database), fault)
        return _answer(ask, fault)
    except Exception as error:
        return error


def _assert_theirs_only(database, made, ask, fault):
    """``made()`` makes the schema anew; ``ask`` is a connection of the test's own."""
    made()
    assert _answer_of_theirs(database, ask, fault) != fault.right, "Peewee's own does no damage: the row shows nothing"
    made()
    with pytest.raises(OperationRefused) if fault.refused else nullcontext():
        _run(Migrator.from_database(database), fault)
    assert _answer(ask, fault) == fault.right


def _filled(path, script):
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)


def _emptied_and_filled(database, connection, script):
    """On a server, with Peewee's connection opened anew."""
    database.close()
    if isinstance(database, peewee.PostgresqlDatabase):
        connection.execute(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; {script}")
    else:
        place = f"`{database.database}`"
        _asked(
            connection, f"DROP DATABASE {place}; CREATE DATABASE {place} CHARACTER SET utf8mb4; USE {place}; {script}"
        )
    database.connect()


def _asked(connection, script):
    """What the first statement of a script gives, on MariaDB."""
    with connection.cursor() as cursor:
        cursor.execute(script)
        rows = cursor.fetchall()
        while cursor.nextset():
            pass
        return rows


@pytest.mark.parametrize("name", SQLITE)
def test_sqlite(tmp_path, name):
    path, fault = tmp_path / "data.db", SQLITE[name]
    database = peewee.SqliteDatabase(path, pragmas={"foreign_keys": 1})

    def made():
        database.close()
        _filled(path, fault.script)

    def ask(question):
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(question).fetchall()

    _assert_theirs_only(database, made, ask, fault)
    database.close()


@pytest.fixture(scope="module")
def on_postgres(postgres_server):
    with postgres_server.fresh() as database, catalog_postgres.connect(database) as connection:
        yield database, connection


@pytest.mark.parametrize("name", POSTGRES)
def test_postgres(on_postgres, name):
    (database, connection), fault = on_postgres, POSTGRES[name]
    _assert_theirs_only(
        database,
        lambda: _emptied_and_filled(database, connection, fault.script),
        lambda question: connection.execute(question).fetchall(),
        fault,
    )


@pytest.fixture(scope="module")
def on_mariadb(mariadb_server):
    with mariadb_server.fresh() as database, closing(catalog_mariadb.connect(database)) as connection:
        yield database, connection


@pytest.mark.parametrize("name", MARIADB)
def test_mariadb(on_mariadb, name):
    (database, connection), fault = on_mariadb, MARIADB[name]
    _assert_theirs_only(
        database,
        lambda: _emptied_and_filled(database, connection, fault.script),
        lambda question: _asked(connection, question),
        fault,
    )


# -- what its introspection misses

UP = "CREATE TABLE up (k int, l int, PRIMARY KEY (k, l), UNIQUE (l, k)); "
ONE_AND_TWO = "CREATE TABLE one (n int PRIMARY KEY); CREATE TABLE two (n int PRIMARY KEY); "


def _same_named(first, second):
    return ONE_AND_TWO + " ".join(
        f"CREATE TABLE {table} (a int, CONSTRAINT same FOREIGN KEY (a) REFERENCES {other} (n));"
        for table, other in (("t", first), ("u", second))
    )


# Two schemas that Peewee takes for one, since they differ in nothing but the fact.
MISSED = {
    "sqlite": {
        "checks": ("CREATE TABLE t (a int CHECK (a > 0))", "CREATE TABLE t (a int CHECK (a > 1))"),
        "generated columns, absent altogether": (
            "CREATE TABLE t (a int, b int AS (a + 1))", "CREATE TABLE t (a int)"
        ),
        "collation": ("CREATE TABLE t (a text COLLATE NOCASE)", "CREATE TABLE t (a text)"),
        "deferrability": (
            "CREATE TABLE t (a int REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)",
            "CREATE TABLE t (a int REFERENCES t (a))",
        ),
        "triggers": (
            "CREATE TABLE t (a int); CREATE TRIGGER r AFTER DELETE ON t BEGIN SELECT 1; END", "CREATE TABLE t (a int)"
        ),
        "table options": ("CREATE TABLE t (a int) STRICT", "CREATE TABLE t (a int)"),
    },
    "postgres": {
        "checks": ("CREATE TABLE t (a int CHECK (a > 0))", "CREATE TABLE t (a int CHECK (a > 1))"),
        "generated columns": (
            "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED)", "CREATE TABLE t (a int, b int)"
        ),
        "collation": ('CREATE TABLE t (a text COLLATE "C")', "CREATE TABLE t (a text)"),
        "comments": ("CREATE TABLE t (a int); COMMENT ON COLUMN t.a IS 'a'", "CREATE TABLE t (a int)"),
        "deferrability": (
            "CREATE TABLE t (a int UNIQUE REFERENCES t (a) DEFERRABLE)",
            "CREATE TABLE t (a int UNIQUE REFERENCES t (a))",
        ),
        "composite foreign keys, a cross product": (
            UP + "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES up (k, l))",
            UP + "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES up (l, k))",
        ),
        "same-named foreign keys, mixed up": (_same_named("one", "two"), _same_named("two", "one")),
        "triggers": (
            "CREATE TABLE t (a int); CREATE TRIGGER r BEFORE UPDATE ON t FOR EACH ROW "
            "EXECUTE FUNCTION suppress_redundant_updates_trigger()", "CREATE TABLE t (a int)",
        ),
        "table options": ("CREATE TABLE t (a int) WITH (fillfactor = 50)", "CREATE TABLE t (a int)"),
    },
    "mariadb": {
        "checks": ("CREATE TABLE t (a int CHECK (a > 0))", "CREATE TABLE t (a int CHECK (a > 1))"),
        "generated columns": ("CREATE TABLE t (a int, b int AS (a + 1))", "CREATE TABLE t (a int, b int)"),
        "collation": ("CREATE TABLE t (a text COLLATE utf8mb4_bin)", "CREATE TABLE t (a text)"),
        "comments": ("CREATE TABLE t (a int COMMENT 'a')", "CREATE TABLE t (a int)"),
        "index order": ("CREATE TABLE t (a int, KEY k (a DESC))", "CREATE TABLE t (a int, KEY k (a))"),
        "a part of a column in an index": (
            "CREATE TABLE t (a text, KEY k (a(5)))", "CREATE TABLE t (a text, KEY k (a(6)))"
        ),
        "triggers": (
            "CREATE TABLE t (a int); CREATE TRIGGER r BEFORE UPDATE ON t FOR EACH ROW SET NEW.a = 1",
            "CREATE TABLE t (a int)",
        ),
        "table options": ("CREATE TABLE t (a int) ROW_FORMAT = COMPRESSED", "CREATE TABLE t (a int)"),
    },
}  # fmt: skip
MISSES = [
    pytest.param(kind, name, id=f"{name} - {kind}", marks=[getattr(pytest.mark, kind)] if kind != "sqlite" else [])
    for kind, names in MISSED.items()
    for name in names
]


def _as_peewee_sees(database):
    looks = (database.get_columns, database.get_indexes, database.get_foreign_keys)
    return [[table, *(sorted(map(repr, look(table))) for look in looks)] for table in sorted(database.get_tables())]


@pytest.mark.parametrize(("kind", "name"), MISSES)
def test_what_peewees_introspection_misses_is_seen(request, kind, name):
    theirs, ours = [], []
    for script in MISSED[kind][name]:
        database, made = _place(request, kind)
        made(script)
        theirs.append(_as_peewee_sees(database))
        ours.append(dialect_of(database).introspect(database))
        database.close()
    assert theirs[0] == theirs[1], "Peewee sees it: the row shows nothing"
    assert diff(*ours) != ()


def _place(request, kind):
    """(a database, what makes a schema in it)."""
    if kind == "sqlite":
        path = request.getfixturevalue("tmp_path") / "data.db"
        return peewee.SqliteDatabase(path), lambda script: _filled(path, script)
    database, connection = request.getfixturevalue(f"on_{kind}")
    return database, lambda script: _emptied_and_filled(database, connection, script)


# -- a process that is killed in a rebuild, outside of a transaction


def _killed_at_drop(path, migrator_of):
    """A process of its own, which ends once a table was dropped, and is gone with nothing tidied up."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(BaseException):
        database = peewee.SqliteDatabase(path)
        sent = database.execute_sql

        def execute_sql(sql, params=None):
            cursor = sent(sql, params)
            if sql.upper().startswith("DROP TABLE") and "__TMP__" not in sql.upper():
                os._exit(9)
            return cursor

        database.execute_sql = execute_sql
        migrator = migrator_of(database)
        migrator.migrate(migrator.drop_column_default("t", "x"), migrator.alter_column_type("t", "x", TextField()))
    os._exit(0)


KILLED = {"Peewee's": (playhouse.SqliteMigrator, False), "pwmig's": (Migrator.from_database, True)}


@pytest.mark.parametrize("whose", KILLED)
def test_killed_in_a_rebuild_the_table_is_there_with_its_rows(tmp_path, whose):
    migrator_of, there = KILLED[whose]
    path = tmp_path / "data.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT DEFAULT 1); INSERT INTO t VALUES (1, NULL)"
        )
    assert _killed_at_drop(path, migrator_of) == 9
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
        assert (tables == [("t",)] and connection.execute("SELECT * FROM t").fetchall() == [(1, None)]) is there
