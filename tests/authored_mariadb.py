"""Small changes of what MariaDB has in its own way, each with rows: tables are told afterwards letter for letter."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import peewee as p
from authored import Change, Model, models, table
from playhouse import mysql_ext

from pwmig.authoring import Answers

__all__ = ["CHANGES"]

Made = Callable[[str], list[Model]]

MARIADB_ONLY = dict.fromkeys(("sqlite", "postgres"), "it is about how MariaDB keeps it")
PAGES = {"page": [(1, '{"a": 1}'), (2, "[]"), (3, None)]}


def page(field: Callable[[], p.Field], **more: Callable[[], p.Field]) -> Made:
    return lambda kind: models(table("page", t=field(), **{name: make() for name, make in more.items()}))


def text(**options: Any) -> Callable[[], p.Field]:
    return lambda: p.TextField(**{"null": True, **options})


def json(**options: Any) -> Callable[[], p.Field]:
    return lambda: mysql_ext.JSONField(**{"null": True, **options})


def event(*names: str, key: str = "") -> Made:
    fields = {"s": lambda: p.CharField(20, primary_key=key == "s")} | {
        name: lambda: p.CharField(20) for name in ("a", "b", "c", "d")
    }
    return lambda kind: models(table("event", **{name: fields[name]() for name in names}))


def by_uuid(kind: str) -> list[Model]:
    return models(table("event", u=p.UUIDField(primary_key=True, default=uuid.uuid4), s=p.CharField(20)))


def pairs(field: type[p.Field] = p.IntegerField, on_delete: str = "CASCADE") -> Made:
    """A table of pairs, and one that refers to it by a key that the server names."""
    key = f"FOREIGN KEY (x, y) REFERENCES comp (v, w) ON DELETE {on_delete}"
    return lambda kind: models(
        table("comp", v=p.IntegerField(), w=field(), meta={"primary_key": p.CompositeKey("v", "w")}),
        table("ref", x=p.IntegerField(), y=field(), meta={"constraints": [p.SQL(key)]}),
    )


def leading(*names: str, **more: p.Field) -> list[Model]:
    """A table whose columns refer to it, each by an index that the server makes, and calls as it calls the column."""
    keys = [p.SQL(f"FOREIGN KEY ({name}) REFERENCES player (id)") for name in names]
    columns = {name: p.IntegerField(null=True) for name in names}
    return models(table("player", n=p.IntegerField(), **columns, **more, meta={"constraints": keys}))


LEADING = {"player": [(1, 10, 1, None), (2, 20, 1, 2)]}
PAIRS = {"comp": [(1, 2), (3, 4)], "ref": [(1, 1, 2), (2, 3, 4)]}
CONVERTED: dict[str, Any] = {"asks": ("converted page.t",), "forward": ("alter_column_type",)}


def one(before: Made, after: Made, rows: Any = None, **more: Any) -> Change:
    return Change(before, after, rows or {}, skip=MARIADB_ONLY, **more)


CHANGES = {
    "a text becomes JSON with its check": one(page(text()), page(json()), PAGES, **CONVERTED),
    "JSON with its check becomes a text": one(page(json()), page(text()), PAGES, **CONVERTED),
    "JSON becomes a text of its own letters": one(
        page(json()), page(text(collation="latin1_bin")), PAGES, asks=("converted page.t",)
    ),
    "a text of its own letters becomes JSON": one(
        page(text(collation="utf8mb4_unicode_ci")), page(json()), PAGES, **CONVERTED
    ),
    "a text becomes JSON and required": one(
        page(text()), page(json(null=False)), {"page": PAGES["page"][:2]}, asks=None,
    ),
    "JSON becomes an optional text": one(
        page(json(null=False)), page(text()), {"page": PAGES["page"][:2]}, asks=None,
    ),
    "JSON becomes a text with a check": one(
        page(json()), page(text(constraints=[p.Check("char_length(t) < 99")])), PAGES, asks=None,
    ),
    "JSON comes and goes beside another": one(
        page(json(), u=text()), page(text(), u=json()), {"page": [(1, "{}", "[]")]}, asks=None,
    ),
    "a text becomes the key in place of a number": one(
        event("s"), event("s", key="s"), {"event": [(1, "z"), (2, "b"), (7, "a")]}
    ),
    "a text becomes the key of no rows": one(event("a", "s"), event("a", "s", key="s")),
    "a UUID becomes the key in place of a number": one(
        event("s"), by_uuid, {"event": [(1, "z"), (2, "b"), (7, "a")]},
        answers=Answers(defaults={("event", "u"): uuid.uuid4}),
        then={"SELECT count(DISTINCT u) FROM event WHERE substr(u, 13, 1) = '4' AND substr(u, 17, 1) IN "
              "('8', '9', 'a', 'b')": [(3,)]},
    ),
    "a column among others goes from no rows": one(event("a", "b", "c"), event("a", "c"), forward=("drop_column",)),
    "a column with a check goes from among others": one(
        lambda kind: models(table(
            "event", a=p.CharField(20), n=p.IntegerField(constraints=[p.Check("n > 0")]), c=p.CharField(20))),
        event("a", "c"),
    ),
    "columns among others go from no rows": one(event("a", "b", "c", "d"), event("d")),
    "columns among others go": one(event("a", "b", "c", "d"), event("d"), {"event": [(1, "a", "b", "c", "d")]}),
    "a column goes behind one that is renamed": one(
        event("a", "b", "c"), lambda kind: models(table("event", z=p.CharField(20), c=p.CharField(20))),
        answers=Answers(columns={("event", "a"): "z"}),
    ),
    "what an unnamed key of several columns leads to gets another type": one(
        pairs(), pairs(p.BigIntegerField), PAIRS, asks=None
    ),
    "columns that refer pass their names on, beside another one": one(
        lambda kind: leading("a", "b"), lambda kind: leading("b", "c", d=p.IntegerField()), LEADING,
        answers=Answers(columns={("player", "a"): "b", ("player", "b"): "c"}, fills={("player", "d"): 5}),
        forward=("rename_column", "rename_column", "add_column"),
    ),
    "columns that refer swap their names": one(
        lambda kind: leading("a", "b"), lambda kind: leading("b", "a"), LEADING,
        answers=Answers(columns={("player", "a"): "b", ("player", "b"): "a"}),
    ),
    "a new column refers, and takes the name of one that does": one(
        lambda kind: leading("a", "b"), lambda kind: leading("b", "a", "c"), LEADING,
        answers=Answers(columns={("player", "a"): "c"}),
    ),
    "an unnamed key of several columns does otherwise": one(pairs(), pairs(on_delete="RESTRICT"), PAIRS),
}  # fmt: skip
