"""Small changes of columns of types and with facts that not every database has, each with rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee as p
from authored import Change, Model, models, table
from playhouse import postgres_ext

from pwmig.authoring import Answers
from pwmig.columns import Expression

__all__ = ["CHANGES"]

Made = Callable[[str], list[Model]]

POSTGRES_ONLY = dict.fromkeys(("sqlite", "mariadb"), "only PostgreSQL has it")
MARIADB_ONLY = dict.fromkeys(("sqlite", "postgres"), "only MariaDB has it")
SERVERS = {"sqlite": "SQLite keeps no comment of a table or a column"}
PLAYER = {"player": [(1, "Ann"), (2, "Bob")]}


class Mood(p.Field):
    """A field of the application's: it is stored as the text that it is of."""

    field_type = "VARCHAR(9)"


class Enum(p.CharField):
    def db_value(self, value: Any) -> Any:
        return getattr(value, "name", value)


class Named(p.Field):
    def __init__(self, type: str, **options: Any) -> None:
        self.field_type = type
        super().__init__(**options)


def player(**fields: Callable[[], Any]) -> Made:
    return lambda kind: models(table("player", name=p.CharField(40), **{n: make() for n, make in fields.items()}))


def by_kind(**fields: Callable[[str], Any]) -> Made:
    return lambda kind: models(table("player", name=p.CharField(40), **{n: make(kind) for n, make in fields.items()}))


def plain(kind: str) -> list[Model]:
    return models(table("player", name=p.CharField(40)))


def generated(text: str, kind_: str = "STORED") -> Made:
    return player(loud=lambda: p.CharField(90, null=True, constraints=[p.SQL(f"GENERATED ALWAYS AS ({text}) {kind_}")]))


COMPUTED: dict[str, Any] = {"rows": {"player": [(1, 5)]}, "asks": None}
A_TO_Z: dict[str, Any] = {"answers": Answers(columns={("player", "a"): "z"})}


def computed(*, index: bool = False, c: str = "", d: str = "", **base: Callable[[], Any]) -> Made:
    """A column, and others that are computed from it; the first of these with an index, and a check."""

    def made(kind: str) -> list[Model]:
        fields = {name: field() for name, field in base.items()}
        for name, text in {"c": c, "d": d}.items():
            if text:
                told = [p.SQL(f"GENERATED ALWAYS AS ({text}) STORED")]
                fields[name] = p.IntegerField(null=True, index=index and name == "c", constraints=told)
        meta = {"constraints": [p.Check("c > 0", name="counts")]} if index else None
        return models(table("player", meta=meta, **fields))

    return made


def one(before: Made, after: Made, **more: Any) -> Change:
    return Change(before, after, **{"rows": PLAYER, **more})


COLLATION = {"sqlite": "NOCASE", "postgres": '"C"', "mariadb": "latin1_bin"}
MOOD = ("CREATE TYPE mood AS ENUM ('sad', 'it''s ok')",)

CHANGES = {
    "a field of the application's comes": one(plain, player(mood=lambda: Mood(null=True)), forward=("add_column",)),
    "a field of the application's goes": one(
        player(mood=lambda: Mood()), plain, rows={"player": [(1, "Ann", "sad"), (2, "Bob", "glad")]}
    ),
    "an enum field with a default": one(
        plain, player(mood=lambda: Enum(9, default="sad")), answers=Answers(defaults={("player", "mood"): "sad"}),
        then={"SELECT id, mood FROM player": [(1, "sad"), (2, "sad")]},
    ),
    "a default that is a function of the application's": one(
        plain, player(mood=lambda: p.CharField(9, default=lambda: "sad")),
        answers=Answers(defaults={("player", "mood"): lambda: "sad"}, fills={("player", "mood"): "x"}),
        then={"SELECT id, mood FROM player": [(1, "x"), (2, "x")]},
    ),
    "JSON comes": one(plain, player(data=lambda: p.JSONField(null=True)), forward=("add_column",)),
    "text becomes JSON": one(
        player(data=lambda: p.TextField(null=True)), player(data=lambda: p.JSONField(null=True)),
        rows={"player": [(1, "Ann", '{"a": [1, 2]}'), (2, "Bob", None)]},
        asks={"sqlite": (), "others": ("converted player.data",)}, forward={"sqlite": (), "others": None},
        then={"SELECT id FROM player WHERE data IS NULL": [(2,)]},
    ),
    "JSON becomes text": one(
        player(data=lambda: p.JSONField()), player(data=lambda: p.TextField()),
        rows={"player": [(1, "Ann", '{"a": [1, 2]}'), (2, "Bob", "3")]},
        asks={"sqlite": (), "others": ("converted player.data",)}, forward={"sqlite": (), "others": None},
        then={"SELECT data FROM player WHERE id = 1": [('{"a": [1, 2]}',)]},
    ),
    "JSON of PostgreSQL's becomes binary": one(
        player(data=lambda: Named("json")), player(data=lambda: postgres_ext.BinaryJSONField(index=False)),
        rows={"player": [(1, "Ann", '{"a":  1, "a": 2}')]}, skip=POSTGRES_ONLY, asks=("converted player.data",),
    ),
    "binary JSON of PostgreSQL's with an index comes from text": one(
        player(data=lambda: p.TextField()), player(data=lambda: postgres_ext.BinaryJSONField()),
        rows={"player": [(1, "Ann", '{"a": 1}')]}, skip=POSTGRES_ONLY, asks=("converted player.data",),
    ),
    "an unusual type comes": one(
        plain, by_kind(extra=lambda kind: Named(
            {"sqlite": "NUMERIC", "postgres": "inet", "mariadb": "mediumint(9)"}[kind], null=True)),
    ),
    "an unusual type goes": one(
        by_kind(extra=lambda kind: Named({"sqlite": "NUMERIC", "postgres": "inet", "mariadb": "mediumint(9)"}[kind])),
        plain, rows={"player": [(1, "Ann", "127"), (2, "Bob", "128")]}, skip={"postgres": "127 is no address"},
    ),
    "an array comes": one(
        plain, player(tags=lambda: postgres_ext.ArrayField(p.IntegerField, null=True, index=False)), skip=POSTGRES_ONLY
    ),
    "an array goes": one(
        player(tags=lambda: postgres_ext.ArrayField(p.TextField, null=True, index=False)), plain,
        rows={"player": [(1, "Ann", ["a", "b"]), (2, "Bob", None)]}, skip=POSTGRES_ONLY,
    ),
    "a time with its zone": one(
        plain, player(seen=lambda: postgres_ext.DateTimeTZField(null=True)), skip=POSTGRES_ONLY
    ),
    "an enum of PostgreSQL's comes": one(
        plain, player(mood=lambda: Named("mood", null=True)), setup=MOOD, skip=POSTGRES_ONLY, forward=("add_column",)
    ),
    "an enum of PostgreSQL's goes": one(
        player(mood=lambda: Named("mood")), plain, rows={"player": [(1, "Ann", "sad"), (2, "Bob", "it's ok")]},
        setup=MOOD, skip=POSTGRES_ONLY,
    ),
    "text to an enum of PostgreSQL's": one(
        player(mood=lambda: p.CharField(20)), player(mood=lambda: Named("mood")),
        rows={"player": [(1, "Ann", "sad"), (2, "Bob", "it's ok")]}, setup=MOOD, skip=POSTGRES_ONLY,
        asks=("converted player.mood",),
    ),
    "an enum of MariaDB's comes": one(
        plain, player(mood=lambda: Named("enum('sad','it''s ok')", null=True)), skip=MARIADB_ONLY
    ),
    "an enum of MariaDB's gets a value": one(
        player(mood=lambda: Named("enum('sad')")), player(mood=lambda: Named("enum('sad','glad')")),
        rows={"player": [(1, "Ann", "sad")]}, skip=MARIADB_ONLY, asks=("converted player.mood",),
    ),
    "ON UPDATE CURRENT_TIMESTAMP": one(
        player(seen=lambda: p.DateTimeField(null=True)),
        player(seen=lambda: p.DateTimeField(null=True, constraints=[p.SQL("ON UPDATE CURRENT_TIMESTAMP")])),
        rows={"player": [(1, "Ann", "2024-02-29 10:00:00")]}, skip=MARIADB_ONLY,
    ),
    "an unsigned number": one(
        plain, player(count=lambda: Named("int(10) unsigned", constraints=[p.SQL("DEFAULT 3")])), skip=MARIADB_ONLY,
        then={"SELECT id, count FROM player": [(1, 3), (2, 3)]},
    ),
    "a collation comes": one(
        plain, lambda kind: models(table("player", name=p.CharField(40, collation=COLLATION[kind]))),
        skip={"mariadb": "a collation of another character set is another type"},
    ),
    "a collation goes": one(
        lambda kind: models(table("player", name=p.CharField(40, collation=COLLATION[kind]))), plain,
        skip={"mariadb": "what has no collation of its own has the table's, which a model does not say"},
    ),
    "a collation of MariaDB's": one(
        plain, lambda kind: models(table("player", name=p.CharField(40, collation="utf8mb4_bin"))), skip=MARIADB_ONLY
    ),
    "a column with a collation comes": one(
        plain, by_kind(code=lambda kind: p.CharField(9, null=True, collation={
            **COLLATION, "mariadb": "utf8mb4_bin"}[kind])),
    ),
    "a generated column comes": one(
        plain, generated("upper(name)"), then={"SELECT id, loud FROM player": [(1, "ANN"), (2, "BOB")]}
    ),
    "a generated column goes": one(
        generated("upper(name)"), plain, forward=("drop_column",),
        then={"SELECT id, name FROM player": [(1, "Ann"), (2, "Bob")]},
    ),
    "a virtual column comes": one(
        plain, generated("upper(name)", "VIRTUAL"), skip={"postgres": "PostgreSQL has them from version 18 on"},
        then={"SELECT id, loud FROM player": [(1, "ANN"), (2, "BOB")]},
    ),
    "a generated column says something else": one(
        generated("upper(name)"), generated("lower(name)"),
        then={"SELECT id, loud FROM player": [(1, "ann"), (2, "bob")]},
    ),
    "a column becomes generated": one(
        player(loud=lambda: p.CharField(90, null=True)), generated("upper(name)"),
        rows={"player": [(1, "Ann", "x"), (2, "Bob", None)]},
        then={"SELECT id, loud FROM player": [(1, "ANN"), (2, "BOB")]},
    ),
    "a generated column becomes plain": one(
        generated("upper(name)"), player(loud=lambda: p.CharField(90, null=True)),
    ),
    "what a generated column reads gets another type": one(
        computed(a=p.IntegerField, c="a * 2"), computed(a=p.BigIntegerField, c="a * 2"), **COMPUTED,
        then={"SELECT id, c FROM player": [(1, 10)]},
    ),
    "what an indexed and checked generated column reads gets another type": one(
        computed(a=p.IntegerField, c="a * 2", index=True), computed(a=p.BigIntegerField, c="a * 2", index=True),
        **COMPUTED, then={"SELECT id, c FROM player": [(1, 10)]},
    ),
    "what a generated column that goes reads gets another name and type": one(
        computed(a=p.IntegerField, c="a * 2"), computed(z=p.BigIntegerField), **COMPUTED, **A_TO_Z,
        then={"SELECT id, z FROM player": [(1, 5)]},
    ),
    "one generated column says something else of a new name, another goes": one(
        computed(a=p.IntegerField, c="a * 2", d="a * 3", index=True), computed(z=p.BigIntegerField, c="z * 4"),
        **COMPUTED, **A_TO_Z, then={"SELECT id, z, c FROM player": [(1, 5, 20)]},
    ),
    "an indexed generated column says something else of a new name, another goes": one(
        computed(a=p.IntegerField, c="a * 2", d="a * 3", index=True),
        computed(z=p.BigIntegerField, c="z * 4", index=True), **COMPUTED, **A_TO_Z,
        then={"SELECT id, z, c FROM player": [(1, 5, 20)]},
    ),
    "a comment comes": one(
        plain, lambda kind: models(table("player", name=p.CharField(40, constraints=[p.SQL("COMMENT 'it''s'")]))),
        skip={**SERVERS, "postgres": "no model of PostgreSQL says a comment"}, forward=("set_comment",),
    ),
    "an identity column's table comes": one(
        plain, lambda kind: [*plain(kind), table("log", id=postgres_ext.IdentityField(), line=p.TextField())],
        skip=POSTGRES_ONLY,
    ),
    "a serial key becomes an identity": one(
        plain, lambda kind: models(table("player", id=postgres_ext.IdentityField(), name=p.CharField(40))),
        skip=POSTGRES_ONLY,
    ),
    "an identity becomes a big serial key": one(
        lambda kind: models(table("player", id=postgres_ext.IdentityField(), name=p.CharField(40))),
        lambda kind: models(table("player", id=p.BigAutoField(), name=p.CharField(40))), skip=POSTGRES_ONLY,
        asks=("converted player.id",), forward=("alter_column_type", *("sql",) * 5),
    ),
    "a table with a sequence of its own comes": one(
        plain, lambda kind: [*plain(kind), table("ticket", id=p.IntegerField(primary_key=True, sequence="ticket_no"))],
        skip=POSTGRES_ONLY,
    ),
    "a timestamp that is a number": one(plain, player(at=lambda: p.TimestampField(default=0, index=False)),
                                       answers=Answers(fills={("player", "at"): 0})),
    "a column filled from another": one(
        plain, player(loud=lambda: p.CharField(40)),
        answers=Answers(fills={("player", "loud"): Expression("'x' || 'y'")}),
        then={"SELECT id, loud FROM player": [(1, "xy"), (2, "xy")]}, skip={"mariadb": "|| is OR there"},
    ),
}  # fmt: skip
