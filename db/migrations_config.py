"""The database of this project, and the migrator that its migrations use.

DATABASE_URL names another database, for example ``sqlite:////tmp/players.sqlite``.
"""

import os
from pathlib import Path

from peewee import SqliteDatabase
from playhouse.db_url import connect

from pwmig import Migrator

PRAGMAS = {"foreign_keys": 1}


def _database():
    url = os.environ.get("DATABASE_URL")
    if not url:
        return SqliteDatabase(Path(__file__).with_name("players.sqlite"), pragmas=PRAGMAS)
    if url.startswith("sqlite"):
        return connect(url, pragmas=PRAGMAS)
    return connect(url, unquote_user=True, unquote_password=True)


database = _database()
migrator = Migrator.from_database(database)
