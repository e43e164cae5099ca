"""A column as a person asks for it, and the kinds of column that there are to choose from."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pwmig.errors import OperationRefused
from pwmig.records import dataclass

if TYPE_CHECKING:
    import peewee

__all__ = [
    "COLUMN_TYPES",
    "FIELDS",
    "NAME_LIMIT",
    "ColumnSpec",
    "ColumnType",
    "Expression",
    "Standard",
    "constraint_name",
    "parse_default",
    "plain_name",
    "plain_value",
    "require_name",
    "short_repr",
]

NAME_LIMIT = 255
"""The most letters that a name of a table, a column or an index may have."""


_UNSAID = object()


@dataclass(frozen=True, slots=True)
class ColumnType:
    """One kind of column: Peewee's field, a label, and how a text typed by a person becomes a default.

    ``neutral`` is what a required column can be filled with where nothing better is known.
    """

    field: str
    label: str
    parse: Callable[[str], Any]
    neutral: Any
    sized: bool = False


def _boolean(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.strip().lower() not in words:
        raise ValueError("write true or false")
    return words[text.strip().lower()]


def _iso(kind: Any) -> Callable[[str], str]:
    """Dates and times are kept as ISO texts: a migration then needs no import for them."""

    def parse(text: str) -> str:
        kind.fromisoformat(text.strip())
        return text.strip()

    return parse


def _whole(text: str) -> int:
    try:
        return int(text.strip())
    except ValueError as error:
        raise ValueError("write a whole number") from error


def _decimal(text: str) -> str:
    try:
        return str(Decimal(text.strip()))
    except InvalidOperation as error:
        raise ValueError("write a number") from error


def _finite(text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise ValueError("write a number") from error
    if not math.isfinite(number):
        raise ValueError("write a finite number")
    return number


def _uuid(text: str) -> str:
    return str(UUID(text.strip()))


COLUMN_TYPES: dict[str, ColumnType] = {
    kind.field: kind
    for kind in (
        ColumnType("IntegerField", "Integer", _whole, 0),
        ColumnType("BigIntegerField", "Big integer", _whole, 0),
        ColumnType("CharField", "Short text", str, "", sized=True),
        ColumnType("TextField", "Text", str, ""),
        ColumnType("BooleanField", "True or false", _boolean, False),
        ColumnType("FloatField", "Floating point", _finite, 0.0),
        ColumnType("DecimalField", "Decimal", _decimal, "0"),
        ColumnType("DateField", "Date", _iso(date), "1970-01-01"),
        ColumnType("DateTimeField", "Date and time", _iso(datetime), "1970-01-01 00:00:00"),
        ColumnType("TimeField", "Time", _iso(time), "00:00:00"),
        ColumnType("UUIDField", "UUID", _uuid, "00000000-0000-0000-0000-000000000000"),
        ColumnType("BlobField", "Bytes", lambda text: text.encode(), b""),
        ColumnType("AutoField", "Counted primary key", _whole, None),
    )
}
"""The kinds of column by the name of Peewee's field, in the order in which a form offers them."""


FIELDS: dict[str, str] = {
    **dict.fromkeys(("SmallIntegerField", "DoubleField", "FixedCharField", "JSONField", "BareField"), "peewee"),
    **dict.fromkeys(("BigAutoField", "IdentityField"), "peewee"),
    **dict.fromkeys(("DateTimeTZField", "IntervalField"), "playhouse.postgres_ext"),
    "AutoIncrementField": "playhouse.sqlite_ext",
    "StoredField": "pwmig",
}
"""Other classes that the column of a migration may have, by the module that they come from; no form offers them."""

_COUNTED = ("AutoField", "BigAutoField", "IdentityField", "AutoIncrementField")

EXPRESSIONS = ("SQL", "Check")


@dataclass(frozen=True, slots=True, repr=False)
class Expression:
    """A piece of SQL that a person wrote; ``kind`` is how Peewee makes it: ``SQL`` or ``Check``."""

    sql: str
    kind: str = "SQL"

    def __post_init__(self) -> None:
        if self.kind not in EXPRESSIONS or not isinstance(self.sql, str):
            raise ValueError(f"{self.kind}({self.sql!r:.60}) is no piece of SQL")

    def node(self) -> Any:
        """Peewee's own node for it."""
        import peewee

        return getattr(peewee, self.kind)(self.sql)

    def __repr__(self) -> str:
        return short_repr(self, ["sql"])


@dataclass(frozen=True, slots=True)
class Standard:
    """A function of Python's own library that gives a default: ``datetime.now``, ``uuid4``."""

    module: str
    name: str

    @property
    def imported(self) -> str:
        """What has to be imported of the module, for the name to mean something."""
        return self.name.partition(".")[0]

    def function(self) -> Any:
        """The function itself."""
        from importlib import import_module

        found: Any = import_module(self.module)
        for part in self.name.split("."):
            found = getattr(found, part)
        return found

    @classmethod
    def of(cls, function: Any) -> Standard | None:
        """The function by its name, where it is one that every Python has."""
        return next((one for one in _STANDARDS if one.function() == function), None)


_STANDARDS = (
    Standard("datetime", "datetime.now"),
    Standard("datetime", "datetime.utcnow"),
    Standard("datetime", "date.today"),
    Standard("uuid", "uuid4"),
    Standard("uuid", "uuid1"),
    Standard("time", "time"),
    Standard("builtins", "dict"),
    Standard("builtins", "list"),
)


@dataclass(frozen=True, slots=True, repr=False)
class ColumnSpec:
    """One column to be made. ``type`` is a key of COLUMN_TYPES or FIELDS; ``default`` is a Python value, None for none.

    Dates, times, decimals and UUIDs become texts, as a migration holds them, so that a spec is equal to
    the one that is read from its code; so are facts that others imply (a unique column has its index).
    Raises OperationRefused for a name or a type that can't be, and for facts that contradict each other.

    What no form asks for: ``storage`` is the type of a StoredField as the database writes it, ``options`` are more of
    the field's arguments (``max_digits``), ``constraints`` what stands behind the type. A ``default`` may also be an
    Expression, or a :class:`Standard` function.
    """

    name: str
    type: str = "IntegerField"
    null: bool = False
    default: Any = None
    max_length: int | None = None
    unique: bool = False
    index: bool = False
    primary_key: bool = False
    storage: str | None = None
    options: tuple[tuple[str, Any], ...] = ()
    constraints: tuple[Expression, ...] = ()

    def __post_init__(self) -> None:
        require_name(self.name, "column")
        if self.type not in COLUMN_TYPES and self.type not in FIELDS:
            raise OperationRefused(
                f"column {self.name!r} can't be a {self.type}",
                why="the kinds of column are " + ", ".join(COLUMN_TYPES),
                way_out="choose one of these, or write the migration by hand",
                column=self.name,
            )
        sized = self.type in COLUMN_TYPES and COLUMN_TYPES[self.type].sized
        if self.max_length is not None and not (sized and self.max_length >= 1):
            raise OperationRefused(
                f"column {self.name!r} can't have a length of {self.max_length}",
                why="a length counts letters from 1 on" if sized else "only CharField has a length",
                way_out="give another length, or none",
                column=self.name,
            )
        if self.is_key and self.null:
            raise OperationRefused(
                f"column {self.name!r} can't be NULL",
                why="it is the primary key",
                way_out="untick one",
                column=self.name,
            )
        if not isinstance(self.default, (Expression, Standard)):
            object.__setattr__(self, "default", plain_value(self.default, self.name))
        for fact in ("null", "unique", "index", "primary_key"):
            object.__setattr__(self, fact, bool(getattr(self, fact)))
        object.__setattr__(self, "index", self.index and not self.unique)
        object.__setattr__(self, "primary_key", self.primary_key and self.type not in _COUNTED)

    @property
    def is_key(self) -> bool:
        return self.primary_key or self.type in _COUNTED

    @property
    def module(self) -> str:
        """Where the field's class comes from."""
        return FIELDS.get(self.type, "peewee")

    @property
    def is_asked(self) -> bool:
        """Whether a form can ask for all that it says."""
        unasked = self.storage is not None or self.options or self.constraints
        return self.type in COLUMN_TYPES and not unasked and not isinstance(self.default, (Expression, Standard))

    @property
    def needs_fill(self) -> bool:
        """Whether rows there are would have nothing to hold in it."""
        return not self.null and self.default is None

    def filled(self) -> ColumnSpec:
        """The same column with its kind's neutral value as default, where rows would have nothing to hold."""
        known = self.needs_fill and self.type in COLUMN_TYPES
        return replace(self, default=COLUMN_TYPES[self.type].neutral) if known else self

    @property
    def positional(self) -> tuple[str, ...]:
        """What the field's class is given without a name."""
        return () if self.storage is None else (self.storage,)

    def arguments(self) -> tuple[str, dict[str, Any]]:
        """The field's class and its arguments by name, only those that say something."""
        facts: tuple[tuple[str, Any, Any], ...] = (
            ("max_length", self.max_length, None),
            *((name, value, _UNSAID) for name, value in self.options),
            ("null", self.null, False),
            ("default", self.default, None),
            ("unique", self.unique, False),
            ("index", self.index, False),
            ("primary_key", self.primary_key, False),
            ("constraints", list(self.constraints), []),
        )
        said = {name: value for name, value, usual in facts if value is not usual}
        if not self.constraints:
            del said["constraints"]
        return self.type, said

    def field(self) -> peewee.Field:
        """The Peewee field."""
        from importlib import import_module

        kind, options = self.arguments()
        if self.constraints:
            options["constraints"] = [made.node() for made in self.constraints]
        if isinstance(self.default, Expression):
            options["default"] = self.default.node()
        elif isinstance(self.default, Standard):
            options["default"] = self.default.function()
        made: peewee.Field = getattr(import_module(self.module), kind)(*self.positional, **options)
        return made

    def __repr__(self) -> str:
        return short_repr(self, ["name", "type"])


def short_repr(record: Any, positional: Sequence[str]) -> str:
    """The code that makes a record again: some fields by position, the others by name where they say something."""
    words = [repr(getattr(record, name)) for name in positional]
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.name not in positional and value != field.default:
            words.append(f"{field.name}={value!r}")
    return f"{type(record).__name__}({', '.join(words)})"


def plain_value(value: Any, column: str) -> Any:
    """A default as code can hold it: a number, a text, bytes, a truth or None.

    Raises OperationRefused for any other, and for a number that is not finite.
    """
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if value is None or type(value) in (bool, int, str, bytes):
        return value
    if type(value) is float and math.isfinite(value):
        return value
    raise OperationRefused(
        f"{value!r:.40} can't be the default of column {column!r}",
        why="a migration holds it as text: a finite number, a text, bytes, a date or a truth",
        way_out="give one of these, or write the migration by hand",
        column=column,
    )


def parse_default(type_: str, text: str) -> Any:
    """What a person typed as a default, as a value of the kind of column; an empty text is None.

    Two quotes are the empty text, of a kind that holds texts. Raises OperationRefused saying what the kind expects.
    """
    if text == "":
        return None
    kind = COLUMN_TYPES.get(type_)
    if kind is None:
        raise OperationRefused(
            f"there is no kind of column {type_}", way_out="choose one of " + ", ".join(COLUMN_TYPES)
        )
    if kind.neutral == "" and text in ('""', "''"):
        return ""
    try:
        return kind.parse(text)
    except ValueError as error:
        shown = text if len(text) <= 40 else text[:37] + "..."
        raise OperationRefused(
            f"{shown!r} can't be the default of a {type_}",
            why=str(error),
            way_out=f"write it as {kind.neutral!r}" if kind.neutral not in (None, "", b"") else "leave it empty",
        ) from error


def plain_name(table: str) -> str:
    """A table's name behind the dot of its schema, where it is an address."""
    return table.rpartition(".")[2] or table


def constraint_name(name: str) -> str:
    """A constraint's name as Peewee cuts it: at most 64 letters."""
    import peewee

    return str(peewee._truncate_constraint_name(name))


def require_name(name: Any, what: str) -> None:
    """OperationRefused unless the text can name a table, a column or an index; quoting takes care of the rest."""
    problem = ""
    if isinstance(name, str) and not name.strip():
        article = "an" if what[0] in "aeiou" else "a"
        raise OperationRefused(f"{article} {what} needs a name", way_out="give it one")
    if not isinstance(name, str):
        problem = "a name is a text"
    elif "\0" in name:
        problem = "a name can't hold a NUL letter"
    elif len(name) > NAME_LIMIT:
        problem = f"a name has at most {NAME_LIMIT} letters, and this one has {len(name)}"
    if problem:
        shown = name if not isinstance(name, str) or len(name) <= 40 else name[:37] + "..."
        raise OperationRefused(f"{shown!r} can't name a {what}", why=problem, way_out="choose another name")
