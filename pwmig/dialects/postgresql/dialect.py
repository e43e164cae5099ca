"""PostgreSQL's room: recognised, and not furnished yet."""

from __future__ import annotations

from pwmig.dialects.unfurnished import UnfurnishedDialect

__all__ = ["PostgresqlDialect"]


class PostgresqlDialect(UnfurnishedDialect):
    """PostgreSQL: DDL is transactional."""

    name = "postgresql"
    title = "PostgreSQL"
    transactional_ddl = True
