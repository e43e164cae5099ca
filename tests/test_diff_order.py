"""The order of changes is one in which each can be carried out: on PostgreSQL one by one, and as a law for any."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import carrying_mariadb
import peewee
import pytest
from carrying import statements
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pwmig.dialects import dialect_of
from pwmig.diff import AlterColumn, AlterView, Change, diff
from pwmig.diff.order import in_order
from pwmig.schema import (
    Check,
    Column,
    Extension,
    ForeignKey,
    Index,
    IndexPart,
    Namespace,
    Routine,
    Schema,
    Sequence,
    Table,
    Type,
    View,
)

# What a database may hold, each in some forms; what a form needs stands before it. {x} is left out where x is not
# there. So any choice is a script that PostgreSQL takes.
Script = list[str]


def script(choice: dict[str, int]) -> Script:
    """A schema as statements; 0 leaves a thing out, other numbers are its forms."""
    has = choice.get
    made: Script = []
    mood, calm, team, player = has("mood"), has("calm"), has("team"), has("player")
    if has("audit"):
        made += ["CREATE SCHEMA audit", "CREATE TABLE audit.log (line text)"]
    if mood:
        made.append("CREATE TYPE mood AS ENUM ('sad', 'ok'" + (", 'glad')" if mood == 2 else ")"))
    if has("year"):
        made.append("CREATE DOMAIN year AS integer CHECK (VALUE > 0)")
    if calm:
        body = "SELECT 1" if calm == 1 else "SELECT 2 + 0"
        made.append(f"CREATE FUNCTION calm() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ {body} $$")
    if has("counter"):
        made.append("CREATE SEQUENCE counter" + (" INCREMENT 5" if has("counter") == 2 else ""))
    if team:
        kind = "bigint" if team == 2 else "integer"
        made.append(f"CREATE TABLE team (id {kind} PRIMARY KEY, name text, captain integer)")
    if player:
        parts = ["id integer PRIMARY KEY", "name varchar(40)" if player == 1 else "name text"]
        parts += ["team integer REFERENCES team (id)"] if team else []
        parts += ["mood mood DEFAULT 'ok'"] if mood else []
        parts += ["born year"] if has("year") else []
        parts += ["level integer DEFAULT calm()"] if calm else []
        parts += ["no bigint DEFAULT nextval('counter')"] if has("counter") else []
        parts += ["loud text GENERATED ALWAYS AS (upper(name)) STORED"] if has("loud") else []
        parts += ["CONSTRAINT named CHECK (name <> '')"] if has("named") == 1 else []
        parts += ["CONSTRAINT named CHECK (length(name) > calm())"] if has("named") == 2 and calm else []
        parts += ["CONSTRAINT one_name UNIQUE (name)"] if has("one_name") else []
        made.append(f"CREATE TABLE player ({', '.join(parts)})")
        if has("index"):
            made.append(
                "CREATE INDEX player_index ON player (" + ("name)" if has("index") == 1 else "upper(name), id)")
            )
        if team and has("circle"):
            made.append("ALTER TABLE team ADD CONSTRAINT led FOREIGN KEY (captain) REFERENCES player (id)")
        if has("trigger"):
            made.append("CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")
            made.append("CREATE TRIGGER kept BEFORE INSERT ON player FOR EACH ROW EXECUTE FUNCTION kept()")
        if has("policy"):
            made.append("CREATE POLICY seen ON player USING (name <> 'x')")
        view = has("view")
        if view:
            columns = ["id", "name"] if view == 1 else ["name", *(["mood"] if mood else [])]
            kind = "MATERIALIZED VIEW" if view == 3 else "VIEW"
            made.append(f"CREATE {kind} names AS SELECT {', '.join(columns)} FROM player")
            if has("over"):
                made.append("CREATE VIEW over AS SELECT name FROM names" + (" WHERE true" if has("over") == 2 else ""))
        if has("lookup"):
            # A function that reads a table, and a table that asks it.
            made.append("CREATE FUNCTION best() RETURNS integer LANGUAGE sql AS $$ SELECT max(id) FROM player $$")
            made.append("CREATE TABLE prize (winner integer DEFAULT best())")
    return made


CHOICES = st.fixed_dictionaries(
    {
        **dict.fromkeys(("mood", "calm", "counter", "team", "player", "named", "index", "over"), st.integers(0, 2)),
        **dict.fromkeys(
            ("audit", "year", "loud", "one_name", "circle", "trigger", "policy", "lookup"), st.integers(0, 1)
        ),
        "view": st.integers(0, 3),
    }
)


def made(database: Any, statements_: Script) -> Schema:
    for statement in statements_:
        database.execute_sql(statement)
    return dialect_of(database).introspect(database)


def emptied(database: Any) -> None:
    database.execute_sql("DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS audit CASCADE; CREATE SCHEMA public")


def carried_out(database: Any, changes: tuple[Change, ...], schemas: tuple[Schema, Schema]) -> None:
    for change in changes:
        try:
            with dependants_kept(database, change):
                for statement in statements(change, schemas):
                    database.execute_sql(statement)
        except peewee.DatabaseError as error:
            told = "\n".join(f"{one.sign} {one.describe()}" for one in changes)
            raise AssertionError(f"{change.describe()}: {error}\n\n{told}") from error


@contextmanager
def dependants_kept(database: Any, change: Change) -> Iterator[None]:
    """An operation on what views stand on drops these, and makes them anew as they are: it changes nothing else."""
    see, write = dialect_of(database).introspect, dialect_of(database).write
    views = see(database).views if isinstance(change, AlterView) or alters_type(change) else ()
    for view in views if alters_type(change) else ():
        kind = "MATERIALIZED VIEW" if view.materialized else "VIEW"
        database.execute_sql(f"DROP {kind} IF EXISTS {view.name} CASCADE")
    yield
    there = {view.name for view in see(database).views}
    lost = tuple(view for view in views if view.name not in there)
    for statement in write(Schema(views=lost, exact_tables=True, exact_columns=True)):
        database.execute_sql(statement)


def alters_type(change: Change) -> bool:
    return isinstance(change, AlterColumn) and "type" in [fact.name for fact in change.facts]


@settings(max_examples=settings().max_examples, suppress_health_check=[*HealthCheck])
@given(old=CHOICES, new=CHOICES)
def test_each_change_can_be_done_when_those_before_it_are(
    postgres: Any, old: dict[str, int], new: dict[str, int]
) -> None:
    # A value of an enum that goes, or a generated column whose base gets another type, is no matter of order.
    old = {**old, "mood": min(old["mood"], new["mood"] or 2)}
    new = {**new, "loud": new["loud"] if old["player"] in (0, new["player"]) or not old["loud"] else 0}
    emptied(postgres)
    after = made(postgres, script(new))
    emptied(postgres)
    before = made(postgres, script(old))
    changes = diff(before, after)
    carried_out(postgres, changes, (before, after))
    assert diff(dialect_of(postgres).introspect(postgres), after) == ()


# -- on MariaDB


def mariadb_script(choice: dict[str, int]) -> Script:
    """A schema as statements of MariaDB; 0 leaves a thing out, other numbers are its forms."""
    has = choice.get
    made_: Script = []
    if has("counter"):
        made_.append("CREATE SEQUENCE counter")
    if has("team"):
        kind = "varchar(20)" if has("team") == 2 else "varchar(9)"
        made_.append(f"CREATE TABLE team (id int PRIMARY KEY, name {kind}, captain int)")
    if has("player"):
        parts = ["id int PRIMARY KEY", "name varchar(40)" if has("player") == 1 else "name text", "team int", "no int"]
        parts += ["loud varchar(99) AS (upper(name))"] if has("loud") else []
        parts += ["tick bigint DEFAULT nextval(counter)"] if has("counter") else []
        parts += [f"CONSTRAINT named CHECK (name <> '{has('named')}')"] if has("named") else []
        parts += [("", "KEY lean (team)", "KEY lean (team, no)")[has("lean") or 0]] if has("lean") else []
        parts += ["KEY other_lean (team, id)"] if has("other_lean") else []
        if has("team") and (has("lean") or has("other_lean")):
            parts.append("CONSTRAINT of_team FOREIGN KEY (team) REFERENCES team (id)")
        made_.append(f"CREATE TABLE player ({', '.join(parts)})")
        if has("team") and has("circle"):
            made_.append("ALTER TABLE team ADD KEY captain (captain)")
            made_.append("ALTER TABLE team ADD CONSTRAINT led FOREIGN KEY (captain) REFERENCES player (id)")
        if has("view"):
            made_.append(f"CREATE VIEW names AS SELECT {'name' if has('view') == 1 else 'id, name'} FROM player")
            if has("over"):
                made_.append("CREATE VIEW over_names AS SELECT name FROM names")
        if has("trigger"):
            value = has("trigger")
            made_.append(f"CREATE TRIGGER kept BEFORE INSERT ON player FOR EACH ROW SET NEW.no = {value}")
    return made_


MARIADB_CHOICES = st.fixed_dictionaries(
    {
        **dict.fromkeys(("team", "player", "named", "lean", "view", "trigger"), st.integers(0, 2)),
        **dict.fromkeys(("counter", "loud", "other_lean", "circle", "over"), st.integers(0, 1)),
    }
)


@settings(max_examples=settings().max_examples, suppress_health_check=[*HealthCheck])
@given(old=MARIADB_CHOICES, new=MARIADB_CHOICES)
def test_each_change_can_be_done_on_mariadb_too(mariadb: Any, old: dict[str, int], new: dict[str, int]) -> None:
    def again() -> None:
        for statement in (f"DROP DATABASE `{name}`", f"CREATE DATABASE `{name}`", f"USE `{name}`"):
            mariadb.execute_sql(statement)

    name = mariadb.database
    again()
    after = made(mariadb, mariadb_script(new))
    again()
    before = made(mariadb, mariadb_script(old))
    changes = diff(before, after)
    for change in changes:
        for statement in carrying_mariadb.statements(change):
            try:
                mariadb.execute_sql(statement)
            except peewee.DatabaseError as error:
                told = "\n".join(f"{one.sign} {one.describe()}" for one in changes)
                raise AssertionError(f"{change.describe()}: {statement}\n{error}\n\n{told}") from error
    assert diff(dialect_of(mariadb).introspect(mariadb), after) == ()


# -- examples, on any database


def schema(*things: Any, **flags: Any) -> Schema:
    """A schema of tables, views and other things."""
    kinds = {Table: "tables", View: "views", Type: "types", Routine: "routines", Namespace: "namespaces"}
    kinds |= {Extension: "extensions", Sequence: "sequences"}
    found: dict[str, Any] = dict.fromkeys(kinds.values(), ())
    for thing in things:
        found[kinds[type(thing)]] += (thing,)
    return Schema(**found, exact_tables=True, exact_columns=True, **flags)


def table(name: str, *columns: Column | str, **facts: Any) -> Table:
    made_ = tuple(one if isinstance(one, Column) else Column(one, "int") for one in columns)
    return Table(name, made_, (made_[0].name,), **facts)


def key(column: str, target: str, name: str | None = None) -> ForeignKey:
    return ForeignKey((column,), target, ("id",), name=name)


def index(name: str, *columns: str) -> Index:
    return Index(name, tuple(map(IndexPart, columns)))


FUNCTION = Routine("f", "function", "CREATE FUNCTION f() RETURNS int AS 'SELECT count(*) FROM t'")
ORDERS = [
    (schema(), schema(table("a", "id", "b", foreign_keys=(key("b", "b"),)), table("b", "id")),
     ["CreateTable b", "CreateTable a"], "a table after the one that it refers to"),
    (schema(table("a", "id", "b", foreign_keys=(key("b", "b"),)), table("b", "id")), schema(),
     ["DropTable a", "DropTable b"], "and away before it"),
    (schema(), schema(table("a", "id", "a", foreign_keys=(key("a", "a"),))), ["CreateTable a"], "itself is no circle"),
    (schema(), schema(table("a", "id", "b", foreign_keys=(key("b", "b"),)),
                      table("b", "id", "a", foreign_keys=(key("a", "a"),))),
     ["CreateTable a", "CreateTable b", "AddForeignKey a", "AddForeignKey b"], "a circle of two"),
    (schema(table("a", "id", "b", foreign_keys=(key("b", "b"),)),
            table("b", "id", "a", foreign_keys=(key("a", "a"),))), schema(),
     ["DropForeignKey a", "DropForeignKey b", "DropTable a", "DropTable b"], "and taken apart"),
    (schema(), schema(Namespace("z"), Extension("x"), Type("mood", "enum", ("a",)), Sequence("s"),
                      table("z.t", Column("id", "mood"), Column("n", "int", default="nextval('s')"), schema="z")),
     ["CreateNamespace z", "CreateExtension x", "CreateType mood", "CreateSequence s", "CreateTable z.t"],
     "what a table stands on comes first"),
    (schema(Namespace("z"), Extension("x"), Type("mood", "enum", ("a",)), Sequence("s"),
            table("z.t", Column("id", "mood"), Column("n", "int", default="nextval('s')"), schema="z")), schema(),
     ["DropTable z.t", "DropSequence s", "DropType mood", "DropExtension x", "DropNamespace z"], "and goes last"),
    (schema(), schema(table("t", "id"), FUNCTION, table("u", Column("id", "int", default="f()"))),
     ["CreateTable t", "CreateRoutine f", "CreateTable u"], "a function between the table it reads and who calls it"),
    (schema(), schema(table("t", "id", checks=(Check("id < f()", "c"),)), FUNCTION),
     ["CreateTable t", "CreateRoutine f", "AddCheck t"], "a check that asks its own table"),
    (schema(), schema(table("whole", "id", partitioning="RANGE (id)"),
                      table("a_part", "id", partition_of="whole", partition_bound="DEFAULT")),
     ["CreateTable whole", "CreateTable a_part"], "a part after the whole"),
    (schema(table("t", "id", "x", indexes=(index("i", "x"),))), schema(table("t", "id")),
     ["DropIndex t", "DropColumn t"], "an index before its column"),
    (schema(table("t", "id", "x", indexes=(index("i", "x"),), foreign_keys=(key("x", "t"),))),
     schema(table("t", "id", "x", "y", indexes=(index("j", "x", "y"),), foreign_keys=(key("x", "t"),))),
     ["AddColumn t", "AddIndex t", "DropIndex t"], "a foreign key of MariaDB always has an index to lean on"),
    (schema(table("old", "id", indexes=(index("i", "id"),))), schema(table("new", "id", indexes=(index("i", "id"),))),
     ["DropTable old", "CreateTable new"], "a name is free before it is taken"),
    (schema(table("t", "id", "x"), View("v", "SELECT x FROM t")),
     schema(table("t", "id"), View("v", "SELECT id FROM t")),
     ["AlterView v", "DropColumn t"], "a view lets go of a column"),
    (schema(table("t", "id"), View("v", "SELECT id FROM t")),
     schema(table("t", "id", "x"), View("v", "SELECT x FROM t")), ["AddColumn t", "AlterView v"], "and takes one"),
    (schema(table("old", "id", indexes=(index("i", "id"),)), View("v", "SELECT id FROM old")),
     schema(table("new", "id", indexes=(index("i", "id"),)), View("v", "SELECT id FROM new")),
     ["DropView v", "DropTable old", "CreateTable new", "CreateView v"], "a view between two tables"),
    (schema(table("t", Column("id", "int")), View("v", "SELECT id FROM t"), View("w", "SELECT * FROM v")),
     schema(table("t", Column("id", "text")), View("v", "SELECT id AS x FROM t"), View("w", "SELECT * FROM v")),
     ["DropView w", "DropView v", "AlterColumn t", "CreateView v", "CreateView w"], "a view that stands on one"),
    (schema(View("v", "SELECT 1"), View("w", "SELECT * FROM v")),
     schema(View("v", "SELECT 2"), View("w", "SELECT * FROM v")), ["AlterView v"], "one fact is one change"),
    (schema(table("t", "id", "x", foreign_keys=(key("x", "a", "f"),)), table("a", "id")),
     schema(table("t", "id", "x", foreign_keys=(key("x", "b", "f"),)), table("b", "id")),
     ["CreateTable b", "AlterForeignKey t", "DropTable a"], "a foreign key to another table"),
    (schema(View("x", "SELECT 1")), schema(table("x", "id")), ["DropView x", "CreateTable x"], "another kind"),
    (schema(table("t", Column("id", "mood")), Type("mood", "enum", ("a",))), schema(table("t", Column("id", "text"))),
     ["AlterColumn t", "DropType mood"], "a type goes when no column has it"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "said", "why"), ORDERS, ids=[why for *_, why in ORDERS])
def test_the_order_keeps_what_is_needed(before: Schema, after: Schema, said: list[str], why: str) -> None:
    assert [f"{change.kind} {change.table}" for change in diff(before, after)] == said, why


@given(st.sampled_from(ORDERS), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_where_a_change_stood(case: Any, random: Any) -> None:
    found = list(diff(case[0], case[1]))
    shuffled = found.copy()
    random.shuffle(shuffled)
    assert [change.kind for change in in_order(shuffled)] == [change.kind for change in found]


def calls(work: Callable[[], object]) -> int:
    """How many functions are called for a piece of work: it costs the same on every machine, however busy."""
    count = 0

    def heard(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(heard)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("way", ["made", "dropped"])
def test_the_work_grows_with_the_number_of_changes(way: str) -> None:
    def cost(count: int) -> int:
        tables = [table(f"t{n}", "id", "x", foreign_keys=(key("x", f"t{n // 2}"),)) for n in range(count)]
        sides = (schema(), schema(*tables)) if way == "made" else (schema(*tables), schema())
        assert len(diff(*sides)) == count
        return calls(lambda: diff(*sides))

    assert cost(2000) < 12 * cost(200)
