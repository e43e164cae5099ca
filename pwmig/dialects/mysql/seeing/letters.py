"""Letters that MariaDB's catalog can't show, read where they can be.

information_schema speaks utf8mb3 (https://mariadb.com/kb/en/unicode/), and a letter beyond U+FFFF, as an emoji, comes
as ``????`` in an expression and in a view, and as ``?`` in a body. SHOW CREATE has it whole. So where a text has such
marks, and only there, it is looked up, one statement a thing: each mark stands for itself or for such a letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pwmig.dialects.mysql.quoting import qualified
from pwmig.dialects.mysql.seeing.asking import Answers, Execute
from pwmig.dialects.mysql.seeing.tables import Raw, plain_name
from pwmig.dialects.mysql.seeing.texts import canonical

__all__ = ["marked_tables", "mend_bodies", "mend_table", "mend_view"]

Row = tuple[Any, ...]

_BEYOND = "[\U00010000-\U0010ffff]"
_IN_EXPRESSION = "????"
_IN_BODY = "?"


def marked_tables(answers: Answers) -> set[str]:
    """The tables with such marks in an expression or in the body of a trigger."""
    mark = _IN_EXPRESSION
    found = {row[0] for row in answers.columns if (row[2] and mark in row[2]) or (row[8] and mark in row[8])}
    found.update(row[1] for row in answers.rest.get("check", ()) if mark in row[4])
    found.update(row[1] for row in answers.rest.get("trigger", ()) if _IN_BODY in (row[6] or ""))
    return found


def mend_table(execute: Execute, raw: Raw) -> None:
    """Put right the defaults, generated columns and checks of a table, and its triggers."""
    expressions = [text for row in raw.columns for text in (row[2], row[8])] + [row[4] for row in raw.checks]
    if any(text and _IN_EXPRESSION in text for text in expressions):
        whole = _shown(execute, f"TABLE {qualified(plain_name(raw), raw.schema)}", 1)
        raw.columns = [
            (*row[:2], _found(row[2], whole), *row[3:8], _found(row[8], whole), *row[9:]) for row in raw.columns
        ]
        raw.checks = [(*row[:4], _found(row[4], whole), *row[5:]) for row in raw.checks]
    name_trigger: Callable[[Row], str] = lambda row: f"TRIGGER {qualified(row[2], raw.schema)}"  # noqa: E731
    raw.triggers = list(mend_bodies(execute, raw.triggers, 6, name_trigger, 2))


def mend_view(execute: Execute, row: Row, name: str, schema: str | None, database: str) -> Row:
    """A row of VIEWS with its definition put right; SHOW CREATE leaves out the database that the connection has."""
    definition = row[3]
    if _IN_EXPRESSION not in (definition or ""):
        return row
    own = database if schema is None else ""
    whole = canonical(_shown(execute, f"VIEW {qualified(name, schema)}", 1), own)
    return (*row[:3], _found(canonical(definition, own), whole), *row[4:])


def mend_bodies(
    execute: Execute, rows: Iterable[Row], place: int, name: Callable[[Row], str], column: int
) -> Iterator[Row]:
    """Rows with their bodies, at ``place``, put right; ``column`` is where SHOW CREATE has the statement."""
    for row in rows:
        if _IN_BODY in (row[place] or ""):
            whole = _shown(execute, name(row), column)
            yield (*row[:place], _found(row[place], whole, _IN_BODY), *row[place + 1 :])
        else:
            yield row


def _shown(execute: Execute, thing: str, column: int) -> str:
    """What SHOW CREATE says; nothing where the account may not see it."""
    try:
        rows = execute(f"SET STATEMENT sql_mode = '' FOR SHOW CREATE {thing}")
    except Exception:  # the driver's own error, and the text stays as the catalog has it
        return ""
    return str(rows[0][column] or "") if rows else ""


def _found(text: str | None, whole: str, mark: str = _IN_EXPRESSION) -> str | None:
    """The text as it stands in the whole statement, where marks are letters; as it was where it isn't found."""
    if not text or mark not in text:
        return text
    letter = f"(?:{re.escape(mark)}|{_BEYOND})"
    found = re.search(letter.join(map(re.escape, text.split(mark))), whole)
    return found[0] if found else text
