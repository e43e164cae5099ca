"""Small changes of whole tables, their keys and their options, each with rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee as p
from authored import Change, Model, models, table
from playhouse import sqlite_ext

from pwmig.authoring import Answers

__all__ = ["CHANGES"]

Made = Callable[[str], list[Model]]

SQLITE_ONLY = dict.fromkeys(("postgres", "mariadb"), "only SQLite has it")
OTHER_SCHEMAS = {
    "sqlite": "a schema is a file there that the connection attaches, and no migration",
    "mariadb": "a schema is another database there: test_mariadb_other_databases.py goes the same way on one",
}
MARIADB_ONLY = dict.fromkeys(("sqlite", "postgres"), "only MariaDB has it")
NO_CASE = {"mariadb": "to MariaDB two such names are two tables, and it takes the rename by way of a third"}

PLAYER = {"player": [(1, "Ann"), (2, "Bob")]}
TEAMS = {"team": [(1, "Ajax"), (2, "Bayern")], "player": [(1, "Ann", 1), (2, "Bob", None)]}


def players(name: str = "player", **more: Any) -> Model:
    return table(name, name=p.CharField(40), **more)


def only_players(kind: str) -> list[Model]:
    return models(players())


def teams(kind: str) -> list[Model]:
    """Teams, and players that refer to them, with all that a table can have."""
    team = table("team", name=p.CharField(40, unique=True))
    player = table(
        "player", name=p.CharField(40, index=True), team=p.ForeignKeyField(team, null=True, on_delete="CASCADE"),
        meta={"indexes": ((("name", "team"), True),), "constraints": [p.Check("name <> ''")]},
    )  # fmt: skip
    return models(team, player)


def wide(kind: str) -> list[Model]:
    """A table with a column of each kind."""
    return models(
        table(
            "wide", name=p.CharField(40, default="x"), short=p.CharField(), fixed=p.FixedCharField(7),
            price=p.DecimalField(12, 4), exact=p.DecimalField(), whole=p.IntegerField(), big=p.BigIntegerField(),
            small=p.SmallIntegerField(), truth=p.BooleanField(), ratio=p.FloatField(), fine=p.DoubleField(),
            at=p.DateTimeField(null=True), on=p.DateField(null=True), when=p.TimeField(null=True),
            token=p.UUIDField(null=True), raw=p.BlobField(null=True), text=p.TextField(null=True),
            level=p.IntegerField(constraints=[p.SQL("DEFAULT 7"), p.Check("level > 0")]),
            note=p.CharField(90, constraints=[p.SQL("DEFAULT 'it''s'")]),
            meta={"indexes": ((("whole", "big"), False),), "constraints": [p.Check("whole < 99", name="small enough")]},
        )
    )  # fmt: skip


def circle(kind: str) -> list[Model]:
    """Teams whose captain is a player of theirs; the key of the one that is made first comes later."""
    later = p.DeferredForeignKey(f"Gamer{kind}", null=True)
    team = table("team", name=p.CharField(40), captain=later)
    gamer = type(
        f"Gamer{kind}", (p.Model,), {"name": p.CharField(40), "team": p.ForeignKeyField(team, null=True),
                                     "Meta": type("Meta", (), {"table_name": "gamer", "legacy_table_names": False})},
    )  # fmt: skip
    return models(team, gamer)


def many(kind: str) -> list[Model]:
    tag = table("tag", name=p.CharField(40))
    player = players()
    through = table(
        "player_tag", player=p.ForeignKeyField(player), tag=p.ForeignKeyField(tag),
        meta={"indexes": ((("player", "tag"), True),)},
    )  # fmt: skip
    return models(tag, player, through)


def keyed(**meta: Any) -> Made:
    """Seats by their row and their place, with this Meta."""
    return lambda kind: models(table("seat", row_=p.IntegerField(), place=p.IntegerField(), meta=meta))


def options(**meta: Any) -> Made:
    return lambda kind: models(table("seat", code=p.CharField(9, primary_key=True), place=p.TextField(), meta=meta))


def worded(**meta: Any) -> Made:
    """Seats by a code, in types that a STRICT table has: https://www.sqlite.org/stricttables.html"""
    return lambda kind: models(table("seat", code=p.TextField(primary_key=True), place=p.TextField(), meta=meta))


def named(name: str, column: str = "name") -> Made:
    return lambda kind: models(table(name, name=p.CharField(40, column_name=column, index=True)))


def elsewhere(**more: Any) -> Made:
    return lambda kind: models(
        table("entry", line=p.CharField(40), meta={"schema": "audit"}, **{n: make() for n, make in more.items()})
    )


class Fts(sqlite_ext.FTS5Model):
    class Meta:
        table_name = "found"
        legacy_table_names = False

    text = sqlite_ext.SearchField()


COMPOSITE = keyed(primary_key=p.CompositeKey("row_", "place"))
SEATS = {"seat": [(1, 2), (2, 3)]}

CHANGES = {
    "a table comes": Change(only_players, teams, rows={}, forward=None),
    "a table comes beside another": Change(
        only_players, lambda kind: models(players(), table("club", name=p.CharField(40))), rows=PLAYER,
        forward=("create_table",),
    ),
    "a table goes": Change(
        lambda kind: models(players(), table("club", name=p.CharField(40, unique=True))), only_players,
        rows={"club": [(1, "Chess")], **PLAYER}, forward=("drop_table",),
    ),
    "a table of every kind of column comes": Change(only_players, lambda kind: [players(), *wide(kind)], rows=PLAYER),
    "a table of every kind of column goes": Change(
        lambda kind: [players(), *wide(kind)], only_players,
        rows={
            "wide": [
                (1, "a", "b", "fixed77", "1.5000", "2.50000", 3, 4, 5, True, 0.5, 0.25, "2024-02-29 10:00:00",
                 "2024-02-29", "10:00:00", "12345678-1234-5678-1234-567812345678", b"\x00\x01", "text", 8, "n"),
            ],
            **PLAYER,
        },
    ),
    "tables that refer to each other come": Change(only_players, circle, rows={}, fresh=None),
    "all tables go, with their references": Change(teams, lambda kind: [], rows=TEAMS, skip={}),
    "a table that others refer to goes": Change(
        lambda kind: _team_and_player(reference=True), lambda kind: _team_and_player(reference=False),
        rows=TEAMS,
    ),
    "a table is renamed": Change(
        only_players, lambda kind: models(players("gamer")), rows=PLAYER, answers=Answers(tables={"player": "gamer"}),
        forward=("rename_table",), then={"SELECT id, name FROM gamer": [(1, "Ann"), (2, "Bob")]},
    ),
    "a model is renamed, its table not": Change(only_players, only_players, rows=PLAYER, forward=()),
    "an indexed table is renamed": Change(
        lambda kind: models(table("player", name=p.CharField(40, index=True))),
        lambda kind: models(table("gamer", name=p.CharField(40, index=True))), rows=PLAYER,
        answers=Answers(tables={"player": "gamer"}), forward=("rename_table", "rename_index"),
    ),
    "a table that others refer to is renamed": Change(
        lambda kind: _renamed_team("team"), lambda kind: _renamed_team("club"), rows=TEAMS,
        answers=Answers(tables={"team": "club"}), forward=("rename_table",),
    ),
    "a table and its column are renamed": Change(
        only_players, lambda kind: models(table("gamer", title=p.CharField(40))), rows=PLAYER,
        answers=Answers(tables={"player": "gamer"}, columns={("player", "name"): "title"}),
        then={"SELECT id, title FROM gamer": [(1, "Ann"), (2, "Bob")]}, forward=("rename_table", "rename_column"),
    ),
    "a renamed table gets a check without a name": Change(
        only_players, lambda kind: models(players("gamer", meta={"constraints": [p.Check("name <> ''")]})), rows=PLAYER,
        answers=Answers(tables={"player": "gamer"}), forward=("rename_table", "add_constraint"),
    ),
    "the letter case of a table": Change(
        only_players, lambda kind: models(players("Player")), rows=PLAYER, answers=Answers(tables={"player": "Player"}),
    ),
    "a many-to-many table comes": Change(
        lambda kind: many(kind)[:2], many, rows={"tag": [(1, "new")], **PLAYER}, forward=("create_table",)
    ),
    "a many-to-many table goes": Change(
        many, lambda kind: many(kind)[:2], rows={"tag": [(1, "new")], **PLAYER, "player_tag": [(1, 1, 1), (2, 2, 1)]},
        forward=("drop_table",),
    ),
    "a table that refers to itself comes": Change(
        only_players,
        lambda kind: models(players(), table("node", name=p.CharField(9), above=p.ForeignKeyField("self", null=True))),
        rows=PLAYER,
    ),
    "a table that refers to itself goes": Change(
        lambda kind: models(players(), table("node", name=p.CharField(9), above=p.ForeignKeyField("self", null=True))),
        only_players, rows={**PLAYER, "node": [(1, "top", None), (2, "leaf", 1)]},
    ),
    "a table with nothing but its key": Change(
        only_players, lambda kind: models(players(), table("bare")), rows=PLAYER
    ),
    "a table without a key": Change(
        only_players, lambda kind: models(players(), table("log", line=p.TextField(), meta={"primary_key": False})),
        rows=PLAYER,
    ),
    "a table with a composite key comes": Change(only_players, lambda kind: [players(), *COMPOSITE(kind)], rows=PLAYER),
    "a table with a composite key goes": Change(
        lambda kind: [players(), *COMPOSITE(kind)], only_players, rows={**PLAYER, **SEATS}
    ),
    "a table with a key of text": Change(
        only_players, lambda kind: models(players(), table("word", word=p.CharField(20, primary_key=True))), rows=PLAYER
    ),
    "a table with a big key": Change(
        only_players, lambda kind: models(players(), table("log", id=p.BigAutoField(), line=p.TextField())), rows=PLAYER
    ),
    "a column of a table without a key": Change(
        keyed(primary_key=False),
        lambda kind: models(table("seat", row_=p.IntegerField(), place=p.IntegerField(), free=p.BooleanField(null=True),
                                  meta={"primary_key": False})), rows=SEATS,
    ),
    "a composite key comes": Change(keyed(primary_key=False), COMPOSITE, rows=SEATS),
    "a composite key goes": Change(COMPOSITE, keyed(primary_key=False), rows=SEATS),
    "a composite key in another order": Change(
        COMPOSITE, keyed(primary_key=p.CompositeKey("place", "row_")), rows=SEATS
    ),
    "a counted key comes": Change(
        keyed(primary_key=False), keyed(), rows=SEATS,
        then={"SELECT row_, place FROM seat WHERE id > 0": [(1, 2), (2, 3)]},
    ),
    "a counted key takes the place of a composite one": Change(
        COMPOSITE, keyed(), rows=SEATS, then={"SELECT row_, place FROM seat WHERE id > 0": [(1, 2), (2, 3)]},
    ),
    "a composite key takes the place of a counted one": Change(
        keyed(), COMPOSITE, rows={"seat": [(1, 1, 2), (2, 2, 3)]},
    ),
    "a key gets a bigger type": Change(
        only_players, lambda kind: models(table("player", id=p.BigAutoField(), name=p.CharField(40))), rows=PLAYER,
        asks={"sqlite": (), "others": ("converted player.id",)},
    ),
    "a referenced key becomes a text": Change(
        lambda kind: _coded(p.IntegerField), lambda kind: _coded(lambda **more: p.CharField(12, **more)),
        rows={"team": [(7,)], "player": [(1, 7)]}, asks=None, then={"SELECT id, team_id FROM player": [(1, "7")]},
    ),
    "a referenced key becomes a text, and its reference does otherwise": Change(
        lambda kind: _coded(p.IntegerField, on_delete="CASCADE"),
        lambda kind: _coded(lambda **more: p.CharField(12, **more)),
        rows={"team": [(7,)], "player": [(1, 7)]}, asks=None, then={"SELECT id, team_id FROM player": [(1, "7")]},
    ),
    "a referenced key becomes a bigger number": Change(
        lambda kind: _coded(p.IntegerField), lambda kind: _coded(p.BigIntegerField),
        rows={"team": [(7,)], "player": [(1, 7)]}, asks=None,
        forward={"sqlite": (), "postgres": ("alter_column_type",) * 2, "others": None},
    ),
    "a referenced key is renamed": Change(
        lambda kind: _keyed_team("id"), lambda kind: _keyed_team("no"), rows=TEAMS,
        answers=Answers(columns={("team", "id"): "no"}), forward=("rename_column",),
    ),
    "a reserved word as a table": Change(
        only_players, lambda kind: [players(), *named("select", "from")(kind)], rows=PLAYER
    ),
    "a mixed-case table with blanks and quotes": Change(
        only_players, lambda kind: [players(), *named('My "Own" `T`able\'s', "The Column")(kind)], rows=PLAYER
    ),
    "a hostile table": Change(
        only_players, lambda kind: [players(), *named('x"; import os; {y}\n#', "'); DROP TABLE player; --")(kind)],
        rows=PLAYER,
    ),
    "a hostile column of a table that is there": Change(
        only_players, lambda kind: models(players(bad=p.IntegerField(null=True, column_name='"; import os\n{x} \'')))
        , rows=PLAYER,
    ),
    "a hostile table goes": Change(
        lambda kind: [players(), *named('x"; import os; {y}\n#', "'); DROP TABLE player; --")(kind)], only_players,
        rows={**PLAYER, 'x"; import os; {y}\n#': [(1, "a'b\"c")]},
    ),
    "a table with a long name": Change(only_players, lambda kind: [players(), *named("t" * 60)(kind)], rows=PLAYER),
    "a table of another schema comes": Change(
        only_players, lambda kind: [players(), *elsewhere()(kind)], rows=PLAYER, skip=OTHER_SCHEMAS,
        forward=("sql", "create_table"), fresh=("CREATE SCHEMA audit",),
    ),
    "a table of another schema goes": Change(
        lambda kind: [players(), *elsewhere()(kind)], only_players, rows={**PLAYER, "audit.entry": [(1, "in")]},
        skip=OTHER_SCHEMAS, setup=("CREATE SCHEMA audit",),
    ),
    "a column of a table of another schema": Change(
        elsewhere(), elsewhere(level=lambda: p.IntegerField(null=True, index=True)), rows={"audit.entry": [(1, "in")]},
        skip=OTHER_SCHEMAS, setup=("CREATE SCHEMA audit",),
    ),
    "a table moves into another schema": Change(
        lambda kind: models(table("line", line=p.CharField(40, index=True))),
        lambda kind: models(table("entry", line=p.CharField(40, index=True), meta={"schema": "audit"})),
        rows={"line": [(1, "in")]}, answers=Answers(tables={"line": "audit.entry"}), skip=OTHER_SCHEMAS,
        setup=("CREATE SCHEMA audit",), then={"SELECT id, line FROM audit.entry": [(1, "in")]},
        forward=("rename_table", "rename_index", "sql"),
    ),
    "STRICT comes": Change(
        worded(), worded(strict_tables=True), rows={"seat": [("a", "x"), ("b", "y")]}, skip=SQLITE_ONLY,
    ),
    "STRICT comes to a table of plain types": Change(
        lambda kind: _plain_types(), lambda kind: _plain_types(strict_tables=True), rows={"seat": [(1, 2, "x")]},
        skip=SQLITE_ONLY,
    ),
    "STRICT goes": Change(
        lambda kind: _plain_types(strict_tables=True), lambda kind: _plain_types(), rows={"seat": [(1, 2, "x")]},
        skip=SQLITE_ONLY,
    ),
    "a table becomes STRICT and gets required columns": Change(
        lambda kind: _plain_types(),
        lambda kind: models(table(
            "seat", place=p.IntegerField(), note=p.TextField(), free=p.IntegerField(),
            level=p.IntegerField(constraints=[p.SQL("DEFAULT 7")]), meta={"strict_tables": True},
        )),
        rows={"seat": [(1, 2, "x")]}, answers=Answers(fills={("seat", "free"): 1}), skip=SQLITE_ONLY,
        then={"SELECT id, place, note, free, level FROM seat": [(1, 2, "x", 1, 7)]},
    ),
    "WITHOUT ROWID comes": Change(
        options(), options(without_rowid=True), rows={"seat": [("a", "x")]}, skip=SQLITE_ONLY
    ),
    "WITHOUT ROWID goes": Change(
        options(without_rowid=True), options(), rows={"seat": [("a", "x")]}, skip=SQLITE_ONLY
    ),
    "a STRICT table comes": Change(
        only_players, lambda kind: [players(), *_plain_types(strict_tables=True)], rows=PLAYER, skip=SQLITE_ONLY,
        forward=("create_table",),
    ),
    "a STRICT table without rowid goes": Change(
        lambda kind: [players(), *options(without_rowid=True)(kind)], only_players,
        rows={**PLAYER, "seat": [("a", "x")]}, skip=SQLITE_ONLY,
    ),
    "AUTOINCREMENT comes": Change(
        only_players, lambda kind: models(table("player", id=sqlite_ext.AutoIncrementField(), name=p.CharField(40))),
        rows=PLAYER, skip=SQLITE_ONLY,
    ),
    "a virtual table comes": Change(only_players, lambda kind: [players(), Fts], rows=PLAYER, skip=SQLITE_ONLY),
    "an engine": Change(
        only_players, lambda kind: models(players(meta={"table_settings": ("ENGINE=MyISAM",)})), rows=PLAYER,
        skip=MARIADB_ONLY,
    ),
    "a storage parameter": Change(
        only_players, lambda kind: models(players(meta={"table_settings": ("WITH (fillfactor=70)",)})), rows=PLAYER,
        skip=dict.fromkeys(("sqlite", "mariadb"), "only PostgreSQL has storage parameters"),
    ),
}  # fmt: skip


def _team_and_player(*, reference: bool) -> list[Model]:
    team = table("team", name=p.CharField(40))
    if reference:
        return models(team, table("player", name=p.CharField(40), team=p.ForeignKeyField(team, null=True)))
    return models(table("player", name=p.CharField(40)))


def _coded(code: Callable[..., Any], **reference: Any) -> list[Model]:
    team = table("team", code=code(primary_key=True))
    return models(team, table("player", team=p.ForeignKeyField(team, null=True, **reference)))


def _renamed_team(name: str) -> list[Model]:
    team = table(name, name=p.CharField(40))
    return models(team, table("player", name=p.CharField(40), team=p.ForeignKeyField(team, null=True)))


def _keyed_team(key: str) -> list[Model]:
    team = table("team", id=p.AutoField(column_name=key), name=p.CharField(40))
    return models(team, table("player", name=p.CharField(40), team=p.ForeignKeyField(team, null=True)))


def _plain_types(**meta: Any) -> list[Model]:
    return models(table("seat", place=p.IntegerField(), note=p.TextField(), meta=meta))
