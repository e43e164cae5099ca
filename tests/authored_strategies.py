"""Hypothesis strategies for pairs of model sets: some tables with rows, and small edits of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import peewee as p
from authored import Change, Model, table
from hypothesis import strategies as st

from pwmig.authoring import Answers

__all__ = ["Pair", "pairs"]

KINDS: Mapping[str, Callable[..., p.Field]] = {
    "int": p.IntegerField,
    "bigint": p.BigIntegerField,
    "short": lambda **o: p.CharField(9, **o),
    "long": lambda **o: p.CharField(40, **o),
    "text": p.TextField,
    "decimal": lambda **o: p.DecimalField(12, 4, **o),
    "finer": lambda **o: p.DecimalField(18, 6, **o),
    "bool": p.BooleanField,
    "date": p.DateField,
    "datetime": p.DateTimeField,
    "blob": p.BlobField,
}
WIDER = {
    "int": ("bigint", "long"), "short": ("long", "text"), "long": ("text",), "bigint": ("long",), "decimal": ("finer",),
    "date": ("datetime",),
}  # fmt: skip
UNTOLD = ("text", "blob", "bool")
"""Kinds that no unique index is of: they are too long for one, or have two values."""
KEYS = ("int", "bigint", "short", "date")
NAMES = ("name", "Level", "from", "two words", "größe", "it's", 'q"uote', "tick`ed", "100 {x}", "y" * 40, "b", "c")
TABLES = ("player", "Team", "the order", "select", 'say "hi"', "naïve", "back`tick", "it's", "x" * 40)
DEFAULTS = {
    "int": ("7", "0"), "bigint": ("-7", "7"), "short": ("'it''s'", "''"), "long": ("'a b'", "'007'"),
    "decimal": ("1.5", "-2"),
}  # fmt: skip
ACTIONS = (None, "CASCADE", "SET NULL", "RESTRICT")
READ = ("int", "bigint", "short", "long", "text")
"""Kinds of columns that others are computed from."""
COMMENTS = ("it''s", "a %% of {x}")
"""What models of MariaDB say of a column, as it stands in a statement; Peewee's have no words for it elsewhere."""
SCHEMAS = ("audit", 'Old "books"')
"""Where tables of PostgreSQL may stand, beside where they usually do."""


@dataclass(frozen=True)
class Col:
    """A column; ``place`` tells it from others, whatever it is called. ``refers`` is the place of a table.

    ``default`` is which one, from 1, and so is ``comment``. ``key`` is whether it is of the key that several columns
    are. A ``late`` one came where there were rows, which have the same value in it. One that ``reads`` the column of
    this place is computed from it.
    """

    place: int
    name: str
    kind: str = "int"
    null: bool = False
    default: int = 0
    index: str = ""
    check: bool = False
    refers: int | None = None
    on_delete: str | None = None
    on_update: str | None = None
    key: bool = False
    late: bool = False
    reads: int | None = None
    comment: int = 0


@dataclass(frozen=True)
class Tab:
    """A table; ``together`` is what its first columns are, so many of them: an index, or unique. ``keyed``: by an id.

    Else its key is that of its columns that are ``key``, if there are any. ``schema`` is which one, from 1.
    """

    place: int
    name: str
    columns: tuple[Col, ...]
    together: str = ""
    count: int = 2
    keyed: bool = True
    schema: int = 0

    def schema_on(self, kind: str) -> str | None:
        return SCHEMAS[self.schema - 1] if self.schema and kind == "postgres" else None

    def full_name(self, kind: str) -> str:
        schema = self.schema_on(kind)
        return self.name if schema is None else f"{schema}.{self.name}"


@dataclass(frozen=True)
class Pair:
    """Tables before and after, and how many rows each had."""

    before: tuple[Tab, ...]
    after: tuple[Tab, ...]
    rows: int

    def change(self, kind: str) -> Change:
        return Change(
            lambda kind: _models(self.before, kind), lambda kind: _models(self.after, kind), rows=self._rows(kind),
            answers=self._answers(kind), asks=None, setup=_schemas() if kind == "postgres" else (),
        )  # fmt: skip

    def _rows(self, kind: str) -> dict[str, list[tuple[Any, ...]]]:
        return {
            one.full_name(kind): [_row(one, number) for number in range(self.rows)]
            for one in _in_order(self.before)
            if one.columns
        }

    def _answers(self, kind: str) -> Answers:
        old = {one.place: one for one in self.before}
        names = {place: one.full_name(kind) for place, one in old.items()}
        tables = {
            names[one.place]: one.full_name(kind)
            for one in self.after
            if one.place in old and names[one.place] != one.full_name(kind)
        }
        columns: dict[tuple[str, str], str] = {}
        fills: dict[tuple[str, str], Any] = {}
        for one in self.after:
            was = old.get(one.place)
            there = {column.place: column for column in was.columns} if was else {}
            for column in one.columns:
                before = there.get(column.place)
                if was and before and before.name != column.name:
                    columns[names[one.place], before.name] = column.name
                if was and not column.null and (before is None or before.null):
                    fills[one.full_name(kind), column.name] = _value(column.kind, 50)
        return Answers(tables, columns, fills)


def _schemas() -> tuple[str, ...]:
    """New and empty ones: those of a server's database may be there from the pair before."""
    quoted = [name.replace('"', '""') for name in SCHEMAS]
    return tuple(s for name in quoted for s in (f'DROP SCHEMA IF EXISTS "{name}" CASCADE', f'CREATE SCHEMA "{name}"'))


def _value(kind: str, number: int) -> Any:
    return {
        "int": number, "bigint": number, "short": f"s {number}", "long": f"long {number}", "text": f"text {number}",
        "decimal": number + 0.25, "finer": number + 0.125, "bool": number % 2 == 0,
        "date": f"2024-01-{1 + number % 28:02}",
        "datetime": f"2024-01-{1 + number % 28:02} 10:00:00", "blob": bytes([0, number]),
    }[kind]  # fmt: skip


def _row(one: Tab, number: int) -> tuple[Any, ...]:
    cells: list[Any] = [number + 1] if one.keyed else []
    for column in one.columns:
        if column.reads is not None:
            continue
        if column.null and (number + column.place) % 3 == 0:
            cells.append(None)
        elif column.refers is not None:
            cells.append(number + 1)
        else:
            cells.append(_value(column.kind, number + 1))
    return tuple(cells)


def _in_order(tables: tuple[Tab, ...]) -> tuple[Tab, ...]:
    return tuple(sorted(tables, key=lambda one: one.place))


def _models(tables: tuple[Tab, ...], kind: str) -> list[Model]:
    """A reference to a table of a higher place is told when that is there: such tables may refer to each other."""
    made: dict[int, Model] = {}
    later: list[tuple[Tab, Col]] = []
    for one in _in_order(tables):
        fields = {f"f{column.place}": _field(column, one, made, kind) for column in one.columns}
        later += [(one, column) for column in one.columns if column.refers is not None and column.refers > one.place]
        key = [f"f{column.place}" for column in one.columns if column.key]
        meta: dict[str, Any] = {} if one.keyed else {"primary_key": p.CompositeKey(*key) if key else False}
        if one.schema_on(kind) is not None:
            meta["schema"] = one.schema_on(kind)
        short = [f"f{column.place}" for column in one.columns if column.kind not in UNTOLD and not column.late]
        if one.together and len(short) >= 2:
            meta["indexes"] = ((tuple(short[: one.count]), one.together == "unique"),)
        made[one.place] = table(one.name, meta=meta, **fields)
    for one, column in later:
        _refer_later(made[one.place], column, one, made, kind)
    return list(made.values())


def _refer_later(model: Model, column: Col, own: Tab, made: Mapping[int, Model], kind: str) -> None:
    name = f"f{column.place}"
    there = model._meta.fields[name]
    field = _field(column, own, made, kind)
    field._order, field._sort_key = there._order, there._sort_key
    model._meta.remove_field(name)
    model._meta.add_field(name, field)


def _field(column: Col, own: Tab, made: Mapping[int, Model], kind: str) -> p.Field:
    options: dict[str, Any] = {"column_name": column.name, "null": column.null}
    if column.index:
        options[column.index] = True
    said: list[Any] = []
    if column.comment and kind == "mariadb":
        said.append(p.SQL(f"COMMENT '{COMMENTS[column.comment - 1]}'"))
    if column.refers is not None and (column.refers == own.place or column.refers in made):
        target = "self" if column.refers == own.place else made[column.refers]
        options["index"] = bool(column.index)
        return p.ForeignKeyField(
            target, on_delete=column.on_delete, on_update=column.on_update, backref="+",
            object_id_name=f"f{column.place}_", constraints=said or None, **options,
        )  # fmt: skip
    constraints: list[Any] = []
    if column.reads is not None:
        constraints.append(p.SQL(f"GENERATED ALWAYS AS ({_computed(column, own, kind)}) STORED"))
    if column.default:
        constraints.append(p.SQL(f"DEFAULT {DEFAULTS[column.kind][column.default - 1]}"))
    constraints += said
    if column.check:
        what = column.name if column.name in ("b", "c") else column.place
        constraints.append(p.Check(f"{what} = {what}"))
    return KINDS[_kind(column, own)](constraints=constraints or None, **options)


def _read(column: Col, own: Tab) -> Col:
    """The column that one is computed from."""
    return next(one for one in own.columns if one.place == column.reads)


def _kind(column: Col, own: Tab) -> str:
    """What a column is of; a computed one, of what its text gives."""
    if column.reads is None:
        return column.kind
    return "bigint" if _read(column, own).kind in ("int", "bigint") else "long"


def _computed(column: Col, own: Tab, kind: str) -> str:
    read = _read(column, own)
    quote = "`" if kind == "mariadb" else '"'
    name = quote + read.name.replace(quote, quote * 2) + quote
    return f"{name} + 1" if read.kind in ("int", "bigint") else f"upper({name})"


# -- drawing


def _column(place: int, name: str, targets: list[int], sources: list[Col]) -> st.SearchStrategy[Col]:
    def made(
        kind: str,
        null: bool,
        default: int,
        index: str,
        check: bool,
        refers: int | None,
        actions: tuple[str | None, ...],
        reads: Col | None,
        comment: int,
    ) -> Col:
        if refers is not None:
            return Col(place, name, "int", True, 0, index, False, refers, *actions, comment=comment)
        if reads is not None:
            own = index if index != "unique" or not _is_doubled(reads) else ""
            return _reading(Col(place, name, "int", True, 0, own, check, comment=comment), reads)
        if kind in UNTOLD:
            index = "index" if kind == "bool" and index else ""
        default = default if kind in DEFAULTS and index != "unique" else 0
        return Col(place, name, kind, null, default, index, check, comment=comment)

    refers = st.one_of(st.none(), st.none(), st.sampled_from(targets)) if targets else st.none()
    reads = st.one_of(st.none(), st.none(), st.none(), st.sampled_from(sources)) if sources else st.none()
    return st.builds(
        made, st.sampled_from(list(KINDS)), st.booleans(), st.sampled_from((0, 0, 1, 2)),
        st.sampled_from(("", "", "index", "unique")), st.booleans(), refers,
        st.tuples(st.sampled_from(ACTIONS), st.sampled_from((None, None, "CASCADE"))), reads,
        st.sampled_from((0, 0, 0, 1, 2)),
    )  # fmt: skip


def _sources(one: Tab) -> list[Col]:
    """The columns that another may be computed from."""
    return [column for column in one.columns if column.kind in READ and column.reads is None and column.refers is None]


def _reading(column: Col, source: Col) -> Col:
    """The column as one that is computed from another."""
    kind = "bigint" if source.kind in ("int", "bigint") else "long"
    return replace(column, kind=kind, reads=source.place, null=True, default=0, late=column.late or _is_doubled(source))


def _is_doubled(column: Col) -> bool:
    """Whether rows may hold the same in it."""
    return column.late or bool(column.default)


@dataclass
class _World:
    """What is drawn so far."""

    draw: st.DrawFn
    tables: dict[int, Tab] = field(default_factory=dict)
    number: int = 0
    before: dict[int, Tab] = field(default_factory=dict)
    """The tables that have rows: what comes has no name that was another one's, which would make it that one."""

    def fresh(self) -> int:
        self.number += 1
        return self.number

    def name(self, taken: set[str], names: tuple[str, ...]) -> str | None:
        free = [name for name in names if name.lower() not in {one.lower() for one in taken}]
        return self.draw(st.sampled_from(free)) if free else None

    def targets(self) -> list[int]:
        return [one.place for one in self.tables.values() if one.keyed]

    def column(self, one: Tab) -> Col | None:
        was = self.before.get(one.place)
        name = self.name({column.name for column in (*one.columns, *(was.columns if was else ()))}, NAMES)
        return None if name is None else self.draw(_column(self.fresh(), name, self.targets(), _sources(one)))

    def refer(self, one: Tab) -> None:
        """A reference of the table, to any that there is: tables may come to refer to each other."""
        made, targets = self.column(one), self.targets()
        if made is None or not targets:
            return
        actions = self.draw(st.tuples(st.sampled_from(ACTIONS), st.sampled_from((None, None, "CASCADE"))))
        late = one.place in self.before
        refers = self.draw(st.sampled_from(targets))
        column = Col(made.place, made.name, "int", True, 0, made.index, False, refers, *actions, late=late)
        self.tables[one.place] = replace(one, columns=(*one.columns, column))

    def table(self) -> None:
        name = self.name({one.name for one in (*self.tables.values(), *self.before.values())}, TABLES)
        if name is None:
            return
        together = self.draw(st.sampled_from(("", "", "index", "unique")))
        key = self.draw(st.sampled_from(("id", "id", "id", "none", "several")))
        schema = self.draw(st.sampled_from((0, 0, 0, 1, 2)))
        made = Tab(self.fresh(), name, (), together, self.draw(st.integers(2, 3)), key == "id", schema)
        self.tables[made.place] = made
        for _ in range(self.draw(st.integers(2, 3)) if key == "several" else 0):
            made = self.tables[made.place]
            own = self.name({column.name for column in made.columns}, NAMES)
            assert own is not None
            column = Col(self.fresh(), own, self.draw(st.sampled_from(KEYS)), key=True)
            self.tables[made.place] = replace(made, columns=(*made.columns, column))
        for _ in range(self.draw(st.integers(1, 4))):
            column = self.column(self.tables[made.place])
            if column is not None:
                made = self.tables[made.place]
                self.tables[made.place] = replace(made, columns=(*made.columns, column))


EDITS = (
    *("add", "drop", "rename", "null", "required", "default", "index", "type", "check", "action", "refer", "unrefer"),
    *("add table", "drop table", "rename table", "together", "key", "rename both", "swap", "swap tables"),
    *("compute", "comment", "move", "add reference"),
)


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    world = _World(draw)
    for _ in range(draw(st.integers(1, 3))):
        world.table()
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2, 3)))):
        world.refer(draw(st.sampled_from(list(world.tables.values()))))
    world.before = dict(world.tables)
    before = tuple(world.tables.values())
    for _ in range(draw(st.integers(1, 5))):
        _edit(world, draw(st.sampled_from(EDITS)))
    return Pair(before, tuple(world.tables.values()), draw(st.sampled_from((0, 2, 3))))


def _edit(world: _World, edit: str) -> None:
    draw = world.draw
    if edit == "add table" or not world.tables:
        world.table()
        return
    one = draw(st.sampled_from(list(world.tables.values())))
    if edit == "drop table":
        _drop(world, one)
        return
    if edit in ("rename table", "rename both"):
        before = () if one.place in world.before else world.before.values()
        name = world.name({other.name for other in (*world.tables.values(), *before)}, TABLES)
        one = world.tables[one.place] = replace(one, name=name or one.name)
        if edit == "rename table":
            return
        edit = "rename"
    if edit == "move":
        world.tables[one.place] = replace(one, schema=draw(st.sampled_from((0, 1, 2))))
        return
    if edit == "together":
        together = draw(st.sampled_from(("", "index", "unique")))
        world.tables[one.place] = replace(one, together=together, count=draw(st.integers(2, 3)))
        return
    if edit == "key":
        _change_key(world, one)
        return
    if edit == "swap tables":
        other = draw(st.sampled_from(list(world.tables.values())))
        if {one.place, other.place} <= world.before.keys():
            world.tables[other.place] = replace(other, name=one.name)
            world.tables[one.place] = replace(one, name=other.name)
        return
    if edit == "add reference":
        world.refer(one)
        return
    if edit == "swap":
        _swap(world, one)
        return
    if edit == "add":
        column = world.column(one)
        if column is not None:
            column = replace(column, index="" if not column.null else column.index, late=True)
            world.tables[one.place] = replace(one, columns=(*one.columns, column))
        return
    column = draw(st.sampled_from(one.columns))
    changed = _changed(world, one, column, edit)
    kept = tuple(changed if other == column else other for other in one.columns)
    left = tuple(other for other in kept if other is not None)
    if left:
        world.tables[one.place] = replace(one, columns=_with_sources(left, world.before.get(one.place)))


def _with_sources(columns: tuple[Col, ...], was: Tab | None) -> tuple[Col, ...]:
    """What was computed from a column that is gone, or refers to another one now, holds what it held."""
    there = {column.place: column for column in columns}
    kept = []
    for column in columns:
        source = None if column.reads is None else there.get(column.reads)
        if column.reads is not None and (source is None or source.refers is not None):
            kept.append(_holding(column, was))
        else:
            kept.append(column if source is None else _reading(column, source))
    return tuple(kept)


def _holding(column: Col, was: Tab | None) -> Col:
    """A computed column as one that holds values: what it shows; or what it held, where it did ``before``."""
    before = next((one for one in was.columns if one.place == column.place), None) if was is not None else None
    if before is None or before.reads is not None:
        return replace(column, reads=None)
    return replace(before, name=column.name, check=column.check, comment=column.comment)


def _swap(world: _World, one: Tab) -> None:
    """Two columns that were there have each other's name."""
    was = world.before.get(one.place)
    places = {column.place for column in was.columns} if was is not None else set()
    there = [column for column in one.columns if column.place in places]
    if len(there) > 1:
        first, second = world.draw(st.sampled_from(there)), world.draw(st.sampled_from(there))
        names = {first.place: second.name, second.place: first.name}
        columns = tuple(replace(column, name=names.get(column.place, column.name)) for column in one.columns)
        world.tables[one.place] = replace(one, columns=columns)


def _drop(world: _World, one: Tab) -> None:
    """The table goes, and with it the references to it."""
    del world.tables[one.place]
    for other in world.tables.values():
        columns = tuple(
            replace(column, refers=None, on_delete=None, on_update=None) if column.refers == one.place else column
            for column in other.columns
        )
        world.tables[other.place] = replace(other, columns=columns)


def _change_key(world: _World, one: Tab) -> None:
    """A key of several columns has one more of those that tell the rows apart, or one less."""
    key = [column for column in one.columns if column.key]
    more = [
        column
        for column in one.columns
        if not (column.key or column.null or column.late or column.index) and column.kind in KEYS
    ]
    if not key or not (more or len(key) > 2):
        return
    chosen = world.draw(st.sampled_from([*more, *(key if len(key) > 2 else ())]))
    columns = tuple(replace(column, key=not column.key) if column == chosen else column for column in one.columns)
    world.tables[one.place] = replace(one, columns=columns)


def _changed(world: _World, one: Tab, column: Col, edit: str) -> Col | None:
    plain = column.refers is None
    if column.key and edit not in ("rename", "default", "check", "comment"):
        return column
    if column.reads is not None and edit in ("null", "required", "default", "type", "refer"):
        return column
    match edit:
        case "drop":
            return None
        case "rename":
            was = world.before.get(one.place)
            there = was.columns if was is not None else ()
            before = () if any(other.place == column.place for other in there) else there
            name = world.name({other.name for other in (*one.columns, *before)}, NAMES)
            recased = column.name.swapcase() if column.name.isascii() else column.name
            return replace(column, name=world.draw(st.sampled_from([name or recased] * 3 + [recased])))
        case "null":
            return replace(column, null=True)
        case "required" if plain and column.index != "unique":
            return replace(column, null=False)
        case "default" if column.kind in DEFAULTS and plain and column.index != "unique":
            return replace(column, default=world.draw(st.sampled_from((0, 1, 2))))
        case "index" if column.kind not in UNTOLD:
            unique = () if column.late or column.default else ("unique",)
            return replace(column, index=world.draw(st.sampled_from(("", "index", *unique))))
        case "type" if plain and column.kind in WIDER and not column.default:
            kind = world.draw(st.sampled_from(WIDER[column.kind]))
            return replace(column, kind=kind, index=column.index if kind not in ("text",) else "")
        case "check" if plain:
            return replace(column, check=not column.check)
        case "action" if not plain:
            update = world.draw(st.sampled_from((None, "CASCADE")))
            return replace(column, on_delete=world.draw(st.sampled_from(ACTIONS)), on_update=update)
        case "refer" if plain and _counts_on(world, one, column):
            targets = [place for place in world.targets() if place in world.before]
            if targets:
                refers = world.draw(st.sampled_from(targets))
                return replace(column, refers=refers, on_delete=world.draw(st.sampled_from(ACTIONS)), check=False)
        case "unrefer" if not plain:
            return replace(column, refers=None, on_delete=None, on_update=None)
        case "comment":
            return replace(column, comment=world.draw(st.sampled_from((0, 1, 2))))
        case "compute" if column.reads is not None:
            return _holding(column, world.before.get(one.place))
        case "compute" if plain and column.index != "unique" and not any(x.reads == column.place for x in one.columns):
            sources = [source for source in _sources(one) if source != column]
            if sources:
                return _reading(column, world.draw(st.sampled_from(sources)))
    return column


def _counts_on(world: _World, one: Tab, column: Col) -> bool:
    """Whether the column holds numbers that rows of each table have as their id."""
    was = world.before.get(one.place)
    there = was is not None and any(before.place == column.place and before.null for before in was.columns)
    return there and column.kind == "int" and column.null and not column.default
