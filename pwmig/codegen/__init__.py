"""Operations -> the source of a migration, with its way back; and back from the source to the operations."""

from __future__ import annotations

from pwmig.codegen.inverse import inverse, inverses
from pwmig.codegen.reading import Written, read, read_operations, same_code
from pwmig.codegen.writing import literal, source, text_of

__all__ = ["Written", "inverse", "inverses", "literal", "read", "read_operations", "same_code", "source", "text_of"]
