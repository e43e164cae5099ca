"""Records of what stands beside tables: views, routines, events and sequences.

DEFINER is left out everywhere: who made a thing is not what it is, and another server has other accounts. The text of
what the account may not look into is empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence as Many
from json import loads
from typing import Any

from pwmig.dialects.mysql.quoting import literal, qualified, quote
from pwmig.dialects.mysql.seeing.texts import canonical, readable, under_mode
from pwmig.schema import Event, Routine, Sequence, View

__all__ = ["BROKEN", "event", "routine", "sequence", "view"]

BROKEN = "BROKEN"
"""The option of a view that can't be read, since something that it names is gone."""

Row = tuple[Any, ...]

_AGGREGATE = re.compile(r"\bFETCH\s+GROUP\s+NEXT\s+ROW\b", re.IGNORECASE)
_WIDTH = re.compile(r"\(\d+\)")


def view(name: str, row: Row, schema: str | None, database: str, grants: tuple[str, ...]) -> View:
    """A view from its row of information_schema.VIEWS; tables of the same database stand in its text without it.

    The row's last value is whether the view is broken: what it reads is not there any more.
    """
    algorithm, security, check, definition, broken = row
    options = (BROKEN,) if broken else ()
    if not definition:
        return View(name, "", options=options, grants=grants, schema=schema)
    plain = name if schema is None else name[len(schema) + 1 :]
    words = ["CREATE"]
    if algorithm != "UNDEFINED":
        words.append(f"ALGORITHM={algorithm}")
    if security == "INVOKER":
        words.append("SQL SECURITY INVOKER")
    # A view of another database names what it reads with the database: its text would mean something else here.
    body = canonical(definition, database if schema is None else "")
    words += ["VIEW", qualified(plain, schema), "AS", body.strip()]
    if check != "NONE":
        words.append(f"WITH {check} CHECK OPTION")
    return View(name, " ".join(words), options=options, grants=grants, schema=schema)


def routine(name: str, row: Row, parameters: Many[Row], mariadb: bool) -> Routine:
    """A function, procedure or package from its row of ROUTINES and those of PARAMETERS, in any order."""
    kind, body, comment, packed = row[:4]
    if body is None:
        return Routine(name, kind.lower(), "", comment=comment or None)
    deterministic, access, security, mode = loads(packed)
    body = readable(body, mode)
    ordered = sorted(parameters, key=lambda parameter: int(loads(parameter[4])[0]))
    # MariaDB tells who may FETCH GROUP NEXT ROW by this statement only.
    aggregate = "AGGREGATE " if kind == "FUNCTION" and _AGGREGATE.search(body) else ""
    if kind.startswith("PACKAGE"):
        words = [f"CREATE {kind} {quote(name)}"]
        words += ["SQL SECURITY INVOKER"] if security == "INVOKER" else []
        words += [f"COMMENT {literal(comment)}"] if comment else []  # no ALTER can say it later
        sql, comment = "\n".join([*words, body]), None
    else:
        signature = ", ".join(_parameter(kind, parameter) for parameter in ordered if parameter[2] is not None)
        words = [f"CREATE {aggregate}{kind} {quote(name)}({signature})"]
        words += [f"RETURNS {_type(parameter)}" for parameter in ordered if parameter[2] is None]
        words += ["DETERMINISTIC"] if deterministic == "YES" else []
        words += [access] if access != "CONTAINS SQL" else []
        words += ["SQL SECURITY INVOKER"] if security == "INVOKER" else []
        sql = "\n".join([*words, body])
    return Routine(name, kind.lower(), under_mode(sql, mode, mariadb), comment=comment or None)


def _parameter(kind: str, row: Row) -> str:
    mode = f"{row[1]} " if kind == "PROCEDURE" else ""
    return f"{mode}{quote(row[2])} {_type(row)}"


def _type(row: Row) -> str:
    _, charset, collation = loads(row[4])
    return str(row[3]) + (f" CHARSET {charset} COLLATE {collation}" if charset and collation else "")


def event(name: str, row: Row, mariadb: bool) -> Event:
    """An event from its row of EVENTS; its times are those of its time zone, which one statement of MariaDB can set."""
    status, body, comment, packed = row[:4]
    kind, at, value, unit, starts, ends, completion, zone, mode = loads(packed)
    if kind == "ONE TIME":
        schedule = f"AT {literal(at)}"
    else:
        schedule = f"EVERY {value} {unit}"
        schedule += f" STARTS {literal(starts)}" if starts else ""
        schedule += f" ENDS {literal(ends)}" if ends else ""
    sql = f"CREATE EVENT {quote(name)}\nON SCHEDULE {schedule}\nON COMPLETION {completion}\nDO {readable(body, mode)}"
    sql = under_mode(sql, mode, mariadb)
    if mariadb:
        settings, _, rest = sql.partition(" FOR EXECUTE IMMEDIATE ")
        zone_set = f"SET STATEMENT time_zone = {literal(zone)}"
        sql = (
            f"{settings}, time_zone = {literal(zone)} FOR EXECUTE IMMEDIATE {rest}" if rest else f"{zone_set} FOR {sql}"
        )
    enabled = {"ENABLED": "", "DISABLED": "DISABLED"}.get(status, "DISABLE ON SLAVE")
    return Event(name, sql, enabled, comment or None)


def sequence(
    name: str, about: Row, type_: str, facts: Many[Any], schema: str | None, grants: tuple[str, ...]
) -> Sequence:
    """A sequence from its row of TABLES, the type of its columns, and the row that it holds itself."""
    minimum, maximum, start, increment, cache, cycle = (int(fact) for fact in facts)
    return Sequence(
        name,
        _WIDTH.sub("", type_),
        start,
        increment,
        minimum,
        maximum,
        cache,
        bool(cycle),
        options=(f"ENGINE={about[1]}",),
        comment=about[4] or None,
        grants=grants,
        schema=schema,
    )
