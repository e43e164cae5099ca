"""A rename that is told shows alone, whatever names the renamed thing: on PostgreSQL and MariaDB as they do it."""

from __future__ import annotations

from typing import Any

import pytest

from pwmig import Migrator
from pwmig.dialects import dialect_of
from pwmig.diff import diff
from pwmig.diff.texts import renamed_text
from pwmig.schema import Schema

POSTGRES = """
CREATE TABLE team (id integer PRIMARY KEY, no integer UNIQUE);
CREATE TABLE player (
    id integer PRIMARY KEY, name text DEFAULT 'name' CHECK (name <> 'name'), born integer,
    team_no integer REFERENCES team (no) DEFERRABLE, loud text GENERATED ALWAYS AS (upper(name) || 'name') STORED,
    UNIQUE (name, team_no), EXCLUDE USING btree (name WITH =)
);
CREATE INDEX player_index ON player (name, lower(name)) INCLUDE (born) WHERE name > 'a';
CREATE TABLE part (id integer, name text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (9);
CREATE TABLE child () INHERITS (team);
ALTER TABLE player ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON player FOR UPDATE USING (name <> 'x') WITH CHECK (born > 0);
CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER kept BEFORE UPDATE OF name ON player FOR EACH ROW WHEN (OLD.name = 'name') EXECUTE FUNCTION kept();
CREATE RULE noted AS ON DELETE TO player DO ALSO UPDATE team SET no = 1 WHERE no = OLD.team_no;
CREATE VIEW names AS SELECT name, team.no FROM player JOIN team ON team_no = team.no WHERE name <> 'name';
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n, max(player.name) AS name FROM player;
CREATE STATISTICS few ON name, born FROM player
"""
MARIADB = """
CREATE TABLE team (id int PRIMARY KEY, no int UNIQUE);
CREATE TABLE player (
    id int PRIMARY KEY, name varchar(40) DEFAULT 'name', born int, team_no int,
    loud varchar(99) AS (upper(name)) STORED, UNIQUE KEY one (name, team_no),
    CONSTRAINT of_team FOREIGN KEY (team_no) REFERENCES team (no), KEY player_index (name(9), born)
)
"""
Columns = dict[tuple[str, str], str]
RENAMES: list[tuple[str, str, dict[str, str], Columns]] = [
    ("postgres", "ALTER TABLE player RENAME TO gamer", {"player": "gamer"}, {}),
    ("postgres", 'ALTER TABLE player RENAME TO "Player"', {"player": "Player"}, {}),
    ("postgres", "ALTER TABLE team RENAME TO club", {"team": "club"}, {}),
    ("postgres", "ALTER TABLE player RENAME COLUMN name TO title", {}, {("player", "name"): "title"}),
    ("postgres", 'ALTER TABLE player RENAME COLUMN name TO "it""s 100%"', {}, {("player", "name"): 'it"s 100%'}),
    ("postgres", 'ALTER TABLE player RENAME COLUMN name TO "Name"', {}, {("player", "name"): "Name"}),
    ("postgres", "ALTER TABLE player RENAME COLUMN born TO year", {}, {("player", "born"): "year"}),
    ("postgres", "ALTER TABLE team RENAME COLUMN no TO number", {}, {("team", "no"): "number"}),
    ("postgres", "ALTER TABLE part RENAME TO parts", {"part": "parts"}, {}),
    ("postgres", "ALTER TABLE part RENAME COLUMN id TO key", {}, {("part", "id"): "key"}),
    ("postgres", "CREATE SCHEMA audit; ALTER TABLE part_1 SET SCHEMA audit", {"part_1": "audit.part_1"}, {}),
    ("mariadb", "RENAME TABLE player TO gamer", {"player": "gamer"}, {}),
    ("mariadb", "RENAME TABLE team TO club", {"team": "club"}, {}),
    ("mariadb", "ALTER TABLE player RENAME COLUMN name TO title", {}, {("player", "name"): "title"}),
    ("mariadb", "ALTER TABLE player RENAME COLUMN name TO `it's 100%`", {}, {("player", "name"): "it's 100%"}),
    ("mariadb", "ALTER TABLE team RENAME COLUMN no TO number", {}, {("team", "no"): "number"}),
]


@pytest.mark.parametrize(
    ("kind", "statement", "tables", "columns"),
    [pytest.param(*case, marks=getattr(pytest.mark, case[0])) for case in RENAMES],
    ids=[case[1] for case in RENAMES],
)
def test_a_rename_that_is_told_shows_alone(
    kind: str, statement: str, tables: dict[str, str], columns: Columns, request: pytest.FixtureRequest
) -> None:
    database: Any = request.getfixturevalue(kind)

    def seen(script: str) -> Schema:
        for one in script.split(";\n") if kind == "mariadb" else [script]:
            database.connection().cursor().execute(one)
        return dialect_of(database).introspect(database)

    before = seen({"postgres": POSTGRES, "mariadb": MARIADB}[kind])
    after = seen(statement)
    made = {"child": "team", "part_1": "part"}
    # What inherits a column is renamed with it.
    inherited = {(child, old): new for child, parent in made.items() for (where, old), new in columns.items()
                 if where == parent}  # fmt: skip
    if kind == "mariadb":
        inherited = {}
    found = diff(before, after, renamed_tables=tables, renamed_columns={**columns, **inherited})
    others = [f"{one.kind} {one.describe()}" for one in found if one.kind not in ("RenameTable", "RenameColumn")]
    assert [one for one in others if one != "CreateNamespace schema audit"] == []
    assert len(found) - len(others) == len(tables) + len(columns) + len(inherited)


def test_a_check_in_a_columns_definition_is_called_as_the_column_is(mariadb: Any) -> None:
    mariadb.execute_sql("CREATE TABLE game (level INT NOT NULL CHECK (`level` > 0 OR 'level' = '`level`'))")
    before = dialect_of(mariadb).introspect(mariadb)
    migrator = Migrator.from_database(mariadb)
    migrator.migrate(migrator.rename_column("game", "level", "r`k"))
    after = dialect_of(mariadb).introspect(mariadb)
    (check,) = after.tables[0].checks
    assert (check.name, check.column) == ("r`k", "r`k")
    assert check.expression == "`r``k` > 0 or 'level' = '`level`'"
    found = diff(before, after, renamed_columns={("game", "level"): "r`k"})
    assert [change.kind for change in found] == ["RenameColumn"]
    migrator.migrate(migrator.drop_not_null("game", "r`k"))
    assert dialect_of(mariadb).introspect(mariadb).tables[0].checks == (check,)


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("level > 0 AND name <> 'level'", "\"rank\" > 0 AND name <> 'level'"),
        ("`Level` > 0 OR [level] < 9", '"rank" > 0 OR "rank" < 9'),
        ('length(length) > 0 AND "length" <> 1', 'length("the ""long"" one") > 0 AND "the ""long"" one" <> 1'),
        ("levels > 0 -- level", "levels > 0 -- level"),
    ],
)
def test_a_text_in_its_new_names_keeps_literals_and_functions(text: str, renamed: str) -> None:
    names = {"Level": "rank", "length": 'the "long" one'}
    assert renamed_text(text, names, lambda name: '"' + name.replace('"', '""') + '"') == renamed
