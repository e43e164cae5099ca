"""What a MariaDB or MySQL database holds, read in at most four catalog queries, however many tables.

Asked first is what the server is; then columns, and all else (see :mod:`.asking`); a fourth question is put where
there are sequences, partitions, or columns with places on a map. Nothing is asked table by table, but for letters
and periods that the catalog can't show (see :mod:`.letters` and :mod:`.periods`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from operator import attrgetter
from typing import Any

from pwmig.dialects.mysql.quoting import quote
from pwmig.dialects.mysql.seeing import objects
from pwmig.dialects.mysql.seeing.asking import (
    Answers,
    Execute,
    Place,
    Server,
    ask,
    ask_more,
    ask_server,
    wanted_places,
)
from pwmig.dialects.mysql.seeing.catalogs import PARTITIONS, PLACES, Catalog
from pwmig.dialects.mysql.seeing.columns import is_geometry
from pwmig.dialects.mysql.seeing.letters import marked_tables, mend_bodies, mend_table, mend_view
from pwmig.dialects.mysql.seeing.periods import mend_periods
from pwmig.dialects.mysql.seeing.tables import Raw, grants, plain_name, sorted_by_name, table
from pwmig.errors import TableUnreadable
from pwmig.schema import Event, Routine, Schema, Sequence, Table, View

__all__ = ["introspect"]

_TABLES = ("BASE TABLE", "SYSTEM VERSIONED")
_OWN = "pwmig_"
_ATTEMPTS = 20
_PAUSE_S = 0.05


def introspect(
    execute: Execute, tables: Collection[str] | None = None, known: dict[Any, Table] | None = None
) -> Schema:
    """The whole schema, or the tables and views named, without pwmig's own tables.

    Reads only. ``known`` is a memory for several looks: a table of which the catalog says the same is taken from
    there, others are added, and those gone are forgotten. Raises TableUnreadable where a table can't be read,
    as while somebody alters it for longer than a second.
    """
    server = ask_server(execute)
    places = wanted_places(server, tables)
    for attempt in range(_ATTEMPTS):
        answers = ask(execute, server, places)
        unread = _unread(answers)
        if not unread:
            return _schema(execute, server, answers, places, known)
        time.sleep(_PAUSE_S if attempt + 1 < _ATTEMPTS else 0)
    name, reason = unread[0]
    raise TableUnreadable(
        f"the table {name} can't be read",
        why=reason,
        way_out="wait until what alters it has ended; mend or drop it where it is broken",
    )


def _unread(answers: Answers) -> list[tuple[str, str]]:
    """Tables that the catalog can't tell of, as while another connection alters them, with the server's reason."""
    seen = {row[0] for row in answers.columns}
    found = []
    for _, name, kind, engine, _, _, comment, *_ in answers.rest.get("table", ()):
        if kind in (*_TABLES, "SEQUENCE") and (engine is None or name not in seen):
            found.append((name.lstrip("\0"), comment or "it was dropped or altered meanwhile"))
    return found


def _schema(
    execute: Execute,
    server: Server,
    answers: Answers,
    places: tuple[Place, ...],
    known: dict[Any, Table] | None,
) -> Schema:
    whole = places[0][1] is None
    found = _Found(server, answers, places)
    if server.mariadb:
        _mend(execute, answers, found)
    more = _ask_more(execute, server, found)
    for _, name, srid, *_ in more.get("geometry", ()):
        if name in found.tables:
            found.tables[name].srids.append(int(srid))
    for row in more.get("partition", ()):
        if row[1] in found.tables:
            found.tables[row[1]].partitions.append(row)
    facts = {row[1]: row[2:] for row in more.get("sequence", ())}
    return Schema(
        tables=sorted_by_name(_remembered(found.tables.values(), server, known, forget=whole)),
        views=sorted_by_name(found.made_views()),
        sequences=sorted_by_name(found.made_sequences(facts)),
        routines=_routines(server, answers),
        events=_events(server, answers),
        exact_tables=server.exact,
    )


class _Found:
    """The catalog's rows by the table that they are about."""

    def __init__(self, server: Server, answers: Answers, places: tuple[Place, ...]) -> None:
        self._server = server
        self.database = server.database
        self._rest = answers.rest
        self._schemas = {
            _folded(server, f"\0{schema}.{name}"): schema for schema, names in places[1:] for name in names or ()
        }
        here = places[0][1]
        self._here = None if here is None else {_folded(server, name) for name in here}
        self.tables: dict[str, Raw] = {}
        self.sequences: dict[str, Raw] = {}
        self.views: dict[str, tuple[Any, ...]] = {}
        self.has_places = any(map(is_geometry, {row[4] for row in answers.columns}))
        self._begin()
        self._fill(answers)

    def _begin(self) -> None:
        """A place for each thing that is asked for."""
        broken = set()
        for row in self._rest.get("table", ()):
            name, kind = row[1], row[2]
            if kind in _TABLES and self._is_wanted(name):
                self.tables[name] = Raw(self._shown(name), row[2:], self.schema(name))
            elif kind == "SEQUENCE" and self._is_wanted(name):
                self.sequences[name] = Raw(self._shown(name), row[2:], self.schema(name))
            elif kind == "VIEW" and row[6] not in ("", "VIEW"):
                broken.add(name)
        for row in self._rest.get("view", ()):
            if self._is_wanted(row[1]):
                self.views[row[1]] = (*row[2:6], row[1] in broken)

    def _is_wanted(self, name: str) -> bool:
        plain = name
        if name.startswith("\0"):
            schema = self.schema(name)
            if schema is None or name[1:] in self.tables:
                return False
            plain = name[len(schema) + 2 :]
        elif self._here is not None and _folded(self._server, name) not in self._here:
            return False  # IN compares as a collation does: it finds names that differ in letter case
        return not plain.lower().startswith(_OWN)

    def schema(self, name: str) -> str | None:
        """The database of a table, None for the one connected to."""
        return self._schemas.get(_folded(self._server, name)) if name.startswith("\0") else None

    @staticmethod
    def _shown(name: str) -> str:
        return name.lstrip("\0")

    def _fill(self, answers: Answers) -> None:
        tables = self.tables
        name, raw = "", None
        for row in answers.columns:
            if row[0] != name:  # rows come table by table
                name = row[0]
                raw = tables.get(name) or self.sequences.get(name)
            if raw is not None:
                raw.columns.append(row)
        for kind, put in _PUT.items():
            for row in self._rest.get(kind, ()):
                if (found := tables.get(row[1])) is not None:
                    put(found).append(row)
        self.grants: dict[str, list[tuple[Any, ...]]] = {}
        for row in self._rest.get("grant", ()):
            self.grants.setdefault(row[1], []).append(row)

    def made_views(self) -> Iterable[View]:
        """The views' records."""
        database = self.database
        for name, row in self.views.items():
            held = grants(self.grants.get(name, ()))
            yield objects.view(self._shown(name), row, self.schema(name), database, held)

    def made_sequences(self, facts: dict[str, tuple[Any, ...]]) -> Iterable[Sequence]:
        """The sequences' records, with what each of them says of itself."""
        for name, raw in self.sequences.items():
            if name in facts:
                held = grants(self.grants.get(name, ()))
                yield objects.sequence(raw.name, raw.about, raw.columns[0][4], facts[name], raw.schema, held)


_PUT: dict[str, Callable[[Raw], list[tuple[Any, ...]]]] = {
    "index": attrgetter("indexes"),
    "check": attrgetter("checks"),
    "key": attrgetter("keys"),
    "rule": attrgetter("rules"),
    "trigger": attrgetter("triggers"),
    "grant": attrgetter("grants"),
    "column grant": attrgetter("column_grants"),
}


def _folded(server: Server, name: str) -> str:
    return name if server.exact else name.lower()


def _ask_more(execute: Execute, server: Server, found: _Found) -> dict[str, list[tuple[Any, ...]]]:
    """The fourth question, where there is something to ask."""
    sequences = [(name, plain_name(raw), raw.schema) for name, raw in found.sequences.items()]
    places: list[tuple[Catalog, Place]] = []
    wanted = {PARTITIONS: [raw for raw in found.tables.values() if "partitioned" in (raw.about[3] or "")]}
    if server.mariadb and found.has_places:  # MySQL tells the place with the column
        wanted[PLACES] = [raw for raw in found.tables.values() if any(is_geometry(row[4]) for row in raw.columns)]
    for catalog, raws in wanted.items():
        for schema in dict.fromkeys(raw.schema for raw in raws):
            names = tuple(plain_name(raw) for raw in raws if raw.schema == schema)
            places.append((catalog, (schema or server.database, names)))
    return ask_more(execute, server, sequences, places) if sequences or places else {}


def _mend(execute: Execute, answers: Answers, found: _Found) -> None:
    """Put back the letters and the periods that the catalog can't show."""
    for name in marked_tables(answers):
        if name in found.tables:
            mend_table(execute, found.tables[name])
    for name in {row[1]: None for row in answers.rest.get("check", ())}:
        if name in found.tables:
            mend_periods(execute, found.tables[name])
    for name, row in found.views.items():
        schema = found.schema(name)
        plain = name if schema is None else name[len(schema) + 2 :]
        found.views[name] = mend_view(execute, row, plain, schema, found.database)
    rest = answers.rest
    routines, events = rest.get("routine", ()), rest.get("event", ())
    rest["routine"] = list(mend_bodies(execute, routines, 3, lambda row: f"{row[2]} {quote(row[1])}", 2))
    rest["event"] = list(mend_bodies(execute, events, 3, lambda row: f"EVENT {quote(row[1])}", 3))


def _remembered(
    raws: Iterable[Raw], server: Server, known: dict[Any, Table] | None, *, forget: bool
) -> Iterable[Table]:
    if known is None:
        return [table(raw, server.database, server.mariadb) for raw in raws]
    words = [(server.database, *raw.words) for raw in raws]
    found = [known.get(key) or table(raw, server.database, server.mariadb) for key, raw in zip(words, raws)]
    if forget:
        known.clear()
    known.update(zip(words, found))
    return found


def _routines(server: Server, answers: Answers) -> tuple[Routine, ...]:
    parameters: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in answers.rest.get("parameter", ()):
        parameters.setdefault((row[1], row[2]), []).append(row[2:])
    made = [
        objects.routine(row[1], row[2:], parameters.get((row[1], row[2]), ()), server.mariadb)
        for row in answers.rest.get("routine", ())
        if not row[1].lower().startswith(_OWN)
    ]
    return tuple(sorted(made, key=lambda routine: (routine.name.lower(), routine.kind)))


def _events(server: Server, answers: Answers) -> tuple[Event, ...]:
    rows = [row for row in answers.rest.get("event", ()) if not row[1].lower().startswith(_OWN)]
    return sorted_by_name(objects.event(row[1], row[2:], server.mariadb) for row in rows)
