"""A field for a column of any type, for migrations: they name no class of the application's."""

from __future__ import annotations

from typing import Any

import peewee

__all__ = ["StoredField"]


class StoredField(peewee.Field):
    """A column of a type as the database writes it: ``StoredField("mood", null=True)``.

    Its other arguments are those of every field of Peewee's. Values go to the database as they are.
    """

    def __init__(self, type: str, **options: Any) -> None:
        self.type = type
        super().__init__(**options)

    def ddl_datatype(self, ctx: Any) -> peewee.SQL:
        return peewee.SQL(self.type)
