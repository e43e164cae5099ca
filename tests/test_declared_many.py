"""The models' schema where there are many of them: made some at a time, as if they were made all together."""

from __future__ import annotations

import peewee
import pytest
from authored import Model, table
from playhouse.sqlite_ext import FTS5Model, SearchField

from pwmig.declared import models_schema
from pwmig.dialects import dialect_of
from pwmig.errors import ProjectError
from pwmig.schema import Schema, Table

NOWHERE = peewee.SqliteDatabase(":memory:")
DIALECT = dialect_of(NOWHERE)


class Letter(FTS5Model):
    text = SearchField()


def many() -> list[Model]:
    """Tables that refer to each other from far, with all that each brings along."""
    made: list[Model] = []
    for number in reversed(range(40)):
        above = peewee.ForeignKeyField(made[0], null=True) if made else peewee.IntegerField()
        level = peewee.IntegerField(index=True, constraints=[peewee.Check("level > 0")])
        made.append(table(f"{'Tt'[number % 2]}{number}", above=above, level=level, own=peewee.ForeignKeyField("self")))
    return [*made, Letter]


def seen(monkeypatch: pytest.MonkeyPatch, models: list[Model], most: int | None) -> Schema:
    monkeypatch.setattr(type(DIALECT), "scratch_tables", most)
    return models_schema(models, DIALECT, NOWHERE)


@pytest.mark.parametrize("most", [1, 7, 40])
def test_tables_made_some_at_a_time_are_the_same(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    models = many()
    assert seen(monkeypatch, models, most) == seen(monkeypatch, models, None)
    assert seen(monkeypatch, models[-2:], most) == seen(monkeypatch, models[-2:], None)


def test_two_of_many_that_bring_the_same_index_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (
        table(
            name, level=peewee.IntegerField(), meta={"indexes": [peewee.SQL(f'CREATE INDEX "same" ON "{name}" (id)')]}
        )
        for name in ("a", "z")
    )
    for most in (1, 10, None):
        with pytest.raises(ProjectError, match=r"the table 'z' of .* can't be created"):
            seen(monkeypatch, [one, *many(), other], most)


def test_a_table_among_many_is_found_by_its_name() -> None:
    names = ["b", "B", "a_", "aB", "Z", "é", "a"]
    for exact in (False, True):
        schema = Schema(tuple(Table(name, ()) for name in names), exact_tables=exact)
        assert [schema.table(name) for name in names] == list(schema.tables)
        assert (schema.table("z") is None) is exact
        assert schema.table("nobody") is None
