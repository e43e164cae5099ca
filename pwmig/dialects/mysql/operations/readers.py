"""Views and triggers that name a table or a column, in whichever database: to the server they are texts, and nothing
says what they need but these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.dialects.mysql.operations.told import names_in, pairs_in, trigger_reads, view_reads
from pwmig.dialects.server.operations.needs import Need
from pwmig.dialects.server.operations.server import Place, Server
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.server.operations.work import Work

__all__ = ["readers_of_column", "readers_of_table"]

_SYSTEM = "('information_schema', 'mysql', 'performance_schema', 'sys')"

_TEXTS = (
    (
        "view",
        "SELECT table_schema AS s, table_name AS n, table_schema AS o, table_name AS t, view_definition AS d, '' AS m "
        f"FROM information_schema.views WHERE table_schema NOT IN {_SYSTEM} ORDER BY s, n",
    ),
    (
        "trigger",
        "SELECT trigger_schema AS s, trigger_name AS n, event_object_schema AS o, event_object_table AS t, "
        "action_statement AS d, sql_mode AS m FROM information_schema.triggers "
        f"WHERE trigger_schema NOT IN {_SYSTEM} ORDER BY s, n",
    ),
)


@dataclass(frozen=True, slots=True)
class _Text:
    """A view or a trigger; ``of`` is what it hangs on, ``mode`` the SQL mode of a trigger."""

    kind: str
    schema: str
    name: str
    of: tuple[str, str]
    text: str
    mode: str = ""

    def names(self, schema: str, plain: str) -> bool:
        """Whether a table or a view may be meant in it: in the text of another database only with its database."""
        if plain.isalnum() and plain.lower() not in self.text.lower():
            return False  # Soon said, of most texts.
        if (schema.lower(), plain.lower()) in pairs_in(self.text):
            return True
        return self.schema == schema and plain.lower() in names_in(self.text)

    def reads(self, view: _Text) -> bool:
        """Whether it reads a view: in a view each name has its database, in a trigger only what is elsewhere."""
        schema, name = view.schema.lower(), view.name.lower()
        if (schema, name) in pairs_in(self.text):
            return True
        return self.kind == "trigger" and self.schema == view.schema and name in names_in(self.text)

    def reads_column(self, place: Place, column: str, server: Server) -> bool:
        """Whether it may read or write a column of a table itself."""
        if column.lower() not in names_in(self.text):
            return False
        if self.kind == "view":
            return view_reads(self.text, *place.key, column)
        return trigger_reads(
            self.text,
            *place.key,
            column,
            is_own=self.of == place.key,
            ansi="ANSI_QUOTES" in self.mode.upper(),
            others=frozenset(name.lower() for name in server.all_names()),
        )

    def need(self, server: Server, depth: int) -> Need:
        statement = f"DROP {self.kind.upper()} {server.qualified(Place(self.schema, self.name, self.name))}"
        return Need(f"{self.kind} {server.called(self.schema, self.name)}", f"migrator.sql({statement!r})", depth)


def readers_of_column(work: Work, name: str) -> list[Need]:
    """Views and triggers that read the column of the table, or may do so as far as their texts tell.

    What reads such a view in turn is one of them: when the view goes, it breaks.
    """
    return _readers(work.server, work.place, name, own=True)


def readers_of_table(server: Server, place: Place, *, own: bool) -> list[Need]:
    """Views and triggers that name the table; ``own``: its own triggers too, where their text names it."""
    return _readers(server, place, None, own=own)


def _readers(server: Server, place: Place, column: str | None, *, own: bool) -> list[Need]:
    texts, level = _texts(server), []
    for one in texts:
        hangs_on_it = one.kind == "trigger" and one.of == place.key
        meant = one.names(*place.key) or (hangs_on_it and column is not None)
        if meant and (own or not hangs_on_it) and (column is None or one.reads_column(place, column, server)):
            level.append(one)
    found: dict[_Text, int] = {}
    while level:
        found |= dict.fromkeys(level, max(found.values(), default=-1) + 1)
        views = [one for one in level if one.kind == "view"]
        level = [one for one in texts if one not in found and any(map(one.reads, views))]
    return [one.need(server, depth) for one, depth in found.items()]


def _texts(server: Server) -> list[_Text]:
    return [
        _Text(kind, schema, name, (of_schema, of), text or "", mode)
        for kind, sql in _TEXTS
        for schema, name, of_schema, of, text, mode in server.ask(sql)
    ]
