"""What a database that keeps the letters of its tables would keep behind a migration: seen on an empty one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pwmig.dialects import migrate

if TYPE_CHECKING:
    import peewee

    from pwmig.authoring import Authored
    from pwmig.dialects.base import Dialect

__all__ = ["letters"]


@contextmanager
def letters(
    dialect: Dialect, database: peewee.Database, texts: Mapping[str, str]
) -> Iterator[Callable[[Authored], Mapping[str, str]]]:
    """While entered, carry out one migration after the other on an empty database made of these ``texts``.

    What is given takes a migration and gives the texts behind it. Where there are none, nothing is made.
    """
    if not texts:
        yield lambda made: {}
        return
    with dialect.scratch(database) as scratch:
        for text in sorted(texts.values(), key=_is_of_index):
            with suppress(Exception):  # What a virtual table brings along has a text too.
                scratch.execute_sql(text)
        migrator = dialect.migrator(scratch)

        def carried_out(made: Authored) -> Mapping[str, str]:
            migrate(*(operation.on(migrator) for operation in made.forward))
            return dict(dialect.texts(scratch))

        yield carried_out


def _is_of_index(text: str) -> bool:
    return text.split(None, 2)[1].upper() in ("INDEX", "UNIQUE")
