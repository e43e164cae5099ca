"""Statements for what stands beside tables: sequences, routines, triggers in their order, events, grants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pwmig.dialects.mysql.quoting import literal, qualified, quote
from pwmig.schema import Column, Event, Routine, Table, Trigger, View
from pwmig.schema import Sequence as Counter

__all__ = [
    "event_statement",
    "grant_statements",
    "routine_statements",
    "sequence_statement",
    "triggers_in_order",
]


def sequence_statement(sequence: Counter) -> str:
    """The statement that makes a sequence (https://mariadb.com/kb/en/create-sequence/)."""
    words = [f"CREATE SEQUENCE {qualified(sequence)}"]
    words += [f"AS {sequence.type}"] if sequence.type != "bigint" else []
    words += [
        f"START WITH {sequence.start}",
        f"MINVALUE {sequence.minimum}",
        f"MAXVALUE {sequence.maximum}",
        f"INCREMENT BY {sequence.increment}",
        f"CACHE {sequence.cache}" if sequence.cache else "NOCACHE",
        "CYCLE" if sequence.cycle else "NOCYCLE",
        *sequence.options,
    ]
    words += [f"COMMENT={literal(sequence.comment)}"] if sequence.comment is not None else []
    return " ".join(words)


def routine_statements(routine: Routine) -> tuple[str, ...]:
    """The statement that makes a routine, and one for its comment where it has one."""
    if routine.comment is None:
        return (routine.sql,)
    return routine.sql, f"ALTER {routine.kind.upper()} {qualified(routine)} COMMENT {literal(routine.comment)}"


def triggers_in_order(triggers: Sequence[Trigger]) -> tuple[Trigger, ...]:
    """The triggers of a table in the order to make them: each behind the one that it FOLLOWS."""
    by_name = {trigger.name: trigger for trigger in triggers}
    made: dict[str, Trigger] = {}

    def make(trigger: Trigger, above: frozenset[str]) -> None:
        if trigger.name in made or trigger.name in above:
            return
        for other in by_name.values():
            if other.name != trigger.name and _follows(trigger, other):
                make(other, above | {trigger.name})
        made[trigger.name] = trigger

    for trigger in triggers:
        make(trigger, frozenset())
    return tuple(made.values())


def _follows(trigger: Trigger, other: Trigger) -> bool:
    words = f"FOR EACH ROW FOLLOWS {quote(other.name)} "
    return words in trigger.sql or literal(words)[1:-1] in trigger.sql


def event_statement(event: Event) -> str:
    """The statement that makes an event, enabled or not, with its comment."""
    words = [event.enabled.replace("DISABLED", "DISABLE")] if event.enabled else []
    words += [f"COMMENT {literal(event.comment)}"] if event.comment is not None else []
    if not words:
        return event.sql
    added = "\n" + " ".join(words)
    head = f"CREATE EVENT {quote(event.name)}"
    at = event.sql.find(head)
    if " FOR EXECUTE IMMEDIATE " in event.sql[:at] or at < 0:  # the text stands in a literal of its own
        head, added = literal(head)[1:-1], literal(added)[1:-1]
        at = event.sql.find(head)
    place = event.sql.index("\nDO ", at + len(head))
    return event.sql[:place] + added + event.sql[place:]


def grant_statements(thing: Table | View | Counter) -> tuple[str, ...]:
    """GRANT for each grant on a table, view or sequence, and on the columns of a table."""
    found = [_grant(text, "", qualified(thing)) for text in thing.grants]
    columns: Iterable[Column] = thing.columns if isinstance(thing, Table) else ()
    for column in columns:
        found += [_grant(text, f" ({quote(column.name)})", qualified(thing)) for text in column.grants]
    return tuple(found)


def _grant(text: str, columns: str, name: str) -> str:
    privileges, _, grantee = text.partition(" TO ")
    named = ", ".join(f"{privilege}{columns}" for privilege in privileges.split(", "))
    return f"GRANT {named} ON {name} TO {grantee}"
