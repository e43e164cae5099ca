"""Where only the schema's text changes on SQLite no row is copied, and what each column reads stays the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import peewee
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from peewee import SQL, CharField, Check, DateField, FloatField, IntegerField, TextField
from projects import CREATE_PLAYER, HEAD, open_project
from test_sqlite_batches import opened, picture, rebuilds, recorded

from pwmig import Migrator
from pwmig.dialects import migrate
from pwmig.dialects.sqlite.operations import retelling, schema_text, settling
from pwmig.dialects.sqlite.operations.migrator import SqliteMigrator
from pwmig.dialects.sqlite.texts.claims import claims
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.kinds import affinity
from pwmig.errors import OperationRefused

SCHEMA = """
CREATE TABLE club (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
INSERT INTO club VALUES (1, 'Ajax'), (2, 'Feyenoord');
CREATE TABLE t (
    id INTEGER PRIMARY KEY, -- the key
    name VARCHAR(20) NOT NULL DEFAULT 'no, (NOT NULL)' CHECK (name <> ''),
    level INT, club_id INT REFERENCES club (id) DEFERRABLE, CONSTRAINT low CHECK (level < 100)
);
INSERT INTO t VALUES (1, 'Cruijff', 9, 1), (2, 'Keizer', 8, 1), (7, 'Swart', 7, NULL);
ALTER TABLE t ADD COLUMN foot TEXT NOT NULL DEFAULT 'left';
ALTER TABLE t ADD COLUMN caps INT DEFAULT 5;
INSERT INTO t VALUES (8, 'Kindvall', 6, 2, 'right', NULL);
CREATE INDEX by_level ON t (level) WHERE level > 1;
CREATE INDEX by_foot ON t (foot, caps DESC);
CREATE VIEW names AS SELECT name, foot FROM t;
CREATE TABLE note (what);
CREATE TRIGGER noted AFTER UPDATE ON t BEGIN INSERT INTO note VALUES (old.name); END;
CREATE TABLE words (word TEXT NOT NULL, n INT, PRIMARY KEY (word)) WITHOUT ROWID;
INSERT INTO words VALUES ('a', 1), ('b', 2);
CREATE TABLE exact (id INTEGER PRIMARY KEY, n INT NOT NULL) STRICT;
INSERT INTO exact VALUES (1, 1);
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "data.db")) as connection:
        connection.executescript("PRAGMA synchronous = OFF;" + SCHEMA)
    return tmp_path / "data.db"


@pytest.fixture
def migrator(path: Path) -> Iterator[Migrator]:
    with opened(path) as made:
        yield made


def text(migrator: Migrator, table: str = "t") -> str:
    return schema_text.text_of(migrator.database, table)


class PlainInt(IntegerField):
    """No INTEGER: such a key is beside the rowid."""

    field_type = "MEDIUMINT"


BY_TEXT = {
    "NOT NULL dropped": lambda m: m.drop_not_null("t", "name"),
    "NOT NULL dropped, of short records": lambda m: m.drop_not_null("t", "foot"),
    "NOT NULL added": lambda m: m.add_not_null("t", "level"),
    "a check dropped": lambda m: m.drop_constraint("t", "low"),
    "a check added": lambda m: m.add_constraint("t", "high", Check("level > 0 -- so\n")),
    "a check of short records added": lambda m: m.add_constraint("t", "feet", Check("foot IN ('left', 'right')")),
    "a wider type": lambda m: m.alter_column_type("t", "name", CharField(200)),
    "another type of the same affinity": lambda m: m.alter_column_type("t", "name", TextField()),
    "a wider type of short records": lambda m: m.alter_column_type("t", "foot", CharField(9)),
    "a wider type in an index": lambda m: m.alter_column_type("t", "level", peewee.BigIntegerField()),
    "a foreign key added": lambda m: m.add_foreign_key_constraint("t", "id", "t", "id", on_delete="CASCADE"),
    "a foreign key dropped": lambda m: m.drop_foreign_key_constraint("t", "club_id"),
    "a default changed": lambda m: m.add_column_default("t", "name", "it's"),
    "a default added": lambda m: m.add_column_default("t", "level", SQL("(1 + 1)")),
    "a default dropped": lambda m: m.drop_column_default("t", "name"),
    "NOT NULL of a column beside a key without rowid": lambda m: m.add_not_null("words", "n"),
    "NOT NULL in a strict table": lambda m: m.drop_not_null("exact", "n"),
}  # fmt: skip

BY_ROWS = {
    "a default that rows read": lambda m: m.add_column_default("t", "caps", 6),
    "a default that rows read, dropped": lambda m: m.drop_column_default("t", "foot"),
    "a default without rowid": lambda m: m.add_column_default("words", "n", 6),
    "NOT NULL of a key without rowid": lambda m: m.drop_not_null("words", "word"),
    "another affinity": lambda m: m.alter_column_type("t", "caps", TextField()),
    "the affinity of a date": lambda m: m.alter_column_type("t", "name", DateField()),
    "the type of the rowid": lambda m: m.alter_column_type("t", "id", PlainInt()),
    "the type in a strict table": lambda m: m.alter_column_type("exact", "n", TextField()),
    "UNIQUE": lambda m: m.add_unique("t", "name"),
    "a cast": lambda m: m.alter_column_type("t", "name", CharField(200), cast="upper(name)"),
}  # fmt: skip


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch, path: Path) -> Any:
    """What a rebuild makes of an operation, on a copy of its own."""

    def rebuilt(ask: Any) -> tuple[Any, list[str]]:
        other = path.with_name("rebuilt.db")
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(other)) as target:
            source.backup(target)
        with monkeypatch.context() as patched, opened(other) as made:
            patched.setattr(settling, "retell", lambda *_: False)
            with recorded(made.database) as statements:
                migrate(ask(made))
            assert rebuilds(statements) == 1
            return picture(made), [text(made, table) for table in ("t", "words", "exact")]

    return rebuilt


@pytest.mark.parametrize("change", BY_TEXT)
def test_what_is_only_said_is_changed_with_no_row_copied(path, migrator, copied, change):
    ask = BY_TEXT[change]
    wanted = copied(ask)
    before = picture(migrator)
    with recorded(migrator.database) as statements:
        migrate(ask(migrator))
    (statement,) = statements
    assert schema_text.table_written(statement) in ("t", "words", "exact")
    assert (picture(migrator), [text(migrator, table) for table in ("t", "words", "exact")]) == wanted
    assert picture(migrator)[1:] == before[1:]
    assert picture(migrator)[0] != before[0]
    with opened(path) as other:
        assert picture(other) == picture(migrator)


@pytest.mark.parametrize("change", BY_ROWS)
def test_what_is_stored_is_copied(migrator, copied, change):
    ask = BY_ROWS[change]
    wanted = copied(ask)
    with recorded(migrator.database) as statements:
        migrate(ask(migrator))
    assert rebuilds(statements) == 1
    assert (picture(migrator), [text(migrator, table) for table in ("t", "words", "exact")]) == wanted


def test_the_new_text_holds_at_once_on_every_connection(path, migrator):
    with closing(sqlite3.connect(path)) as other:
        insert = "INSERT INTO t (name, level, foot) VALUES (?, ?, 'left')"
        with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
            other.execute(insert, (None, 1))
        other.rollback()
        migrate(migrator.drop_not_null("t", "name"), migrator.add_constraint("t", "high", Check("level > 0")))
        other.execute(insert, (None, 1))
        with pytest.raises(sqlite3.IntegrityError, match="high"):
            other.execute(insert, ("x", 0))
        other.rollback()
        migrator.database.execute_sql(insert, (None, 1))
        with pytest.raises(peewee.IntegrityError, match="high"):
            migrator.database.execute_sql(insert, ("x", 0))


def test_a_check_that_rows_do_not_hold_to_is_refused_with_their_number(migrator):
    before = picture(migrator)
    with recorded(migrator.database) as statements, pytest.raises(OperationRefused) as caught:
        migrate(migrator.add_constraint("t", "high", Check("level > 7")))
    assert "2 rows do not hold to CHECK high (level > 7)" in caught.value.why
    assert statements == [] and picture(migrator) == before


def test_a_foreign_key_to_what_is_no_key_is_left_to_the_rebuild(migrator):
    """SQLite takes such a text, and says so only where it checks: as it does at the end of a migration."""
    with recorded(migrator.database) as statements:
        migrate(migrator.add_foreign_key_constraint("exact", "n", "t", "id"))
        assert rebuilds(statements) == 0
        migrate(migrator.sql("DELETE FROM words WHERE n = 2"))
        written = SQL("FOREIGN KEY (n) REFERENCES exact (n)")  # The operation of its own refuses it.
        migrate(migrator.add_constraint("words", "by_hand", written))
        assert rebuilds(statements) == 1


def test_a_foreign_key_written_by_hand_is_looked_up_too(migrator):
    with recorded(migrator.database) as statements:
        migrate(migrator.add_constraint("t", "own", SQL("FOREIGN KEY (id, level) REFERENCES t (id, level)")))
    assert rebuilds(statements) == 1, "no index makes (id, level) a key"


IGNORING = {
    "the statement is refused": peewee.OperationalError("table sqlite_master may not be modified"),
    "the statement does nothing": None,
}


@pytest.mark.parametrize("build", IGNORING)
def test_a_build_that_will_not_have_its_schema_written_is_served_by_a_rebuild(monkeypatch, migrator, copied, build):
    ask = BY_TEXT["a default changed"]
    wanted = copied(ask)

    def ignoring(error: Exception | None, send: Any) -> Any:
        def execute(sql: str, *params: Any) -> Any:
            if not schema_text.table_written(sql):
                return send(sql, *params)
            if error is not None:
                raise error
            return None

        return execute

    database = migrator.database
    monkeypatch.setattr(database, "execute_sql", ignoring(IGNORING[build], database.execute_sql), raising=False)
    with recorded(database) as statements:
        migrate(ask(migrator))
    assert rebuilds(statements) == 1
    assert (picture(migrator), [text(migrator, table) for table in ("t", "words", "exact")]) == wanted


def test_a_real_defensive_connection_is_served_too(migrator):
    connection = migrator.database.connection()
    if not hasattr(connection, "setconfig"):
        pytest.skip("this Python can't set a connection's configuration")
    connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    rows = picture(migrator)[1]
    migrate(migrator.drop_not_null("t", "name"), migrator.add_column_default("t", "caps", 6))
    assert picture(migrator)[1] == rows
    assert "NOT NULL" not in text(migrator).split("DEFAULT")[0].split("name")[1]


def test_a_view_that_was_broken_before_stands_in_nobodys_way(migrator):
    migrator.database.execute_sql("CREATE VIEW broken AS SELECT nowhere FROM t")
    with recorded(migrator.database) as statements:
        migrate(migrator.drop_not_null("t", "name"))
    assert [schema_text.table_written(statement) for statement in statements] == ["t"]


def test_a_text_that_breaks_what_could_be_read_is_taken_back(monkeypatch, migrator):
    """The proof itself: with a view that can't be read afterwards, the rows are copied."""
    refusal_of, seen = retelling.refusal_of, []

    def failing(database: peewee.Database, query: str) -> str | None:
        seen.append(query)
        return refusal_of(database, query) if seen.count(query) == 1 else "no such column"

    monkeypatch.setattr(retelling, "refusal_of", failing)
    with recorded(migrator.database) as statements:
        migrate(migrator.drop_not_null("t", "name"))
    assert rebuilds(statements) == 1
    assert {'SELECT * FROM "t"', 'SELECT * FROM "names"', 'SELECT 1 FROM "t" INDEXED BY "by_foot"'} <= set(seen)


def test_a_run_shows_the_table_whose_text_was_written(tmp_path):
    source = "def migrate_forward():\n    migrate(migrator.drop_not_null('player', 'name'))\n"
    project = open_project(tmp_path, {"start": CREATE_PLAYER, "next": HEAD + source})
    project.apply(to="start")
    run = project.rehearse()
    (statement,) = run.statements
    assert schema_text.table_written(statement.sql) == "player"
    assert [rows.table for rows in run.before.rows] == ["player"]
    assert [str(change) for change in run.changes]


# -- what is stored alike


TYPES = {
    "INTEGER": ["INT", "bigint unsigned", "CHARINT", "FLOATING POINT"],
    "TEXT": ["varchar(20)", "CLOB", "TEXTBLOB"],
    "BLOB": ["", "BLOB", "REALBLOB"],
    "REAL": ["DOUBLE PRECISION", "FLOAT"],
    "NUMERIC": ["DECIMAL(10, 5)", "DATETIME", "BOOL", "STRING", "ANY"],
}


@pytest.mark.parametrize(("type_", "kind"), [(type_, kind) for kind, types in TYPES.items() for type_ in types])
def test_an_affinity_is_what_sqlite_makes_of_it(type_, kind):
    assert affinity(type_) == kind
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t (c {type_})")
        kinds = []
        for value in ("1", 1, 1.0, "1.5"):
            connection.execute("DELETE FROM t")
            connection.execute("INSERT INTO t VALUES (?)", (value,))
            kinds.append(connection.execute("SELECT typeof(c) FROM t").fetchone()[0])
    number = ["integer", "integer", "integer", "real"]
    stored = {
        "INTEGER": number,
        "NUMERIC": number,
        "TEXT": ["text"] * 4,
        "REAL": ["real"] * 4,
        "BLOB": ["text", "integer", "real", "text"],
    }
    assert kinds == stored[kind]


PAIRS = [
    ("a INT, b TEXT", "a INT, b TEXT NOT NULL", True),
    ("a INT, b TEXT", "a INT, b VARCHAR(20) DEFAULT 'x' CHECK (a > 1) REFERENCES c", True),
    ("a INT, b TEXT, CHECK (a > 1)", "a INT, b TEXT, FOREIGN KEY (a) REFERENCES c (d)", True),
    ("a INT PRIMARY KEY", "a INT NOT NULL PRIMARY KEY", False),
    ("a INT, b INT, PRIMARY KEY (a, b)", "a INT, b INT NOT NULL, PRIMARY KEY (a, b)", False),
    ("a INT PRIMARY KEY", "a INTEGER PRIMARY KEY", False),
    ("a INTEGER PRIMARY KEY", "a INTEGER PRIMARY KEY AUTOINCREMENT", False),
    ("a TEXT", "a TEXT COLLATE NOCASE", False),
    ("a TEXT", "a TEXT UNIQUE", False),
    ("a TEXT, UNIQUE (a)", "a TEXT, UNIQUE (a) ON CONFLICT REPLACE", False),
    ("a TEXT, b AS (a)", "a TEXT, b AS (a || '')", False),
    ("a TEXT, b TEXT AS (a) STORED", "a TEXT, b VARCHAR AS (a) STORED", False),
    ("a TEXT, b INT", "b INT, a TEXT", False),
    ("a TEXT", "a TEXT, b TEXT", False),
    ("a TEXT", "a INT", False),
    ("a TEXT", "A TEXT", False),
]


@pytest.mark.parametrize(("old", "new", "alike"), PAIRS)
def test_which_texts_store_rows_alike(old, new, alike):
    one, other = (parse_create_table(f"CREATE TABLE t ({body})") for body in (old, new))
    assert (claims(one, other) is not None) == alike
    assert (claims(other, one) is not None) == alike
    strict = parse_create_table(f"CREATE TABLE t ({new}) STRICT")
    assert claims(one, strict) is None


# -- rows older than a column


# Not TRUE: SQLite gives it unconverted to a TEXT column, and integrity_check finds fault with that before anything.
LITERALS = st.sampled_from(["1", "-2.5", "'x'", "'7'", "x'00ff'", "NULL", "''", "'it''s'"])
KINDS = st.sampled_from(["", "INT", "TEXT", "VARCHAR(9)", "REAL", "BLOB", "DECIMAL(5, 2)"])
ADDED = st.lists(st.tuples(KINDS, st.one_of(st.none(), LITERALS), st.booleans()), min_size=1, max_size=3)

Asks = Callable[[Migrator, str], Any]

OPERATIONS: list[Asks] = [
    lambda m, c: m.drop_not_null("t", c),
    lambda m, c: m.add_not_null("t", c),
    lambda m, c: m.add_column_default("t", c, 1),
    lambda m, c: m.add_column_default("t", c, "other"),
    lambda m, c: m.drop_column_default("t", c),
    lambda m, c: m.alter_column_type("t", c, TextField()),
    lambda m, c: m.alter_column_type("t", c, CharField(99)),
    lambda m, c: m.alter_column_type("t", c, FloatField()),
    lambda m, c: m.alter_column_type("t", c, peewee.BlobField()),
    lambda m, c: m.add_constraint("t", "k", Check(f"{c} IS NOT 'k'")),
    lambda m, c: m.drop_constraint("t", "base"),
    lambda m, c: m.add_unique("t", c, "id"),
    lambda m, c: m.add_index("t", (c,)),
    lambda m, c: m.add_column("t", f"new_{c}", IntegerField(default=3)),
    lambda m, c: m.add_column("t", f"more_{c}", IntegerField(constraints=[SQL("DEFAULT 3")])),
    lambda m, c: m.add_foreign_key_constraint("t", c, "t", "id"),
    lambda m, c: m.drop_foreign_key_constraint("t", "first"),
    lambda m, c: m.rename_column("t", "first", "primary"),
    lambda m, c: m.drop_column("t", "first"),
    lambda m, c: (m.rename_column("t", c, "other"), m.rename_column("t", "other", c)),
    lambda m, c: (m.rename_table("t", "u"), m.rename_table("u", "t")),
    lambda m, c: (m.rename_index("t", "by_0", "by other"), m.drop_index("t", "by other")),
    lambda m, c: m.drop_index("t", "by_0"),
    lambda m, c: (m.add_column("t", f"gone_{c}", TextField(null=True)), m.drop_column("t", f"gone_{c}")),
    lambda m, c: m.alter_column_type("t", c, TextField(), cast=c),
    lambda m, c: m.change_column("t", c, CharField(99), null=True, default=9),
    lambda m, c: m.change_column("t", c, default=None),
    lambda m, c: m.backfill("t", {c: "8"}, where=f"{c} = 'nobody has it'"),
    lambda m, c: (
        m.add_column("t", f"filled_{c}", IntegerField(null=True)),
        m.apply_default("t", f"filled_{c}", IntegerField(default=7)),
    ),
    lambda m, c: (m.create_table(f"made_{c}", {"x": IntegerField()}), m.drop_table(f"made_{c}")),
    lambda m, c: m.sql("UPDATE t SET id = id WHERE id = 1"),
    lambda m, c: m.run_python(lambda database: None),
]
"""Each changes no value of a column that it does not take away; some are two, of which the second undoes the first."""

NOT_HERE = {
    *("set_comment", "set_search_path", "validate_constraint", "add_enum_value", "lock_timeout"),
    *("alter_add_column", "aside", "migration_context", "redefine_table"),
}
"""Operations that SQLite has no words for, Peewee's own for adding a column, what is no operation, and the one whose
text has to be that of the table by then."""


def asked(operation: Asks, migrator: Migrator, column: str) -> tuple[Any, ...]:
    made = operation(migrator, column)
    return made if isinstance(made, tuple) else (made,)


def test_every_operation_meets_rows_that_are_older_than_a_column() -> None:
    migrator = aged([("INT", "1", True)], True, True)
    met = {made.name for operation in OPERATIONS for made in asked(operation, migrator, "c0")}
    every = {name for name in dir(SqliteMigrator) if hasattr(getattr(SqliteMigrator, name), "__wrapped__")}
    assert {name for name in every if name[0] != "_"} - NOT_HERE == met


def aged(added: list[tuple[str, str | None, bool]], rowid: bool, indexed: bool) -> Migrator:
    """A table to which columns were added while it had rows, a row written after each."""
    database = peewee.SqliteDatabase(":memory:", pragmas={"foreign_keys": 1})
    database.connect()
    execute = database.connection().execute
    options = "" if rowid else " WITHOUT ROWID"
    execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, first INT REFERENCES t, CONSTRAINT base CHECK (id > 0)){options}")
    execute("INSERT INTO t VALUES (1, NULL), (2, 1)")
    for number, (kind, default, required) in enumerate(added):
        null = " NOT NULL" if required and default not in (None, "NULL") else ""
        said = f" DEFAULT {default}" if default is not None else ""
        execute(f"ALTER TABLE t ADD COLUMN c{number} {kind}{null}{said}")
        execute(f"INSERT INTO t (id, c{number}) VALUES ({number + 3}, 4)")
        if indexed:
            execute(f"CREATE INDEX by_{number} ON t (c{number})")
    return Migrator.from_database(database)


def read(migrator: Migrator) -> dict[str, list[Any]]:
    ask = migrator.database.connection().execute
    names = [row[1] for row in ask("PRAGMA table_info(t)")]
    return {name: ask(f'SELECT typeof("{name}"), "{name}" FROM t NOT INDEXED ORDER BY id').fetchall() for name in names}


STEPS = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 2)), min_size=1, max_size=5)


@given(ADDED, st.booleans(), st.booleans(), STEPS)
@example([("INT", "1", True)], True, False, [(lambda m, c: m.add_column_default("t", c, 5), 0)])
@example([("TEXT", "'x'", False)], True, True, [(lambda m, c: m.drop_column_default("t", c), 0)])
@example([("TEXT", "NULL", False)], False, True, [(lambda m, c: m.add_column_default("t", c, 5), 0)])
def test_what_rows_read_that_are_older_than_a_column_stays(added, rowid, indexed, steps):
    migrator = aged(added, rowid, indexed)
    one_by_one = aged(added, rowid, indexed)
    before, taken = read(migrator), []
    for operation, number in steps:
        column = f"c{number % len(added)}"
        try:
            migrate(*asked(operation, one_by_one, column))
            taken.append((operation, column))
        except OperationRefused:
            pass
        _assert_read(before, read(one_by_one))
    migrate(*[made for operation, column in taken for made in asked(operation, migrator, column)])
    assert picture(migrator) == picture(one_by_one)


def _assert_read(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> None:
    """All values are the same, as SQL compares them: a type of another kind may keep a number as its text."""
    for name, values in before.items():
        found = after.get("primary" if name == "first" and "first" not in after else name)
        if found is None:
            assert name == "first"
            continue
        for (_, was), (_, now) in zip(values, found, strict=True):
            assert was == now or (isinstance(was, (int, float, str)) and float(was) == float(now))
