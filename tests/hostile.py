"""A project of somebody who means harm, in names, cells, code, prints and errors; with passwords in wrong places.

Whatever of it came to run in a page would set ``window.pwned``.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from projects import CONFIG, write_project

PASSWORD = "hunter2-of-nobody"
URL = f"postgresql://app:{PASSWORD}@db.example:5432/app"
SECRETS = (f"cannot connect to {URL}?sslmode=require", f"{{'user': 'app', 'password': '{PASSWORD}'}}")

NAMES = (
    '<img src=x onerror="window.pwned=1">',
    "<script>window.pwned=2</script>",
    "</style></pre></textarea></select><script>window.pwned=3</script>",
    "<svg onload=window.pwned=4><a href=javascript:window.pwned=4>",
    '" autofocus onfocus="window.pwned=5" x="',
    "' onmouseover='window.pwned=6' x='",
    "javascript:window.pwned=7//",
    "<iframe srcdoc='<script>parent.pwned=8</script>'>",
    "$\\href{javascript:window.pwned=9}{x}$ [y](javascript:window.pwned=9) ![z](x)",
    '%%{init: {"securityLevel": "loose"}}%% click A href "javascript:window.pwned=10"',
    "{{constructor.constructor('window.pwned=11')()}} ${window.pwned=11}",
    "a\x01\x07\x1b[31mred\x7f\tb\r\nc;--",
    "\u202egnp.exe\u202c\u200f\u2066x\u2069\u200b",
    "\U0001f642 \U0001d518 \U00020000",
)
"""Names of tables, of columns and of indexes, and texts of cells."""

MEGABYTE = '<img src=x onerror="window.pwned=12">' * 28_000

CELLS = (
    *NAMES,
    "a\0<script>window.pwned=13</script>",
    '{"<script>window.pwned=14</script>": ["<img src=x onerror=window.pwned=14>", null, 1e999]}',
    "[" * 200 + "]" * 200,
    MEGABYTE,
    b"\0<script>window.pwned=15</script>",
    bytes(range(256)),
    None,
    "NULL",
    "",
    float("inf"),
    2**63 - 1,
)
"""One of each kind of cell."""

BODY = NAMES[0]
"""The table that the migrations work on; it has a row for each of CELLS."""

ADDED = '<b onclick="window.pwned=16">added</b>'
"""A column that a migration adds."""


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def statements() -> Iterator[tuple[str, tuple[object, ...]]]:
    """What makes the tables, the one of BODY first, an index and a trigger on each, and their rows."""
    for name in NAMES:
        table, column = quoted(name), quoted("column " + name)
        yield f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, cell, {column} TEXT DEFAULT 'x', CHECK (id > 0))", ()
        yield f"CREATE INDEX {quoted('index ' + name)} ON {table} ({column})", ()
        yield f"CREATE TRIGGER {quoted('trigger ' + name)} AFTER DELETE ON {table} BEGIN SELECT 1; END", ()
        cells = CELLS if name == BODY else (name,)
        for cell in cells:
            yield f"INSERT INTO {table} (cell, {column}) VALUES (?, ?)", (cell, name)


HEAD = f'"""{NAMES[1]} {SECRETS[0]}"""\nfrom db.migrations_config import database, migrator\nfrom peewee import *\n'
NOISE = f"    for said in {(*NAMES, *SECRETS)!r}:\n        print(said)\n"
BODY_SQL = quoted(BODY)

CHANGE = (
    f"{HEAD}# {NAMES[0]} {URL}\n\n"
    f"def migrate_forward():\n{NOISE}"
    f"    database.execute_sql('UPDATE ' + {BODY_SQL!r} + ' SET cell = ? WHERE id = 1', ({NAMES[3]!r},))\n"
    f"    database.execute_sql({f'INSERT INTO {BODY_SQL} (cell) VALUES (' + repr(NAMES[8]) + ')'!r})\n"
    f"    migrator.migrate(migrator.add_column({BODY!r}, {ADDED!r}, TextField(default={NAMES[1]!r})))\n\n"
    f"def migrate_backward():\n    migrator.migrate(migrator.drop_column({BODY!r}, {ADDED!r}))\n"
)
"""Changes cells, adds a row and a column, and talks a lot."""

WORDS = " ".join((*SECRETS, *NAMES))
FAILS = f"{HEAD}\ndef migrate_forward():\n{NOISE}    raise ValueError({WORDS!r})\n"

QUIETLY_FAILS = f"{HEAD}\ndef migrate_forward():\n    raise ValueError({WORDS!r})\n"
"""Prints nothing: what a migration prints in a person's own kernel is printed by Python, not by pwmig."""

HOSTILE_CONFIG = f"{CONFIG}\nREPORTING_URL = {URL!r}\n"

BROKEN_CONFIG = f"{CONFIG}\ndef connect(url):\n    raise RuntimeError('cannot reach ' + url)\n\n\nconnect({URL!r})\n"
"""A config whose own line holds a password, and fails."""


def hostile_project(root: Path) -> Path:
    """A project with all that in its database, and two migrations to run: ``change``, and ``fails`` after it."""
    write_project(root, {"change": CHANGE, "fails": FAILS}, config=HOSTILE_CONFIG)
    connection = sqlite3.connect(root / "db" / "app.sqlite")
    with connection:
        for sql, values in statements():
            connection.execute(sql, values)
    connection.close()
    return root


class Dangers(HTMLParser):
    """What of a piece of HTML could run or load something: ``found``; and its ``text``, without style sheets."""

    ELEMENTS = frozenset(("script", "img", "iframe", "svg", "math", "object", "embed", "link", "base", "form", "meta"))

    ADDRESSES = frozenset(("action", "background", "cite", "data", "formaction", "href", "poster", "src", "xlink:href"))

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.ELEMENTS:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name == "srcdoc" or (name in self.ADDRESSES and not _is_place(value or "")):
                self.found.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        self.text += data


def _is_place(address: str) -> bool:
    """Whether an address leads to a place of the page itself."""
    return re.fullmatch(r"#[\w.-]*", address) is not None
