"""Small changes of columns, each with rows."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import peewee as p
from authored import Change, models, table

from pwmig.authoring import Answers
from pwmig.columns import Expression

__all__ = ["CHANGES"]

ROWS = {"player": [(1, "Ann", 5), (2, "Bob", 6)]}


def player(**fields: Any) -> Any:
    """A model of players with these fields beside its key and its name."""
    return lambda kind: models(table("player", name=p.CharField(40), **{n: make() for n, make in fields.items()}))


def level(**options: Any) -> Any:
    return player(level=lambda: p.IntegerField(**options))


def one(before: Any, after: Any, **more: Any) -> Change:
    return Change(before, after, **{"rows": ROWS, **more})


def _three(*gone: str, name: str = "three", **meta: Any) -> Any:
    """A table with three columns, without those that are gone."""
    names = [one for one in ("a", "b", "c") if one not in gone]
    return lambda kind: models(table(name, meta=meta, **{one: p.IntegerField() for one in names}))


def _referring(*, reference: bool) -> list[Any]:
    team = table("team", name=p.CharField(40))
    key = {"team": p.ForeignKeyField(team)} if reference else {}
    return models(team, table("player", name=p.CharField(40), **key, level=p.IntegerField()))


CHANGES = {
    "a column that may be NULL": one(
        player(), level(null=True), rows={"player": [(1, "Ann"), (2, "Bob")]},
        then={"SELECT id, level FROM player": [(1, None), (2, None)]}, forward=("add_column",),
    ),
    "a required column with a default of Python": one(
        player(), level(default=1), rows={"player": [(1, "Ann"), (2, "Bob")]},
        answers=Answers(defaults={("player", "level"): 1}),
        then={"SELECT id, level FROM player": [(1, 1), (2, 1)]}, forward=("add_column",),
    ),
    "a required column with a default of the database": one(
        player(), level(constraints=[p.SQL("DEFAULT 7")]), rows={"player": [(1, "Ann"), (2, "Bob")]},
        then={"SELECT id, level FROM player": [(1, 7), (2, 7)]}, forward=("add_column",),
    ),
    "a required column with a default that is called": one(
        player(), player(seen=lambda: p.DateTimeField(default=datetime.datetime.now)),
        rows={"player": [(1, "Ann"), (2, "Bob")]},
        answers=Answers(defaults={("player", "seen"): datetime.datetime.now}),
        then={"SELECT count(*) FROM player WHERE seen > '2020-01-01'": [(2,)]}, forward=("add_column",),
    ),
    "a required column with a default of uuid4": one(
        player(), player(token=lambda: p.UUIDField(default=uuid.uuid4)), rows={"player": [(1, "Ann"), (2, "Bob")]},
        answers=Answers(defaults={("player", "token"): uuid.uuid4}),
        then={"SELECT count(token) FROM player": [(2,)]},
    ),
    "a required column with a fill that was told": one(
        player(), level(), rows={"player": [(1, "Ann"), (2, "Bob")]},
        answers=Answers(fills={("player", "level"): 3}),
        then={"SELECT id, level FROM player": [(1, 3), (2, 3)]}, forward=("add_column",),
    ),
    "a required column filled by SQL": one(
        player(), level(), rows={"player": [(1, "Ann"), (2, "Bob")]},
        answers=Answers(fills={("player", "level"): Expression("4 + 4")}),
        then={"SELECT id, level FROM player": [(1, 8), (2, 8)]},
    ),
    "a required column of an empty table": one(player(), level(), rows={}, asks=("added player.level",)),
    "an indexed column": one(
        player(), level(null=True, index=True), rows={"player": [(1, "Ann")]}, forward=("add_column",)
    ),
    "a unique column": one(
        player(), level(null=True, unique=True), rows={"player": [(1, "Ann"), (2, "Bob")]}, forward=("add_column",)
    ),
    "a column goes": one(
        level(), player(), then={"SELECT id, name FROM player": [(1, "Ann"), (2, "Bob")]}, forward=("drop_column",)
    ),
    "a column in the middle of a table without rows goes": Change(_three(), _three("b"), forward=("drop_column",)),
    "two columns in the middle of a table without rows go": Change(_three(), _three("a", "b")),
    "a column in the middle of a table without rows or a key goes": Change(
        _three(primary_key=False), _three("b", primary_key=False)
    ),
    "a foreign key in the middle of a table without rows goes": Change(
        lambda kind: _referring(reference=True), lambda kind: _referring(reference=False), rows={"team": [(1, "Ajax")]},
    ),
    "a column in the middle of a table without rows goes, and another may be NULL": Change(
        _three(), lambda kind: models(table("three", a=p.IntegerField(), c=p.IntegerField(null=True))),
    ),
    "a column goes from the middle of a renamed table without rows": Change(
        _three(), _three("b", name="trio"), answers=Answers(tables={"three": "trio"}),
    ),
    "an indexed column goes": one(level(index=True), player(), forward=("drop_column",)),
    "a unique column goes": one(level(unique=True), player(), forward=("drop_column",)),
    "a column with a default of the database goes": one(level(constraints=[p.SQL("DEFAULT 7")]), player()),
    "a column with a check of its own goes": one(level(constraints=[p.Check("level > 0")]), player()),
    "a column between others goes": Change(
        lambda kind: models(table("player", a=p.IntegerField(), b=p.CharField(9), c=p.IntegerField())),
        lambda kind: models(table("player", a=p.IntegerField(), c=p.IntegerField())),
        rows={"player": [(1, 2, "x", 3), (2, 3, "y", 4)]},
    ),
    "several columns between others go": Change(
        lambda kind: models(table("player", **{n: p.IntegerField(null=n == "b") for n in "abcdef"})),
        lambda kind: models(table("player", a=p.IntegerField(), d=p.IntegerField(), f=p.IntegerField())),
        rows={"player": [(1, 2, 3, 4, 5, 6, 7)]}, forward=("drop_column",) * 3,
    ),
    "a column is renamed": one(
        level(), player(rank=lambda: p.IntegerField()), answers=Answers(columns={("player", "level"): "rank"}),
        then={"SELECT id, rank FROM player": [(1, 5), (2, 6)]}, forward=("rename_column",),
    ),
    "a field is renamed, its column not": one(
        level(), player(rank=lambda: p.IntegerField(column_name="level")), forward=(),
    ),
    "an indexed column is renamed": one(
        level(index=True), player(rank=lambda: p.IntegerField(index=True)),
        answers=Answers(columns={("player", "level"): "rank"}), forward=("rename_column", "rename_index"),
    ),
    "a checked column is renamed": one(
        level(constraints=[p.Check("level > 0")]),
        player(rank=lambda: p.IntegerField(constraints=[p.Check("rank > 0")])),
        answers=Answers(columns={("player", "level"): "rank"}),
        then={"SELECT id, rank FROM player": [(1, 5), (2, 6)]},
    ),
    "a column is renamed, and becomes another": one(
        level(), player(rank=lambda: p.BigIntegerField(null=True)),
        answers=Answers(columns={("player", "level"): "rank"}),
        asks={"sqlite": (), "others": ("converted player.rank",)},
        then={"SELECT id, rank FROM player": [(1, 5), (2, 6)]},
        forward={"sqlite": ("rename_column", "drop_not_null"), "others": ("rename_column", "change_column")},
    ),
    "the letter case of a column": one(
        level(), player(Level=lambda: p.IntegerField()), answers=Answers(columns={("player", "level"): "Level"}),
    ),
    "two columns change their names": Change(
        lambda kind: models(table("player", a=p.IntegerField(), b=p.IntegerField())),
        lambda kind: models(table("player", b=p.IntegerField(), c=p.IntegerField())),
        rows={"player": [(1, 2, 3), (2, 3, 4)]},
        answers=Answers(columns={("player", "a"): "b", ("player", "b"): "c"}),
        then={"SELECT id, b, c FROM player": [(1, 2, 3), (2, 3, 4)]},
    ),
    "int to bigint": one(level(), player(level=lambda: p.BigIntegerField()),
                         asks={"sqlite": (), "others": ("converted player.level",)}),
    "int to text": one(
        level(), player(level=lambda: p.TextField()), asks=("converted player.level",), forward=("alter_column_type",),
        then={"SELECT id, level FROM player": [(1, "5"), (2, "6")]},
    ),
    "text to int": one(
        player(level=lambda: p.CharField(9)), level(), rows={"player": [(1, "Ann", "5"), (2, "Bob", "6")]},
        asks=("converted player.level",), then={"SELECT id, level FROM player": [(1, 5), (2, 6)]},
    ),
    "text to int, some are none": one(
        player(level=lambda: p.CharField(9)), level(), rows={"player": [(1, "Ann", "5"), (2, "Bob", "none")]},
        answers=Answers(casts={("player", "level"): "CASE level WHEN 'none' THEN 0 ELSE 5 END"}),
        then={"SELECT id, level FROM player": [(1, 5), (2, 0)]},
    ),
    "a longer varchar": one(
        player(level=lambda: p.CharField(9)), player(level=lambda: p.CharField(20)),
        rows={"player": [(1, "Ann", "5")]}, asks=("converted player.level",),
    ),
    "a shorter varchar": one(
        player(level=lambda: p.CharField(20)), player(level=lambda: p.CharField(9)),
        rows={"player": [(1, "Ann", "5")]}, asks=("converted player.level",),
    ),
    "char to text": one(
        player(level=lambda: p.CharField(20)), player(level=lambda: p.TextField()),
        rows={"player": [(1, "Ann", "x")]}, asks=("converted player.level",),
    ),
    "a decimal's precision": one(
        player(level=lambda: p.DecimalField(8, 2)), player(level=lambda: p.DecimalField(12, 4)),
        rows={"player": [(1, "Ann", 5.25)]}, asks=("converted player.level",),
    ),
    "date to datetime": one(
        player(level=lambda: p.DateField()), player(level=lambda: p.DateTimeField()),
        rows={"player": [(1, "Ann", "2024-02-29")]}, asks=("converted player.level",),
    ),
    "NULL to NOT NULL, no row holds one": one(
        level(null=True), level(), asks=("required player.level",), forward=("add_not_null",),
    ),
    "NULL to NOT NULL, filled": one(
        level(null=True), level(), rows={"player": [(1, "Ann", 5), (2, "Bob", None)]},
        answers=Answers(fills={("player", "level"): 9}), forward=("backfill", "add_not_null"),
        then={"SELECT id, level FROM player": [(1, 5), (2, 9)]},
    ),
    "NOT NULL to NULL": one(level(), level(null=True), forward=("drop_not_null",)),
    "a default comes": one(level(), level(constraints=[p.SQL("DEFAULT 7")]), forward=("add_column_default",)),
    "a default is another": one(
        level(constraints=[p.SQL("DEFAULT 7")]), level(constraints=[p.SQL("DEFAULT -8")]),
        forward=("add_column_default",),
    ),
    "a default goes": one(level(constraints=[p.SQL("DEFAULT 7")]), level(), forward=("drop_column_default",)),
    "a default goes from behind a check": one(
        level(constraints=[p.Check("level > 0"), p.SQL("DEFAULT 7")]), level(constraints=[p.Check("level > 0")]),
        skip={"mariadb": "MariaDB takes no default behind a check"},
    ),
    "NOT NULL goes from behind a default": one(
        player(level=lambda: p.IntegerField(null=True, constraints=[p.SQL("DEFAULT 7 NOT NULL")])),
        player(level=lambda: p.IntegerField(null=True, constraints=[p.SQL("DEFAULT 7")])),
    ),
    "a default of text with quotes": one(
        player(level=lambda: p.CharField(20)),
        player(level=lambda: p.CharField(20, constraints=[p.SQL("DEFAULT 'it''s'")])),
        rows={"player": [(1, "Ann", "x")]},
    ),
    "a default of hostile text": one(
        player(level=lambda: p.CharField(90)),
        player(level=lambda: p.CharField(90, constraints=[p.SQL("""DEFAULT '"; import os {x} # \n'""")])),
        rows={"player": [(1, "Ann", "x")]},
    ),
    "a default that is an expression": one(
        player(level=lambda: p.DateTimeField(null=True)),
        player(level=lambda: p.DateTimeField(null=True, constraints=[p.SQL("DEFAULT CURRENT_TIMESTAMP")])),
        rows={"player": [(1, "Ann", "2024-02-29 10:00:00")]},
    ),
    "type, NULL and default together": one(
        level(), player(level=lambda: p.CharField(9, null=True, constraints=[p.SQL("DEFAULT '7'")])),
        asks=("converted player.level",), forward=("change_column",),
    ),
    "what only Python knows": one(
        level(), level(default=3, choices=[(1, "one")], help_text="x", verbose_name="y"), forward=(),
    ),
    "the order of columns": Change(
        lambda kind: models(table("player", a=p.IntegerField(), b=p.IntegerField())),
        lambda kind: models(table("player", b=p.IntegerField(), a=p.IntegerField())),
        rows={"player": [(1, 2, 3)]}, forward=(),
    ),
}  # fmt: skip
