"""The ground of the lessons: a copy of the example project, or another one, in a folder that goes with the kernel."""

from __future__ import annotations

import atexit
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

from pwmig import Project

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns("*.sqlite*", "__pycache__", "202[6-9]*", "20[3-9]*")
"""A database, and the migrations that a person added to the example, whose own are of 2025."""


def copy_of_the_example(applied_to: str | None = None) -> Path:
    """The folder of a copy with its own database, to which the migrations (up to one) have been applied."""
    os.environ.pop("DATABASE_URL", None)
    scratch = Path(tempfile.mkdtemp(prefix="pwmig-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    folder = scratch / "players"
    for part in ("db", "scripts"):
        shutil.copytree(ROOT / part, folder / part, ignore=LEFT_OUT)
    project = Project.open(folder)
    project.apply(to=applied_to)
    project.database.close()
    return folder


def an_old_shop() -> Path:
    """The folder of a project whose database was made by hand, long before there were any migrations."""
    os.environ.pop("DATABASE_URL", None)
    scratch = Path(tempfile.mkdtemp(prefix="pwmig-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    folder = scratch / "shop"
    (folder / "db").mkdir(parents=True)
    (folder / "db" / "__init__.py").touch()
    (folder / "db" / "migrations_config.py").write_text(SHOP_CONFIG)
    connection = sqlite3.connect(folder / "db" / "shop.sqlite")
    connection.executescript(SHOP)
    connection.close()
    return folder


SHOP_CONFIG = """from pathlib import Path

from peewee import SqliteDatabase

from pwmig import Migrator

database = SqliteDatabase(Path(__file__).with_name("shop.sqlite"), pragmas={"foreign_keys": 1})
migrator = Migrator.from_database(database)
"""

SHOP = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, email VARCHAR(120) NOT NULL UNIQUE);
CREATE TABLE "order" (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
    cents INTEGER NOT NULL CHECK (cents > 0),
    note TEXT
);
CREATE INDEX order_customer ON "order" (customer_id);
CREATE INDEX order_large ON "order" (cents) WHERE cents > 100000;
CREATE VIEW spent AS SELECT customer_id, sum(cents) AS cents FROM "order" GROUP BY customer_id;
INSERT INTO customer (email) VALUES ('ann@example.org'), ('bo@example.org');
INSERT INTO "order" (customer_id, cents) VALUES (1, 250), (1, 120000), (2, 75);
"""
