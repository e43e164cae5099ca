"""An operation changes what it names and nothing else.

Many tables times many operations, on SQLite files. What a second connection reads before and after (all texts
of the catalog, all rows of all tables with their rowids and types, marks and statistics) must be the same,
minus what was asked for.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import peewee
import pytest
from peewee import SQL, Check, ForeignKeyField, IntegerField, Model, TextField

from pwmig import Migrator
from pwmig.dialects.sqlite.texts.ddl import parse_create_table
from pwmig.dialects.sqlite.texts.tokens import quote, significant, tokenize, unquote
from pwmig.errors import OperationRefused


class Numbers(Model):
    n = IntegerField(primary_key=True)

    class Meta:
        table_name = "numbers"


# Every table has a key `id`, a column `a` that much depends on, and `x` (of type INT) that nothing names.
TABLES = {
    "plain": ('"t"', '{n} ("id" INTEGER NOT NULL PRIMARY KEY, "a" TEXT NOT NULL, "x" INT)'),
    "bare": ("t", "{n}(id integer primary key,a text,x int)"),
    "brackets": (
        "[or der]",
        "{n}\n(\n    [id] INTEGER  NOT NULL,\n    [a] NVARCHAR(20),\n    [x] INT,\n"
        "    CONSTRAINT [PK_o] PRIMARY KEY  ([id])\n)",
    ),
    "backticks": ("`b``q`", "{n} (`id` INTEGER PRIMARY KEY, `a` TEXT, `x` INT)"),
    "quote in name": ('"na""me"', "{n} ('id' INTEGER PRIMARY KEY, 'a' TEXT DEFAULT 'it''s', 'x' INT)"),
    "counted": ("counted", "{n} (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, x INT)"),
    "strict": ("t", "{n} (id INTEGER PRIMARY KEY, a TEXT, x INT) STRICT"),
    "without rowid": ("t", "{n} (id TEXT PRIMARY KEY, a TEXT, x INT) WITHOUT ROWID, STRICT"),
    "hidden rowid": ("t", "{n} (id INT UNIQUE, a TEXT, x INT)"),
    "comments": (
        "t",
        "{n} (id INTEGER PRIMARY KEY, -- the key, (really)\n a TEXT, /* NOT NULL, */ x INT -- last one\n)",
    ),
    "literals": (
        "t",
        "{n} (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'NOT NULL, (x)' CHECK (a <> ') , '), x INT DEFAULT (1 + (2)))",
    ),
    "white space in literals": ("t", "{n} (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'a  b\n\tc', x INT)"),
    "generated": (
        "t",
        "{n} (id INTEGER PRIMARY KEY, a TEXT, x INT, g AS (a || '!'), h TEXT GENERATED ALWAYS AS (upper(a)) STORED)",
    ),
    "collations": ("t", "{n} (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE, x INT, UNIQUE (a COLLATE RTRIM, id))"),
    "conflict clauses": (
        "t",
        "{n} (id INTEGER PRIMARY KEY, a TEXT NOT NULL ON CONFLICT IGNORE, x INT, UNIQUE (a, id) ON CONFLICT REPLACE)",
    ),
    "self reference": ("t", "{n} (id INTEGER PRIMARY KEY, a TEXT, x INT, up INT REFERENCES {n}(id) ON DELETE CASCADE)"),
    "no commas": (
        "t",
        "{n} (id INTEGER, a TEXT, x INT, PRIMARY KEY (id) CONSTRAINT a_set CHECK (a IS NOT 'none') UNIQUE (a, id))",
    ),
    "lower case not null": ("t", "{n} (id integer primary key, a text, x int not  null default -1)"),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One operation, and what it may change: columns whose text or values it names, objects that come or go."""

    ask: Any
    columns: frozenset[str] = frozenset({"x"})
    comes: frozenset[str] = frozenset()
    constraints: int = 0


OPERATIONS = {
    "add_column nullable": Case(lambda m, t: m.add_column(t, "new", IntegerField(null=True)), frozenset({"new"})),
    "add_column default": Case(lambda m, t: m.add_column(t, "new", IntegerField(default=1)), frozenset({"new"})),
    "add_column text": Case(lambda m, t: m.add_column(t, "ne'w", TextField(default="it's")), frozenset({"ne'w"})),
    "add_column database default": Case(
        lambda m, t: m.add_column(t, "new", IntegerField(default=1, constraints=[SQL("DEFAULT 1")])), frozenset({"new"})
    ),
    "drop_column": Case(lambda m, t: m.drop_column(t, "x")),
    "drop_column, other case": Case(lambda m, t: m.drop_column(t, "X")),
    "add_not_null": Case(lambda m, t: m.add_not_null(t, "x")),
    "drop_not_null": Case(lambda m, t: m.drop_not_null(t, "x")),
    "add_column_default": Case(lambda m, t: m.add_column_default(t, "x", SQL("'it''s, (so)'"))),
    "add_column_default number": Case(lambda m, t: m.add_column_default(t, "x", -1)),
    "drop_column_default": Case(lambda m, t: m.drop_column_default(t, "x")),
    "alter_column_type": Case(lambda m, t: m.alter_column_type(t, "x", IntegerField())),
    "add_constraint": Case(lambda m, t: m.add_constraint(t, "c'k", Check("x <> 99")), constraints=1),
    "add_unique": Case(lambda m, t: m.add_unique(t, "x"), constraints=1),
    "add_index": Case(lambda m, t: m.add_index(t, ("x",), name="by_x"), comes=frozenset({"by_x"})),
    "add_foreign_key": Case(
        lambda m, t: m.add_foreign_key_constraint(t, "x", "numbers", "n", "CASCADE"), constraints=1
    ),
}  # fmt: skip

SURROUNDINGS = """
CREATE TABLE "t__tmp__" (keep TEXT);
INSERT INTO "t__tmp__" VALUES ('mine');
CREATE TABLE pwmig_new_1 (mine_too);
INSERT INTO pwmig_new_1 VALUES (1);
CREATE TABLE audit (what TEXT);
CREATE TABLE numbers (n INT PRIMARY KEY);
INSERT INTO numbers VALUES (7), (8), (9);
CREATE TABLE {n} {body};
CREATE TABLE child (id INTEGER PRIMARY KEY, t_id REFERENCES {n}(id) ON DELETE CASCADE ON UPDATE CASCADE);
CREATE INDEX lower_a ON {n} (lower(a), id DESC) WHERE a <> ')';
CREATE UNIQUE INDEX [by "a"] ON {n}(a COLLATE NOCASE DESC);
CREATE TRIGGER noted AFTER UPDATE ON {n} BEGIN INSERT INTO audit VALUES ('updated  ' || old.a); END;
CREATE TRIGGER "de leted" AFTER DELETE ON {n} BEGIN INSERT INTO audit VALUES ('deleted'); END;
CREATE TRIGGER came BEFORE INSERT ON {n} BEGIN INSERT INTO audit VALUES ('inserted'); END;
CREATE TRIGGER other AFTER DELETE ON "t__tmp__" BEGIN UPDATE {n} SET a = 'gone'; END;
CREATE VIEW seen AS SELECT id, a /* only these */ FROM {n} WHERE a <> ',';
INSERT INTO {n} (id, a, x) VALUES (1, 'one', 7), (20, 'two, (2)', 8), (3, 'NULL', 9), (99, 'mark', 9);
DELETE FROM {n} WHERE id = 99;
INSERT INTO child (t_id) VALUES (1), (20), (20);
ANALYZE;
"""


@pytest.fixture(params=TABLES, ids=str)
def place(request, tmp_path):
    """A file with one of the tables and all that hangs on it: (path, the table's name)."""
    written, body = TABLES[request.param]
    path = tmp_path / "data.db"
    connection = sqlite3.connect(path)
    connection.executescript(SURROUNDINGS.format(n=written, body=body.format(n=written).removeprefix(written)))
    connection.close()
    return path, unquote(written)


def _picture(path):
    """Everything that an independent connection sees: texts, rows, the rest."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        texts = {row[1]: row for row in connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")}
        rows = {name: _rows(connection, name) for name, row in texts.items() if row[0] in ("table", "view")}
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return texts, rows
    finally:
        connection.close()


def _rows(connection, name):
    """{column: its values with their types, in the order of the table}, the rowid too where there is one."""
    columns = [row[1] for row in connection.execute("SELECT * FROM pragma_table_xinfo(?)", [name])]
    if not _is_without_rowid(connection, name):
        columns.append("rowid")
    cells = ", ".join(f"typeof({quote(column)}), {quote(column)}" for column in columns)
    rows = connection.execute(f"SELECT {cells} FROM {quote(name)} {'' if name == 'seen' else 'NOT INDEXED'}").fetchall()
    if "rowid" not in columns or name == "sqlite_stat1":
        rows.sort()
    return {column.lower(): [row[2 * i : 2 * i + 2] for row in rows] for i, column in enumerate(columns)}


def _is_without_rowid(connection, name):
    try:
        connection.execute(f"SELECT rowid FROM {quote(name)} LIMIT 1")
    except sqlite3.Error:
        return True
    return name.startswith("sqlite_") or name == "seen"


def _text_of(table, span):
    return table.sql[slice(*span)]


def assert_preserved(before, after, table, case):
    """All texts are the same, letter for letter, but for what the case names."""
    for name, entry in before.items():
        if name != table and not name.startswith("sqlite_autoindex_"):
            assert after.get(name) == entry
    came = {name for name in after if name not in before and not name.startswith("sqlite_autoindex_")}
    assert came == case.comes
    assert_table_preserved(parse_create_table(before[table][3]), parse_create_table(after[table][3]), case)


def assert_table_preserved(old, new, case):
    assert _text_of(new, new.name_span) == _text_of(old, old.name_span)
    assert [_text_of(new, column.span) for column in new.columns if column.name.lower() not in case.columns] == [
        _text_of(old, column.span) for column in old.columns if column.name.lower() not in case.columns
    ]
    kept = [_text_of(old, made.span) for made in old.constraints]
    made = [_text_of(new, made.span) for made in new.constraints]
    assert made[: len(kept)] == kept
    assert len(made) == len(kept) + case.constraints
    assert new.sql[new.body_span[1] :] == old.sql[old.body_span[1] :]
    assert _comments(new) == _comments(old)


def _comments(table):
    return [token.text for token in tokenize(table.sql) if token.kind == "comment"]


def assert_rows_preserved(before, after, table, case):
    """All values of all columns are the same, in the same order, but for a column that came or went."""
    assert after.keys() == before.keys()
    for name, columns in before.items():
        for column, values in columns.items():
            if name == table and column in case.columns and column not in after[name]:
                continue
            assert after[name][column] == values, (name, column)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_an_operation_changes_what_it_names_and_nothing_else(place, operation):
    path, table = place
    case = OPERATIONS[operation]
    before = _picture(path)
    with connected(path) as migrator:
        migrator.migrate(case.ask(migrator, table))
        assert migrator.database.execute_sql("PRAGMA foreign_keys").fetchone() == (1,)
    after = _picture(path)
    assert_preserved(before[0], after[0], table, case)
    assert_rows_preserved(before[1], after[1], table, case)


def test_a_batch_changes_what_its_operations_name_and_nothing_else(place):
    """Rebuilds and native statements by turns, on one connection: SQLite remembers places in texts."""
    path, table = place
    before = _picture(path)
    with connected(path) as migrator:
        migrator.migrate(
            migrator.add_column_default(table, "x", 5),
            migrator.add_column(table, "new", IntegerField(null=True)),
            migrator.add_not_null(table, "x"),
            migrator.add_column(table, "newer", IntegerField(default=2, index=True)),
            migrator.drop_column(table, "new"),
            migrator.add_column(table, "newest", TextField(null=True)),
            migrator.drop_column(table, "newer"),
            migrator.drop_column_default(table, "x"),
        )
    after = _picture(path)
    case = Case(None, frozenset({"x", "newest"}))
    assert_preserved(before[0], after[0], table, case)
    assert_rows_preserved(before[1], after[1], table, case)


BACK = {
    "add_column": (
        lambda m, t: m.add_column(t, "new", IntegerField(default=1, index=True)),
        lambda m, t: m.drop_column(t, "new"),
    ),
    "add_column nullable": (
        lambda m, t: m.add_column(t, "new", TextField(null=True)),
        lambda m, t: m.drop_column(t, "new"),
    ),
    "add_constraint": (
        lambda m, t: m.add_constraint(t, "c", Check("x > 0")),
        lambda m, t: m.drop_constraint(t, "c"),
    ),
    "add_unique": (
        lambda m, t: m.add_unique(t, "x", "a"),
        lambda m, t: m.drop_constraint(t, "uniq_x_a"),
    ),
    "add_foreign_key": (
        lambda m, t: m.add_foreign_key_constraint(t, "x", "numbers", "n"),
        lambda m, t: m.drop_foreign_key_constraint(t, "x"),
    ),
    "rename_column": (
        lambda m, t: m.rename_column(t, "a", "other a"),
        lambda m, t: m.rename_column(t, "other a", "a"),
    ),
    "rename_index": (
        lambda m, t: m.rename_index(t, "lower_a", "y"),
        lambda m, t: m.rename_index(t, "y", "lower_a"),
    ),
}


@pytest.mark.parametrize("operation", BACK, ids=str)
def test_there_and_back_gives_the_same_texts_and_rows(place, operation):
    path, table = place
    there, back = BACK[operation]
    before = _picture(path)
    with connected(path) as migrator:
        migrator.migrate(there(migrator, table))
        assert _picture(path) != before
        migrator.migrate(back(migrator, table))
    after = _picture(path)
    assert after[1] == before[1]
    assert {name: _words(entry) for name, entry in after[0].items()} == {
        name: _words(entry) for name, entry in before[0].items()
    }


def _words(entry):
    """A catalog entry without blanks and the quotes of names, which RENAME COLUMN may set."""
    return (*entry[:3], [unquote(token.text) for token in significant(entry[3] or "")])


def test_renaming_a_table_renames_it_everywhere_and_keeps_all_rows(place):
    path, table = place
    before_texts, before_rows = _picture(path)
    with connected(path) as migrator:
        migrator.migrate(migrator.rename_table(table, 'other "name"'))
    texts, rows = _picture(path)
    assert rows.pop('other "name"') == before_rows.pop(table)
    marks = {"sqlite_sequence", "sqlite_stat1"}
    assert {name: rows[name] for name in rows.keys() - marks} == {
        name: before_rows[name] for name in before_rows.keys() - marks
    }
    named = {name for name, entry in before_texts.items() if entry[3] and _names(entry[3], table)}
    for name in named - {table, "other"}:
        assert _names(texts[name][3], 'other "name"'), name
    assert table == "other" or not any(_names(entry[3] or "", table) for entry in texts.values() if table != "t")


def _names(sql, name):
    return any(unquote(token.text) == name for token in tokenize(sql))


def test_foreign_keys_on_in_an_open_transaction_stop_a_rebuild_and_no_child_is_lost(place):
    path, table = place
    before = _picture(path)
    with connected(path) as migrator, migrator.database.atomic():
        with pytest.raises(OperationRefused) as caught:
            migrator.migrate(migrator.add_column(table, "new", IntegerField(default=1)))
        assert "child" in caught.value.why and "migration_context" in caught.value.way_out
    assert _picture(path) == before


ORPHANS = {
    "backfill": lambda m: m.backfill("c", {"n": 5}, where=True),
    "apply_default": lambda m: m.apply_default("c", "n", IntegerField(default=5)),
    "a cast": lambda m: m.alter_column_type("c", "n", IntegerField(), cast="n + 100"),
    "a default of a key": lambda m: m.add_column("c", "m", ForeignKeyField(Numbers, default=5, column_name="m")),
    "a row that is referred to, deleted": lambda m: m.sql("DELETE FROM numbers"),
}


@pytest.mark.parametrize("case", ORPHANS, ids=str)
def test_with_foreign_keys_on_no_row_comes_to_refer_to_what_is_not_there(tmp_path, case):
    """They are off within a batch. A row that referred to nothing before is no reason to refuse."""
    path = tmp_path / "data.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE numbers (n INTEGER PRIMARY KEY); INSERT INTO numbers VALUES (7);"
            "CREATE TABLE c (id INTEGER PRIMARY KEY, n INT REFERENCES numbers (n)); INSERT INTO c VALUES (1, 7), (2, 9)"
        )
        before = list(connection.iterdump())
    with connected(path) as migrator:
        migrator.migrate(migrator.backfill("c", {"n": 7}, where="id = 1"))
        with pytest.raises(OperationRefused, match="would refer to rows that are not there"):
            migrator.migrate(ORPHANS[case](migrator), migrator.rename_table("c", "d"))
    with closing(sqlite3.connect(path)) as connection:
        assert list(connection.iterdump()) == before
    with connected(path) as migrator:
        migrator.database.pragma("foreign_keys", 0, permanent=True)
        migrator.migrate(ORPHANS[case](migrator))
    with closing(sqlite3.connect(path)) as connection:
        assert list(connection.iterdump()) != before


KEYS = {
    "a constraint": ("CREATE TABLE up (id INTEGER PRIMARY KEY, k INT CONSTRAINT once UNIQUE)", "drop_constraint"),
    "a constraint of the table": ("CREATE TABLE up (id INT, k INT, CONSTRAINT once UNIQUE (k))", "drop_constraint"),
    "an index": ("CREATE TABLE up (id INT, k INT); CREATE UNIQUE INDEX once ON up (k)", "drop_index"),
}


@pytest.mark.parametrize("case", KEYS, ids=str)
def test_the_key_that_a_foreign_key_refers_to_stays_while_nothing_else_makes_one(tmp_path, case):
    """Without one, SQLite refuses each later write: "foreign key mismatch"."""
    script, method = KEYS[case]
    path = tmp_path / "data.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{script}; CREATE TABLE c (k INT REFERENCES up (k)); INSERT INTO up VALUES (1, 1)")
    before = _picture(path)
    with connected(path) as migrator:
        drop = getattr(migrator, method)("up", "once")
        with pytest.raises(OperationRefused, match=r"the foreign key of c\.k") as caught:
            migrator.migrate(drop)
        assert "drop_foreign_key_constraint('c', 'k')" in caught.value.way_out
        assert _picture(path) == before
        migrator.migrate(migrator.add_index("up", ("k",), unique=True, name="another"), drop)
        migrator.migrate(migrator.drop_foreign_key_constraint("c", "k"), migrator.drop_index("up", "another"))
    assert not {"once", "another"} & _picture(path)[0].keys()


def test_a_batch_that_fails_leaves_nothing(place):
    path, table = place
    before = _picture(path)
    with connected(path) as migrator, pytest.raises(OperationRefused):
        migrator.migrate(
            migrator.add_not_null(table, "x"),
            migrator.add_column(table, "new", IntegerField(default=1)),
            migrator.drop_column(table, "nobody"),
        )
    assert _picture(path) == before


@contextmanager
def connected(path):
    database = peewee.SqliteDatabase(path, pragmas={"foreign_keys": 1})
    try:
        yield Migrator.from_database(database)
    finally:
        database.close()
