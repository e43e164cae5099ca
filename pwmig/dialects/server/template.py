"""A scratch database that is filled once, and copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from pwmig.dialects.base import Template
from pwmig.dialects.server.redirect import pointed_at
from pwmig.dialects.server.scratch import made

if TYPE_CHECKING:
    from pwmig.dialects.server.dialect import ServerDialect

__all__ = ["template"]


@contextmanager
def template(database: Any, dialect: ServerDialect) -> Iterator[Template]:
    """A template for ``database`` on its own server."""
    with made(database, dialect.reach, extensions=False) as name:
        yield _ServerTemplate(database, dialect, name)


class _ServerTemplate(Template):
    def __init__(self, original: Any, dialect: ServerDialect, name: str) -> None:
        self._original, self._dialect, self._name = original, dialect, name

    def filling(self) -> AbstractContextManager[None]:
        return pointed_at(self._original, self._name, self._dialect.reach, strict=False)

    @contextmanager
    def copied(self) -> Iterator[None]:
        reach = self._dialect.reach
        with (
            made(self._original, reach, template=self._name) as name,
            pointed_at(self._original, name, reach, strict=False),
        ):
            self._dialect.filled_from(self._original, self._name)
            yield
