"""The questions to the catalog: three for a whole database, a fourth where it has sequences, partitions or places.

MariaDB answers from information_schema by opening tables. A condition that compares the columns of a database's and a
table's name with constants lets it open that table only and scan no folder
(https://mariadb.com/kb/en/optimizing-queries-from-the-information-schema/, "Scanned 0 databases"); IN lets it scan the
folder. So a few tables are asked for one by one, each a branch of a UNION ALL, and many by IN.

Columns come in their order on MariaDB. MySQL, whose catalog is tables
(https://dev.mysql.com/doc/refman/8.0/en/information-schema-optimization.html), promises none, so places come with them.

Under ANSI_QUOTES the catalog writes names between other quotes, so the questions ask under an empty sql_mode: by
SET STATEMENT (https://mariadb.com/kb/en/set-statement/), on MySQL by the hint SET_VAR
(https://dev.mysql.com/doc/refman/8.0/en/optimizer-hints.html#optimizer-hints-set-var).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import field
from typing import Any

from pwmig.dialects.mysql.quoting import qualified
from pwmig.dialects.mysql.seeing.catalogs import COLUMNS, REST, WIDTH, Catalog, catalog_of
from pwmig.errors import DatabaseUnavailable
from pwmig.records import dataclass

__all__ = ["Answers", "Execute", "Server", "ask", "ask_more", "ask_server", "in_their_places", "wanted_places"]

Execute = Callable[..., Sequence[tuple[Any, ...]]]
"""``execute(sql, params=())``: runs one statement and gives its rows, as a list of tuples."""

Place = tuple[str, tuple[str, ...] | None]
"""A database, and the tables asked for in it, None for all."""

_MOST_TURNS = 8
"""A turn costs a scan of the folder for each catalog."""

_CONSTANTS_LIMIT = 16
"""More tables than this are asked for by IN: one branch a table and catalog makes a long statement."""


@dataclass(frozen=True, slots=True)
class Server:
    """What the server is, and the database connected to; ``exact`` says that letter case tells tables apart.

    ``kept_open`` is how many tables it keeps open (https://mariadb.com/kb/en/optimizing-table_open_cache/).
    """

    database: str
    version: tuple[int, ...]
    mariadb: bool
    exact: bool
    kept_open: int


@dataclass(slots=True)
class Answers:
    """The catalog's rows. The first value of each is the name of a table, view, routine or event.

    A table of another database is called with that in front, as ``other.t``, behind a NUL, which no name can hold:
    so it isn't taken for a table ``other.t`` of the database connected to.
    ``rest`` holds the rows of the other catalogs by their kind, as ``table``, ``check`` or ``trigger``; in these the
    kind stands in front of the name.
    """

    columns: Sequence[tuple[Any, ...]] = ()
    rest: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)


def ask_server(execute: Execute) -> Server:
    """The server's version and the database connected to: the first question."""
    ((version, database, folding, kept_open),) = execute(
        "SELECT VERSION(), DATABASE(), @@lower_case_table_names, @@table_open_cache"
    )
    if database is None:
        raise DatabaseUnavailable(
            "the connection has no database to look at",
            why="it was made without one",
            way_out="name the database in the connection's URL",
        )
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    return Server(_text(database), numbers, "mariadb" in version.lower(), int(folding) == 0, int(kept_open))


def wanted_places(server: Server, tables: Collection[str] | None) -> tuple[Place, ...]:
    """Where to look: ``other.t`` may be a table of another database, or one whose name has a dot."""
    if tables is None:
        return ((server.database, None),)
    places: dict[str, list[str]] = {server.database: list(dict.fromkeys(tables))}
    for name in places[server.database]:
        for dot in re.finditer(r"\.", name):
            schema, plain = name[: dot.start()], name[dot.end() :]
            if schema and plain and schema != server.database:
                places.setdefault(schema, []).append(plain)
    return tuple((schema, tuple(names)) for schema, names in places.items())


def ask(execute: Execute, server: Server, places: tuple[Place, ...]) -> Answers:
    """The second question, for columns, and the third, for all else at once."""
    answers = Answers()
    if any(names is None or names for _, names in places):
        answers.columns = _put(execute, server, [catalog_of(COLUMNS, server.mariadb)], places, None)
        if not server.mariadb:
            answers.columns = in_their_places(answers.columns, 1)
        catalogs = [catalog_of(catalog, server.mariadb) for catalog in REST]
        turns = _turns(server, len({row[0] for row in answers.columns})) if places[0][1] is None else 1
        for row in _put(execute, server, catalogs, places, WIDTH, turns):
            answers.rest.setdefault(row[0], []).append(row)
    return answers


def _turns(server: Server, tables: int) -> int:
    """In how many turns to ask about so many tables.

    The server keeps so many tables open, and closes the one used longest ago: catalog after catalog of more of them
    would open each table for each catalog. In turns, it opens each once.
    """
    return min(_MOST_TURNS, 1 + tables * 5 // (server.kept_open * 4)) if server.mariadb else 1


def in_their_places(rows: Sequence[tuple[Any, ...]], named: int) -> list[tuple[Any, ...]]:
    """Rows of one thing together, ordered by their last value and without it; ``named`` values name a thing."""
    return [row[:-1] for row in sorted(rows, key=lambda row: (*row[:named], int(row[-1])))]


def ask_more(
    execute: Execute,
    server: Server,
    sequences: Sequence[tuple[str, str, str | None]],
    places: Sequence[tuple[Catalog, Place]],
) -> dict[str, list[tuple[Any, ...]]]:
    """The fourth question, where there is something to ask: facts of sequences, and catalogs of some tables only.

    ``sequences`` are the names in :class:`Answers`, plain names, and databases. Rows by kind: ``sequence`` (name,
    minimum, maximum, start, increment, cache, cycle), and each catalog's own; the kind stands in front.
    """
    branches: list[str] = []
    params: list[Any] = []
    for key, plain, schema in sequences:
        source = qualified(plain, schema).replace("%", "%%")
        branches.append(
            "SELECT 'sequence', %s, minimum_value, maximum_value, start_value, increment, cache_size, cycle_option "
            f"FROM {source}"
        )
        params.append(key)
    for catalog, place in places:
        texts, values = _branches(server, catalog, place, WIDTH)
        branches += texts
        params += values
    found: dict[str, list[tuple[Any, ...]]] = {}
    if branches:
        for row in execute(_modeless(server, " UNION ALL ".join(branches)), tuple(params)):
            found.setdefault(_text(row[0]), []).append((row[0], _text(row[1]), *row[2:]))
    return found


def _put(
    execute: Execute,
    server: Server,
    catalogs: list[Catalog],
    places: tuple[Place, ...],
    width: int | None,
    turns: int = 1,
) -> Sequence[tuple[Any, ...]]:
    """Put one question. With a ``width``, each row is the catalog's kind, a name and so many fields."""
    branches: list[str] = []
    params: list[Any] = []
    for turn in range(turns):
        for place in places:
            for catalog in catalogs:
                if (turn and not catalog.opening) or (catalog.schema_wide and place[1] is not None):
                    continue
                texts, values = _branches(server, catalog, place, width)
                if turns > 1 and catalog.opening:  # the server decides by a name alone whether to open a table
                    texts = [f"{text} AND CRC32({catalog.table}) %% {turns} = {turn}" for text in texts]
                branches += texts
                params += values
    return execute(_modeless(server, " UNION ALL ".join(branches)), tuple(params))


def _branches(server: Server, catalog: Catalog, place: Place, width: int | None) -> tuple[list[str], list[str]]:
    schema, names = place
    if names == ():
        return [], []
    fields = list(catalog.fields)
    if width is not None:
        fields += ["NULL"] * (width - len(fields))
    name = catalog.table
    if schema != server.database:
        name = f"CONCAT(CHAR(0 USING utf8mb4), {catalog.schema}, '.', {catalog.table})"
    head = f"'{catalog.kind}', {name}" if width is not None else name
    sql = f"SELECT {head}, {', '.join(fields)} FROM information_schema.{catalog.source} WHERE {catalog.schema} = %s"
    if names is None:
        texts, params = [sql], [schema]
    elif len(names) <= _CONSTANTS_LIMIT and not catalog.in_memory:
        texts, params = (
            [f"{sql} AND {catalog.table} = %s"] * len(names),
            [value for n in names for value in (schema, n)],
        )
    else:
        texts, params = [f"{sql} AND {catalog.table} IN ({', '.join(['%s'] * len(names))})"], [schema, *names]
    if catalog.where:
        texts = [f"{text} AND {catalog.where}" for text in texts]
    return texts, params


def _modeless(server: Server, sql: str) -> str:
    if server.mariadb:
        return f"SET STATEMENT sql_mode = '' FOR {sql}"
    return re.sub(r"SELECT", "SELECT /*+ SET_VAR(sql_mode = '') */", sql, count=1)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
