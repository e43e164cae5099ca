"""Application-time periods, and the keys that let none of them overlap.

No catalog of MariaDB tells of them (https://mariadb.com/kb/en/application-time-periods/): a period leaves a check of
its name, that its one column is less than its other, and a key WITHOUT OVERLAPS the two as its last columns. So a table
with such a check, and no other, is asked for its text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pwmig.dialects.mysql.quoting import qualified, quote

if TYPE_CHECKING:
    from pwmig.dialects.mysql.seeing.asking import Execute
    from pwmig.dialects.mysql.seeing.tables import Raw

__all__ = ["OVERLAPS", "PERIOD", "mend_periods", "with_overlaps"]

PERIOD = "PERIOD FOR "
"""How the option of a table begins that is its period."""

OVERLAPS = " WITHOUT OVERLAPS"
"""How the option of a key ends that stands for its last two columns."""

_NAME = r"`(?:[^`]|``)*`"
_LESS = re.compile(rf"({_NAME}) < ({_NAME})")
_KEYS = re.compile(rf"^  (?:PRIMARY KEY|UNIQUE KEY ({_NAME})) \(.*,({_NAME}) WITHOUT OVERLAPS\)", re.MULTILINE)


def mend_periods(execute: Execute, raw: Raw) -> None:
    """Put a period in the place of the check that it leaves, and mark the keys without overlaps."""
    bounds = {row[1]: row[4] for row in raw.columns if row[3] == "NO"}
    for check in raw.checks:
        columns = _LESS.fullmatch(check[4]) if check[3] == "Table" else None
        if columns is None or not all(_is_time(bounds.get(_unquoted(name))) for name in columns.groups()):
            continue
        plain = raw.name if raw.schema is None else raw.name[len(raw.schema) + 1 :]
        rows: Any = execute(f"SET STATEMENT sql_mode = '' FOR SHOW CREATE TABLE {qualified(plain, raw.schema)}")
        text, name = str(rows[0][1]), quote(check[2])
        period = f"{PERIOD}{name} ({columns[1]}, {columns[2]})"
        if f"\n  {period}" in text:
            raw.checks = [row for row in raw.checks if row is not check]
            raw.period = period
            raw.apart = tuple((_unquoted(key) if key else "PRIMARY") for key, of in _KEYS.findall(text) if of == name)
            return


def with_overlaps(raw: Raw, name: str) -> tuple[str, ...]:
    """The options of the key of that name."""
    return (f"{_period_name(raw.period)}{OVERLAPS}",) if name in raw.apart else ()


def _period_name(period: str) -> str:
    found = re.match(_NAME, period.removeprefix(PERIOD))
    return found[0] if found else ""


def _is_time(type_: str | None) -> bool:
    return type_ is not None and type_.startswith(("date", "timestamp"))


def _unquoted(name: str) -> str:
    return name[1:-1].replace("``", "`")
