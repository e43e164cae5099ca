"""MariaDB's and MySQL's room: recognised, and not furnished yet."""

from __future__ import annotations

from pwmig.dialects.unfurnished import UnfurnishedDialect

__all__ = ["MySQLDialect"]


class MySQLDialect(UnfurnishedDialect):
    """MariaDB and MySQL: each DDL statement commits."""

    name = "mysql"
    title = "MariaDB/MySQL"
    transactional_ddl = False
