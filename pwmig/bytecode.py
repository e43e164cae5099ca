"""Compiled sources, kept where Python keeps them.

A migration is read again by each rehearsal and run. The cache is hash-based
(https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation): one by time and size
may be older than an edit in the same second.
"""

from __future__ import annotations

import marshal
import os
import sys
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from types import CodeType

__all__ = ["code_of"]

_CHECKED_HASH = (3).to_bytes(4, "little")


def code_of(path: str, text: bytes) -> CodeType:
    """The code of a source, from the cache where that is of this very text; raises what ``compile`` raises."""
    head = MAGIC_NUMBER + _CHECKED_HASH + source_hash(text)
    place = cache_from_source(path)
    try:
        with open(place, "rb", buffering=0) as stream:
            kept = stream.read()
        code = marshal.loads(kept[len(head) :]) if kept.startswith(head) else None
        if isinstance(code, CodeType) and code.co_filename == path:  # It may come from where the folder was before.
            return code
    except (OSError, EOFError, ValueError, TypeError):
        pass  # There is none, or it is damaged: the source says it all.
    code = compile(text, path, "exec", dont_inherit=True)
    if not sys.dont_write_bytecode:
        _keep_code(place, head + marshal.dumps(code))
    return code


def _keep_code(place: str, content: bytes) -> None:
    """Write a bytecode cache at one stroke; where it can't be written, the next run compiles again."""
    passing = f"{place}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(passing, "wb", buffering=0) as stream:
            stream.write(content)
        os.replace(passing, place)
    except OSError:
        return
