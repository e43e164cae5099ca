"""Peewee's pieces of SQL as whole texts: no server takes bound values in DDL.

Drivers interpolate ``%`` in whatever Peewee runs, so Peewee wants ``%%`` in the SQL that a person writes
for a server. A text that is written so is read so; one with a single ``%`` stands as it is.
"""

from __future__ import annotations

from typing import Any

import peewee

__all__ = [
    "DefaultText",
    "LiteralContext",
    "Written",
    "default_text",
    "doubled",
    "is_whole",
    "literal",
    "plain",
    "text_of",
]


def plain(sql: str) -> str:
    """A text as it is meant: ``%%`` is one percent sign where the text has no single one."""
    if "%" not in sql:
        return sql
    return sql if "%" in sql.replace("%%", "") else sql.replace("%%", "%")


def doubled(sql: str) -> str:
    """A text as ``Database.execute_sql`` wants it, which has its driver interpolate always."""
    return sql.replace("%", "%%")


def literal(database: peewee.Database, value: Any) -> str:
    """A value as the driver of this connection writes it for its server."""
    if value is None:
        return "NULL"
    if type(value) is int:
        return str(value)
    if isinstance(value, (bytearray, memoryview)):
        value = bytes(value)
    text = _mogrified(database, "%s", (value,))
    # pymysql writes bytes as they are, which no log and no screen can show.
    return f"x'{value.hex()}'" if isinstance(value, bytes) and text.startswith("_binary") else text


def _mogrified(database: peewee.Database, sql: str, values: tuple[Any, ...]) -> str:
    """The text of a statement with its values in it."""
    connection = database.connection()
    cursor = connection.cursor()
    try:
        if hasattr(cursor, "mogrify"):  # psycopg2, pymysql
            text = cursor.mogrify(sql, values)
            return text.decode() if isinstance(text, bytes) else str(text)
        from psycopg import ClientCursor

        return ClientCursor(connection).mogrify(sql, values).strip()
    finally:
        cursor.close()


class Written(peewee.SQL):
    """A piece of SQL that stands as it is, percent signs and all."""


class LiteralContext(peewee.Context):
    """Peewee's compiler, which writes each value as a literal where it would leave a place for it."""

    __slots__ = ("database",)

    def __init__(self, database: peewee.Database, **settings: Any) -> None:
        super().__init__(**database.get_context_options(), **settings)
        self.database = database

    def sql(self, obj: Any) -> Any:
        if type(obj) is peewee.SQL:
            return self.literal(self._written(obj))
        return super().sql(obj)

    def _written(self, obj: peewee.SQL) -> str:
        if obj.params:
            return _mogrified(self.database, obj.sql, tuple(obj.params))
        return plain(obj.sql)

    def value(self, value: Any, converter: Any = None, add_param: bool = True) -> Any:
        count = len(self._values)
        with self(value_literals=False):
            super().value(value, converter, add_param)
        if add_param and len(self._values) > count:
            self._sql[-1] = literal(self.database, self._values.pop())
        return self


def text_of(database: peewee.Database, node: Any, aliases: peewee.AliasManager | None = None, **settings: Any) -> str:
    """The SQL of a node, with all its values in it; ``aliases`` name the tables of the queries in it."""
    context = LiteralContext(database, **settings)
    context.alias_manager = aliases or context.alias_manager
    sql, _ = context.sql(node).query()
    return str(sql)


# -- defaults


class DefaultText(str):
    """A default as SQL; ``is_expression`` where it is no literal."""

    is_expression: bool = False


def default_text(database: peewee.Database, default: Any) -> DefaultText:
    """A default as it stands behind DEFAULT.

    A text is a text; one that is an SQL string (``'x'``) or a call (``now()``) is taken as SQL, as Peewee
    takes it, but only where it is that as a whole. The default is not None.
    """
    if callable(default) and not isinstance(default, peewee.Node):
        default = default()
    if isinstance(default, peewee.Node):
        return _expression(text_of(database, default))
    if isinstance(default, str) and _is_sql(default):
        return _expression(plain(default))
    return DefaultText(literal(database, default))


def _expression(sql: str) -> DefaultText:
    made = DefaultText(sql.strip())
    made.is_expression = not _is_literal(made)
    return made


def _is_literal(sql: str) -> bool:
    number = sql.lstrip("+-").replace(".", "", 1)
    return (number.isdigit() and number.isascii()) or sql.upper() in ("NULL", "TRUE", "FALSE") or _is_string(sql)


def is_whole(sql: str) -> bool:
    """Whether a text is one literal, one word, one call or one thing in parentheses."""
    return _is_literal(sql) or sql.replace("_", "").isalnum() or _is_sql(sql)


def _is_string(sql: str) -> bool:
    return len(sql) > 1 and sql[0] == "'" and _string_end(sql, 0) == len(sql)


def _is_sql(text: str) -> bool:
    """Whether a text is one SQL string, something in parentheses or a call as a whole: not ``so (it is)``."""
    if _is_string(text):
        return True
    begin = text.find("(")
    name = text[: max(begin, 0)]
    if begin < 0 or (name and not (name.replace(".", "").replace("_", "").isalnum() and not name[0].isdigit())):
        return False
    return _closing(text, begin) == len(text)


def _string_end(sql: str, start: int) -> int:
    """The place behind the string that begins at ``start``; 0 where it has no end."""
    place = start + 1
    while (place := sql.find("'", place)) >= 0:
        if sql[place + 1 : place + 2] != "'":
            return place + 1
        place += 2
    return 0


def _closing(sql: str, start: int) -> int:
    """The place behind the parenthesis that closes the one at ``start``; 0 where none does."""
    depth, place = 0, start
    while place < len(sql):
        if sql[place] == "'":
            place = _string_end(sql, place)
            if not place:
                return 0
            continue
        depth += {"(": 1, ")": -1}.get(sql[place], 0)
        place += 1
        if depth == 0:
            return place
    return 0
