"""What a look at a PostgreSQL database leaves out, and why."""

from __future__ import annotations

__all__ = ["UNSEEN"]

_MACHINERY = "is made by those who extend the server in C, and comes with an extension nearly always"
_SERVER = "belongs to the server and not to a database of it"
_COMMUNICATION = "says with which other servers to exchange rows: a copy that had it would write elsewhere"

UNSEEN: dict[str, str] = {
    "rows": "are data; so is what a sequence has counted to",
    "owners": "differ from server to server; a copy belongs to who made it",
    "who granted": "is the owner, except where a grant was handed on",
    "default privileges": "touch only what is created later; what they gave stands among the grants",
    "roles and their rights": _SERVER,
    "tablespaces": _SERVER + "; that a table is in one is seen",
    "settings of a database or role": _SERVER,
    "encoding and locale of the database": "are chosen when a database is created, and never change",
    "the default schema": "is where a connection begins; a grant on it and its comment are not compared",
    "the schema public": "is there from the start; a grant on it and its comment are not compared",
    "plpgsql": "is there from the start",
    "what belongs to an extension": "stands in the extension, which is seen with its version",
    "comments of extensions, statistics, casts and the like": "are the extension's own, or tell nothing of data",
    "names and comments of NOT NULL constraints": "are PostgreSQL's own choice; one that a person chose (18) is seen",
    "temporary tables": "are gone with their connection",
    "foreign tables, servers and mappings": _COMMUNICATION,
    "publications and subscriptions": _COMMUNICATION,
    "event triggers": "would run on pwmig's own statements; only a superuser may create them",
    "operators, operator classes and families": _MACHINERY,
    "base types": _MACHINERY,
    "casts and transforms": _MACHINERY,
    "languages and access methods": _MACHINERY,
    "text search configurations": "are no part of a table; an index that uses one names it",
    "conversions": "are no part of a table",
    "large objects": "are data",
    "security labels": "belong to an extension of the server that reads them",
    "which of a table's triggers a partition has switched off": "follows the partitioned table where nobody looks",
    "whether an inherited column is declared by the child too": (
        "is seen (LOCAL), except for partitions and where columns came to the parent later than to the child"
    ),
    "names of inherited constraints of partitions": "follow those of the partitioned table",
    "that something depends on an extension": "matters only when the extension is dropped",
    "statistics targets of extended statistics": "tell nothing of data",
}
"""What is not looked at, with the reason; the keys are in a person's words."""
