"""The answers that PostgreSQL and MariaDB give in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from pwmig.dialects.unfurnished import UnfurnishedDialect

if TYPE_CHECKING:
    import peewee

    from pwmig.dialects.server.reach import Reach

__all__ = ["ServerDialect"]


class ServerDialect(UnfurnishedDialect):
    """A database behind a server; what differs is in its :class:`Reach`."""

    reach: Reach

    def scratch(self, like: peewee.Database) -> AbstractContextManager[peewee.Database]:
        from pwmig.dialects.server.scratch import scratch

        return scratch(like, self.reach)

    @contextmanager
    def blank(self, database: peewee.Database) -> Iterator[None]:
        from pwmig.dialects.server.redirect import pointed_at
        from pwmig.dialects.server.scratch import made

        with made(database, self.reach) as name, pointed_at(database, name, self.reach):
            yield
