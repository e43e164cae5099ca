"""What an account may not see, and which right it lacks: the catalog leaves such rows and texts out without a word.

Of a foreign key whose actions are hidden, the columns are there; of a view its name; of a routine or a trigger that is
told of, its name. Triggers, events and routines may leave no trace at all: only the account's own rights say whether
there may be some. SHOW GRANTS tells them, with those of its roles and of PUBLIC
(https://mariadb.com/kb/en/show-grants/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NoReturn

from pwmig.dialects.mysql.quoting import qualified, quote
from pwmig.dialects.mysql.seeing.asking import Execute, Server, ask_server
from pwmig.dialects.mysql.seeing.objects import BROKEN
from pwmig.dialects.mysql.seeing.tables import HIDDEN
from pwmig.errors import FactsHidden
from pwmig.records import dataclass
from pwmig.schema import Schema, Table, View

__all__ = ["require_seen", "require_texts"]

_ALL = "ALL PRIVILEGES"
_NAME = r"(\*|`(?:[^`]|``)*`)"
_GRANT = re.compile(rf"GRANT (.+?) ON (?:TABLE )?{_NAME}\.{_NAME} TO ")
_COLUMNS = re.compile(r" \((?:`(?:[^`]|``)*`(?:, )?)*\)")

# Any of these shows a kind of thing, if only its name.
_TRIGGERS = ("TRIGGER", "INSERT", "UPDATE", "DELETE")
_EVENTS = ("EVENT",)
_ROUTINES = ("EXECUTE", "CREATE ROUTINE", "ALTER ROUTINE", "SHOW_ROUTINE")


def require_texts(schema: Schema, execute: Execute | None = None) -> None:
    """All facts and texts are there of what is told of; raises FactsHidden with the right that lacks.

    With ``execute``, the way out is a statement for an administrator, which names the account.
    """
    require_actions(schema, execute)
    for routine in schema.routines:
        if not routine.sql:
            _refuse(execute, f"the text of the {routine.kind} {routine.name}", "SELECT", "mysql.proc")
    for table in schema.tables:
        for trigger in table.triggers:
            if not trigger.sql:
                _refuse(execute, f"the text of the trigger {trigger.name} of {table.name}", "TRIGGER", table)
    for view in schema.views:
        if not view.sql and BROKEN not in view.options:
            _refuse(execute, f"the text of the view {view.name}", "SHOW VIEW", view)


def require_actions(schema: Schema, execute: Execute | None = None) -> None:
    """The actions of all foreign keys are there: an account sees none with SELECT as its only right on a table."""
    for table in schema.tables:
        for key in table.foreign_keys:
            if HIDDEN in (key.on_delete, key.on_update):
                what = f"ON DELETE and ON UPDATE of the foreign key {key.name} of {table.name}"
                _refuse(execute, what, "REFERENCES", table, whole=True)


def require_seen(execute: Execute, schema: Schema, *, modelled: bool = False) -> None:
    """The account sees all that the schema is about; ``modelled``: all that a model can say.

    Raises FactsHidden with what may be hidden and the right that shows it. Asks at most two questions.
    """
    if modelled:
        require_actions(schema, execute)
        return
    require_texts(schema, execute)
    server = ask_server(execute)
    rights = _rights(execute, server)
    if rights is None:
        return
    for table in schema.tables:
        if not table.triggers and not rights.any_of(_TRIGGERS if server.mariadb else _TRIGGERS[:1], table):
            _refuse(execute, f"whether {table.name} has triggers", "TRIGGER", f"{_database(server, table)}.*")
    here = _database(server)
    if not rights.any_of(_EVENTS):
        _refuse(execute, f"whether {server.database} has events", "EVENT", f"{here}.*")
    if not rights.any_of(_ROUTINES) and not rights.reads_routines:
        _refuse(execute, f"whether {server.database} has routines", "SELECT", "mysql.proc")


def _database(server: Server, table: Table | None = None) -> str:
    return quote(server.database if table is None or table.schema is None else table.schema)


def _refuse(execute: Execute | None, what: str, right: str, on: Table | View | str, *, whole: bool = False) -> NoReturn:
    """``whole``: the right counts for the whole database of the thing alone; on it, it shows nothing."""
    if execute is None:
        way_out = f"let an administrator grant {right} on {on if isinstance(on, str) else qualified(on)} to the account"
    else:
        place, account = execute("SELECT DATABASE(), CURRENT_USER()")[0]
        thing = on if isinstance(on, str) else qualified(on.plain_name, on.schema or place)
        if whole and not isinstance(on, str):
            thing = f"{quote(on.schema or place)}.*"
        way_out = f"an administrator allows it with: GRANT {right} ON {thing} TO {_account(account)}"
    raise FactsHidden(
        f"{what} can't be read",
        why="the account of the connection did not make it and may not look into it",
        way_out=f"{way_out}; or connect as one that may see it",
    )


def _account(name: str) -> str:
    """An account as GRANT names it: ``'anna'@'%'`` (https://mariadb.com/kb/en/create-user/#account-names)."""
    user, at, host = name.rpartition("@")
    return f"{quote(user)}@{quote(host)}" if at else quote(name)


@dataclass(frozen=True, slots=True)
class _Right:
    """A line of SHOW GRANTS: rights on a database and a table, each None for all; the database may be a pattern."""

    words: frozenset[str]
    database: str | None
    table: str | None


class _Rights:
    """What an account may do."""

    def __init__(self, server: Server, rights: Iterable[_Right]) -> None:
        self._server = server
        self._rights = tuple(rights)

    def any_of(self, words: Iterable[str], table: Table | None = None) -> bool:
        """Whether it has one of these rights on the whole database, or on the table."""
        wanted = {_ALL, *words}
        database = self._server.database if table is None or table.schema is None else table.schema
        plain = None if table is None else table.plain_name
        return any(
            wanted & right.words
            and self._is_about(right, database)
            and (right.table is None or (plain is not None and self._same(right.table, plain)))
            for right in self._rights
        )

    @property
    def reads_routines(self) -> bool:
        """Whether it may read the table that holds all routines."""
        wanted = {_ALL, "SELECT"}
        return any(
            wanted & right.words and self._is_about(right, "mysql") and right.table in (None, "proc")
            for right in self._rights
        )

    def _is_about(self, right: _Right, database: str) -> bool:
        if right.database is None:
            return True
        if right.table is not None:
            return self._same(right.database, database)
        flags = re.DOTALL if self._server.exact else re.DOTALL | re.IGNORECASE
        return re.fullmatch("".join(_pattern(right.database)), database, flags) is not None

    def _same(self, one: str, other: str) -> bool:
        return one == other or (not self._server.exact and one.lower() == other.lower())


def _pattern(name: str) -> Iterator[str]:
    """The name of a database in a grant, in which ``%`` and ``_`` stand for letters (https://mariadb.com/kb/en/grant/)."""
    for found in re.finditer(r"\\(.)|(.)", name, re.DOTALL):
        escaped, plain = found.groups()
        yield re.escape(escaped) if escaped else {"%": ".*", "_": "."}.get(plain, re.escape(plain))


def _rights(execute: Execute, server: Server) -> _Rights | None:
    """The rights of the account; None where the server does not say."""
    try:
        rows = execute("SET STATEMENT sql_mode = '' FOR SHOW GRANTS" if server.mariadb else "SHOW GRANTS")
    except Exception:  # the driver's own error: an anonymous account, say
        return None
    return _Rights(server, [right for row in rows if (right := _right(str(row[0])))])


def _right(line: str) -> _Right | None:
    found = _GRANT.match(line)
    if found is None:
        return None
    words = frozenset(_COLUMNS.sub("", found[1]).split(", "))
    return _Right(words, _unquoted(found[2]), _unquoted(found[3]))


def _unquoted(name: str) -> str | None:
    return None if name == "*" else name[1:-1].replace("``", "`")
