"""Small changes of indexes, constraints and references, each with rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee as p
from authored import Change, Model, models, table

from pwmig.authoring import Answers

__all__ = ["CHANGES"]

ROWS = {"player": [(1, "Ann", 5), (2, "Bob", 6)]}
TEAMS = {"team": [(1, "Ajax"), (2, "Bayern")], "player": [(1, "Ann", 1), (2, "Bob", 2)]}

QUOTED = {"target": "back`tick", "column_name": 'q"uote', "index": True}

NO_PARTIAL = {"mariadb": "MariaDB has no partial indexes"}
NO_EXPRESSION = {"mariadb": "MariaDB has no indexes of expressions"}
POSTGRES_ONLY = dict.fromkeys(("sqlite", "mariadb"), "only PostgreSQL has it")
NOT_LATER = {"mariadb": "MariaDB has no deferrable constraints"}

Made = Callable[[str], list[Model]]


def player(
    *, name: Any = None, level: Any = None, meta: Any = None, then: Callable[[Model], None] = lambda m: None
) -> Made:
    """Players with a name and a level; ``then`` adds indexes to the model."""

    def made(kind: str) -> list[Model]:
        fields = {"name": name or p.CharField(40), "level": level or p.IntegerField()}
        model = table("player", meta=meta, **{n: one.clone() for n, one in fields.items()})
        then(model)
        return models(model)

    return made


def indexed(*parts: Any, **options: Any) -> Made:
    """Players with an index: its parts are names of fields, or functions of the model."""

    def then(model: Any) -> None:
        found = [part(model) if callable(part) else getattr(model, part) for part in parts]
        if "where" in options:
            model.add_index(*found, **{**options, "where": options["where"](model)})
        else:
            model.add_index(*found, **options)

    return player(then=then)


def team(**reference: Any) -> Made:
    """Players that refer to teams, or do not where nothing is said."""

    def made(kind: str) -> list[Model]:
        team = table("team", name=p.CharField(40))
        own: Any = (
            p.ForeignKeyField(team, **reference) if reference else p.IntegerField(column_name="team_id", index=True)
        )
        return models(team, table("player", name=p.CharField(40), team=own))

    return made


def one(before: Made, after: Made, **more: Any) -> Change:
    return Change(before, after, **{"rows": ROWS, **more})


def raw(text: str) -> Callable[[Any], Any]:
    return lambda model: p.SQL(text)


def sql_index(text: str) -> Made:
    def then(model: Any) -> None:
        model.add_index(p.SQL(text))

    return player(then=then)


PLAIN = player()
BOTH = {"indexes": ((("name", "level"), False),)}
UNIQUE = {"indexes": ((("name", "level"), True),)}
TO_SEAT = (p.SQL("FOREIGN KEY (row_, place) REFERENCES seat (row_, place)"),)
NAMED = [p.Check("level > 0", name="counts")]
CASCADES, RESTRICTS = (
    (p.SQL(f"FOREIGN KEY (row_, place) REFERENCES seat (row_, place) ON DELETE {action}"),)
    for action in ("CASCADE", "RESTRICT")
)


def _referred_to(*names: str, null: bool) -> Made:
    """A table, and one with columns that refer to it, if there are any."""
    player = table("player", n=p.IntegerField(null=null))
    order = table("the order", **{name: p.ForeignKeyField(player, null=True, backref=name) for name in names})
    return lambda kind: models(player, *([order] if names else []))


CHANGES = {
    "an index comes": one(PLAIN, player(level=p.IntegerField(index=True)), forward=("add_index",)),
    "an index goes": one(player(level=p.IntegerField(index=True)), PLAIN, forward=("drop_index",)),
    "an index becomes unique": one(player(level=p.IntegerField(index=True)), player(level=p.IntegerField(unique=True))),
    "a unique index becomes plain": one(
        player(level=p.IntegerField(unique=True)), player(level=p.IntegerField(index=True))
    ),
    "an index of two columns": one(PLAIN, player(meta=BOTH), forward=("add_index",)),
    "the order of its columns": one(
        player(meta=BOTH), player(meta={"indexes": ((("level", "name"), False),)}), forward=("drop_index", "add_index")
    ),
    "unique together comes": one(PLAIN, player(meta=UNIQUE), forward=("add_index",)),
    "unique together goes": one(player(meta=UNIQUE), PLAIN, forward=("drop_index",)),
    "unique together shrinks": one(player(meta=UNIQUE), player(meta={"indexes": ((("name",), True),)})),
    "an index with a name": one(PLAIN, indexed("level", name="by level"), forward=("add_index",)),
    "an index gets another name": one(
        indexed("level", name="by_level"), indexed("level", name="of_level"), forward=("rename_index",)
    ),
    "a descending index": one(PLAIN, indexed("name", lambda m: m.level.desc(), name="best")),
    "a partial index": one(
        PLAIN, indexed("level", name="high", where=lambda m: m.level > 5), skip=NO_PARTIAL, forward=("add_index",)
    ),
    "another condition of a partial index": one(
        indexed("level", name="high", where=lambda m: m.level > 5),
        indexed("level", name="high", where=lambda m: m.level > 3), skip=NO_PARTIAL,
        forward=("drop_index", "add_index"),
    ),
    "an index of an expression": one(
        PLAIN, sql_index("CREATE INDEX lower_name ON player (lower(name))"), skip=NO_EXPRESSION, forward=("sql",)
    ),
    "an index of an expression goes": one(
        sql_index("CREATE INDEX lower_name ON player (lower(name))"), PLAIN, skip=NO_EXPRESSION, forward=("drop_index",)
    ),
    "a covering index": one(
        PLAIN, sql_index("CREATE INDEX covering ON player (level) INCLUDE (name)"), skip=POSTGRES_ONLY, forward=("sql",)
    ),
    "an index of another method": one(
        PLAIN, indexed("level", name="hashed", using="hash"), skip=POSTGRES_ONLY, forward=("add_index",)
    ),
    "a GIN index": one(
        player(name=p.TextField()),
        lambda kind: _gin(player(name=p.TextField())(kind)),
        skip=POSTGRES_ONLY,
    ),
    "an index of a prefix": one(
        player(name=p.TextField()), lambda kind: _prefix(player(name=p.TextField())(kind)),
        skip=dict.fromkeys(("sqlite", "postgres"), "only MariaDB has it"),
    ),
    "a check without a name comes": one(
        PLAIN, player(meta={"constraints": [p.Check("level > 0")]}), forward=("add_constraint",)
    ),
    "a check without a name goes": one(
        player(meta={"constraints": [p.Check("level > 0")]}), PLAIN, forward=("drop_constraint",)
    ),
    "a check of a column comes": one(
        PLAIN, player(level=p.IntegerField(constraints=[p.Check("level > 0")])), forward=("add_constraint",)
    ),
    "a check of a column goes": one(
        player(level=p.IntegerField(constraints=[p.Check("level > 0")])), PLAIN, forward=("drop_constraint",)
    ),
    "a check with a name comes": one(PLAIN, player(meta={"constraints": NAMED}), forward=("add_constraint",)),
    "a check with a name goes": one(player(meta={"constraints": NAMED}), PLAIN, forward=("drop_constraint",)),
    "a check says something else": one(
        player(meta={"constraints": NAMED}), player(meta={"constraints": [p.Check("level > 1", name="counts")]}),
        forward=("drop_constraint", "add_constraint"),
    ),
    "a check with percent and quotes": one(
        PLAIN, player(meta={"constraints": [p.Check("name <> 'it''s 100'")]}),
    ),
    "one of two checks goes": one(
        player(meta={"constraints": [p.Check("level > 0"), p.Check("level < 99")]}),
        player(meta={"constraints": [p.Check("level < 99")]}),
    ),
    "a UNIQUE constraint comes": one(PLAIN, player(meta={"constraints": [p.SQL("UNIQUE (name, level)")]})),
    "a UNIQUE constraint goes": one(player(meta={"constraints": [p.SQL("UNIQUE (name, level)")]}), PLAIN),
    "a UNIQUE constraint with a name": one(
        PLAIN, player(meta={"constraints": [p.SQL("CONSTRAINT only_one UNIQUE (name, level)")]})
    ),
    "a unique column's constraint": one(PLAIN, player(name=p.CharField(40, constraints=[p.SQL("UNIQUE")]))),
    "a foreign key comes to a column": one(
        team(), team(backref="players"), rows=TEAMS, forward=("add_foreign_key_constraint",)
    ),
    "a foreign key goes, its column stays": one(
        team(backref="players"), team(), rows=TEAMS, forward=("drop_foreign_key_constraint",)
    ),
    "a column with a foreign key comes": Change(
        lambda kind: models(table("team", name=p.CharField(40)), table("player", name=p.CharField(40))),
        team(null=True), rows={"team": [(1, "Ajax")], "player": [(1, "Ann")]},
        forward=("add_column", "add_foreign_key_constraint"),
    ),
    "a column with a foreign key goes": Change(
        team(null=True),
        lambda kind: models(table("team", name=p.CharField(40)), table("player", name=p.CharField(40))), rows=TEAMS,
        forward=("drop_column",),
    ),
    "a required column with a foreign key goes": Change(
        team(backref="players"),
        lambda kind: models(table("team", name=p.CharField(40)), table("player", name=p.CharField(40))), rows=TEAMS,
    ),
    "ON DELETE comes": one(team(null=True), team(null=True, on_delete="CASCADE"), rows=TEAMS),
    "ON DELETE comes to a key without an index": one(
        team(null=True, index=False), team(null=True, index=False, on_delete="CASCADE"), rows=TEAMS
    ),
    "ON DELETE goes": one(team(null=True, on_delete="SET NULL"), team(null=True), rows=TEAMS),
    "ON UPDATE comes": one(team(null=True), team(null=True, on_update="CASCADE"), rows=TEAMS),
    "RESTRICT": one(team(null=True), team(null=True, on_delete="RESTRICT"), rows=TEAMS, forward={"mariadb": ()}),
    "NO ACTION": one(team(null=True), team(null=True, on_delete="NO ACTION"), rows=TEAMS),
    "a foreign key with a name": one(team(), team(constraint_name="its team"), rows=TEAMS),
    "a deferrable foreign key": one(
        team(), team(deferrable="INITIALLY DEFERRED"), rows=TEAMS, skip=NOT_LATER, forward=("add_constraint",)
    ),
    "a foreign key becomes deferrable": one(
        team(null=True), team(null=True, deferrable="INITIALLY DEFERRED"), rows=TEAMS, skip=NOT_LATER
    ),
    "a foreign key without an index": one(team(), team(index=False), rows=TEAMS),
    "an index takes the place of a foreign key's own": Change(
        lambda kind: _led(()), lambda kind: _led(((("team", "name"), False),)), rows=TEAMS,
        forward={"mariadb": ("add_index", "sql"), "others": ("add_index",)},
    ),
    "the index of a foreign key becomes unique": one(
        team(null=True), team(null=True, unique=True), rows=TEAMS,
        forward={"mariadb": ("sql",), "others": ("drop_index", "add_index")},
    ),
    "the first of two foreign keys goes": Change(
        lambda kind: _two_keys(both=True), lambda kind: _two_keys(both=False),
        rows={"team": [(1, "Ajax")], "player": [(1, 1, 1), (2, None, 1)]},
        forward=("drop_foreign_key_constraint",),
    ),
    "another target": Change(
        lambda kind: _two_targets("team"), lambda kind: _two_targets("club"),
        rows={"team": [(1, "Ajax")], "club": [(1, "Chess")], "player": [(1, "Ann", 1)]},
    ),
    "a composite foreign key": one(
        lambda kind: _seats(()), lambda kind: _seats(TO_SEAT),
        rows={"seat": [(1, 2)], "guest": [(1, 1, 2)]}, forward=("add_constraint",),
    ),
    "a composite foreign key goes": one(
        lambda kind: _seats(TO_SEAT), lambda kind: _seats(()),
        rows={"seat": [(1, 2)], "guest": [(1, 1, 2)]},
    ),
    "a composite foreign key does otherwise": one(
        lambda kind: _seats(CASCADES), lambda kind: _seats(RESTRICTS), rows={"seat": [(1, 2)], "guest": [(1, 1, 2)]},
    ),
    "a composite foreign key does otherwise, and a column of it may be NULL": one(
        lambda kind: _seats(CASCADES), lambda kind: _seats(RESTRICTS, null=True),
        rows={"seat": [(1, 2)], "guest": [(1, 1, 2)]},
    ),
    "a composite foreign key does otherwise, beside a check": one(
        lambda kind: _seats([*CASCADES, p.Check("place > 0")]),
        lambda kind: _seats([*RESTRICTS, p.Check("place > 1")]), rows={"seat": [(1, 2)], "guest": [(1, 1, 2)]},
    ),
    "a foreign key to itself": Change(
        lambda kind: models(table("player", name=p.CharField(40))),
        lambda kind: models(table("player", name=p.CharField(40), mentor=p.ForeignKeyField("self", null=True))),
        rows={"player": [(1, "Ann"), (2, "Bob")]},
    ),
    "an indexed column of a foreign key is renamed": Change(
        team(null=True), lambda kind: _named_club(), rows=TEAMS,
        answers=Answers(columns={("player", "team_id"): "club_id"}), forward=("rename_column", "rename_index"),
    ),
    "a foreign key is renamed, and another comes in its name": Change(
        team(null=True), lambda kind: _named_club(more=True), rows=TEAMS,
        answers=Answers(columns={("player", "team_id"): "club_id"}),
        then={"SELECT id, club_id, team_id FROM player": [(1, 1, None), (2, 2, None)]},
    ),
    "a table is renamed, and another comes in its name, with its indexes": Change(
        lambda kind: _bosses("player"), lambda kind: _bosses("person", "player"),
        rows={"player": [(1, "Ann", None), (2, "Bob", 1)]}, answers=Answers(tables={"player": "person"}),
        then={"SELECT id, name, boss_id FROM person": [(1, "Ann", None), (2, "Bob", 1)]},
    ),
    "a foreign key without an index of its own is renamed": Change(
        team(null=True, index=False), lambda kind: _named_club(index=False), rows=TEAMS,
        answers=Answers(columns={("player", "team_id"): "club_id"}), forward=("rename_column",),
    ),
    "a deferred foreign key comes": Change(
        lambda kind: _captained(kind, comes=False), lambda kind: _captained(kind, comes=True), fresh=None,
        rows={"team": [(1, "Ajax")], "captain": [(1, "Ann")]},
        then={"SELECT id, name, captain_id FROM team": [(1, "Ajax", None)]},
        forward=("add_column", "add_foreign_key_constraint"),
    ),
    "a deferred, indexed foreign key comes whose name holds both kinds of quotation marks": Change(
        lambda kind: _captained(kind, comes=False, **QUOTED), lambda kind: _captained(kind, comes=True, **QUOTED),
        rows={"team": [(1, "Ajax")], "back`tick": [(1, "Ann")]}, fresh=None,
    ),
    "a column that refers takes the name of another one that goes": Change(
        lambda kind: _leading("a", "b"), lambda kind: _leading("a"), {"player": [(1, 10, 1, None), (2, 20, 1, 2)]},
        answers=Answers(columns={("player", "b"): "a"}), then={"SELECT a FROM player ORDER BY id": [(None,), (2,)]},
    ),
    "a table takes the name of one that goes, and refers no more": Change(
        lambda kind: [*_leading("a"), table("other", x=p.IntegerField())],
        lambda kind: models(table("other", n=p.IntegerField(), b=p.IntegerField(null=True))),
        {"player": [(1, 10, None), (2, 20, 1)], "other": [(1, 7)]}, answers=Answers(tables={"player": "other"}),
    ),
    "a renamed table refers no more by several columns": Change(
        lambda kind: _pairs("ref", refers=True), lambda kind: _pairs("other", refers=False),
        {"comp": [(1, 2), (3, 4)], "ref": [(1, 1, 2), (2, 3, 4)]}, answers=Answers(tables={"ref": "other"}),
    ),
    "a column that refers no more takes the name of one that goes": Change(
        lambda kind: _followers("a", n=p.DecimalField(8, 2)), lambda kind: models(
            table("follower", n=p.IntegerField(null=True), b=p.IntegerField())),
        {"player": [(1, 10)], "follower": [(1, 1, 1.5)]},
        answers=Answers(columns={("follower", "a"): "n"}, fills={("follower", "b"): 5}),
    ),
    "a column that refers no more gets an index with another one": Change(
        lambda kind: _followers("a", n=p.IntegerField()),
        lambda kind: models(table("player", n=p.IntegerField()), table(
            "follower", a=p.IntegerField(null=True), n=p.IntegerField(), meta={"indexes": ((("a", "n"), False),)})),
        {"player": [(1, 10)], "follower": [(1, 1, 2), (2, None, 3)]},
    ),
    "a text that comes to be computed gets an index with others": Change(
        lambda kind: models(table("player", n=p.IntegerField(), level=p.IntegerField(), t=p.TextField(),
                                  meta={"indexes": ((("n", "level"), False),)})),
        lambda kind: models(table("player", n=p.IntegerField(), level=p.IntegerField(), t=p.BigIntegerField(
            null=True, constraints=[p.SQL("GENERATED ALWAYS AS (n + 1) STORED")]),
            meta={"indexes": ((("n", "level", "t"), False),)})),
        {"player": [(1, 1, 2, "one"), (2, 3, 4, "two")]}, then={"SELECT t FROM player ORDER BY id": [(2,), (4,)]},
        asks=None,
    ),
    "a column takes the name of one that referred and goes": Change(
        lambda kind: models(table("player", n=p.IntegerField(), a=p.IntegerField(null=True), b=p.IntegerField(),
                                  meta={"constraints": [p.SQL("FOREIGN KEY (a) REFERENCES player (id)")]})),
        lambda kind: models(table("player", a=p.IntegerField(), b=p.IntegerField())),
        {"player": [(1, 10, None, 5), (2, 20, 1, 6)]}, answers=Answers(columns={("player", "n"): "a"}),
    ),
    "a column that refers swaps names with one that has an index": Change(
        lambda kind: _following("a", "b"), lambda kind: _following("b", "a", named=False),
        {"player": [(1, None, 10), (2, 1, 20)]},
        answers=Answers(columns={("player", "a"): "b", ("player", "b"): "a"}),
    ),
    "a table goes that refers to another one twice": Change(
        _referred_to("a", "b", null=False), _referred_to(null=True),
        {"player": [(1, 10), (2, 20)], "the order": [(1, 1, 2), (2, None, 1)]},
    ),
    "a column that refers, with an index, takes the name of one that goes": Change(
        lambda kind: _both_refer("a", "b"), lambda kind: _both_refer("a"),
        {"player": [(1, None, None), (2, 1, None), (3, 1, 2)]}, answers=Answers(columns={("player", "b"): "a"}),
        then={"SELECT a FROM player ORDER BY id": [(None,), (None,), (2,)]},
    ),
}  # fmt: skip


def _gin(found: list[Model]) -> list[Model]:
    found[0].add_index(p.SQL("CREATE INDEX words ON player USING gin (to_tsvector('simple', name))"))  # type: ignore[attr-defined]
    return found


def _prefix(found: list[Model]) -> list[Model]:
    found[0].add_index(p.SQL("CREATE INDEX prefix ON player (name(9))"))  # type: ignore[attr-defined]
    return found


def _two_targets(name: str) -> list[Model]:
    team, club = (table(one, name=p.CharField(40)) for one in ("team", "club"))
    target = {"team": team, "club": club}[name]
    return models(team, club, table("player", name=p.CharField(40), of=p.ForeignKeyField(target, null=True)))


def _two_keys(*, both: bool) -> list[Model]:
    team = table("team", name=p.CharField(40))
    first: Any = (
        p.ForeignKeyField(team, null=True) if both else p.IntegerField(null=True, column_name="a_id", index=True)
    )
    return models(team, table("player", a=first, b=p.ForeignKeyField(team, null=True)))


def _led(indexes: Any) -> list[Model]:
    team = table("team", name=p.CharField(40))
    meta = {"indexes": indexes} if indexes else None
    reference = p.ForeignKeyField(team, index=False, null=True)
    return models(team, table("player", meta=meta, name=p.CharField(40), team=reference))


def _seats(constraints: Any, *, null: bool = False) -> list[Model]:
    seat = table(
        "seat", row_=p.IntegerField(), place=p.IntegerField(), meta={"primary_key": p.CompositeKey("row_", "place")}
    )
    guest = table(
        "guest", row_=p.IntegerField(null=null), place=p.IntegerField(),
        meta={"constraints": list(constraints), "depends_on": [seat]},
    )  # fmt: skip
    return models(seat, guest)


def _named_club(*, index: bool = True, more: bool = False) -> list[Model]:
    team = table("team", name=p.CharField(40))
    club = p.ForeignKeyField(team, null=True, column_name="club_id", index=index)
    again = {"team": p.ForeignKeyField(team, null=True)} if more else {}
    return models(team, table("player", name=p.CharField(40), club=club, **again))


def _bosses(first: str, second: str | None = None) -> list[Model]:
    """A table whose rows refer to each other; a second one of that kind refers to the first, too."""

    def made(name: str, **fields: Any) -> Model:
        return table(name, name=p.CharField(40, index=True), boss=p.ForeignKeyField("self", null=True), **fields)

    person = made(first)
    return [person] if second is None else [person, made(second, person=p.ForeignKeyField(person))]


def _captained(kind: str, *, comes: bool, target: str = "captain", **key: Any) -> list[Model]:
    """Teams, and captains, whom a team comes to refer to by a key that is told before its target is."""
    name = f"Captain{kind}"
    fields = {"captain": p.DeferredForeignKey(name, null=True, **key)} if comes else {}
    team = table("team", name=p.CharField(40), **fields)
    meta = type("Meta", (), {"table_name": target, "legacy_table_names": False})
    return models(team, type(name, (p.Model,), {"name": p.CharField(40), "Meta": meta}))


def _leading(*names: str) -> list[Model]:
    """A table whose columns refer to it, which no index of the model's stands for."""
    keys = [p.SQL(f"FOREIGN KEY ({name}) REFERENCES player (id)") for name in names]
    columns = {name: p.IntegerField(null=True) for name in names}
    return models(table("player", n=p.IntegerField(), **columns, meta={"constraints": keys}))


def _pairs(name: str, *, refers: bool) -> list[Model]:
    """A table of pairs, and one that refers to it or not, by a key that has no name."""
    keys = [p.SQL("FOREIGN KEY (x, y) REFERENCES comp (v, w)")] if refers else []
    return models(
        table("comp", v=p.IntegerField(), w=p.IntegerField(), meta={"primary_key": p.CompositeKey("v", "w")}),
        table(name, x=p.IntegerField(), y=p.IntegerField(), meta={"constraints": keys}),
    )


def _followers(name: str, **more: p.Field) -> list[Model]:
    """Players, and those who follow one."""
    key = p.SQL(f"FOREIGN KEY ({name}) REFERENCES player (id)")
    columns = {name: p.IntegerField(null=True), **more}
    return models(table("player", n=p.IntegerField()), table("follower", **columns, meta={"constraints": [key]}))


def _following(refers: str, indexed: str, *, named: bool = True) -> list[Model]:
    """A table with a column that refers to it and one that has an index; the first has one too if it is ``named``."""
    key = p.SQL(f"FOREIGN KEY ({refers}) REFERENCES player (id)")
    columns = {refers: p.IntegerField(null=True, index=named), indexed: p.IntegerField(index=True)}
    return models(table("player", **columns, meta={"constraints": [key]}))


def _both_refer(*names: str) -> list[Model]:
    """A table whose columns refer to it; the last of them has an index of the model's."""
    keys = [p.SQL(f"FOREIGN KEY ({name}) REFERENCES player (id)") for name in names]
    columns = {name: p.IntegerField(null=True, index=name == names[-1]) for name in names}
    return models(table("player", **columns, meta={"constraints": keys}))
