"""Functions of a migration's: what one makes and leaves undone is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from playhouse import migrate as playhouse

from pwmig.errors import OperationRefused

if TYPE_CHECKING:
    from pwmig.dialects.migrator import Migrator

__all__ = ["call", "require_done"]


def call(migrator: Migrator, function: Callable[..., Any]) -> None:
    """Call it with the migrator's database; OperationRefused where that did not do all that it asked for."""
    if not callable(function):
        raise OperationRefused(
            f"run_python() was given {type(function).__name__} {function!r:.60}, which can't be called",
            why="it calls a function by itself, with the database",
            way_out="write run_python(fill), without parentheses behind the function's name",
        )
    from pwmig.operations import value_text

    name = value_text(function)
    with migrator.aside():
        result = function(migrator.database)
        require_done(name, [migrator], result, subject=name)


def require_done(name: str, migrators: Iterable[Migrator], result: Any, *, subject: str = "it") -> None:
    """Refuse what a function made and nobody ran: it has done nothing, or not all.

    ``name`` is the function's, ``result`` what it returned; ``subject`` is who made an operation, in the message.
    """
    for migrator in migrators:
        undone = migrator.pending_operations()
        if undone:
            raise OperationRefused(
                f"{subject} made an operation and did not run it: {undone[0].describe()}",
                why="an operation does nothing until it is given to migrate()",
                way_out="write migrate(migrator...., ) around it",
                table=undone[0].table,
            )
    if isinstance(result, playhouse.Operation) or hasattr(type(result), "send"):
        if hasattr(type(result), "close"):
            result.close()  # A coroutine or generator that was never begun.
        raise OperationRefused(
            f"{name} returned {type(result).__name__}, and nothing ran it",
            why="it is to be a plain function that does its work before it returns",
            way_out="leave out async, yield and return, and give operations to migrate()",
        )
