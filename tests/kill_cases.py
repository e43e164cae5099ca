"""The migrations of the kill matrix: every operation of the migrators, there and back."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from projects import HEAD

__all__ = ["BASE", "CASES", "LONG", "LONG_BASE", "Case"]

EVERYWHERE = ("sqlite", "postgres", "mariadb")
SERVERS = ("postgres", "mariadb")

_TABLES = """
CREATE TABLE team (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40) NOT NULL);
CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, level INTEGER DEFAULT 3,
 team INTEGER, note VARCHAR(200), CONSTRAINT player_level_ck CHECK (level >= 0),
 CONSTRAINT player_team_fk FOREIGN KEY (team) REFERENCES team (id), CONSTRAINT player_name_uq UNIQUE (name));
CREATE INDEX player_level_ix ON player (level);
CREATE TABLE extra (id INTEGER NOT NULL PRIMARY KEY, word VARCHAR(40) NOT NULL, amount INTEGER);
CREATE INDEX extra_word ON extra (word);
CREATE TABLE bystander (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(40), amount INTEGER NOT NULL);
CREATE INDEX bystander_name ON bystander (name);
CREATE VIEW seen AS SELECT id, name FROM bystander;
CREATE TABLE guest (id INTEGER NOT NULL PRIMARY KEY, host INTEGER,
 CONSTRAINT guest_host_fk FOREIGN KEY (host) REFERENCES guest (id));
CREATE INDEX guest_host ON guest (host);
CREATE TABLE ledger (what VARCHAR(40) NOT NULL);
INSERT INTO team VALUES (1, 'red'), (2, 'it''s blue'), (3, 'green');
INSERT INTO player VALUES (1, 'Tal', 1, 1, 'fine'), (2, 'Judit', 2, 2, NULL), (3, 'Vera', NULL, NULL, 'x'),
 (4, 'Bobby', 4, 3, NULL), (5, 'Hou', 5, 1, 'a longer note'), (6, 'Nona', 6, 2, 'n'), (7, 'Magnus', 7, NULL, 'm');
INSERT INTO extra VALUES (1, 'one', 10), (2, 'two', NULL), (3, 'three', 30);
INSERT INTO bystander VALUES (1, 'a', 0), (2, 'b', 0);
INSERT INTO guest VALUES (1, NULL), (2, 1), (3, 2);
"""

BASE = {
    "sqlite": _TABLES + "CREATE TRIGGER player_touch AFTER UPDATE OF level ON player BEGIN "
    "UPDATE bystander SET amount = amount + 1 WHERE id = 1\\; END;",
    "postgres": _TABLES + "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN UPDATE bystander SET amount = amount + 1 WHERE id = 1\\; RETURN NEW\\; END';"
    "CREATE TRIGGER player_touch AFTER UPDATE OF level ON player FOR EACH ROW EXECUTE FUNCTION touch();"
    "CREATE TYPE mood AS ENUM ('sad', 'ok'); ALTER TABLE extra ADD COLUMN mood mood;"
    "CREATE SCHEMA other; CREATE TABLE other.elsewhere (id INTEGER NOT NULL PRIMARY KEY);",
    "mariadb": _TABLES + "ALTER TABLE extra ADD COLUMN mood ENUM('sad', 'ok');",
}
"""What is there before, by database; a ``\\;`` ends no statement."""


@dataclass(frozen=True, slots=True)
class Case:
    """A migration: what it does there and, unless there is no way back, what it does back.

    ``apart``: what it does commits by itself, before the history knows of it.
    """

    forward: str
    backward: str | None
    kinds: tuple[str, ...] = EVERYWHERE
    apart: bool = False
    ledger: bool = True

    def source(self) -> str:
        """The migration's file. Each direction also writes a row by which it shows where it was run twice."""
        text = HEAD + _function("migrate_forward", self.forward, "there" if self.ledger else None)
        if self.backward is not None:
            text += "\n\n" + _function("migrate_backward", self.backward, "back" if self.ledger else None)
        return text


def _function(name: str, body: str, word: str | None) -> str:
    lines = textwrap.dedent(body).strip()
    if word is not None:
        lines += f"\ndatabase.execute_sql(\"INSERT INTO ledger (what) VALUES ('{word}')\")"
    return f"def {name}():\n{textwrap.indent(lines, '    ')}\n"


def _calls(*calls: str) -> str:
    return "migrate(" + ", ".join(f"migrator.{call}" for call in calls) + ")" if calls else "pass"


def case(forward: str | tuple[str, ...], backward: str | tuple[str, ...] | None, **more: object) -> Case:
    """A case whose directions are calls of the migrator, as one batch each."""
    there, back = ((way,) if isinstance(way, str) else way for way in (forward, backward or ()))
    return Case(_calls(*there), _calls(*back) if backward is not None else None, **more)  # type: ignore[arg-type]


_NEW_TEXT = (
    "CREATE TABLE extra (id INTEGER NOT NULL PRIMARY KEY, amount INTEGER, word VARCHAR(40) NOT NULL COLLATE NOCASE)"
)
_OLD_TEXT = "CREATE TABLE extra (id INTEGER NOT NULL PRIMARY KEY, word VARCHAR(40) NOT NULL, amount INTEGER)"

CASES: dict[str, Case] = {
    "create_table": Case(
        _calls("create_table('made', {'id': IntegerField(primary_key=True), 'name': CharField(40)}, "
               "indexes=[(('name',), True)])")
        + "\ndatabase.execute_sql(\"INSERT INTO made VALUES (1, 'a'), (2, 'b')\")",
        _calls("drop_table('made')"),
    ),
    "drop_table": case(
        "drop_table('extra')",
        "create_table('extra', {'id': IntegerField(primary_key=True), 'word': CharField(40), "
        "'amount': IntegerField(null=True)}, indexes=[(('word',), False)])",
        kinds=("sqlite",),
    ),
    "drop_table of a bystander": Case(
        "database.execute_sql('DROP VIEW seen')\n" + _calls("drop_table('bystander')"),
        _calls("create_table('bystander', {'id': IntegerField(primary_key=True), 'name': CharField(40, null=True), "
               "'amount': IntegerField()}, indexes=[(('name',), False)])")
        + "\ndatabase.execute_sql('CREATE VIEW seen AS SELECT id, name FROM bystander')",
        kinds=SERVERS,
    ),
    "drop_table of what refers": case(
        "drop_table('guest')",
        "create_table('guest', {'id': IntegerField(primary_key=True), 'host': IntegerField(null=True)}, "
        "indexes=[(('host',), False)], "
        "constraints=[SQL('CONSTRAINT guest_host_fk FOREIGN KEY (host) REFERENCES guest (id)')])",
        kinds=SERVERS,
    ),
    "add_column": case(
        ("add_column('player', 'rank', IntegerField(default=1, index=True))",
         "add_column('player', 'born', IntegerField(null=True))"),
        ("drop_column('player', 'born')", "drop_column('player', 'rank')"),
    ),
    "drop_column": case("drop_column('player', 'note')", "add_column('player', 'note', CharField(200, null=True))"),
    "rename_column": case(
        "rename_column('player', 'level', 'grade')", "rename_column('player', 'grade', 'level')"
    ),
    "rename_table": case("rename_table('player', 'master')", "rename_table('master', 'player')"),
    "add_not_null": Case(
        "database.execute_sql('UPDATE extra SET amount = 0 WHERE amount IS NULL')\n"
        + _calls("add_not_null('extra', 'amount')"),
        _calls("drop_not_null('extra', 'amount')"),
    ),
    "drop_not_null": case("drop_not_null('player', 'name')", "add_not_null('player', 'name')"),
    "add_column_default": case(
        "add_column_default('player', 'note', 'none yet')", "drop_column_default('player', 'note')"
    ),
    "drop_column_default": case(
        "drop_column_default('player', 'level')", "add_column_default('player', 'level', 3)"
    ),
    "alter_column_type": case(
        "alter_column_type('extra', 'amount', BigIntegerField(null=True))",
        "alter_column_type('extra', 'amount', IntegerField(null=True))",
    ),
    "alter_column_type with a cast": case(
        "alter_column_type('player', 'name', CharField(2), cast='substr(name, 1, 2)')",
        "alter_column_type('player', 'name', CharField(80))",
    ),
    "change_column": case(
        "change_column('extra', 'word', CharField(60), null=True, default='w', name='term')",
        "change_column('extra', 'term', CharField(40), null=False, default=None, name='word')",
    ),
    "set_comment": case(
        ("set_comment('player', 'who plays')", "set_comment('player', \"it's the level\", 'level')"),
        ("set_comment('player', None)", "set_comment('player', None, 'level')"),
        kinds=SERVERS,
    ),
    "add_index": case(
        ("add_index('player', ('team', 'level'), name='by_both')", "add_index('player', ('id', 'team'), True)"),
        ("drop_index('player', 'player_id_team')", "drop_index('player', 'by_both')"),
    ),
    "drop_index": case(
        "drop_index('player', 'player_level_ix')", "add_index('player', ('level',), name='player_level_ix')"
    ),
    "add_index concurrently": case(
        "add_index('player', ('level', 'id'), name='aside', concurrently=True)",
        "drop_index('player', 'aside', concurrently=True)",
        kinds=SERVERS, apart=True,
    ),
    "several indexes concurrently": Case(
        """
        migrate(migrator.add_index('player', ('level', 'id'), name='aside', concurrently=True))
        migrate(migrator.drop_index('player', 'player_level_ix', concurrently=True))
        migrate(migrator.add_index('player', ('note',), concurrently=True))
        """,
        """
        migrate(migrator.drop_index('player', 'player_note', concurrently=True))
        migrate(migrator.add_index('player', ('level',), name='player_level_ix', concurrently=True))
        migrate(migrator.drop_index('player', 'aside', concurrently=True))
        """,
        kinds=("postgres",), apart=True,
    ),
    "rename_index": case(
        "rename_index('player', 'player_level_ix', 'levels')", "rename_index('player', 'levels', 'player_level_ix')"
    ),
    "add_constraint": case(
        "add_constraint('player', 'small', Check('level < 100'))", "drop_constraint('player', 'small')"
    ),
    "drop_constraint": case(
        "drop_constraint('player', 'player_level_ck')",
        "add_constraint('player', 'player_level_ck', Check('level >= 0'))",
    ),
    "validate_constraint": case(
        ("add_constraint('player', 'small', Check('level < 100'), not_valid=True)",
         "validate_constraint('player', 'small')"),
        "drop_constraint('player', 'small')",
        kinds=("postgres",),
    ),
    "add_unique": case("add_unique('extra', 'word', 'id')", "drop_constraint('extra', 'uniq_word_id')"),
    "add_foreign_key_constraint": case(
        "add_foreign_key_constraint('extra', 'id', 'player', 'id', 'CASCADE', constraint_name='far')",
        "drop_constraint('extra', 'far')",
    ),
    "drop_foreign_key_constraint": case(
        "drop_foreign_key_constraint('player', 'team')",
        "add_foreign_key_constraint('player', 'team', 'team', 'id', constraint_name='player_team_fk')",
    ),
    "add_enum_value": case("add_enum_value('extra', 'mood', 'glad', after='ok')", None, kinds=SERVERS),
    "lock_timeout": case(
        ("lock_timeout(2, retries=2)", "add_column('player', 'born', IntegerField(null=True))"),
        ("lock_timeout(2, retries=2)", "drop_column('player', 'born')"),
        kinds=SERVERS,
    ),
    "set_search_path": Case(
        "migrate(migrator.set_search_path('other'), migrator.sql('INSERT INTO elsewhere VALUES (1)'))\n"
        "migrate(migrator.set_search_path('public'))",
        "migrate(migrator.sql('DELETE FROM other.elsewhere'))",
        kinds=("postgres",),
    ),
    "sql": Case(
        "database.execute_sql(\"INSERT INTO ledger (what) VALUES ('first')\")\n"
        "migrate(migrator.sql('CREATE TABLE made (id INTEGER NOT NULL PRIMARY KEY)'))\n"
        "migrate(migrator.sql('INSERT INTO made VALUES (1), (2)'))\n"
        "database.execute_sql(\"UPDATE bystander SET amount = amount + 10\")\n"
        "migrate(migrator.sql('CREATE INDEX made_ix ON bystander (amount)'))",
        "database.execute_sql(\"UPDATE bystander SET amount = amount - 10\")\n"
        + _calls("drop_index('bystander', 'made_ix')")
        + "\ndatabase.execute_sql('DROP TABLE made')",
    ),
    "rows only": Case(
        "database.execute_sql('UPDATE bystander SET amount = amount + 1')\n"
        "database.execute_sql(\"INSERT INTO team VALUES (4, 'new')\")",
        "database.execute_sql('DELETE FROM team WHERE id = 4')\n"
        "database.execute_sql('UPDATE bystander SET amount = amount - 1')",
    ),
    "run_python": Case(
        "def more(database):\n"
        "    for number in (11, 12):\n"
        "        database.execute_sql(f\"INSERT INTO team VALUES ({number}, 'more')\")\n\n"
        "migrate(migrator.run_python(more))",
        "migrate(migrator.run_python(lambda database: database.execute_sql('DELETE FROM team WHERE id > 10')))",
    ),
    "backfill": case(
        "backfill('player', {'note': 'filled'}, batch_size=2)", "backfill('player', {'level': 9}, 'level IS NULL')"
    ),
    "backfill that commits": Case(
        _calls("backfill('player', {'note': 'filled'}, 'note IS NULL', batch_size=1, commit=True)"),
        _calls("backfill('player', {'level': 9}, 'level IS NULL', batch_size=1, commit=True)"),
        apart=True,
    ),
    "apply_default": case("apply_default('extra', 'amount', IntegerField(default=7))", ()),
    "redefine_table": case(
        f"redefine_table('extra', {_NEW_TEXT!r})", f"redefine_table('extra', {_OLD_TEXT!r})", kinds=("sqlite",)
    ),
    "a batch": case(
        ("add_column('player', 'rank', IntegerField(default=1))", "rename_column('player', 'level', 'grade')",
         "drop_column('player', 'note')", "add_index('player', ('rank',), name='ranks')",
         "drop_constraint('player', 'player_level_ck')"),
        ("drop_index('player', 'ranks')", "add_column('player', 'note', CharField(200, null=True))",
         "rename_column('player', 'grade', 'level')", "drop_column('player', 'rank')",
         "add_constraint('player', 'player_level_ck', Check('level >= 0'))"),
    ),
    "several batches": Case(
        "\n".join((_calls("drop_column('player', 'note')"), _calls("add_index('extra', ('amount',), name='amounts')"),
                   "database.execute_sql('UPDATE bystander SET amount = amount + 5')",
                   _calls("rename_table('extra', 'more')"))),
        "\n".join((_calls("rename_table('more', 'extra')"), _calls("drop_index('extra', 'amounts')"),
                   "database.execute_sql('UPDATE bystander SET amount = amount - 5')",
                   _calls("add_column('player', 'note', CharField(200, null=True))"))),
    ),
}  # fmt: skip
"""By name; every operation of the migrators is in one of them, as tests/test_kill_matrix.py sees to."""

_MANY = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
    "INSERT INTO big SELECT i, i % 97, 'word ' || (i % 1000), NULL FROM n;",
    "postgres": "INSERT INTO big SELECT i, i % 97, 'word ' || (i % 1000), NULL FROM generate_series(1, {rows}) AS i;",
    "mariadb": "INSERT INTO big SELECT seq, seq % 97, concat('word ', seq % 1000), NULL FROM seq_1_to_{rows};",
}
LONG_BASE = {
    kind: "CREATE TABLE ledger (what VARCHAR(40) NOT NULL);"
    "CREATE TABLE big (id INTEGER NOT NULL PRIMARY KEY, amount INTEGER NOT NULL, word VARCHAR(40) NOT NULL, "
    "note VARCHAR(40));" + many
    for kind, many in _MANY.items()
}
"""A table of many rows, whose number is to be filled in."""

LONG: dict[str, Case] = {
    "a drop, long": case("drop_column('big', 'word')", "add_column('big', 'word', CharField(40))"),
    "a back-fill, long": case(
        "backfill('big', {'note': 'filled'}, batch_size=1000000)", "backfill('big', {'amount': 1}, 'amount > 50')"
    ),
    "an index, long": case("add_index('big', ('word', 'amount'))", "drop_index('big', 'big_word_amount')"),
    "an index concurrently, long": case(
        "add_index('big', ('word', 'amount'), concurrently=True)",
        "drop_index('big', 'big_word_amount', concurrently=True)",
        kinds=SERVERS,
        apart=True,
    ),
    "a type, long": case(
        "alter_column_type('big', 'word', CharField(8), cast='substr(word, 1, 6)')",
        "alter_column_type('big', 'word', CharField(40))",
    ),
    "one UPDATE, long": Case(
        "database.execute_sql('UPDATE big SET amount = amount + 1')",
        "database.execute_sql('UPDATE big SET amount = amount - 1')",
    ),
}
"""Operations that read or write each row of it."""
