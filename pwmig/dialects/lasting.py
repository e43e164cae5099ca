"""Whether what a migration has called is the last thing that it does, as its bytecode says.

What stands behind a call that is under way, until its function returns, is a handful of instructions
(https://docs.python.org/3/library/dis.html#python-bytecode-instructions). Where they only drop what the call gives and
return, whatever the function has done before, nothing follows: also where the call is the end of a branch. Anything
else, as a loop or a ``with`` that has to be left, may do more, and is said to.
"""

from __future__ import annotations

import opcode
import sys
from types import CodeType, FrameType

__all__ = ["is_last_call"]

_BETWEEN = frozenset(
    opcode.opmap[name]
    for name in ("CACHE", "NOP", "POP_TOP", "STORE_FAST", "LOAD_CONST", "LOAD_SMALL_INT", "EXTENDED_ARG")
    if name in opcode.opmap
)
_RETURNS = frozenset(opcode.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in opcode.opmap)
_OURS = ("pwmig", "peewee", "playhouse")
_RUNS = "pwmig.engine"
"""The module that calls migrations."""
_SENDS_ONE = "execute_sql"
"""Peewee's method that sends just the statement that it is given."""


def is_last_call(*, of: CodeType | None = None) -> bool:
    """Whether a migration does nothing behind the call that is under way.

    ``of`` is the function of ours that it calls and that may do more behind that by itself; None: it has to have called
    ``execute_sql``, as other functions of Peewee's may send several statements.
    """
    frame, called = sys._getframe(1), ""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module == _RUNS:
            return True
        ours = module.partition(".")[0] in _OURS
        if not ours and of is None and called and called != _SENDS_ONE:
            return False
        if (not ours or frame.f_code is of) and not _returns(frame):
            return False
        called, frame = frame.f_code.co_name if ours else "", frame.f_back  # type: ignore[assignment]
    return False


def _returns(frame: FrameType) -> bool:
    """Whether a function returns as soon as what it has called does."""
    code = frame.f_code.co_code
    place = frame.f_lasti + 2
    while place < len(code) and code[place] in _BETWEEN:
        place += 2
    return place < len(code) and code[place] in _RETURNS
