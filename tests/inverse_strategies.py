"""Hypothesis strategies for the way back: a table with rows, a batch of operations, and what happens in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from pwmig.columns import COLUMN_TYPES, ColumnSpec, Expression
from pwmig.operations import (
    AddCheck,
    AddColumn,
    AddColumnDefault,
    AddForeignKey,
    AddIndex,
    AddNotNull,
    AddUnique,
    AlterColumnType,
    Backfill,
    ChangeColumn,
    CreateTable,
    DropColumn,
    DropColumnDefault,
    DropConstraint,
    DropForeignKey,
    DropIndex,
    DropNotNull,
    DropTable,
    Operation,
    RenameColumn,
    RenameIndex,
    RenameTable,
    SetComment,
)

KINDS = {
    "b": "CharField",
    "a": "IntegerField",
    "c": "TextField",
    "per%cent": "DecimalField",
    "d": "DateField",
    "e": "BigIntegerField",
    "f": "BooleanField",
    "g": "IntegerField",
    "h": "CharField",
    "club_id": "IntegerField",
    "n": "IntegerField",
    "blob": "BlobField",
    "m": "DecimalField",
    "x": "FloatField",
    "at": "DateTimeField",
}
"""The columns that the table of players may have beside its key, each with its kind."""

KEYS = {
    "counted": (ColumnSpec("id", "AutoField"),),
    "text": (ColumnSpec("id", "CharField", max_length=20, primary_key=True),),
    "pair": (ColumnSpec("k", "IntegerField"), ColumnSpec("id", "CharField", max_length=9)),
    "none": (),
}


@dataclass(frozen=True)
class Step:
    """One operation, and what takes it back where no code writes that: None asks for the inverse."""

    operation: Operation
    back: tuple[Operation, ...] | None = None


@dataclass(frozen=True)
class Case:
    """``columns`` are those of the table ``player``, in their order; ``nullable`` those that may be NULL.

    ``steps`` that need each other are together; ``changes`` are what happens in between.
    """

    key: str
    columns: tuple[str, ...]
    nullable: frozenset[str]
    row_count: int
    steps: tuple[tuple[Step, ...], ...]
    changes: tuple[tuple[str, int, str, int], ...] = field(default=())

    def setup(self) -> list[Operation]:
        """What makes the tables."""
        own = [*KEYS[self.key], *map(self._spec, self.columns)]
        made: list[Operation] = [
            CreateTable("club", (ColumnSpec("id", "AutoField"), ColumnSpec("name", "CharField"))),
            CreateTable("plain", (ColumnSpec("id", "AutoField"), ColumnSpec("x", null=True, index=True))),
            CreateTable("player", tuple(own), (), ("k", "id") if self.key == "pair" else ()),
            AddIndex("player", ("b",), name="by b"),
        ]
        hanging = {
            "g": AddCheck("player", "g_small", "g < 1000"),
            "h": AddUnique("player", ("h",)),
            "club_id": AddForeignKey("player", "club_id", "club", "id"),
            "n": AddColumnDefault("player", "n", 5),
        }
        return made + [operation for name, operation in hanging.items() if name in self.columns]

    def _spec(self, name: str) -> ColumnSpec:
        length = 20 if KINDS[name] == "CharField" else None
        return ColumnSpec(
            name, KINDS[name], null=name in self.nullable or name == "club_id", max_length=length, index=name == "e"
        )


def value(kind: str, number: int) -> Any:
    """A value of the kind, of two letters at most; another for each number below 1000, where there are as many."""
    match kind:
        case "CharField" | "TextField":
            return "abcdefghijklmnopqrstuvwxyzABCDEF"[number // 32] + "abcdefghijklmnopqrstuvwxyzABCDEF"[number % 32]
        case "DateField":
            return f"{2000 + number // 28}-01-{1 + number % 28:02}"
        case "DateTimeField":
            return f"{2000 + number // 28}-01-{1 + number % 28:02} 12:30:00"
        case "DecimalField":
            return f"{number}.25"
        case "BooleanField":
            return bool(number % 2)
        case "BlobField":
            return bytes([number // 256, number % 256, 0])
    return number + 0.5 if kind == "FloatField" else number


def long_value(name: str, number: int) -> Any:
    """A value that a row has before: a text is longer than what a narrowing leaves."""
    if name == "club_id":
        return 1 + number % 2
    made = value(KINDS[name], number)
    return f"{made}-{number}" if KINDS[name] in ("CharField", "TextField") else made


# -- the menu of operations: each takes some of the columns that are left, and says what it makes of them


Menu = Callable[[st.DrawFn, Case, list[str]], Sequence[Step]]


def _one(names: Sequence[str], make: Callable[[st.DrawFn, Case, str], Sequence[Step]]) -> Menu:
    """An operation on one of these columns."""

    def build(draw: st.DrawFn, case: Case, free: list[str]) -> Sequence[Step]:
        there = [name for name in names if name in free]
        if not there:
            return ()
        name = draw(st.sampled_from(there))
        free.remove(name)
        return make(draw, case, name)

    return build


def _alone(make: Callable[[st.DrawFn], Operation]) -> Menu:
    return lambda draw, case, free: [Step(make(draw))]


ALL = tuple(KINDS)
LOOSE = ("a", "c", "per%cent", "d", "e", "f", "m", "x", "at", "blob", "n")
"""Columns that no constraint holds on to."""


def _added(draw: st.DrawFn, name: str = "new %") -> Operation:
    kind = draw(st.sampled_from([kind for kind in COLUMN_TYPES if kind not in ("AutoField", "UUIDField", "TimeField")]))
    null = draw(st.booleans())
    given = None if null else COLUMN_TYPES[kind].neutral
    index = kind not in ("TextField", "BlobField") and draw(st.booleans())
    return AddColumn("player", ColumnSpec(name, kind, null=null, default=given, index=index))


def _fill(draw: st.DrawFn, case: Case, name: str, called: str | None = None) -> Step:
    where = draw(st.sampled_from([None, "1 = 1"])) if name in case.nullable else "1 = 1"
    made = value(KINDS[name], 900)
    return Step(Backfill("player", called or name, made, where, draw(st.sampled_from([None, 2]))), ())


def _filled_twice(draw: st.DrawFn, case: Case, name: str) -> Sequence[Step]:
    again = Backfill("player", name, value(KINDS[name], 901), "1 = 1", draw(st.sampled_from([None, 2])))
    required = [Step(AddNotNull("player", name))] if draw(st.booleans()) and name in case.nullable else []
    return [_fill(draw, case, name), Step(again, ()), *required]


def _renamed_and_filled(draw: st.DrawFn, case: Case, name: str) -> Sequence[Step]:
    renamed = Step(RenameColumn("player", name, f"{name} %x"))
    if draw(st.booleans()):
        return [_fill(draw, case, name), renamed]
    return [renamed, _fill(draw, case, name, f"{name} %x")]


def _dropped_beside_filled(draw: st.DrawFn, case: Case, free: list[str]) -> Sequence[Step]:
    """Where there is no key, the filled column is one of those by which the rows of the dropped one are known."""
    there = [name for name in LOOSE if name in free]
    gone, *others = draw(st.permutations(there)) if there else ("n",)
    if gone == "n" or not others:
        return ()
    free.remove(gone)
    free.remove(others[0])
    return [Step(DropColumn("player", gone)), _fill(draw, case, others[0])]


def _required(draw: st.DrawFn, case: Case, name: str) -> Sequence[Step]:
    return [_fill(draw, case, name), Step(AddNotNull("player", name))]


NARROWER = {
    "m": [("DecimalField", "round(m, 1)", (("decimal_places", 1),)), ("IntegerField", "round(m)", ())],
    "x": [("IntegerField", "round(x)", ())],
    "at": [("DateField", "date(at)", ())],
}
"""What takes some of a number or a time away, so that the type of before makes another text of what is left."""


def _narrowed(draw: st.DrawFn, case: Case, name: str) -> Sequence[Step]:
    if name in NARROWER:
        kind, cast, options = draw(st.sampled_from(NARROWER[name]))
        there = AlterColumnType("player", name, kind, cast=cast, options=options)
        return [Step(there, (AlterColumnType("player", name, KINDS[name]),))]
    if name == "c":
        return [
            Step(
                AlterColumnType("player", "c", "CharField", 2, cast="substr(c, 1, 2)"),
                (AlterColumnType("player", "c", "TextField"),),
            )
        ]
    changed = AlterColumnType("player", name, "BigIntegerField", cast=f"{name} - 3")
    return [Step(changed, (AlterColumnType("player", name, "IntegerField"),))]


def _changed(draw: st.DrawFn, case: Case, name: str) -> Sequence[Step]:
    kind = {"a": "BigIntegerField", "n": "BigIntegerField", "b": "CharField"}.get(name)
    null = True if draw(st.booleans()) else None
    called = draw(st.sampled_from([None, f"{name}%ed"]))
    default = value(KINDS[name], 7) if draw(st.booleans()) and KINDS[name] not in ("TextField", "BlobField") else None
    if kind is None and null is None and called is None and default is None:
        called = f"{name}%ed"
    return [
        Step(
            ChangeColumn(
                *("player", name, kind),
                max_length=99 if kind == "CharField" else None,
                null=null,
                default=default,
                name=called,
            )
        )
    ]


MENU: dict[str, Menu] = {
    "add_column": _alone(_added),
    "drop_column": _one(LOOSE[:-1], lambda draw, case, name: [Step(DropColumn("player", name))]),
    "drop_filled": _one(
        LOOSE[:-1], lambda draw, case, name: [_fill(draw, case, name), Step(DropColumn("player", name))]
    ),
    "rename_column": _one(
        ALL, lambda draw, case, name: [Step(RenameColumn("player", name, "g_x" if name == "g" else f"{name} %x"))]
    ),
    "alter": _one(
        ("a", "b"),
        lambda draw, case, name: [
            Step(
                AlterColumnType("player", "a", "BigIntegerField")
                if name == "a"
                else AlterColumnType("player", "b", "CharField", 99)
            )
        ],
    ),
    "narrow": _one(("a", "c", "n", *NARROWER), _narrowed),
    "backfill": _one(LOOSE, lambda draw, case, name: [_fill(draw, case, name)]),
    "required": _one(LOOSE, _required),
    "fill_twice": _one(LOOSE, _filled_twice),
    "rename_and_fill": _one(LOOSE, _renamed_and_filled),
    "fill_and_narrow": _one(
        ("a", "c", "n", *NARROWER), lambda draw, case, name: [_fill(draw, case, name), *_narrowed(draw, case, name)]
    ),
    "narrow_and_drop": _one(
        ("a", "c", *NARROWER), lambda draw, case, name: [*_narrowed(draw, case, name), Step(DropColumn("player", name))]
    ),
    "add_beside_fill": _one(LOOSE, lambda draw, case, name: [Step(_added(draw, "beside")), _fill(draw, case, name)]),
    "add_beside_drop": _one(
        LOOSE[:-1], lambda draw, case, name: [Step(_added(draw, "beside %")), Step(DropColumn("player", name))]
    ),
    "drop_beside_fill": _dropped_beside_filled,
    "drop_not_null": _one(("b", "a", "d"), lambda draw, case, name: [Step(DropNotNull("player", name))]),
    "default": _one(
        ("a", "b", "d", "e"),
        lambda draw, case, name: [Step(AddColumnDefault("player", name, value(KINDS[name], 3)))],
    ),
    "default as SQL": _one(("e",), lambda draw, case, name: [Step(AddColumnDefault("player", name, Expression("7")))]),
    "no default": _one(("n",), lambda draw, case, name: [Step(DropColumnDefault("player", name))]),
    "change": _one(("a", "b", "c", "d", "n"), _changed),
    "create_table": _alone(
        lambda draw: CreateTable("made", (ColumnSpec("id", "AutoField"), ColumnSpec("x", null=True)))
    ),
    "drop_table": _alone(lambda draw: DropTable("plain")),
    "add_index": _one(
        ("a", "d"),
        lambda draw, case, name: [Step(AddIndex("player", (name,), name=draw(st.sampled_from([None, "added %"]))))],
    ),
    "drop_index": _one(("b",), lambda draw, case, name: [Step(DropIndex("player", "by b"))]),
    "rename_index": _one(("b",), lambda draw, case, name: [Step(RenameIndex("player", "by b", "by %"))]),
    "add_unique": _one(("b",), lambda draw, case, name: [Step(AddUnique("player", ("b",)))]),
    "refer": _one(
        ("club_id",),
        lambda draw, case, name: [Step(DropForeignKey("player", "club_id"))],
    ),
    "refer anew": _one(
        ("club_id",),
        lambda draw, case, name: [
            Step(DropForeignKey("player", "club_id")),
            Step(AddForeignKey("player", "club_id", "club", "id", "CASCADE")),
        ],
    ),
    "add_check": _one(("a",), lambda draw, case, name: [Step(AddCheck("player", "a_small", "a < 100000"))]),
    "drop_check": _one(("g",), lambda draw, case, name: [Step(DropConstraint("player", "g_small"))]),
    "drop_unique": _one(("h",), lambda draw, case, name: [Step(DropConstraint("player", "uniq_h"))]),
    "comment": _one(ALL, lambda draw, case, name: [Step(SetComment("player", name, "it's 5%"))]),
    "comment on the table": _alone(lambda draw: SetComment("player", comment="it's 5%")),
}

SEVERAL = (
    *("fill_twice", "rename_and_fill", "fill_and_narrow", "drop_beside_fill", "drop_filled", "narrow_and_drop"),
    *("add_beside_fill", "add_beside_drop"),
)
"""What changes one column more than once, or its name or its neighbours along with it."""

CHANGING = ("narrow", "backfill", "required", *SEVERAL)
"""What changes values, which are kept by their rows' key, or by all their other cells."""

TAKING = (*("drop_column",) * 4, "drop_table", *CHANGING)


def _changes(columns: Sequence[str]) -> st.SearchStrategy[tuple[str, int, str, int]]:
    """What may happen in between: to which row, in which column, and by which value.

    *replace*: the last row goes and another comes, to which SQLite gives the same key.
    """
    what = st.sampled_from(("insert", "update", "update", "delete", "replace"))
    return st.tuples(what, st.integers(0, 9), st.sampled_from(columns), st.integers(0, 800))


@st.composite
def cases(draw: st.DrawFn, without: frozenset[str] = frozenset(), several: bool = False) -> Case:
    """A table and a batch; ``without`` are entries of the menu that the database has no words for. ``several``: one of
    those is in it, and there are rows."""
    shuffled = draw(st.permutations([name for name in KINDS if name != "b"]))
    columns = ("b", *shuffled[: draw(st.integers(3, len(shuffled)))])
    nullable = frozenset(name for name in columns if name not in ("b", "n", "h") and draw(st.booleans()))
    key = draw(st.sampled_from(["none", *KEYS] if several else ["counted", *KEYS]))
    bare = Case(key, columns, nullable, draw(st.integers(2 if several else 0, 6)), ())
    free = list(columns)
    steps: list[tuple[Step, ...]] = []
    menu = [name for name in MENU if name not in without]
    wanted = SEVERAL if several else [name for name in TAKING if name in menu]
    taking = draw(st.lists(st.sampled_from(wanted), min_size=int(several), max_size=1))
    others = st.lists(st.sampled_from(menu), min_size=int(not several), max_size=3, unique=True)
    for name in dict.fromkeys(taking + draw(others)):
        steps.append(tuple(MENU[name](draw, bare, free)))
    renamed = draw(st.sampled_from([None, None, "player", "club"]))
    if renamed is not None:
        steps.append((Step(RenameTable(renamed, "other %")),))
    touched = [name for name in columns if name not in free]
    most = 0 if several and draw(st.booleans()) else 5
    changes = tuple(draw(st.lists(_changes(touched * 3 + list(columns)), max_size=most, unique_by=lambda one: one[3])))
    return Case(bare.key, columns, nullable, bare.row_count, tuple(steps), changes)
