"""Several changes at once, which work in one order only, each with rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import peewee as p
from authored import Change, Model, models, table

from pwmig.authoring import Answers

__all__ = ["CHANGES", "one_way"]

Made = Callable[[str], list[Model]]
ONE_NAME = {"mariadb": "the check has its column's name, so that there can be none of the first column on the way back"}
NO_SCHEMAS = dict.fromkeys(("sqlite", "mariadb"), "only PostgreSQL's tables stand in a schema beside others")
PLAYERS = {"player": [(1, "Ann", 5), (2, "Bob", 6)]}
TEAMS = {"team": [(1, "Ajax"), (2, "Bayern")], "player": [(1, "Ann", 1), (2, "Bob", 2)]}


def player(meta: Any = None, **fields: Any) -> Made:
    return lambda kind: models(table("player", meta=meta, **{name: make() for name, make in fields.items()}))


def name() -> Any:
    return p.CharField(40)


def indexed() -> Any:
    return p.IntegerField(index=True)


def told() -> Any:
    return p.IntegerField(constraints=[p.Check("b = b")])


def level() -> Any:
    return p.IntegerField()


def checked(*texts: str, **fields: Any) -> Made:
    return player({"constraints": [p.Check(text) for text in texts]}, **fields)


def team(*, reference: Any = None, parts: Sequence[str] = ("team", "player"), **more: Any) -> Made:
    """Teams and players, of which those named are there."""

    def made(kind: str) -> list[Model]:
        team = table("team", name=name())
        fields = {"team": p.ForeignKeyField(team, **reference)} if reference is not None else {}
        found = {"team": team, "player": table("player", name=name(), **fields, **{n: f() for n, f in more.items()})}
        return [found[part] for part in parts]

    return made


def _circle(kind: str) -> list[Model]:
    """Teams and players that refer to each other: the first by a key that comes later."""
    team = table("team", name=name(), captain=p.DeferredForeignKey(f"Several{kind}", null=True))
    meta = {"table_name": "player", "legacy_table_names": False}
    fields = {"name": name(), "team": p.ForeignKeyField(team, null=True)}
    body = {**fields, "Meta": type("Meta", (), meta)}
    return models(team, type(f"Several{kind}", (p.Model,), body))


def _led(first: str, second: str) -> list[Model]:
    one, two = table(first, x=level()), table(second, y=level())
    fields = {"one": p.ForeignKeyField(one, backref="+"), "two": p.ForeignKeyField(two, backref="+", null=True)}
    return models(one, two, table("member", **fields))


OTHER = {"sqlite": "NOCASE", "postgres": '"C"', "mariadb": "utf8mb4_bin"}
"""A collation that a text has not by itself."""


def _keyed(n: p.Field, **more: p.Field) -> list[Model]:
    """A table, and one that refers to its key."""
    a = table("a", n=n, **more)
    return models(a, table("b", a=p.ForeignKeyField(a)))


def _counted_and_referred_to(kind: str) -> list[Model]:
    t = table("t", a=p.IntegerField(), b=p.IntegerField())
    return models(t, table("x", t=p.ForeignKeyField(t, null=True)))


def _of_two_and_alone(kind: str) -> list[Model]:
    key = {"primary_key": p.CompositeKey("a", "b")}
    return models(table("t", a=p.IntegerField(), b=p.IntegerField(), meta=key), table("x", y=p.IntegerField(null=True)))


CHANGES = {
    "a table goes with the required key that refers to it": Change(
        team(reference={"on_delete": "CASCADE"}),
        team(parts=("player",)),
        rows=TEAMS, then={"SELECT name FROM player": [("Ann",), ("Bob",)]},
    ),
    "an index goes with its column, and another comes": Change(
        player({"indexes": ((("name", "level"), False),)}, name=name, level=level),
        player({"indexes": ((("name", "rank"), True),)}, name=name, rank=lambda: p.IntegerField(null=True)),
        rows=PLAYERS, forward=("add_column", "add_index", "drop_index", "drop_column"),
    ),
    "a check goes with one of its columns": Change(
        checked("level > 0 AND name <> ''", name=name, level=level), player(name=name), rows=PLAYERS,
    ),
    "a rename under a check and an index": Change(
        player({"constraints": [p.Check("level > 0", name="counts")], "indexes": ((("level", "name"), False),)},
               name=name, level=level),
        player({"constraints": [p.Check("rank > 0", name="counts")], "indexes": ((("rank", "name"), False),)},
               name=name, rank=level),
        rows=PLAYERS, answers=Answers(columns={("player", "level"): "rank"}),
        forward=("rename_column", "rename_index"),
    ),
    "a rename, and a check says something else of the new name": Change(
        checked("level > 0", name=name, level=level), checked("rank > 1", name=name, rank=level), rows=PLAYERS,
        answers=Answers(columns={("player", "level"): "rank"}),
    ),
    "a unique index together with a required column of it": Change(
        player(name=name, level=lambda: p.IntegerField(null=True)),
        player({"indexes": ((("name", "level"), True),)}, name=name, level=level),
        rows={"player": [(1, "Ann", 5), (2, "Bob", None)]}, answers=Answers(fills={("player", "level"): 9}),
        then={"SELECT id, level FROM player": [(1, 5), (2, 9)]},
    ),
    "a table and a reference to it": Change(
        team(parts=("player",)), team(reference={"null": True}), rows={"player": [(1, "Ann"), (2, "Bob")]},
        forward=("create_table", "add_column", "add_foreign_key_constraint"),
    ),
    "a table and the only reference to it go": Change(
        team(reference={"null": True}), team(parts=("player",)), rows=TEAMS,
        forward=("drop_foreign_key_constraint", "drop_table", "drop_column"),
    ),
    "a reference goes to another table that comes": Change(
        lambda kind: _referring("team"), lambda kind: _referring("club"),
        rows={"team": [(1, "Ajax")], "player": [(1, "Ann", None)]},
    ),
    "tables that refer to each other take the place of one": Change(
        lambda kind: models(table("log", line=p.TextField())), lambda kind: _circle(kind),
        rows={"log": [(1, "x")]}, fresh=None,
    ),
    "a table is renamed, and its columns are others": Change(
        player(name=name, level=level),
        lambda kind: models(table("gamer", name=p.CharField(80, index=True), rank=p.IntegerField(null=True),
                                  born=p.DateField(null=True))),
        rows=PLAYERS, answers=Answers(tables={"player": "gamer"}, columns={("player", "level"): "rank"}),
        asks=("converted gamer.name",), then={"SELECT id, name, rank FROM gamer": [(1, "Ann", 5), (2, "Bob", 6)]},
    ),
    "two tables change their names": Change(
        lambda kind: models(table("a", x=level()), table("b", y=level())),
        lambda kind: models(table("b", x=level()), table("c", y=level())),
        rows={"a": [(1, 10)], "b": [(1, 20)]}, answers=Answers(tables={"a": "b", "b": "c"}),
        then={"SELECT x FROM b": [(10,)], "SELECT y FROM c": [(20,)]}, forward=("rename_table", "rename_table"),
    ),
    "two tables swap their names, with what refers to them": Change(
        lambda kind: _led("a", "b"), lambda kind: _led("b", "a"),
        rows={"a": [(1, 10)], "b": [(1, 20)], "member": [(1, 1, 1)]}, answers=Answers(tables={"a": "b", "b": "a"}),
        then={"SELECT x FROM b": [(10,)], "SELECT y FROM a": [(20,)]},
        forward=("rename_table", "rename_table", "rename_table"),
    ),
    "two columns swap their names": Change(
        checked("level > 4", name=lambda: p.IntegerField(unique=True), level=level, rank=indexed),
        checked("rank > 4", name=lambda: p.IntegerField(unique=True), rank=level, level=indexed),
        rows={"player": [(1, 7, 5, 8), (2, 8, 6, 9)]},
        answers=Answers(columns={("player", "level"): "rank", ("player", "rank"): "level"}),
        then={"SELECT id, rank, level FROM player": [(1, 5, 8), (2, 6, 9)]},
    ),
    "two columns swap their names, of which one has a check, and a third comes": Change(
        player(a=lambda: p.CharField(40), b=told, c=level),
        player(b=lambda: p.CharField(40), a=lambda: p.IntegerField(constraints=[p.Check("a = a")]), c=level,
               d=lambda: p.IntegerField(null=True)),
        rows={"player": [(1, "x", 5, 1)]}, answers=Answers(columns={("player", "a"): "b", ("player", "b"): "a"}),
        then={"SELECT id, a, b FROM player": [(1, 5, "x")]},
    ),
    "three columns change their names in a circle": Change(
        player(a=level, b=name, c=lambda: p.DateField(null=True)),
        player(b=level, c=name, a=lambda: p.DateField(null=True)),
        rows={"player": [(1, 5, "x", "2024-01-02")]},
        answers=Answers(columns={("player", "a"): "b", ("player", "b"): "c", ("player", "c"): "a"}),
        then={"SELECT id, b, c FROM player": [(1, 5, "x")]}, forward=("rename_column",) * 4,
    ),
    "a column's name is taken over by another column": Change(
        player(name=name, level=level), player(name=level), rows=PLAYERS,
        answers=Answers(columns={("player", "level"): "name"}),
        then={"SELECT id, name FROM player": [(1, 5), (2, 6)]}, forward=("drop_column", "rename_column"),
    ),
    "columns of the same name in two tables get other names": Change(
        lambda kind: models(table("a", level=level()), table("b", level=level())),
        lambda kind: models(table("a", rank=level()), table("b", grade=level())),
        rows={"a": [(1, 10)], "b": [(1, 20)]},
        answers=Answers(columns={("a", "level"): "rank", ("b", "level"): "grade"}),
        then={"SELECT rank FROM a": [(10,)], "SELECT grade FROM b": [(20,)]},
        forward=("rename_column", "rename_column"),
    ),
    "what refers to another becomes unique": Change(
        team(reference={"null": True, "index": False}), team(reference={"null": True, "unique": True}), rows=TEAMS,
    ),
    "what refers to another is unique no more": Change(
        team(reference={"null": True, "unique": True}), team(reference={"null": True, "index": False}), rows=TEAMS,
    ),
    "a table's name is taken over by another table": Change(
        lambda kind: models(table("old", x=level()), table("new", y=level())),
        lambda kind: models(table("old", y=level())), rows={"old": [(1, 10)], "new": [(1, 20)]},
        answers=Answers(tables={"new": "old"}), then={"SELECT y FROM old": [(20,)]},
        forward=("drop_table", "rename_table"),
    ),
    "everything of a table at once": Change(
        player(
            {"indexes": ((("name", "level"), True),), "constraints": [p.Check("level > 0")]}, name=name, level=level
        ),
        player(
            {"indexes": ((("name", "born"), False),), "constraints": [p.Check("rank < 99"), p.SQL("UNIQUE (rank)")]},
            name=lambda: p.CharField(60, null=True, constraints=[p.SQL("DEFAULT 'x'")]),
            rank=lambda: p.BigIntegerField(index=True), born=lambda: p.DateField(null=True),
        ),
        rows=PLAYERS, answers=Answers(columns={("player", "level"): "rank"}),
        asks={"sqlite": ("converted player.name",), "others": ("converted player.name", "converted player.rank")},
        then={"SELECT id, name, rank FROM player": [(1, "Ann", 5), (2, "Bob", 6)]},
    ),
    "types, defaults and NULL of three columns": Change(
        player(a=level, b=name, c=lambda: p.CharField(9, null=True)),
        player(a=lambda: p.CharField(20), b=lambda: p.TextField(null=True),
               c=lambda: p.CharField(9, constraints=[p.SQL("DEFAULT 'x'")])),
        rows={"player": [(1, 5, "x", "y"), (2, 6, "z", None)]}, answers=Answers(fills={("player", "c"): "none"}),
        asks=("converted player.a", "converted player.b"),
        then={"SELECT id, a, c FROM player": [(1, "5", "y"), (2, "6", "none")]},
    ),
    "a key, a reference to it and a unique index": Change(
        lambda kind: _coded(unique=False), lambda kind: _coded(unique=True),
        rows={"team": [(1, "A"), (2, "B")], "player": [(1, "A"), (2, "B")]},
    ),
    "a key that others refer to gets a bigger type, and they too": Change(
        lambda kind: _big(p.AutoField), lambda kind: _big(p.BigAutoField), rows=TEAMS,
        asks={"sqlite": (), "others": ("converted player.team_id", "converted team.id")},
    ),
    "a column of a table without a key becomes required, and another comes": Change(
        player({"primary_key": False}, name=name, level=lambda: p.IntegerField(null=True)),
        player({"primary_key": False}, name=name, level=level, born=lambda: p.IntegerField(null=True)),
        rows={"player": [("Ann", 5), ("Bob", None)]}, answers=Answers(fills={("player", "level"): 9}),
        then={"SELECT name, level FROM player": [("Ann", 5), ("Bob", 9)]},
        forward=("backfill", "add_column", "add_not_null"),
    ),
    "a column goes with its foreign key and an index of it and another": Change(
        lambda kind: _led_column(("team", "name")), team(parts=("team", "player")), rows=TEAMS,
    ),
    "a column that refers to another becomes required": Change(
        team(reference={"null": True}), team(reference={"backref": "players"}), rows=TEAMS,
        asks=("required player.team_id",), forward=("add_not_null",),
    ),
    "many tables come in the order of their references": Change(
        lambda kind: [], lambda kind: _chain(), rows={}, forward=("create_table",) * 5,
    ),
    "many tables go in the order of their references": Change(
        lambda kind: _chain(), lambda kind: [], rows={f"t{number}": [(1, None), (2, None)] for number in range(5)},
        forward=("drop_table",) * 5,
    ),
    "a column of each of several tables": Change(
        lambda kind: models(*(table(one, x=level()) for one in "abc")),
        lambda kind: models(*(table(one, x=level(), y=p.IntegerField(null=True)) for one in "abc")),
        rows={"a": [(1, 2)], "b": [(1, 3)]}, forward=("add_column",) * 3,
    ),
    "a checked column gets a name that needs quotes": Change(
        lambda kind: _checked("b", "b = b"), lambda kind: _checked("it's", _same("it's", kind)),
        rows={"player": [(1, 5)]},
        answers=Answers(columns={("player", "b"): "it's"}),
    ),
    "and its check another condition": Change(
        lambda kind: _checked("b", "b = b"), lambda kind: _checked("it's", "5 = 5"), rows={"player": [(1, 5)]},
        answers=Answers(columns={("player", "b"): "it's"}),
    ),
    "a reference becomes a required text, filled with one": Change(
        lambda kind: models(table("player", of=p.ForeignKeyField("self", column_name="name", null=True))),
        player(name=p.TextField), rows={"player": [(1, None), (2, 1)]},
        answers=Answers(fills={("player", "name"): "nobody"}), asks=("converted player.name",),
        then={"SELECT id, name FROM player": [(1, "nobody"), (2, "1")]},
    ),
    "a number becomes a text that is none": Change(
        player(level=level), player(level=p.TextField), rows={"player": [(1, 5), (2, 6)]},
        answers=Answers(casts={("player", "level"): "replace('n', 'n', 'x')"}),
        then={"SELECT id, level FROM player": [(1, "x"), (2, "x")]},
    ),
    "a reference that leans on no index of its own is renamed, and becomes unique": Change(
        lambda kind: _leaning("Level", unique=False), lambda kind: _leaning("lEVEL", unique=True),
        rows={"player": [(1, 2, None)]}, answers=Answers(columns={("player", "Level"): "lEVEL"}),
    ),
    "a column takes the name of one that goes, which has the same index": Change(
        player(x=level, b=indexed), player(b=indexed), rows={"player": [(1, 5, 6)]},
        answers=Answers(columns={("player", "x"): "b"}), then={"SELECT id, b FROM player": [(1, 5)]},
    ),
    "a table takes the name of one that goes, to which it refers": Change(
        lambda kind: _referring("team"), lambda kind: models(table("team", name=name())),
        rows={"team": [(1, "Ajax")], "player": [(1, "Ann", 1), (2, "Bob", None)]},
        answers=Answers(tables={"player": "team"}), then={"SELECT id, name FROM team": [(1, "Ann"), (2, "Bob")]},
    ),
    "a column takes the name of one that goes, and becomes another": Change(
        player(x=level, b=level), player(b=lambda: p.BigIntegerField(null=True)), rows={"player": [(1, 5, 6)]},
        answers=Answers(columns={("player", "x"): "b"}), asks=None,
        then={"SELECT id, b FROM player": [(1, 5)]},
    ),
    "a column takes the name of one that goes with a unique index, and another index begins as that does": Change(
        player({"indexes": ((("name", "a", "b"), True),)}, name=level, a=level, b=level),
        player({"indexes": ((("name", "b"), True),)}, name=lambda: p.IntegerField(null=True), b=level),
        rows={"player": [(1, 5, 6, 7)]}, answers=Answers(columns={("player", "a"): "b"}),
        then={"SELECT id, name, b FROM player": [(1, 5, 6)]},
    ),
    "a check that names no column comes, and a column goes": Change(
        player(a=level, b=level), checked("2 = 2", a=level), rows={"player": [(1, 5, 6)]},
    ),
    "a column goes, and a check that names none stays": Change(
        checked("2 = 2", a=level, b=level, c=level), checked("2 = 2", a=level), rows={"player": [(1, 5, 6, 7)]},
    ),
    "a column takes the name of one that goes with a check that does not name it": Change(
        player(x=level, b=lambda: p.DateField(null=True, constraints=[p.Check("4 = 4")])), player(b=level),
        rows={"player": [(1, 5, "2024-01-01")]}, answers=Answers(columns={("player", "x"): "b"}),
        then={"SELECT id, b FROM player": [(1, 5)]},
    ),
    "a table and a column of it get the name of a column that goes": Change(
        player(name=level, team=level), lambda kind: models(table("team", team=level())),
        rows={"player": [(1, 5, 6)]}, then={"SELECT id, team FROM team": [(1, 5)]},
        answers=Answers(tables={"player": "team"}, columns={("player", "name"): "team"}),
    ),
    "two columns go, and one that stood behind them takes the name of the first": Change(
        player(a=level, b=level, c=level, d=level), player(a=level, d=level), rows={"player": [(1, 5, 6, 7, 8)]},
        answers=Answers(columns={("player", "c"): "a"}), then={"SELECT id, a, d FROM player": [(1, 7, 8)]},
    ),
    "a column takes the name of one that goes, which has the same check": Change(
        player(x=level, b=told), player(b=told), rows={"player": [(1, 5, 6)]}, skip=ONE_NAME,
        answers=Answers(columns={("player", "x"): "b"}), then={"SELECT id, b FROM player": [(1, 5)]},
    ),
    "a reference that leans on no index of its own is renamed, and does otherwise": Change(
        lambda kind: _leaning("name", on_delete="CASCADE"), lambda kind: _leaning("Level"),
        rows={"player": [(1, 2, None)]}, answers=Answers(columns={("player", "name"): "Level"}),
    ),
    "a table without a key moves to another schema, and a column of it goes": Change(
        lambda kind: models(table("player", name=name(), level=level(), meta={"primary_key": False})),
        lambda kind: models(table("player", name=name(), meta={"primary_key": False, "schema": "audit"})),
        rows={"player": [("Ann", 5), ("Bob", 6)]}, answers=Answers(tables={"player": "audit.player"}),
        setup=("CREATE SCHEMA audit",), skip=NO_SCHEMAS, then={"SELECT name FROM audit.player": [("Ann",), ("Bob",)]},
    ),
    "two columns with a unique index each swap their names, of which one refers to another": Change(
        lambda kind: _swapped("a", "b"), lambda kind: _swapped("b", "a"),
        rows={"player": [(1, "x", None), (2, "y", 1)]},
        answers=Answers(columns={("player", "a"): "b", ("player", "b"): "a"}),
        then={"SELECT id, b, a FROM player": [(1, "x", None), (2, "y", 1)]},
    ),
    "two indexed references swap their names": Change(
        lambda kind: _both("a", "b"), lambda kind: _both("b", "a"), rows={"player": [(1, None, None), (2, 1, 2)]},
        answers=Answers(columns={("player", "a"): "b", ("player", "b"): "a"}),
        then={"SELECT id, b, a FROM player": [(1, None, None), (2, 1, 2)]},
    ),
    "two checked columns swap their names, and the one has the check that the other had": Change(
        player(b=told, name=lambda: p.IntegerField(constraints=[p.Check("3 = 3")])),
        player(name=lambda: p.IntegerField(constraints=[p.Check("4 = 4")]), b=told),
        rows={"player": [(1, 5, 6)]}, answers=Answers(columns={("player", "b"): "name", ("player", "name"): "b"}),
        then={"SELECT id, name, b FROM player": [(1, 5, 6)]},
    ),
    "two columns swap their names, and a check says of the one what it said of the other": Change(
        checked("b = b", b=level, name=level), checked("b = b", name=level, b=level),
        rows={"player": [(1, 5, 6)]}, answers=Answers(columns={("player", "b"): "name", ("player", "name"): "b"}),
        then={"SELECT id, name, b FROM player": [(1, 5, 6)]},
    ),
    "two columns swap their names, and of two checks the one says what it said of the other": Change(
        checked("b = b", "3 = 3", b=level, name=level), checked("b = b", "4 = 4", name=level, b=level),
        rows={"player": [(1, 5, 6)]}, answers=Answers(columns={("player", "b"): "name", ("player", "name"): "b"}),
        then={"SELECT id, name, b FROM player": [(1, 5, 6)]},
    ),
    "a computed column holds values from now on, and has another check": Change(
        lambda kind: _loud("b = b", computed=True), lambda kind: _loud("4 = 4", computed=False),
        rows={"player": [(1, "Ann"), (2, "Bob")]}, then={"SELECT id, b FROM player": [(1, "ANN"), (2, "BOB")]},
    ),
    "a computed column holds values from now on, beside a column with a check": Change(
        lambda kind: _beside_check(computed=True), lambda kind: _beside_check(computed=False),
        rows={"player": [(1, 5), (2, 6)]}, then={"SELECT id, more FROM player": [(1, 6), (2, 7)]},
    ),
    "a column takes the name of one that goes, from which another was computed that holds values now": Change(
        lambda kind: _next("a", "b", "c"), lambda kind: models(table("player", b=p.IntegerField(null=True), a=level())),
        rows={"player": [(1, 5, 7), (2, 6, 8)]}, answers=Answers(columns={("player", "c"): "a"}),
        then={"SELECT id, b, a FROM player": [(1, 6, 7), (2, 7, 8)]},
    ),
    "a computed column holds values now, and takes the name of the one it was computed from, which goes": Change(
        lambda kind: _next("a", "b", "c"), lambda kind: models(table("player", a=p.IntegerField(null=True), c=level())),
        rows={"player": [(1, 5, 7), (2, 6, 8)]}, answers=Answers(columns={("player", "b"): "a"}),
        then={"SELECT id, a, c FROM player": [(1, 6, 7), (2, 7, 8)]},
    ),
    "a computed column holds values now, and has to, and the one it was computed from goes": Change(
        lambda kind: _next("a", "b", "c"), lambda kind: models(table("player", b=level(), c=level())),
        rows={"player": [(1, 5, 7), (2, 6, 8)]}, answers=Answers(fills={("player", "b"): 50}),
        then={"SELECT id, b, c FROM player": [(1, 6, 7), (2, 7, 8)]},
    ),
    "a computed column goes that has another one behind it": Change(
        lambda kind: _next("a", "b", "c"), lambda kind: models(table("player", a=level(), c=level())),
        rows={"player": [(1, 5, 7), (2, 6, 8)]}, then={"SELECT id, a, c FROM player": [(1, 5, 7), (2, 6, 8)]},
    ),
    "a checked column goes, and a computed one comes with what it was checked for": Change(
        lambda kind: models(table("player", a=_computed_checked(), b=level())),
        lambda kind: models(table("player", c=_computed_checked("b + 1"), b=level())),
        rows={"player": [(1, 5, 7), (2, 6, 8)]}, then={"SELECT id, c, b FROM player": [(1, 8, 7), (2, 9, 8)]},
        asks=None,
    ),
    "a checked computed column swaps its name with the one that it is computed from, and says another check": Change(
        lambda kind: _loud("4 = 4", computed=True), lambda kind: _loud("5 = 5", computed=True, names=("b", "name")),
        rows={"player": [(1, "Ann"), (2, "Bob")]},
        answers=Answers(columns={("player", "name"): "b", ("player", "b"): "name"}),
        then={"SELECT id, b, name FROM player": [(1, "Ann", "ANN"), (2, "Bob", "BOB")]},
    ),
    "a checked column goes, and a computed one comes with its check, in a table of another name": Change(
        lambda kind: models(table("player", a=_computed_checked(), b=level())),
        lambda kind: models(table("team", c=_computed_checked("b + 1"), b=level())),
        rows={"player": [(1, 5, 7), (2, 6, 8)]}, then={"SELECT id, c, b FROM team": [(1, 8, 7), (2, 9, 8)]},
        answers=Answers(tables={"player": "team"}), asks=None,
    ),
    "a column is computed from now on, and the one behind it goes, ahead of others": Change(
        lambda kind: models(table("player", a=_computed_checked(), b=level(), c=level())),
        lambda kind: models(table("player", a=_computed_checked("c + 1"), c=level())),
        rows={"player": [(1, 5, 7, 9), (2, 6, 8, 10)]},
        then={"SELECT id, a, c FROM player": [(1, 10, 9), (2, 11, 10)]},
    ),
    "a column is no more of the key, and is computed from what is": Change(
        lambda kind: _seat(True), lambda kind: _seat(False), rows={"seat": [(1, 5, 7, 0), (2, 6, 8, 0)]},
        then={"SELECT a, b, c FROM seat": [(6, 5, 7), (7, 6, 8)]},
    ),
    "a column whose check does not name it is computed from now on": Change(
        lambda kind: _loud("4 = 4", computed=False), lambda kind: _loud("4 = 4", computed=True),
        rows={"player": [(1, "Ann", "x"), (2, "Bob", None)]},
        then={"SELECT id, b FROM player": [(1, "ANN"), (2, "BOB")]},
    ),
    "a column whose check names it is computed from now on": Change(
        lambda kind: _loud("b = b", computed=False), lambda kind: _loud("b = b", computed=True),
        rows={"player": [(1, "Ann", "x"), (2, "Bob", None)]},
        then={"SELECT id, b FROM player": [(1, "ANN"), (2, "BOB")]},
    ),
    "a column whose check has a name of its own is computed from now on": Change(
        lambda kind: _loud("4 = 4", computed=False, called="loudly"),
        lambda kind: _loud("4 = 4", computed=True, called="loudly"),
        rows={"player": [(1, "Ann", "x"), (2, "Bob", None)]},
        then={"SELECT id, b FROM player": [(1, "ANN"), (2, "BOB")]},
        skip={"mariadb": "a check of a column has no name of its own"},
    ),
    "a checked computed column swaps its name with the one that it is computed from": Change(
        lambda kind: _loud("4 = 4", computed=True), lambda kind: _loud("4 = 4", computed=True, names=("b", "name")),
        rows={"player": [(1, "Ann"), (2, "Bob")]},
        answers=Answers(columns={("player", "name"): "b", ("player", "b"): "name"}),
        then={"SELECT id, b, name FROM player": [(1, "Ann", "ANN"), (2, "Bob", "BOB")]},
    ),
    "a reference leans on an index with a computed column, which holds values from now on": Change(
        lambda kind: _leaning_on_computed(computed=True), lambda kind: _leaning_on_computed(computed=False),
        rows={"player": [(1, 5, None), (2, 6, 1)]}, then={"SELECT id, more FROM player": [(1, 6), (2, 7)]},
    ),
    "of two columns the one is computed from the other, and then the other from it": Change(
        lambda kind: _computed(None, "a"), lambda kind: _computed("b", None), rows={"player": [(1, 5), (2, 6)]},
        then={"SELECT id, a, b FROM player": [(1, 7, 6), (2, 8, 7)]},
    ),
    "of two columns the one is computed from the other, and then the other from it, by other names": Change(
        lambda kind: _computed(None, "a"), lambda kind: _computed("d", None, names=("c", "d")),
        rows={"player": [(1, 5), (2, 6)]}, answers=Answers(columns={("player", "a"): "c", ("player", "b"): "d"}),
        then={"SELECT id, c, d FROM player": [(1, 7, 6), (2, 8, 7)]},
    ),
    "a column is computed from another one, and what it was computed from too": Change(
        lambda kind: _computed(None, "a", level=level()), lambda kind: _computed("level", "level", level=level()),
        rows={"player": [(1, 5, 9), (2, 6, 8)]}, then={"SELECT id, a, b FROM player": [(1, 10, 10), (2, 9, 9)]},
    ),
    "an indexed reference with quotes in its name comes": Change(
        lambda kind: _quoting(refers=False), lambda kind: _quoting(refers=True),
        rows={'say "hi"': [(1,)], "player": [(1,)]},
    ),
    "a key that counts becomes a text, which is referred to": Change(
        lambda kind: _keyed(p.CharField(20, unique=True)), lambda kind: _keyed(p.CharField(20, primary_key=True)),
        {"a": [(1, "1"), (3, "3")], "b": [(1, 3)]}, asks=None,
    ),
    "a key that counts goes, and what referred to it": Change(
        _counted_and_referred_to, _of_two_and_alone,
        {"t": [(9, 1, -1), (5, 2, -2), (7, 3, -3)], "x": [(1, 9), (2, 5), (3, 7)]},
    ),
    "a key gets a longer type, and a new table refers to it": Change(
        lambda kind: models(table("a", n=p.CharField(20, primary_key=True))),
        lambda kind: _keyed(p.CharField(40, primary_key=True)), {"a": [("x",)]}, asks=None,
    ),
    "a key that counts gets a larger type, and a new table refers to it": Change(
        lambda kind: models(table("a", n=p.CharField(20))),
        lambda kind: _keyed(p.CharField(20), id=p.BigAutoField()), {"a": [(1, "x"), (4, "y")]}, asks=None,
    ),
    "a text gets another length and its own collation": Change(
        lambda kind: models(table("a", n=p.CharField(20, null=True))),
        lambda kind: models(table("a", n=p.CharField(30, null=True, collation=OTHER[kind]))),
        {"a": [(1, "x"), (2, None)]}, asks=None,
    ),
    "a text gets another length and the usual collation": Change(
        lambda kind: models(table("a", n=p.CharField(20, null=True, collation=OTHER[kind]))),
        lambda kind: models(table("a", n=p.CharField(30, null=True))), {"a": [(1, "x"), (2, None)]}, asks=None,
    ),
}  # fmt: skip


def _referring(target: str) -> list[Model]:
    team = table(target, name=name())
    return models(team, table("player", name=name(), of=p.ForeignKeyField(team, null=True)))


def _same(name: str, kind: str) -> str:
    quoted = f"`{name}`" if kind == "mariadb" else f'"{name}"'
    return f"{quoted} = {quoted}"


def _seat(of_key: bool) -> list[Model]:
    said = None if of_key else [p.SQL("GENERATED ALWAYS AS (b + 1) STORED")]
    columns = {"a": p.IntegerField(null=not of_key, constraints=said), "b": level(), "c": level(), "d": level()}
    key = p.CompositeKey("a", "b", "c") if of_key else p.CompositeKey("b", "c")
    return models(table("seat", **columns, meta={"primary_key": key}))


def _checked(column: str, check: str) -> list[Model]:
    return models(table("player", level=p.IntegerField(column_name=column, constraints=[p.Check(check)])))


def _quoting(*, refers: bool) -> list[Model]:
    named = table('say "hi"')
    key = {"of": p.ForeignKeyField(named, column_name="it's", null=True)} if refers else {}
    return models(named, table("player", **key))


def _leaning(column: str, *, unique: bool = False, on_delete: str | None = None) -> list[Model]:
    """Of Peewee's it has no index; MariaDB makes one, called as the column is."""
    key = p.ForeignKeyField("self", column_name=column, null=True, index=unique, unique=unique, on_delete=on_delete)
    return models(table("player", rank=p.IntegerField(null=unique), of=key))


def _swapped(code: str, reference: str) -> list[Model]:
    key = p.ForeignKeyField("self", column_name=reference, null=True, unique=True)
    return models(table("player", code=p.CharField(9, column_name=code, unique=True), of=key))


def _computed(a: str | None, b: str | None, *, names: tuple[str, str] = ("a", "b"), **more: p.Field) -> list[Model]:
    """Two columns, each computed from the one that is told for it, if any is."""
    said = [[p.SQL(f"GENERATED ALWAYS AS ({one} + 1) STORED")] if one else None for one in (a, b)]
    first, second = (
        p.BigIntegerField(null=True, column_name=called, constraints=one)
        for called, one in zip(names, said, strict=True)
    )
    return models(table("player", a=first, b=second, **more))


def _loud(check: str, *, computed: bool, names: tuple[str, str] = ("name", "b"), called: str = "") -> list[Model]:
    """Players with a name, and one that is computed from it, or was; ``called``: so its check is called."""
    clause = p.SQL(f"CONSTRAINT {called} CHECK ({check})") if called else p.Check(check)
    said = [p.SQL(f"GENERATED ALWAYS AS (upper({names[0]})) STORED")] if computed else []
    loud = p.CharField(40, null=True, column_name=names[1], constraints=[*said, clause])
    return models(table("player", name=p.CharField(40, column_name=names[0]), loud=loud))


def _both(first: str, second: str) -> list[Model]:
    one, two = (p.ForeignKeyField("self", column_name=called, null=True, backref="+") for called in (first, second))
    return models(table("player", one=one, two=two))


def _computed_checked(computed: str = "") -> p.Field:
    said = [p.SQL(f"GENERATED ALWAYS AS ({computed}) STORED")] if computed else []
    return p.IntegerField(null=bool(computed), constraints=[*said, p.Check("4 = 4")])


def _next(first: str, second: str, third: str) -> list[Model]:
    """Three columns, the second one computed from the first."""
    said = [p.SQL(f"GENERATED ALWAYS AS ({first} + 1) STORED")]
    fields = {first: level(), second: p.IntegerField(null=True, constraints=said), third: level()}
    return models(table("player", **fields))


def _beside_check(*, computed: bool) -> list[Model]:
    said = [p.SQL("GENERATED ALWAYS AS (level + 1) STORED")] if computed else None
    level = p.IntegerField(constraints=[p.Check("4 = 4")])
    return models(table("player", level=level, more=p.IntegerField(null=True, constraints=said)))


def _leaning_on_computed(*, computed: bool) -> list[Model]:
    said = [p.SQL("GENERATED ALWAYS AS (level + 1) STORED")] if computed else None
    key = p.ForeignKeyField("self", column_name="of", null=True, index=False)
    meta = {"indexes": ((("of", "more"), False),)}
    return models(
        table("player", level=level(), of=key, more=p.BigIntegerField(null=True, constraints=said), meta=meta)
    )


def _led_column(columns: Sequence[str]) -> list[Model]:
    """Players whose foreign key leans on an index of several columns."""
    team = table("team", name=name())
    reference = p.ForeignKeyField(team, index=False, null=True)
    return models(team, table("player", meta={"indexes": ((tuple(columns), False),)}, name=name(), team=reference))


def _big(key: type[p.Field]) -> list[Model]:
    team = table("team", id=key(), name=name())
    return models(team, table("player", name=name(), team=p.ForeignKeyField(team, null=True, on_delete="CASCADE")))


def _coded(*, unique: bool) -> list[Model]:
    """Players that refer to a team by its code, which has to be unique for that."""
    team = table("team", code=p.CharField(9, unique=unique))
    if not unique:
        return models(team, table("player", of=p.CharField(9, column_name="team_code")))
    key = p.ForeignKeyField(team, field="code", column_name="team_code", index=False)
    return models(team, table("player", of=key))


def _chain() -> list[Model]:
    """Tables of which each refers to the one before, in the reverse order of their names."""
    made: list[Model] = []
    for number in reversed(range(5)):
        above = p.ForeignKeyField(made[-1], null=True) if made else p.IntegerField(null=True, column_name="above_id")
        made.append(table(f"t{number}", above=above))
    return made


def one_way(kind: str) -> list[Model]:
    """The tables of a circle, of which only one refers to the other any more."""
    team = table("team", name=name(), captain=p.IntegerField(null=True, column_name="captain_id", index=True))
    return models(team, table("gamer", name=name(), team=p.ForeignKeyField(team, null=True)))
