"""Each operation on each database: it makes the change that it is asked for, keeps the rows, and says why it won't."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time
from decimal import Decimal

import peewee
import pytest
from peewee import SQL, AutoField, CharField, Check, ForeignKeyField, IntegerField, Model, TextField
from playhouse import migrate as playhouse

from pwmig import Migrator
from pwmig.columns import COLUMN_TYPES, ColumnSpec
from pwmig.dialects import dialect_of, migrate
from pwmig.diff import diff
from pwmig.errors import OperationRefused
from pwmig.operations import OPERATIONS, AddColumn, CreateTable

SCHEMA = (
    "CREATE TABLE club (id INTEGER PRIMARY KEY, name VARCHAR(20) UNIQUE)",
    "INSERT INTO club VALUES (1, 'Ajax'), (2, 'Feyenoord')",
    "CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(20), level INT, code VARCHAR(10), born INT NOT NULL, "
    "club_id INT, rank DECIMAL(6, 2) DEFAULT 1.5, CONSTRAINT born_set CHECK (born > 0), "
    "CONSTRAINT pair UNIQUE (code, born), "
    "CONSTRAINT plays_for FOREIGN KEY (club_id) REFERENCES club (id) ON DELETE CASCADE)",
    "INSERT INTO player VALUES (1, 'Cruijff', 1, '007', 1947, 1, 1.5), (2, 'Keizer', NULL, '8', 1943, 1, 2.25), "
    "(3, 'Swart', 1, '9', 1938, 2, 3)",
    "CREATE INDEX by_level ON player (level)",
    "CREATE TABLE pair_of (a INT NOT NULL, b INT NOT NULL, x INT, PRIMARY KEY (a, b))",
    "CREATE TABLE twin (a INT, b INT, CONSTRAINT both_of FOREIGN KEY (a, b) REFERENCES pair_of (a, b))",
    "CREATE VIEW names AS SELECT name FROM player",
)


def _quoted(database, *names):
    mark = database.quote[0]
    return ".".join(f"{mark}{name.replace(mark, mark * 2)}{mark}" for name in names)


@pytest.fixture
def database(any_database):
    for statement in SCHEMA:
        any_database.execute_sql(statement.replace("rank", _quoted(any_database, "rank")))
    return any_database


@pytest.fixture
def migrator(database):
    return Migrator.from_database(database)


@pytest.fixture
def on_server(server_database):
    for statement in SCHEMA:
        server_database.execute_sql(statement.replace("rank", _quoted(server_database, "rank")))
    return server_database


def _schema(database):
    return dialect_of(database).introspect(database)


def _rows(database, table, columns="*"):
    return list(database.execute_sql(f"SELECT {columns} FROM {_quoted(database, table)} ORDER BY 1, 2").fetchall())


def _words(changes):
    """A change as words: what it is, of what, and for an alteration in which facts."""
    found = []
    for change in changes:
        thing = next(
            (getattr(change, name) for name in ("column", "index", "check", "foreign_key", "unique", "before")
             if hasattr(change, name)), None
        )  # fmt: skip
        name = getattr(thing, "name", None) or change.table
        found.append(" ".join([type(change).__name__, name, *getattr(change, "differing", ())]))
    return sorted(found)


Club = type("Club", (Model,), {"Meta": type("Meta", (), {"table_name": "club"})})

# What is asked, what differs afterwards; of MariaDB and SQLite where that is another thing there.
CHANGES = {
    "add_column null": (lambda m: m.add_column("player", "x", IntegerField(null=True)), ["AddColumn x"]),
    "add_column": (lambda m: m.add_column("player", "x", IntegerField(default=3)), ["AddColumn x"]),
    "add_column text": (lambda m: m.add_column("player", "x", TextField(default="it's 5%")), ["AddColumn x"]),
    "add_column expression": (
        lambda m: m.add_column("player", "x", IntegerField(default=peewee.SQL("4 + 4"))), ["AddColumn x"]
    ),
    "add_column index": (
        lambda m: m.add_column("player", "x", IntegerField(default=3, index=True)),
        ["AddColumn x", "AddIndex player_x"],
    ),
    "add_column unique": (
        lambda m: m.add_column("player", "x", CharField(null=True, unique=True)),
        ["AddColumn x", "AddIndex player_x"],
    ),
    "add_column key": (
        lambda m: m.add_column("player", "x", ForeignKeyField(Club, null=True, on_delete="CASCADE")),
        ["AddColumn x", "AddForeignKey *", "AddIndex player_x"],
    ),
    "drop_column": (lambda m: m.drop_column("player", "rank"), ["DropColumn rank"]),
    "add_not_null": (lambda m: m.add_not_null("player", "code"), ["AlterColumn code nullable"]),
    "add_not_null again": (lambda m: m.add_not_null("player", "born"), []),
    "drop_not_null": (lambda m: m.drop_not_null("player", "born"), ["AlterColumn born nullable"]),
    "drop_not_null again": (lambda m: m.drop_not_null("player", "level"), []),
    "add_column_default": (lambda m: m.add_column_default("player", "level", 7), ["AlterColumn level default"]),
    "add_column_default text": (
        lambda m: m.add_column_default("player", "code", "it's, 50%"), ["AlterColumn code default"]
    ),
    "add_column_default call": (
        lambda m: m.add_column_default("player", "code", "lower('A%')"), ["AlterColumn code default"]
    ),
    "drop_column_default": (lambda m: m.drop_column_default("player", "rank"), ["AlterColumn rank default"]),
    "drop_column_default none": (lambda m: m.drop_column_default("player", "born"), []),
    "alter_column_type": (
        lambda m: m.alter_column_type("player", "code", CharField(max_length=99)), ["AlterColumn code type"]
    ),
    "alter_column_type number": (
        lambda m: m.alter_column_type("player", "level", peewee.BigIntegerField()), ["AlterColumn level type"]
    ),
    "create_table": (lambda m: m.create_table("made", {"id": AutoField(), "x": CharField()}), ["CreateTable made"]),
    "drop_table": (lambda m: m.drop_table("twin"), ["DropTable twin"]),
    "drop_table safe": (lambda m: m.drop_table("nothing", safe=True), []),
    "add_index": (lambda m: m.add_index("player", ("level", "born")), ["AddIndex player_level_born"]),
    "add_index unique": (lambda m: m.add_index("player", ["code"], True, name="%"), ["AddIndex %"]),
    "drop_index": (lambda m: m.drop_index("player", "by_level"), ["DropIndex by_level"]),
    "rename_index": (lambda m: m.rename_index("player", "by_level", "per%cent"), None),
    "add_constraint": (
        lambda m: m.add_constraint("player", "c%", Check("born % 2 < 2 AND code <> '%'")), ["AddCheck c%"]
    ),
    "drop_constraint check": (lambda m: m.drop_constraint("player", "born_set"), ["DropCheck born_set"]),
    "drop_constraint unique": (lambda m: m.drop_constraint("player", "pair"), ["Drop* pair"]),
    "drop_constraint key": (lambda m: m.drop_constraint("twin", "both_of"), None),
    "add_unique": (lambda m: m.add_unique("player", "name", "born"), ["Add* uniq_name_born"]),
    "add_foreign_key_constraint": (
        lambda m: m.add_foreign_key_constraint("pair_of", "x", "club", "id", "SET NULL", "CASCADE", "of club"),
        ["AddForeignKey of club", "AddIndex? of club"],
    ),
    "drop_foreign_key_constraint": (
        lambda m: m.drop_foreign_key_constraint("player", "club_id"),
        ["DropForeignKey plays_for", "DropIndex? plays_for"],
    ),
    "sql": (lambda m: m.sql("CREATE INDEX \n by_born ON player (born)"), ["AddIndex by_born"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_an_operation_makes_the_change_that_is_asked_for_and_no_other(database, migrator, case):
    ask, expected = CHANGES[case]
    before, rows = _schema(database), _rows(database, "player", "id, name, born, club_id")
    migrate(ask(migrator))
    found = _words(diff(before, _schema(database)))
    if expected is not None:
        assert _matches(found, expected)
    assert _rows(database, "player", "id, name, born, club_id") == rows


def _matches(found, expected):
    """``*`` stands for anything, ``?`` for what only one database makes along."""
    from fnmatch import fnmatchcase

    left = list(found)
    for pattern in expected:
        optional = "?" in pattern
        hit = next((words for words in left if fnmatchcase(words, pattern.replace("?", ""))), None)
        if hit is not None:
            left.remove(hit)
        elif not optional:
            return False
    assert left == [], left
    return True


RENAMES = {
    "rename_column": (lambda m: m.rename_column("player", "level", "per%cent"), {}, {("player", "level"): "per%cent"}),
    "rename_table": (lambda m: m.rename_table("pair_of", "couple"), {"pair_of": "couple"}, {}),
}


@pytest.mark.parametrize("case", RENAMES)
def test_a_rename_is_one_wherever_the_name_stands(database, migrator, case):
    ask, tables, columns = RENAMES[case]
    before = _schema(database)
    migrate(ask(migrator))
    changes = diff(before, _schema(database), renamed_tables=tables, renamed_columns=columns)
    assert [type(change).__name__ for change in changes] == ["RenameTable" if tables else "RenameColumn"]


REFUSALS = [
    ("a table's name", lambda m: m.add_column("playr", "x", IntegerField(null=True)), "playr", "player"),
    ("a column's name", lambda m: m.drop_column("player", "levl"), "levl", "level"),
    ("a view", lambda m: m.drop_column("names", "name"), "view", ""),
    ("a column twice", lambda m: m.add_column("player", "level", IntegerField(null=True)), "already", ""),
    ("no value", lambda m: m.add_column("player", "x", IntegerField()), "no default", "3 rows"),
    ("no value, not null allowed", lambda m: m.add_column("player", "x", IntegerField(), True), "no default", "3 rows"),
    ("a class, no field", lambda m: m.add_column("player", "x", IntegerField), "no field", "parentheses"),
    ("a model as text", lambda m: m.add_column("player", "x", ForeignKeyField("Club")), "which table", ""),
    ("NULLs there", lambda m: m.add_not_null("player", "level"), "NOT NULL", "1 row"),
    ("of the key", lambda m: m.drop_not_null("player", "id"), "can't hold NULL", "primary key"),
    ("duplicates there", lambda m: m.add_index("player", ("level",), True, name="u"), "unique", "1 value"),
    ("duplicates, a constraint", lambda m: m.add_unique("player", "level"), "do not hold", "uniq_level"),
    ("a check that fails", lambda m: m.add_constraint("player", "c", Check("born > 1940")), "do not hold", "'c'"),
    ("orphans", lambda m: m.add_foreign_key_constraint("player", "born", "club", "id"), "can't refer", "3 rows"),
    ("values that change", lambda m: m.alter_column_type("player", "code", IntegerField()), "changing values", "'007'"),
    ("a fraction", lambda m: m.alter_column_type("player", "rank", IntegerField()), "changing values", "1.5"),
    ("too short", lambda m: m.alter_column_type("player", "code", CharField(max_length=2)), "code", ""),
    ("an index needs it", lambda m: m.drop_column("player", "level"), "can't be dropped", "by_level"),
    ("a check needs it", lambda m: m.drop_column("pair_of", "x"), "can't be dropped", "x_set"),
    ("a constraint needs it", lambda m: m.drop_column("player", "code"), "can't be dropped", "pair"),
    ("a view needs it", lambda m: m.drop_column("player", "name"), "can't be dropped", "view names"),
    ("a part of a key", lambda m: m.drop_column("twin", "a"), "can't be dropped", "both_of"),
    ("the primary key", lambda m: m.drop_column("player", "id"), "can't be dropped", "primary key"),
    ("a child needs the column", lambda m: m.drop_column("club", "id"), "can't be dropped", "plays_for of player"),
    ("a child needs the table", lambda m: m.drop_table("club"), "can't be dropped", "player"),
    ("a view needs the table", lambda m: m.drop_table("player"), "can't be dropped", "names"),
    ("an index of another table", lambda m: m.drop_index("club", "by_level"), "no index", ""),
    ("an index's name", lambda m: m.drop_index("player", "by_levle"), "no index", "by_level"),
    ("a constraint's name", lambda m: m.drop_constraint("player", "pear"), "no constraint", "pair"),
    ("no foreign key", lambda m: m.drop_foreign_key_constraint("player", "level"), "no foreign key", ""),
    ("of two columns", lambda m: m.drop_foreign_key_constraint("twin", "a"), "no foreign key", "both_of"),
    ("no action", lambda m: m.add_foreign_key_constraint("pair_of", "x", "club", "id", "VANISH"), "no action", ""),
    ("a name that is taken", lambda m: m.rename_table("twin", "club"), "taken", "table"),
    ("a view's name", lambda m: m.rename_table("twin", "names"), "taken", "view"),
    ("a name that is pwmig's", lambda m: m.rename_table("player", "pwmig_player"), "can't be called", ""),
    ("a name without a schema", lambda m: m.rename_table("twin", "nowhere.twin"), "schema|database", ""),
    ("too long a name", lambda m: m.rename_column("player", "level", "l" * 65), "l{30}", ""),
    ("a column's name that is taken", lambda m: m.rename_column("player", "level", "born"), "already", ""),
    ("a table that is there", lambda m: m.create_table("club", {"id": AutoField()}), "taken", ""),
    ("a table without columns", lambda m: m.create_table("x", {}), "without a column", ""),
    ("SQLite's option", lambda m: m.create_table("x", {"x": TextField()}, strict_tables=True), "strict_tables", ""),
    ("an index on nothing", lambda m: m.add_index("player", ()), "needs its columns", ""),
    ("a default of None", lambda m: m.add_column_default("player", "level", None), "None", ""),
    ("a type that counts", lambda m: m.alter_column_type("player", "born", AutoField()), "counts by itself", ""),
    ("a name twice", lambda m: m.add_constraint("player", "born_set", Check("born > 1")), "already", ""),
    ("an index's name that is taken", lambda m: m.add_index("player", ("born",), name="by_level"), "taken", ""),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "word", "other"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
def test_what_would_lose_something_is_refused_before_anything_is_touched(on_server, ask, word, other):
    on_server.execute_sql("ALTER TABLE pair_of ADD CONSTRAINT x_set CHECK (x > 0 AND b > 0)")
    before = _schema(on_server)
    with pytest.raises(OperationRefused, match=word) as caught:
        migrate(ask(Migrator.from_database(on_server)))
    assert other in str(caught.value)
    assert diff(before, _schema(on_server)) == ()


def test_what_is_refused_names_what_needs_it_and_what_does_away_with_that(on_server):
    migrator = Migrator.from_database(on_server)
    with pytest.raises(OperationRefused) as caught:
        migrate(migrator.drop_column("player", "name"))
    error = caught.value
    assert (error.table, error.column, error.object) == ("player", "name", "view names")
    assert f"""migrator.sql('DROP VIEW {_quoted(on_server, "names")}')""" in error.way_out
    migrate(migrator.sql(f"DROP VIEW {_quoted(on_server, 'names')}"), migrator.drop_column("player", "name"))
    assert _schema(on_server).table("player").column("name") is None


# -- values


def test_a_default_of_python_fills_the_rows_and_leaves_none_in_the_database(database, migrator):
    migrate(migrator.add_column("player", "place", IntegerField(default=lambda: 7)))
    column = _schema(database).table("player").column("place")
    assert (column.nullable, column.default) == (False, None)
    assert _rows(database, "player", "DISTINCT place, 0") == [(7, 0)]


def test_a_default_of_the_database_stays_beside_one_of_python(database, migrator):
    field = CharField(default="50%", constraints=[SQL("DEFAULT 'later'"), Check("place <> ''")])
    migrate(migrator.add_column("player", "place", field))
    assert _rows(database, "player", "DISTINCT place, 0") == [("50%", 0)]
    database.execute_sql("INSERT INTO player (id, born) VALUES (9, 1)")
    assert ("later", 0) in _rows(database, "player", "DISTINCT place, 0")


VALUES = [
    (CharField, ""), (CharField, "it's 50% \\ \"so\" {0} `\n"), (TextField, "é名"), (IntegerField, -1),
    (peewee.BooleanField, True), (peewee.FloatField, -1.5), (peewee.DoubleField, 1e100),
    (peewee.DecimalField, Decimal("-1.25")), (peewee.DateField, date(2020, 2, 29)), (peewee.TimeField, time(1, 2, 3)),
    (peewee.DateTimeField, datetime(2020, 2, 29, 1, 2, 3)), (peewee.UUIDField, uuid.UUID(int=7)),
    (peewee.BlobField, b"\x00'%\\\xff"), (peewee.BinaryUUIDField, uuid.UUID(int=7)), (peewee.BigIntegerField, 2**62),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=lambda value: repr(value)[:30])
def test_a_default_of_any_kind_is_the_same_value_in_the_rows(database, migrator, kind, value):
    migrate(migrator.add_column("player", "x", kind(default=value)))

    class Player(Model):
        x = kind()

        class Meta:
            table_name = "player"

    Player._meta.set_database(database)
    found = [player.x for player in Player.select(Player.x)]
    assert [bytes(one) if isinstance(value, bytes) else one for one in found] == [value] * 3


DEFAULTS = [
    (7, 7), ("007", "007"), ("it's 5%", "it's 5%"), ("'x'", "x"), ("so (it is)", "so (it is)"), ("", ""), (-1.5, -1.5),
    (SQL("2 + 2"), 4), ("(1 + 2)", 3), ("lower('A%')", "a%"), (lambda: 4, 4), ("a\\b", "a\\b"),
]  # fmt: skip


@pytest.mark.parametrize(("default", "value"), DEFAULTS, ids=str)
def test_a_default_of_the_database_is_the_value_that_is_meant(database, migrator, default, value):
    migrate(migrator.create_table("made", {"id": IntegerField(), "x": CharField(null=True)}))
    migrate(migrator.add_column_default("made", "x", default))
    database.execute_sql("INSERT INTO made (id) VALUES (1)")
    assert _rows(database, "made", "id, x") == [(1, str(value))]


def test_a_cast_says_how_values_change(database, migrator):
    casts = {"sqlite": "CAST(code AS INTEGER)", "postgresql": "code::int", "mysql": "CAST(code AS INT)"}
    migrate(migrator.alter_column_type("player", "code", IntegerField(), cast=casts[dialect_of(database).name]))
    assert _rows(database, "player", "id, code") == [(1, 7), (2, 8), (3, 9)]
    assert [unique.columns for unique in _schema(database).table("player").uniques] in ([("code", "born")], [])


@pytest.mark.parametrize("kind", COLUMN_TYPES)
def test_every_kind_of_column_is_made(database, migrator, kind):
    key = kind == "AutoField"
    spec = ColumnSpec("x", kind, default=None if key else COLUMN_TYPES[kind].neutral)
    migrate(CreateTable("made", (spec,)).on(migrator))
    if not key:
        migrate(AddColumn("player", spec).on(migrator))
        made, added = (_schema(database).table(name).column("x") for name in ("made", "player"))
        assert made == added
        assert _rows(database, "player", "count(x), 0") == [(3, 0)]


def test_a_table_is_created_as_peewee_creates_it_for_a_model(server_database):
    class Base(Model):
        class Meta:
            database = server_database

    class Side(Base):
        class Meta:
            table_name = "side"

    class Match(Base):
        home = ForeignKeyField(Side, on_delete="CASCADE", backref="+")
        name = CharField(max_length=40, unique=True)
        note = CharField(null=True, index=True)
        goals = IntegerField(constraints=[SQL("DEFAULT 0"), Check("goals >= 0")])

        class Meta:
            indexes = ((("name", "goals"), True),)
            constraints = (Check("name <> 'a%%'"),)

    server_database.create_tables([Side, Match], safe=False)
    theirs = _schema(server_database)
    server_database.drop_tables([Match, Side])
    migrator = Migrator.from_database(server_database)
    columns = {field.column_name: field for field in Match._meta.sorted_fields}
    migrate(
        migrator.create_table("side", {"id": AutoField()}),
        migrator.create_table(
            "match", columns, constraints=[Check("name <> 'a%%'")], indexes=[(("name", "goals"), True)]
        ),
    )
    assert _schema(server_database) == theirs
    assert [key.model for key in Side._meta.backrefs] == [Match], "the model that lends its DDL left a trace"


# -- as Peewee's


def test_peewees_own_migrator_is_carried_out_by_pwmig(on_server):
    theirs = playhouse.SchemaMigrator.from_database(on_server)
    migrate(
        theirs.drop_not_null("player", "born"),
        theirs.add_column("player", "x", IntegerField(default=1)),
        theirs.rename_column("player", "x", "y"),
        theirs.add_not_null("player", "born"),
    )
    assert _rows(on_server, "player", "DISTINCT y, 0") == [(1, 0)]


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.__name__)
def test_every_operation_of_the_form_is_a_method_of_each_migrator(any_database, operation):
    assert callable(getattr(Migrator.from_database(any_database), operation.method))


def test_the_methods_of_the_migrators_take_the_same_arguments(any_database):
    from inspect import signature

    ours, sqlite = Migrator.from_database(any_database), playhouse.SchemaMigrator
    for name in (name for name in vars(sqlite) if hasattr(getattr(sqlite, name), "__wrapped__")):
        theirs = list(signature(getattr(sqlite, name)).parameters)[1:]
        assert list(signature(getattr(ours, name)).parameters)[: len(theirs)] == theirs
