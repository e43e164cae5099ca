"""Operations: what they make, what they refuse and why, and their form as data."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

import peewee
import pytest
from peewee import SQL, AutoField, CharField, Check, ForeignKeyField, IntegerField, Model, TextField
from playhouse import migrate as playhouse

from pwmig import Migrator
from pwmig.columns import COLUMN_TYPES, ColumnSpec, parse_default
from pwmig.dialects import migrate
from pwmig.errors import OperationRefused, PwmigError
from pwmig.operations import (
    KINDS,
    OPERATIONS,
    AddCheck,
    AddColumn,
    AddColumnDefault,
    AddIndex,
    AddUnique,
    AlterColumnType,
    CreateTable,
    DropColumn,
    Operation,
)


@pytest.fixture
def database(tmp_path):
    database = peewee.SqliteDatabase(tmp_path / "data.db", pragmas={"foreign_keys": 1})
    database.connect()
    for statement in SCHEMA:
        database.execute_sql(statement)
    yield database
    database.close()


@pytest.fixture
def migrator(database):
    return Migrator.from_database(database)


SCHEMA = (
    "CREATE TABLE club (id INTEGER PRIMARY KEY, name TEXT UNIQUE)",
    "INSERT INTO club VALUES (1, 'Ajax'), (2, 'Feyenoord')",
    "CREATE TABLE player (id INTEGER PRIMARY KEY, name TEXT, level INT, code TEXT, born INT, "
    "club_id INT REFERENCES club(id) ON DELETE CASCADE, CHECK (born > 0), CONSTRAINT pair UNIQUE (code, born))",
    "INSERT INTO player VALUES (1, 'Cruijff', 1, '007', 1947, 1), (2, 'Keizer', NULL, '8', 1943, 1), "
    "(3, 'Swart', 1, '9', 1938, 2)",
    "CREATE INDEX by_level ON player(level)",
    "CREATE INDEX old ON player(born) WHERE born < 1900",
    "CREATE VIEW names AS SELECT name FROM player",
    "CREATE TRIGGER gone AFTER DELETE ON club BEGIN UPDATE player SET club_id = NULL WHERE club_id = old.id; END",
)


def _texts(database):
    return database.execute_sql("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


REFUSALS = [
    ("a table's name", lambda m: m.add_column("playr", "x", IntegerField(null=True)), "playr", "player"),
    ("a column's name", lambda m: m.drop_column("player", "levl"), "levl", "level"),
    ("a view", lambda m: m.drop_column("names", "name"), "view", ""),
    ("a column twice", lambda m: m.add_column("player", "LEVEL", IntegerField(null=True)), "already", ""),
    ("no value", lambda m: m.add_column("player", "x", IntegerField()), "no default", "3 rows"),
    ("no value, not null allowed", lambda m: m.add_column("player", "x", IntegerField(), True), "no default", "3 rows"),
    ("NULLs there", lambda m: m.add_not_null("player", "level"), "NOT NULL", "1 row"),
    ("duplicates there", lambda m: m.add_index("player", ("level",), True, name="u"), "unique", "1 value"),
    ("duplicates there", lambda m: m.add_unique("player", "level"), "does not fit", "UNIQUE"),
    ("a check that fails", lambda m: m.add_constraint("player", "c", Check("born > 1940")), "does not fit", "CHECK"),
    ("orphans", lambda m: m.add_foreign_key_constraint("player", "born", "club", "id"), "can't refer", "3 rows"),
    ("values that change", lambda m: m.alter_column_type("player", "code", IntegerField()), "changing values", "'007'"),
    ("an index needs it", lambda m: m.drop_column("player", "level"), "can't be dropped", "by_level"),
    ("a predicate needs it", lambda m: m.drop_column("player", "born"), "can't be dropped", "index old"),
    ("a check needs it", lambda m: m.drop_column("player", "born"), "can't be dropped", "CHECK (born > 0)"),
    ("a constraint needs it", lambda m: m.drop_column("player", "code"), "can't be dropped", "pair"),
    ("a view needs it", lambda m: m.drop_column("player", "name"), "can't be dropped", "view names"),
    ("a trigger needs it", lambda m: m.drop_column("player", "club_id"), "can't be dropped", "trigger gone"),
    ("the primary key", lambda m: m.drop_column("player", "id"), "can't be dropped", "primary key"),
    ("a child needs the table", lambda m: m.drop_table("club"), "can't be dropped", "player"),
    ("a view needs the table", lambda m: m.drop_table("player"), "can't be dropped", "names"),
    ("cascade is no way around", lambda m: m.drop_table("player", cascade=True), "can't be dropped", "names"),
    ("an index of another table", lambda m: m.drop_index("club", "by_level"), "no index", ""),
    ("an index's name", lambda m: m.drop_index("player", "by_levle"), "no index", "by_level"),
    ("a constraint's index", lambda m: m.drop_index("club", "sqlite_autoindex_club_1"), "belongs to", ""),
    ("a constraint's name", lambda m: m.drop_constraint("player", "pear"), "no constraint", "pair"),
    ("no foreign key", lambda m: m.drop_foreign_key_constraint("player", "level"), "no foreign key", ""),
    ("a name that is taken", lambda m: m.rename_table("player", "Club"), "taken", "table"),
    ("a name that is pwmig's", lambda m: m.rename_table("player", "pwmig_player"), "can't be called", ""),
    ("a column's name that is taken", lambda m: m.rename_column("player", "level", "born"), "already", ""),
    ("a table that is there", lambda m: m.create_table("club", {"id": AutoField()}), "taken", ""),
    ("a table without columns", lambda m: m.create_table("x", {}), "without a column", ""),
    ("an index on nothing", lambda m: m.add_index("player", ()), "needs its columns", ""),
    ("an index on a text", lambda m: m.add_index("player", "level"), "needs its columns", "'level'"),
    ("no default", lambda m: m.add_column_default("player", "level", None), "says nothing", ""),
]


@pytest.mark.parametrize(
    ("case", "ask", "what", "why"), REFUSALS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_would_lose_something_is_refused_by_name_and_changes_nothing(database, migrator, case, ask, what, why):
    before, rows = _texts(database), database.execute_sql("SELECT * FROM player").fetchall()
    with pytest.raises(OperationRefused) as caught:
        migrate(ask(migrator))
    assert what in caught.value.what
    assert why in caught.value.why
    assert caught.value.way_out or case == "a view"
    assert _texts(database) == before
    assert database.execute_sql("SELECT * FROM player").fetchall() == rows


def test_a_way_out_that_is_shown_works(database, migrator):
    """What the refusal says to do before it, done before it, lets the operation through."""
    with pytest.raises(OperationRefused) as caught:
        migrate(migrator.drop_column("player", "level"))
    assert caught.value.way_out.endswith("migrator.drop_index('player', 'by_level')")
    migrate(migrator.drop_index("player", "by_level"), migrator.drop_column("player", "level"))
    assert "level" not in [column.name for column in database.get_columns("player")]


def test_a_foreign_key_goes_with_its_column_and_the_index_that_came_with_it(database, migrator):
    class Club(Model):
        class Meta:
            database = None

    before = _texts(database)
    field = ForeignKeyField(Club, null=True, on_delete="CASCADE", backref="+")
    migrate(migrator.add_column("player", "second_id", field))
    (key,) = [key for key in database.get_foreign_keys("player") if key.column == "second_id"]
    assert (key.dest_table, key.dest_column) == ("club", "id")
    assert "player_second_id" in [index.name for index in database.get_indexes("player")]
    migrate(migrator.drop_column("player", "second_id"))
    assert _texts(database) == before


def test_a_default_of_python_fills_the_rows_and_leaves_none_in_the_database(database, migrator):
    migrate(migrator.add_column("player", "rank", IntegerField(default=lambda: 7)))
    (column,) = [column for column in database.get_columns("player") if column.name == "rank"]
    assert (column.null, column.default) == (False, None)
    assert database.execute_sql("SELECT DISTINCT rank FROM player").fetchall() == [(7,)]


def test_a_required_column_without_default_can_be_added_to_an_empty_table(database, migrator):
    migrate(migrator.create_table("empty", {"id": AutoField()}), migrator.add_column("empty", "x", IntegerField()))
    assert not database.get_columns("empty")[1].null


def test_a_cast_says_how_values_change(database, migrator):
    migrate(migrator.drop_constraint("player", "pair"))
    migrate(migrator.alter_column_type("player", "code", IntegerField(), cast="CAST(code AS INTEGER)"))
    assert database.execute_sql("SELECT code FROM player").fetchall() == [(7,), (8,), (9,)]


DEFAULTS = [
    (1, "1"), (True, "1"), (-1.5, "-1.5"), ("007", "'007'"), ("it's", "'it''s'"), ("'x'", "'x'"), (b"\x01", "x'01'"),
    ("datetime('now')", "(datetime('now'))"), ("(1 + 2)", "(1 + 2)"), ("so (it is)", "'so (it is)'"), ("", "''"),
    (SQL("CURRENT_TIMESTAMP"), "CURRENT_TIMESTAMP"), (SQL("1 + 1"), "(1 + 1)"), (lambda: 4, "4"),
]  # fmt: skip


@pytest.mark.parametrize(("default", "text"), DEFAULTS, ids=str)
def test_a_default_of_the_database_stands_as_it_is_meant(database, migrator, default, text):
    migrate(migrator.add_column_default("player", "name", default))
    (sql,) = database.execute_sql("SELECT sql FROM sqlite_master WHERE name = 'player'").fetchone()
    assert f"name TEXT DEFAULT {text}, level" in sql


# -- tables


def test_a_table_is_created_as_peewee_creates_it_for_a_model(tmp_path):
    ours, theirs = (peewee.SqliteDatabase(tmp_path / name) for name in ("ours.db", "theirs.db"))

    class Club(Model):
        class Meta:
            database = theirs

    class Match(Model):
        home = ForeignKeyField(Club, on_delete="CASCADE", backref="+")
        name = CharField(max_length=40, unique=True)
        note = TextField(null=True, index=True, collation="NOCASE")
        goals = IntegerField(constraints=[Check("goals >= 0"), SQL("DEFAULT 0")])

        class Meta:
            database = theirs
            indexes = ((("name", "goals"), True),)
            constraints = (Check("name <> ''"),)

    theirs.create_tables([Club, Match], safe=False)
    migrator = Migrator.from_database(ours)
    migrate(
        migrator.create_table("club", {"id": AutoField()}),
        migrator.create_table(
            "match",
            {
                "id": AutoField(),
                "home_id": ForeignKeyField(Club, on_delete="CASCADE"),
                "name": CharField(max_length=40, unique=True),
                "note": TextField(null=True, index=True, collation="NOCASE"),
                "goals": IntegerField(constraints=[Check("goals >= 0"), SQL("DEFAULT 0")]),
            },
            constraints=[Check("name <> ''")],
            indexes=[(("name", "goals"), True)],
        ),
    )
    assert _texts(ours) == _texts(theirs)
    assert [key.model for key in Club._meta.backrefs] == [Match], "the model that lends its DDL left a trace"
    ours.close()
    theirs.close()


@pytest.mark.parametrize("name", ["save", "select", "_meta", 'a "b"', "x.y", "class", "DoesNotExist", "ünï"])
def test_a_columns_name_may_be_any(database, migrator, name):
    migrate(migrator.create_table("odd", {name: IntegerField(index=True), "other": TextField()}, primary_key=[name]))
    assert [column.name for column in database.get_columns("odd")] == [name, "other"]
    assert database.get_primary_keys("odd") == [name]


# -- the batch


def test_a_batch_takes_effect_whole_or_not_at_all(database, migrator):
    before = _texts(database)
    with pytest.raises(peewee.OperationalError):
        migrate(migrator.add_column("player", "x", IntegerField(default=1)), migrator.sql("no SQL"))
    assert _texts(database) == before
    assert database.execute_sql("PRAGMA foreign_keys").fetchone() == (1,)


def test_raw_sql_in_a_batch_does_what_it_says(database, migrator):
    migrate(
        migrator.add_not_null("player", "born"),
        migrator.sql("DROP VIEW names"),
        migrator.drop_column("player", "name"),
        migrator.sql("INSERT INTO club (name) VALUES (?)", ("PSV",)),
    )
    assert database.execute_sql("SELECT count(*) FROM club").fetchone() == (3,)


def test_peewees_own_migrator_and_migrate_are_carried_out_by_pwmig(database, migrator):
    theirs = playhouse.SqliteMigrator(database)
    migrate(theirs.add_not_null("player", "born"))
    playhouse.migrate(migrator.add_column("player", "x", IntegerField(default=1)))
    (sql,) = database.execute_sql("SELECT sql FROM sqlite_master WHERE name = 'player'").fetchone()
    assert "born INT NOT NULL," in sql and "ON DELETE CASCADE, " in sql
    assert database.execute_sql("SELECT count(*) FROM player").fetchone() == (3,)


def test_operations_are_heard_before_they_run_in_words_with_their_names(migrator):
    heard = []
    migrator.on_operation = lambda operation: heard.append((operation.name, operation.args, operation.describe()))
    migrate(
        migrator.add_column("player", "rank", IntegerField(default=1)),
        migrator.rename_column(table="player", old_name="rank", new_name="place"),
    )
    assert [(name, args) for name, args, _ in heard[1:]] == [("rename_column", ("player", "rank", "place"))]
    assert heard[0][2] == "add_column('player', 'rank', IntegerField(default=1))"
    assert migrator.drop_column("player", "place").table == "player"


@pytest.mark.parametrize("wrong", [None, "SELECT 1", lambda: None])
def test_what_is_no_operation_is_refused_in_words(migrator, wrong):
    with pytest.raises(PwmigError, match="no operation"):
        migrate(wrong)


def test_the_texts_of_other_tables_do_not_slow_an_operation_by_query(database, migrator):
    """Ten tables or two hundred: the same number of statements."""

    def statements():
        seen = []
        database.connection().set_trace_callback(seen.append)
        migrate(migrator.add_not_null("player", "born"))
        migrate(migrator.drop_not_null("player", "born"))
        database.connection().set_trace_callback(None)
        return len(seen)

    few = statements()
    for number in range(200):
        database.execute_sql(f"CREATE TABLE other_{number} (id INTEGER PRIMARY KEY, name TEXT)")
    assert statements() == few


# -- as data


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.__name__)
def test_every_operation_says_how_a_form_shows_it(operation):
    assert operation.title
    assert callable(getattr(Migrator.from_database(peewee.SqliteDatabase(":memory:")), operation.method))
    shown = [field for field in dataclasses.fields(operation) if field.metadata]
    assert shown and all(field.metadata["label"] and field.metadata["kind"] in KINDS for field in shown)
    required = [field for field in dataclasses.fields(operation) if field.default is dataclasses.MISSING]
    assert set(required) <= set(shown)


def test_an_operation_is_described_as_it_is_called():
    operation = AddColumn("player", ColumnSpec("level", default=1))
    assert operation.describe() == "add_column('player', 'level', IntegerField(default=1))"


@pytest.mark.parametrize("kind", COLUMN_TYPES)
def test_every_kind_of_column_is_made(database, migrator, kind):
    key = kind == "AutoField"
    spec = ColumnSpec("x", kind, default=None if key else COLUMN_TYPES[kind].neutral)
    if key:
        migrate(CreateTable("made", (spec,)).on(migrator))
    else:
        migrate(AddColumn("player", spec).on(migrator))
        assert database.execute_sql("SELECT count(x) FROM player").fetchone() == (3,)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: ColumnSpec(""), "needs a name"),
        (lambda: ColumnSpec("a\0b"), "NUL"),
        (lambda: ColumnSpec("a" * 256), "256"),
        (lambda: ColumnSpec("a", "Integer"), "IntegerField"),
        (lambda: ColumnSpec("a", "TextField", max_length=5), "only CharField"),
        (lambda: ColumnSpec("a", "CharField", max_length=0), "from 1 on"),
        (lambda: ColumnSpec("a", primary_key=True, null=True), "primary key"),
        (lambda: AddColumn("a", ColumnSpec("id", primary_key=True)), "rows there"),
        (lambda: AddIndex("a", ()), ""),
        (lambda: CreateTable("a", ()), "no column"),
        (lambda: CreateTable("a", (ColumnSpec("x"), ColumnSpec("X"))), "two columns"),
        (lambda: DropColumn("a", " "), "needs a name"),
        (lambda: ColumnSpec("a", "FloatField", default=float("nan")), "finite"),
        (lambda: ColumnSpec("a", default=object()), "holds it as text"),
        (lambda: AddColumn("a", ColumnSpec("id", "AutoField")), "rows there"),
        (lambda: CreateTable("a", (ColumnSpec("x", "AutoField"), ColumnSpec("y")), primary_key=("y",)), "two primary"),
        (lambda: CreateTable("a", (ColumnSpec("x"),), indexes=((("y",), True),)), "no column 'y'"),
        (lambda: CreateTable("a", (ColumnSpec("x"),), primary_key=("x", "z")), "no column 'z'"),
        (lambda: AddUnique("a", ()), "needs a column"),
        (lambda: AddCheck("a", "c", " "), "needs a condition"),
        (lambda: AddColumnDefault("a", "x", None), "needs a default"),
        (lambda: AlterColumnType("a", "x", "TextField", 3), "only CharField"),
        (lambda: AlterColumnType("a", "x", "AutoField"), "counted primary key"),
        (lambda: parse_default("FloatField", "inf"), "finite"),
        (lambda: parse_default("IntegerField", "one"), "write a whole number"),
        (lambda: parse_default("BooleanField", "maybe"), "true or false"),
        (lambda: parse_default("DateField", "2020-13-01"), "month"),
    ],
)
def test_a_wish_that_can_not_be_is_refused_when_it_is_made(make, word):
    with pytest.raises(OperationRefused) as caught:
        made = make()
        assert isinstance(made, Operation)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("IntegerField", " 7 ", 7), ("CharField", " a ", " a "), ("BooleanField", "Yes", True),
        ("FloatField", "1e3", 1000.0),
        ("DecimalField", "1.50", "1.50"), ("DateField", "2020-02-29", "2020-02-29"), ("BlobField", "ab", b"ab"),
        ("IntegerField", "", None), ("CharField", '""', ""), ("TextField", "''", ""), ("BlobField", '""', b'""'),
    ],
)  # fmt: skip
def test_a_default_that_is_typed_is_a_value_of_its_kind(kind, text, value):
    assert parse_default(kind, text) == value


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (date(2020, 2, 29), "2020-02-29"), (datetime(2020, 2, 29, 1, 2), "2020-02-29 01:02:00"),
        (Decimal("1.50"), "1.50"), (time(1, 2), "01:02:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"), (b"\0", b"\0"), (True, True), (1.5, 1.5),
    ],
)  # fmt: skip
def test_a_default_is_kept_as_code_can_hold_it(value, kept):
    assert ColumnSpec("a", "TextField", default=value).default == kept


# -- virtual tables


@pytest.fixture
def documents(database):
    """A full-text table with rows, beside an ordinary one whose name begins as its parts' names do."""
    try:
        database.execute_sql("CREATE VIRTUAL TABLE doc USING fts5(title, body)")
    except peewee.OperationalError:
        pytest.skip("this SQLite has no FTS5")
    database.execute_sql("INSERT INTO doc VALUES ('one', 'to be'), ('two', 'or not')")
    database.execute_sql("CREATE TABLE doc_author (id INTEGER PRIMARY KEY, name TEXT)")
    return database


def test_a_virtual_table_is_dropped_with_the_tables_that_are_parts_of_it(documents, migrator):
    migrate(migrator.add_column("club", "x", IntegerField(null=True)), migrator.drop_table("doc"))
    assert [name for name, _ in _texts(documents) if name.startswith("doc")] == ["doc_author"]


def test_a_virtual_table_is_not_read_as_one_with_foreign_keys(documents, migrator):
    documents.execute_sql('CREATE VIRTUAL TABLE words USING fts5(player, "references")')
    migrate(migrator.sql("DROP VIEW names"), migrator.sql("DROP TRIGGER gone"), migrator.drop_table("player"))
    assert "player" not in [name for name, _ in _texts(documents)]


@pytest.mark.parametrize("new", ["paper", 'a "b"', "Doc", "doc_author_2"])
def test_a_virtual_table_is_renamed_with_the_tables_that_are_parts_of_it(documents, migrator, new):
    before = {name for name, _ in _texts(documents)}
    migrate(migrator.rename_table("doc", new), migrator.add_column("club", "x", IntegerField(default=1)))
    parts = ("", "_config", "_content", "_data", "_docsize", "_idx")
    assert {name for name, _ in _texts(documents)} - before == {new + part for part in parts}
    assert "doc_author" in {name for name, _ in _texts(documents)}
    quoted = '"' + new.replace('"', '""') + '"'
    assert documents.execute_sql(f"SELECT title FROM {quoted} WHERE {quoted} MATCH 'not'").fetchall() == [("two",)]
    migrate(migrator.rename_table(new, "doc"))
    assert {name for name, _ in _texts(documents)} == before


# -- names that differ by letter case only


def test_a_name_may_change_by_letter_case_only(database, migrator):
    rows = database.execute_sql("SELECT * FROM player").fetchall()
    migrate(
        migrator.rename_table("player", "Player"),
        migrator.add_not_null("Player", "born"),
        migrator.rename_column("Player", "name", "Name"),
        migrator.rename_table("CLUB", "Club"),
        migrator.rename_index("Player", "by_level", "By_Level"),
    )
    names = {name for name, _ in _texts(database)}
    assert {"Player", "Club", "By_Level", "names", "gone"} <= names and not {"player", "club", "by_level"} & names
    assert not any(name.startswith("pwmig_") for name in names)
    assert not any("pwmig_" in (sql or "") for _, sql in _texts(database))
    assert database.execute_sql("SELECT * FROM Player").fetchall() == rows
    assert [key.dest_table for key in database.get_foreign_keys("Player")] == ["Club"]
    assert database.get_columns("Player")[1].name == "Name"


def test_a_table_that_has_the_name_already_stays_as_it_is(database, migrator):
    before = _texts(database)
    migrate(migrator.rename_table("PLAYER", "player"), migrator.rename_column("player", "LEVEL", "level"))
    assert _texts(database) == before


# -- what is broken already

BROKEN = {
    "view": ('CREATE VIEW "bro: ken" AS SELECT * FROM nowhere', "migrator.sql('DROP VIEW \"bro: ken\"')"),
    "trigger": (
        'CREATE TRIGGER "bro: ken" AFTER INSERT ON club BEGIN DELETE FROM nowhere; END',
        "migrator.sql('DROP TRIGGER \"bro: ken\"')",
    ),
}
STOPPED_BY_IT = {
    "rename_table": lambda m: (m.rename_table("player", "person"),),
    "rename_table, letter case": lambda m: (m.rename_table("player", "Player"),),
    "rename_column": lambda m: (m.rename_column("player", "level", "rank"),),
    "add and drop": lambda m: (m.add_column("player", "x", IntegerField(null=True)), m.drop_column("player", "x")),
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("case", STOPPED_BY_IT)
def test_what_is_broken_already_is_named_with_a_way_out_that_works(database, migrator, case, broken):
    statement, drop = BROKEN[broken]
    database.execute_sql(statement)
    before = _texts(database)
    with pytest.raises(OperationRefused) as caught:
        migrate(*STOPPED_BY_IT[case](migrator))
    assert f"{broken.split()[0]} 'bro: ken'" in caught.value.what
    assert drop in caught.value.way_out and caught.value.object == "bro: ken"
    assert _texts(database) == before
    migrate(migrator.sql(f'DROP {broken.split()[0].upper()} "bro: ken"'), *STOPPED_BY_IT[case](migrator))
    assert _texts(database) != before


# -- fields

NO_FIELDS = {
    "add_column": lambda m, wrong: m.add_column("player", "x", wrong),
    "alter_column_type": lambda m, wrong: m.alter_column_type("player", "level", wrong),
    "create_table": lambda m, wrong: m.create_table("new", {"x": wrong}),
}


@pytest.mark.parametrize("case", NO_FIELDS)
@pytest.mark.parametrize(
    ("wrong", "way_out"),
    [
        (IntegerField, "write IntegerField(), with parentheses"),
        (ForeignKeyField, "write ForeignKeyField(...), with parentheses"),
        ("INTEGER", "give a Peewee field, as IntegerField(null=True)"),
        (None, "give a Peewee field, as IntegerField(null=True)"),
        (Model, "give a Peewee field, as IntegerField(null=True)"),
    ],
)
def test_what_is_no_field_is_refused_with_what_to_write(database, migrator, case, wrong, way_out):
    migrator.on_operation = lambda operation: operation.describe()
    before = _texts(database)
    with pytest.raises(OperationRefused, match="is no field") as caught:
        migrate(NO_FIELDS[case](migrator, wrong))
    assert caught.value.way_out == way_out
    assert _texts(database) == before
