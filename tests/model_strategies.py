"""Hypothesis strategies for sets of Peewee models that each kind of database takes."""

from __future__ import annotations

from typing import Any

import peewee
from hypothesis import strategies as st

__all__ = ["model_sets"]

NAMES = ("player", "Team", "the order", "select", 'say "hi"', "naïve", "back`tick", "名前", "it's", "x" * 50)
COLUMNS = ("name", "Level", "from", "two words", "größe", "it's", 'q"uote', "tick`ed", "y" * 40)


def _fields() -> st.SearchStrategy[Any]:
    """Functions that make a field from the options that all fields have."""
    makers = st.sampled_from(
        (
            lambda **o: peewee.CharField(40, **o),
            lambda **o: peewee.CharField(**o),
            lambda **o: peewee.FixedCharField(7, **o),
            lambda **o: peewee.DecimalField(12, 4, **o),
            peewee.IntegerField,
            peewee.BigIntegerField,
            peewee.SmallIntegerField,
            peewee.BooleanField,
            peewee.FloatField,
            peewee.DoubleField,
            peewee.DateTimeField,
            peewee.DateField,
            peewee.TimeField,
            peewee.UUIDField,
            peewee.BinaryUUIDField,
            peewee.TimestampField,
            peewee.BitField,
            peewee.IPField,
        )
    )
    plain = st.sampled_from((peewee.TextField, peewee.BlobField))
    said = st.fixed_dictionaries(
        {"null": st.booleans()}, optional={"index": st.booleans(), "unique": st.booleans(), "default": st.just(None)}
    )
    return st.one_of(
        st.builds(lambda make, options: make(**options), makers, said),
        st.builds(lambda make, null: make(null=null), plain, st.booleans()),  # MariaDB indexes no whole text
        st.builds(
            lambda default, null: peewee.IntegerField(null=null, constraints=[peewee.SQL(f"DEFAULT {default}")]),
            st.integers(-9, 9),
            st.booleans(),
        ),
        st.builds(
            lambda text: peewee.CharField(9, constraints=[peewee.SQL(f"DEFAULT '{text}'")]),
            st.sampled_from(("a", "A", "''")),
        ),
    )


def _foreign_keys(others: list[type[peewee.Model]]) -> st.SearchStrategy[Any]:
    action = st.sampled_from((None, "CASCADE", "RESTRICT", "SET NULL", "NO ACTION"))
    target = st.sampled_from([*others, "self"])
    return st.builds(
        lambda to, delete, update, index, unique: peewee.ForeignKeyField(
            to, null=True, on_delete=delete, on_update=update, index=index, unique=unique, backref="+"
        ),
        target, action, action, st.booleans(), st.booleans(),
    )  # fmt: skip


@st.composite
def model_sets(draw: st.DrawFn) -> list[type[peewee.Model]]:
    """One to four models, with references to those before them and to themselves."""
    found: list[type[peewee.Model]] = []
    for number, table in enumerate(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))):
        columns = draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=5, unique=True))
        fields = {f"f{place}": draw(_fields()) for place in range(len(columns))}
        keyed = [one for one in found if one._meta.primary_key and not one._meta.composite_key]
        kind = draw(st.sampled_from(("auto", "big", "composite", "none", "char")))
        if kind in ("auto", "big"):
            fields |= {f"r{place}": draw(_foreign_keys(keyed)) for place in range(draw(st.integers(0, 2)))}
        meta: dict[str, Any] = {"table_name": table}
        if kind == "big":
            fields["id"] = peewee.BigAutoField()
        elif kind == "char":
            fields["code"] = peewee.CharField(12, primary_key=True)
        elif kind == "composite":
            fields |= {"a": peewee.IntegerField(), "b": peewee.DateField(column_name="when b")}
            meta["primary_key"] = peewee.CompositeKey("b", "a")
        elif kind == "none":
            meta["primary_key"] = False
        short = [name for name, field in fields.items() if not isinstance(field, (peewee.TextField, peewee.BlobField))]
        if len(short) > 1 and draw(st.booleans()):
            meta["indexes"] = ((tuple(short[:2]), draw(st.booleans())),)
        for field, column in zip([fields[f"f{place}"] for place in range(len(columns))], columns):
            field.column_name = column
        model = type(f"Model{number}", (peewee.Model,), {**fields, "Meta": type("Meta", (), meta)})
        found.append(model)
    return found
