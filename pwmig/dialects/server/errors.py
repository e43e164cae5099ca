"""What a server's errors say of a database as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import peewee

from pwmig.errors import DatabaseUnavailable, PwmigError

__all__ = ["answered", "driver_error", "lost", "meaning_of", "translated"]

Meaning = tuple[str, str, str]

_LOST = (
    "server closed the connection",
    "terminating connection",
    "connection already closed",
    "the connection is closed",
    "the connection is lost",
    "consuming input failed",
    "lost connection to mysql server",
    "mysql server has gone away",
    "connection was killed",
)
"""How the drivers say that a connection which was there is gone."""


def driver_error(error: BaseException) -> BaseException:
    """The driver's own error, where Peewee has put its own around it."""
    if isinstance(error, peewee.PeeweeException):
        inner: BaseException = error.__cause__ or error.__context__ or error
        return inner
    return error


def lost(error: BaseException) -> bool:
    """Whether an error says that the connection, or the server, is gone."""
    text = str(error).lower()
    return isinstance(error, BrokenPipeError) or any(words in text for words in _LOST)


def meaning_of(
    title: str, place: str, error: BaseException, code: str, meanings: Sequence[Meaning]
) -> DatabaseUnavailable | None:
    """What the first of the meanings whose code or words are met says of the database."""
    text = " ".join(str(error).split())
    for mark, what, way_out in meanings:
        if mark == code.lower() or ((not mark.isalnum() or not code) and mark in text.lower()):
            return DatabaseUnavailable(f"the database {place} {what}", why=f"{title} says: {text}", way_out=way_out)
    if lost(error):
        return DatabaseUnavailable(
            f"the connection to the database {place} was lost",
            why=f"{title} says: {text}",
            way_out="look whether the server runs, then what pwmig status says",
        )
    return None


@contextmanager
def answered(place: str, title: str) -> Iterator[None]:
    """Turn the driver's errors about questions of pwmig's own into DatabaseUnavailable."""
    try:
        yield
    except PwmigError:
        raise
    except Exception as error:
        cause = driver_error(error)
        # The names that drivers give their errors: https://peps.python.org/pep-0249/#exceptions
        if not {"DatabaseError", "InterfaceError"} & {kind.__name__ for kind in type(cause).__mro__}:
            raise
        told = " ".join(str(cause).split())
        denied = "denied" in told.lower()
        raise DatabaseUnavailable(
            f"the database {place} can't be read" + (" by this account" if denied else ""),
            why=f"{title} says: {told}",
            way_out="GRANT the account what it lacks, SELECT for the rows of a table; or connect as another one"
            if denied
            else "mend what the message names, then run this again; nothing was changed",
        ) from error


@contextmanager
def translated(place: str, unavailable: Callable[[str, BaseException], DatabaseUnavailable | None]) -> Iterator[None]:
    """Turn the driver's errors about the database as a whole into DatabaseUnavailable."""
    try:
        yield
    except PwmigError:
        raise
    except Exception as error:
        meaning = unavailable(place, driver_error(error))
        if meaning is None:
            raise
        raise meaning from error
