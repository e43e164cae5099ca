"""Whose turn it is to migrate a database of MariaDB or MySQL: a lock of the server's, which ends with its connection
(https://mariadb.com/kb/en/get_lock/)."""

from __future__ import annotations

import hashlib

from pwmig.dialects.server.asking import MARK, Execute, ask

__all__ = ["holder", "is_anothers", "lock_name", "locked"]


def lock_name(database: str) -> str:
    """Of the database alone, and short: MySQL takes at most 64 letters."""
    return "pwmig:" + hashlib.sha256(database.encode()).hexdigest()[:40]


def locked(execute: Execute, name: str) -> bool:
    """Whether the turn is this connection's now."""
    return bool(ask(execute, f"SELECT GET_LOCK({MARK}, 0)", (name,))[0][0])


def is_anothers(execute: Execute) -> bool:
    """Whether it is another connection's turn in the database that this one stands in."""
    name = lock_name(str(ask(execute, "SELECT DATABASE()")[0][0]))
    number, own = ask(execute, f"SELECT IS_USED_LOCK({MARK}), CONNECTION_ID()", (name,))[0]
    return number is not None and number != own


def holder(execute: Execute, name: str) -> str:
    """Who has the turn (https://mariadb.com/kb/en/is_used_lock/): of other users' connections an account without the
    right PROCESS sees nothing but the number."""
    number = ask(execute, f"SELECT IS_USED_LOCK({MARK})", (name,))[0][0]
    if number is None:
        return ""
    rows = ask(execute, f"SELECT user, host FROM information_schema.processlist WHERE id = {MARK}", (number,))
    known = "".join(f"user {user} at {host}, " for user, host in rows)
    return f"{known}connection {number}"
