"""Which combinations of the corpus are refused, and why: {operation: {schemas: words of the refusal}}.

A refusal is right where the database can't do what is asked, or only with something else lost.
"""

from __future__ import annotations

__all__ = ["MARIADB", "POSTGRES", "SQLITE"]

NEEDED = "while other things need it"
NO_COMMENTS = {"*": "SQLite keeps none"}
STRICT = "strict; without rowid"

SQLITE: dict[str, dict[str, str]] = {
    "set_comment": NO_COMMENTS,
    "set_comment of the table": NO_COMMENTS,
    "drop_constraint, unique": {"composite keys": NEEDED},
    "a batch": {"composite keys": NEEDED},
    "rename_column of much": {"views": "view 'seen again' would be broken"},
    "add_column text": {STRICT: "VARCHAR"},
    "add_column unique": {STRICT: "VARCHAR"},
    "alter_column_type of much": {STRICT: "the table is STRICT"},
}

POSTGRES: dict[str, dict[str, str]] = {
    "add_column unique": {"partitioned": "must include all partitioning columns"},
    "alter_column_type of much": {
        "generated; security; triggers; views": NEEDED,
        "published": "used by a publication WHERE clause",
    },
    # The server checks the whole row that it writes, and this one was there before the check.
    "apply_default": {"constraints": 'violates check constraint "late"'},
    "drop_constraint, unique": {"composite keys": NEEDED},
    "a batch": {"composite keys; indexes; no primary key": NEEDED},
}

# A MariaDB view, trigger or routine is a text, which names what it reads as it was called when it was written.
NAMED = "can't be renamed while other things need it"

MARIADB: dict[str, dict[str, str]] = {
    "add_column unique": {"partitioned; partitioned by key": "must include all columns"},
    "rename_column of much": {"triggers that name it elsewhere; views": NAMED},
    "rename_table": {"triggers that name it elsewhere; views": NAMED},
    "add_column_default text": {"types": "Invalid default value"},
    "backfill": {"triggers": "without firing the trigger noted"},
    "backfill where": {"triggers": "without firing the trigger noted"},
    "drop_constraint, unique": {"composite keys": NEEDED},
    "drop_table": {"triggers": NEEDED},
    "a batch": {"composite keys": NEEDED},
}
