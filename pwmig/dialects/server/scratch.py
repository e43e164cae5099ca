"""Databases that are made for a while: on the project's server, like the project's own, and gone afterwards.

A scratch database has a lock on the server that its owner's own connection holds, and that goes with it. So whoever
makes one first drops those whose owner was killed: their lock is free.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import peewee

from pwmig.dialects.server.asking import Execute, on
from pwmig.dialects.server.connecting import close_for_good, opened, twin
from pwmig.dialects.server.redirect import direct
from pwmig.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from pwmig.dialects.server.reach import Reach

__all__ = ["PREFIX", "made", "scratch"]

PREFIX = "pwmig_scratch_"
"""How the name of each scratch database begins; a number in hexadecimal digits follows."""

_TRIES = 8


@contextmanager
def scratch(like: peewee.Database, reach: Reach) -> Iterator[peewee.Database]:
    """An empty database on the server of ``like``, connected, with its extensions."""
    with made(like, reach) as name, direct(), opened(twin(like, reach, name)) as database:
        yield database


@contextmanager
def made(like: Any, reach: Reach, *, extensions: bool = True, template: str | None = None) -> Iterator[str]:
    """The name of a database that is there while this is entered: empty, or (PostgreSQL) as a ``template`` is.

    With ``extensions``, those of ``like`` are in it, whose types models may have. What migrations make from nothing,
    they make without.
    """
    with direct():
        keeper = twin(like, reach)
        keeper.connect()
        execute = on(keeper)
    try:
        reach.unhurried(execute)
        _remove_leftovers(execute, reach)
        name = _claimed(execute, reach)
        try:
            reach.create(execute, name, template)
            with direct(), opened(twin(like, reach, name)) as new:
                reach.settle(on(new), execute, extensions and template is None)
            yield name
        except DatabaseUnavailable:
            if name in reach.scratches(execute, name):
                _drop(keeper, reach, name)
            raise
        except BaseException:
            with suppress(Exception):  # A server that is gone; the next run on it drops what was left.
                _drop(keeper, reach, name)
            raise
        _drop(keeper, reach, name)
    finally:
        close_for_good(keeper)


def _claimed(execute: Execute, reach: Reach) -> str:
    """A name that no database has, with its lock."""
    for _ in range(_TRIES):
        name = PREFIX + secrets.token_hex(4)
        if not reach.scratches(execute, name) and reach.claim(execute, name):
            return name
    raise AssertionError("eight random names of eight digits were all taken")


def _remove_leftovers(execute: Execute, reach: Reach) -> None:
    """Drop what killed runs have left: a database whose lock is free has no owner."""
    for name in reach.scratches(execute, PREFIX):
        if _is_ours(name) and reach.claim(execute, name):
            with suppress(Exception):  # Another account's, or another run was quicker.
                reach.drop(execute, name)
            reach.release(execute, name)


def _is_ours(name: str) -> bool:
    digits = name[len(PREFIX) :].partition("_")[0]
    return len(digits) == 8 and all(digit in "0123456789abcdef" for digit in digits)


def _drop(keeper: Any, reach: Reach, name: str) -> None:
    """Drop the database, by a new connection where the keeper's was lost."""
    try:
        reach.drop(on(keeper), name)
        reach.release(on(keeper), name)
    except Exception:
        with direct():
            close_for_good(keeper)
            keeper.connect()
            reach.drop(on(keeper), name)
