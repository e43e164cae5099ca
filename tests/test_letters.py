"""Texts of SQLite's catalog after a rename and back: letter for letter as they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import peewee
import pytest

from pwmig import Migrator
from pwmig.dialects.sqlite.texts.letters import lettered, says_the_same

TEXTS = [
    ("CREATE TABLE [a b](c)", 'CREATE TABLE "d"(c)', "CREATE TABLE [d](c)"),
    ("CREATE TABLE t([a])", 'CREATE TABLE t("b]")', 'CREATE TABLE t("b]")'),
    ("CREATE TABLE t(`a`)", 'CREATE TABLE t("b`")', "CREATE TABLE t(`b```)"),
    ("CREATE TABLE t('a')", 'CREATE TABLE t("b")', "CREATE TABLE t('b')"),
    ('CREATE TABLE t("a")', 'CREATE TABLE t("b")', 'CREATE TABLE t("b")'),
    ("CREATE TABLE t(a)", 'CREATE TABLE t("b")', "CREATE TABLE t(b)"),
    ("CREATE TABLE t(a)", 'CREATE TABLE t("order")', 'CREATE TABLE t("order")'),
    ("CREATE TABLE t(a/* [a] */INT)", 'CREATE TABLE t("b c"/* [a] */INT)', 'CREATE TABLE t("b c"/* [a] */INT)'),
    ('CREATE VIEW v AS SELECT "x", a FROM t', "CREATE VIEW v AS SELECT 'x', b FROM t", None),
    ('CREATE VIEW v AS SELECT "b", a FROM t', "CREATE VIEW v AS SELECT 'b', b FROM t", "="),
    ("CREATE TABLE t(a)", "CREATE TABLE t(a, b)", "="),
    ("CREATE TABLE t(a DEFAULT 1)", "CREATE TABLE t(a DEFAULT 2)", "="),
    ("CREATE INDEX i ON t([a]DESC)", 'CREATE INDEX i ON t("b c"DESC)', "CREATE INDEX i ON t([b c]DESC)"),
    ('CREATE INDEX i ON t(a"x")', 'CREATE INDEX i ON t("b c" "x")', "="),
]


@pytest.mark.parametrize(("before", "after", "wanted"), TEXTS)
def test_a_new_name_stands_in_the_quotes_of_the_old_one(before: str, after: str, wanted: str | None) -> None:
    wanted = after if wanted == "=" else wanted or 'CREATE VIEW v AS SELECT "x", b FROM t'
    assert lettered(before, after, "b") == wanted


SAME = [
    ("CREATE TABLE t(a INT)", 'create table [t] ("a" int) -- x', True),
    ("CREATE TABLE t(a INT)", "CREATE TABLE t(a TEXT)", False),
    ("CREATE TABLE t(a INT)", "CREATE TABLE t([A] INT)", False),
    ("CREATE TABLE t(a DEFAULT 1)", "CREATE TABLE t(a DEFAULT '1')", False),
    ("CREATE TABLE t(a DEFAULT null)", 'CREATE TABLE t(a DEFAULT "null")', False),
    ("CREATE TABLE t(a DEFAULT 'x')", "CREATE TABLE t(a DEFAULT 'X')", False),
    ("CREATE TABLE t(a)", "CREATE TABLE t(a, b)", False),
]


@pytest.mark.parametrize(("one", "other", "wanted"), SAME)
def test_when_two_texts_say_the_same(one: str, other: str, wanted: bool) -> None:
    assert says_the_same(one, other) is says_the_same(other, one) is wanted


# -- there and back in a database

SCHEMA = """
CREATE TABLE [Band] ([BandId] INTEGER  NOT NULL, [Name] NVARCHAR(120), CONSTRAINT [PK] PRIMARY KEY  ([BandId]));
CREATE TABLE [Song]
(
    `SongId` INTEGER PRIMARY KEY,
    [BandId] INTEGER,  -- whose
    "Title" TEXT COLLATE NOCASE CHECK ("Title" <> '' AND [Title] <> "none"),
    Seconds INTEGER, upper AS (upper(Title)),
    FOREIGN KEY ([BandId]) REFERENCES [Band] ([BandId])
);
CREATE INDEX [by title] ON [Song] (`Title` DESC, seconds) WHERE [Title] IS NOT "x";
CREATE VIEW [all] AS SELECT Song.[Title], [Song].Seconds, "word" AS w, b.[Name] FROM Song
    JOIN [Band] b ON b.[BandId] = `Song`.BandId;
CREATE TRIGGER [t] AFTER UPDATE OF [Title] ON [Song] WHEN new.[Title] = "x" BEGIN
    UPDATE [Song] SET Seconds = length(new.`Title`) WHERE [SongId] = old.SongId; END;
INSERT INTO Band VALUES (1, 'one');
INSERT INTO Song (SongId, BandId, Title, Seconds) VALUES (1, 1, 'a', 3);
"""

RENAMES: dict[str, tuple[Sequence[Sequence[str]], Sequence[Sequence[str]]]] = {
    "a column": ((("rename_column", "Song", "Title", "Words"),), (("rename_column", "Song", "Words", "Title"),)),
    "a key": ((("rename_column", "Band", "BandId", "Id"),), (("rename_column", "Band", "Id", "BandId"),)),
    "a name that is a keyword": (
        (("rename_column", "Band", "Name", "order"),),
        (("rename_column", "Band", "order", "Name"),),
    ),
    "a table": ((("rename_table", "Band", "Group of"),), (("rename_table", "Group of", "Band"),)),
    "the other table": ((("rename_table", "Song", "Tune"),), (("rename_table", "Tune", "Song"),)),
    "letter case": ((("rename_table", "Song", "SONG"),), (("rename_table", "SONG", "Song"),)),
    "several": (
        (("rename_column", "Song", "Title", "T"), ("rename_table", "Song", "S"), ("rename_column", "S", "BandId", "B")),
        (("rename_column", "S", "B", "BandId"), ("rename_table", "S", "Song"), ("rename_column", "Song", "T", "Title")),
    ),
}  # fmt: skip


def texts(path: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name NOT LIKE 'pwmig%' ORDER BY 1, 2"
        ).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("case", RENAMES)
def test_renamed_and_renamed_back_every_text_is_as_it_was(tmp_path: Path, case: str) -> None:
    path = tmp_path / "a.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCHEMA)
    connection.close()
    before = texts(path)
    database = peewee.SqliteDatabase(path, pragmas={"foreign_keys": 1})
    migrator = Migrator.from_database(database)
    there, back = RENAMES[case]
    migrator.migrate(*(getattr(migrator, name)(*given) for name, *given in there))
    changed = texts(path)
    assert changed != before
    migrator.migrate(*(getattr(migrator, name)(*given) for name, *given in back))
    database.close()
    assert texts(path) == before


def test_a_drop_of_a_column_changes_no_text_of_another_object(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCHEMA + "CREATE TABLE other (a INT, b INT);")
    connection.close()
    before = [row for row in texts(path) if row[1] != "other"]
    database = peewee.SqliteDatabase(path, pragmas={"foreign_keys": 1})
    migrator = Migrator.from_database(database)
    migrator.migrate(migrator.drop_column("other", "b"))
    database.close()
    assert [row for row in texts(path) if row[1] != "other"] == before
