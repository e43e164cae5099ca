"""What introspection doesn't look at on SQLite, and why."""

from __future__ import annotations

__all__ = ["UNSEEN"]

UNSEEN = {
    "the layout of a definition": "letter case of words, quotes, spaces, comments and the order of constraints mean "
    "nothing to SQLite",
    "names of NOT NULL, DEFAULT, COLLATE and generated columns": "SQLite reads CONSTRAINT in front of them and never "
    "says it, not even in an error",
    "MATCH of a foreign key": "SQLite reads it and does nothing about it: https://www.sqlite.org/foreignkeys.html",
    "DEFERRABLE without INITIALLY DEFERRED": "the foreign key is immediate then, as without it",
    "ON CONFLICT of a check": "SQLite reads it and always aborts: https://www.sqlite.org/lang_conflict.html",
    "a constraint that says again what another one says": "SQLite keeps one index for both",
    "hidden columns and shadow tables of a virtual table": "they are its module's own, and come with it",
    "SQLite's own tables (sqlite_*)": "they hold statistics and what AUTOINCREMENT has counted to: data, not schema",
    "pwmig's own tables (pwmig_*)": "they are pwmig's notes on the database",
    "temporary objects and attached databases": "they belong to a connection, and are gone with it",
    "user_version, application_id": "they are numbers that an application keeps for itself",
    "encoding, page_size, auto_vacuum, journal_mode": "they say how the file is laid out, not what it can hold",
    "functions, collations and modules": "a program registers them on its connection; the file only names them",
}
"""What is not looked at -> the reason."""
