"""What is not looked at on MariaDB and MySQL, with the reason."""

from __future__ import annotations

__all__ = ["UNSEEN"]

UNSEEN: dict[str, str] = {
    "other databases of the server": "a project has one; of others only the tables that its models name are looked at, "
    "where these are compared",
    "definers of views, triggers, routines and events": "accounts belong to a server; what is made anew is its maker's",
    "the sql_mode of triggers, routines and events": "made anew they take the connection's, but for modes that change "
    "how their text is read (ANSI_QUOTES, ORACLE, ...), which are kept on MariaDB",
    "the next value of AUTO_INCREMENT and of sequences": "it is data",
    "a database's default character set and collation": "every table and character column has its own written out",
    "grants on the whole database, on routines, and to the public": "the catalog tells of tables and columns only",
    "texts of views, routines and triggers, and actions of foreign keys, that the account may not see": "the server "
    "gives none; a comparison, a copy and a baseline are refused then, with the right that lacks",
    "grants that the account can't see": "an account that may not read the mysql database is told its own only",
    "how long a SYSTEM_TIME partition lasts (INTERVAL, LIMIT, AUTO)": "the catalog tells the partitions only",
    "DEFAULT among partitions by LIST of an expression": "the catalog shows it as VALUES IN (0)",
    "MAX_ROWS, DATA DIRECTORY and the like of a partition, ALGORITHM of KEY": "they are not in the catalog",
    "DATA DIRECTORY, UNION and CONNECTION of a table": "they are not in the catalog",
    "the parser of a FULLTEXT index, KEY_BLOCK_SIZE of an index, USING HASH of a B-tree": "they aren't in the catalog",
    "bytes of a binary default that are no text": "the catalog shows a question mark in their place",
    "letters beyond U+FFFF in comments, values of an enum and plain defaults": "MariaDB shows a question mark, "
    "in SHOW CREATE too, and an operation that writes a column's whole definition (its type, NOT NULL) writes that; "
    "in expressions, views and bodies they are looked up",
    "the columns of a parameter of type ROW, and a parameter's default": "they are not in the catalog",
    "temporary tables": "they belong to one connection",
    "statistics of histograms and of columns": "they are data",
    "ALGORITHM of a view on MySQL": "it is not in MySQL's catalog",
    "COLUMN_FORMAT, STORAGE, ENGINE_ATTRIBUTE and the spelling of defaults on MySQL": "they are not in the "
    "catalog, or the server writes them in its own words",
    "the time zone of an event on MySQL": "no single statement can set it",
}
