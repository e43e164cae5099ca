"""All that SQLite's own catalog tells of a file, and all its rows, read by a connection of the standard library's.

https://www.sqlite.org/pragma.html, https://www.sqlite.org/schematab.html
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from catalogs import Facts
from servers import double_quoted

__all__ = ["facts", "parts", "quoted"]

_TOKEN = re.compile(r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^]]*\]|\w+|\s+|.""", re.S)
_CONSTRAINTS = frozenset(("constraint", "check", "unique", "primary", "foreign"))
_MARKS = {'"': '"', "`": "`", "[": "]", "'": "'"}


def facts(path: Path) -> Facts:
    """Each text of the catalog, a table's part by part, what the pragmas say of it, and all rows with their types."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        ask = connection.execute
        assert ask("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert ask("PRAGMA foreign_key_check").fetchall() == []
        found: Facts = {("file", name): ask(f"PRAGMA {name}").fetchone() for name in FILE}
        for kind, name, table, sql in ask("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall():
            if kind == "table":
                found |= {("table", name, *key): value for key, value in _table(ask, name, sql)}
                found |= _parts_of(name, sql)
                found |= dict(_indexes(ask, name))
            elif kind != "index":
                found[kind, table, name, "definition"] = sql
            if name == "sqlite_sequence":
                found |= {("counter", row[0]): row[1] for row in ask("SELECT name, seq FROM sqlite_sequence")}
            elif name == "sqlite_stat1":
                found |= {
                    ("marks", *map(str, row[:2])): row[2] for row in ask("SELECT tbl, idx, stat FROM sqlite_stat1")
                }
            elif kind in ("table", "view"):
                found |= dict(_columns(ask, name))
                found["order", name] = [key[2] for key in found if key[:2] == ("column", name) and key[3] == "type"]
                found |= _rows(ask, name)
        return found


FILE = ("auto_vacuum", "application_id", "encoding", "journal_mode", "page_size", "user_version")


def _table(ask: Any, name: str, sql: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    row = ask("SELECT type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name = ?", [name]).fetchone()
    yield from zip([("type",), ("without rowid",), ("strict",)], row)
    yield ("comments",), [word for word in _TOKEN.findall(sql) if word[:2] in ("--", "/*")]


def _columns(ask: Any, name: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for row in ask('SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', [name]):
        for fact, value in zip(("type", "required", "default", "key", "hidden"), row[1:]):
            yield ("column", name, row[0], fact), value
    for row in ask("SELECT \"from\", seq, \"table\", \"to\", on_update, on_delete, \"match\" FROM "
                   "pragma_foreign_key_list(?) ORDER BY id, seq", [name]):  # fmt: skip
        yield ("foreign key", name, row[0], row[2]), row[1:]


def _indexes(ask: Any, name: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    for index, unique, origin, partial in ask(
        'SELECT name, "unique", origin, partial FROM pragma_index_list(?)', [name]
    ).fetchall():
        columns = ask('SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key', [index]).fetchall()
        texts = ask("SELECT sql FROM sqlite_master WHERE name = ?", [index]).fetchall()  # None of a key without rowid.
        key = ("index", name, index) if origin == "c" else ("own index", name, *(str(row[0]) for row in columns))
        yield (*key, "definition"), (unique, origin, partial, columns, texts)


def _rows(ask: Any, name: str) -> Facts:
    """{column: its values with their types}, in the order of the table, with the rowid where there is one."""
    columns = [row[0] for row in ask("SELECT name FROM pragma_table_xinfo(?)", [name])]
    if ask("SELECT 1 FROM pragma_table_list WHERE name = ? AND (wr OR type <> 'table')", [name]).fetchone() is None:
        columns.append("rowid")
    cells = ", ".join(f"typeof({double_quoted(column)}), {double_quoted(column)}" for column in columns)
    rows = ask(f"SELECT {cells} FROM {double_quoted(name)}").fetchall()
    return {("rows", name, column): [row[2 * i : 2 * i + 2] for row in rows] for i, column in enumerate(columns)}


def _parts_of(name: str, sql: str) -> Facts:
    """Each column and each constraint of a CREATE TABLE, as it is written."""
    head, body, tail = parts(sql)
    found: Facts = {("table", name, "head"): head, ("table", name, "tail"): tail}
    for part in body:
        words = [word for word in _TOKEN.findall(part) if not word.isspace()]
        if words[0].lower() == "constraint":
            found["constraint", name, _plain(words[1]), "definition"] = part
        elif words[0].lower() in _CONSTRAINTS:
            found["constraint", name, part, "definition"] = part
        else:
            found["line", name, _plain(words[0])] = part
    return found


def parts(sql: str) -> tuple[str, list[str], str]:
    """What stands before a CREATE TABLE's body, its parts, and what stands behind it; comments are left out."""
    words = [word for word in _TOKEN.findall(sql) if word[:2] not in ("--", "/*")]
    start = words.index("(") if "(" in words else len(words)
    depth, found = 1, [""]
    for place, word in enumerate(words[start + 1 :], start + 1):
        depth += (word == "(") - (word == ")")
        if depth == 0:
            return "".join(words[:start]).strip(), [part.strip() for part in found], "".join(words[place + 1 :]).strip()
        if word == "," and depth == 1:
            found.append("")
        else:
            found[-1] += word
    return sql, [], ""


def _plain(word: str) -> str:
    if word[0] in _MARKS:
        return word[1:-1].replace(_MARKS[word[0]] * 2, _MARKS[word[0]])
    return word


def quoted(name: str) -> str:
    """A name as this corpus writes it in every text."""
    return double_quoted(name)
