"""What a project says of its attic: whether there is one, and how much one thing in it may take."""

from __future__ import annotations

import re

from pwmig.records import dataclass

__all__ = ["AtticSettings", "limit_of", "size_text"]

_UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_DEFAULT = "1 GB"


@dataclass(frozen=True, slots=True)
class AtticSettings:
    """``on`` is ``[tool.pwmig] attic``, ``limit`` its ``attic_limit``, as ``500 MB`` or ``1000000 rows``."""

    on: bool = True
    limit: str = _DEFAULT

    @property
    def most_bytes(self) -> int | None:
        found = limit_of(self.limit)
        return found[0] if found and found[1] != "rows" else None

    @property
    def most_rows(self) -> int | None:
        found = limit_of(self.limit)
        return found[0] if found and found[1] == "rows" else None


def limit_of(text: str) -> tuple[int, str] | None:
    """(number, ``bytes`` or ``rows``) of a limit in words; None where it is none."""
    found = re.fullmatch(r"\s*([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([a-zA-Z]+)\s*", text)
    if not found:
        return None
    number, unit = float(found[1].replace(",", "").replace("_", "")), found[2].lower()
    if unit in ("row", "rows"):
        return int(number), "rows"
    return (int(number * _UNITS[unit]), "bytes") if unit in _UNITS else None


def size_text(count: int) -> str:
    """So many bytes in words."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
