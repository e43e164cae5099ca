"""Hypothesis strategies for operations: each that there is, with names and values of every kind."""

from __future__ import annotations

import dataclasses

from hypothesis import reject
from hypothesis import strategies as st
from strategies import distinct_names, names

from pwmig.columns import COLUMN_TYPES, ColumnSpec, Expression
from pwmig.errors import OperationRefused
from pwmig.operations import OPERATIONS, ChangeColumn, CreateTable, Operation

TABLES = names().filter(lambda name: "." not in name and name.strip())
NAMES = names().filter(str.strip)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
EXPRESSIONS = TEXTS.filter(str.strip)
VALUES = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False), TEXTS, st.binary()
)
ACTIONS = st.sampled_from((None, "CASCADE", "RESTRICT", "SET NULL", "SET DEFAULT", "NO ACTION"))


@st.composite
def specs(draw: st.DrawFn, name: str, *, key: bool = False) -> ColumnSpec:
    """A column of that name; ``key`` lets it be a primary key."""
    kind = draw(st.sampled_from([kind for kind in COLUMN_TYPES if key or kind != "AutoField"]))
    is_key = key and draw(st.booleans())
    return ColumnSpec(
        name,
        kind,
        null=kind != "AutoField" and not is_key and draw(st.booleans()),
        default=draw(st.one_of(st.none(), VALUES)),
        max_length=draw(st.one_of(st.none(), st.integers(1, 9999))) if COLUMN_TYPES[kind].sized else None,
        unique=draw(st.booleans()),
        index=draw(st.booleans()),
        primary_key=is_key,
    )


@st.composite
def created(draw: st.DrawFn) -> CreateTable:
    """A table with one key at most, of one column or of several."""
    own = draw(distinct_names(1, 4).filter(lambda found: all(map(str.strip, found))))
    with_key = draw(st.sampled_from((None, own[0])))
    columns = tuple(draw(specs(name, key=name == with_key)) for name in own)
    parts = st.lists(st.sampled_from(own), min_size=1, unique=True).map(tuple)
    indexes = tuple(draw(st.lists(st.tuples(parts, st.booleans()), max_size=2)))
    free = not any(column.is_key for column in columns)
    return CreateTable(draw(TABLES), columns, indexes, draw(parts) if free and draw(st.booleans()) else ())


KINDS = {
    "table": TABLES,
    "column": NAMES,
    "part": NAMES,
    "columns": st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple),
    "index": NAMES,
    "constraint": NAMES,
    "name": NAMES,
    "spec": NAMES.flatmap(specs),
    "type": st.sampled_from([kind for kind in COLUMN_TYPES if kind != "AutoField"]),
    "value": st.one_of(VALUES, EXPRESSIONS.map(Expression)),
    "length": st.none(),
    "count": st.integers(1, 10**6),
    "bool": st.booleans(),
    "nullable": st.booleans(),
    "text": EXPRESSIONS,
    "action": ACTIONS,
}
"""What may stand in a field of each kind."""


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    """Any operation of the registry, made from the metadata of its fields as a form makes it."""
    kind = draw(st.sampled_from(list(OPERATIONS.values())))
    if kind is CreateTable:
        return draw(created())
    values = {}
    for field in (made for made in dataclasses.fields(kind) if made.metadata):
        asked = field.metadata["kind"]
        new_table = asked == "name" and kind.__name__ == "RenameTable"
        value = draw(TABLES if new_table else KINDS[asked])
        optional = field.default is not dataclasses.MISSING
        values[field.name] = field.default if optional and draw(st.booleans()) else value
    try:
        return kind(**values)
    except OperationRefused:
        assert kind is ChangeColumn, "facts of others do not contradict each other"
        reject()
