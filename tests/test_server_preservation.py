"""An operation changes what it names and nothing else, or is refused before anything is touched: rich tables.

Many tables times many operations, on PostgreSQL and MariaDB. All that introspection sees of the whole database, all
rows of all tables, where sequences stand and what triggers wrote must be as before, minus what was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import peewee
import pytest
from peewee import SQL, BigIntegerField, CharField, Check, IntegerField, TextField

from pwmig import Migrator
from pwmig.dialects import dialect_of, migrate
from pwmig.diff import diff
from pwmig.errors import OperationRefused

# Every table is `t` with a key `id`, a column `a` that much depends on, and `x` (a small int) that nothing names.
POSTGRES = {
    "plain": ("CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, x int)",),
    "serial": ("CREATE TABLE t (id serial PRIMARY KEY, a text DEFAULT 'it''s, 50%\n\\ \"so\"', x int DEFAULT -1)",),
    "identity": (
        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY (START 1 INCREMENT 5) PRIMARY KEY, "
        "a varchar(20), x int)",
    ),
    "generated": ("CREATE TABLE t (id int PRIMARY KEY, a text, x int, g text GENERATED ALWAYS AS (a || '!') STORED)",),
    "collation, storage, comments": (
        'CREATE TABLE t (id int PRIMARY KEY, a varchar(20) COLLATE "C", x int)',
        "ALTER TABLE t ALTER a SET STORAGE EXTERNAL, ALTER a SET STATISTICS 7, ALTER x SET STATISTICS 9",
        "COMMENT ON COLUMN t.x IS 'the x, 50%'", "COMMENT ON COLUMN t.a IS 'it''s'", "COMMENT ON TABLE t IS 't'",
    ),
    "constraints": (
        "CREATE TABLE t (id int PRIMARY KEY, a text CONSTRAINT a_set CHECK (a <> ', NOT NULL'), x int, y int, "
        "CONSTRAINT pair UNIQUE (a, id) DEFERRABLE INITIALLY DEFERRED, CHECK (y > id), "
        "EXCLUDE USING btree (y WITH =))",
        "ALTER TABLE t ADD CONSTRAINT late CHECK (id > 0) NOT VALID",
        "COMMENT ON CONSTRAINT pair ON t IS 'pair'",
    ),
    "indexes": (
        "CREATE TABLE t (id int PRIMARY KEY, a text, x int)",
        "CREATE INDEX lower_a ON t (lower(a), id DESC NULLS LAST) WHERE a <> ')%'",
        'CREATE UNIQUE INDEX "by ""a""" ON t (a COLLATE "C" text_pattern_ops) INCLUDE (id) WITH (fillfactor = 70)',
        "CREATE INDEX t_hash ON t USING hash (a)", "COMMENT ON INDEX lower_a IS 'lower'",
        "CREATE STATISTICS stat ON id, a FROM t",
    ),
    "keys": (
        "CREATE TABLE up (k int, l int, PRIMARY KEY (k, l))", "INSERT INTO up VALUES (1, 1)",
        "CREATE TABLE t (id int PRIMARY KEY, a text UNIQUE, x int, k int, l int, self int REFERENCES t, "
        "FOREIGN KEY (k, l) REFERENCES up ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE)",
        "CREATE TABLE child (id int, t_id int REFERENCES t (id) ON DELETE CASCADE, t_a text REFERENCES t (a))",
    ),
    "readers": (
        "CREATE TABLE t (id int PRIMARY KEY, a text, x int)", "CREATE TABLE audit (what text)",
        "CREATE VIEW seen AS SELECT id, a FROM t WHERE a <> ','", "CREATE MATERIALIZED VIEW kept AS SELECT a FROM t",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN INSERT INTO audit VALUES (TG_OP); RETURN NEW; END$$",
        "CREATE TRIGGER noted AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note()",
        "CREATE TRIGGER of_a BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (OLD.a <> '%') EXECUTE FUNCTION note()",
        "ALTER TABLE t DISABLE TRIGGER of_a",
        "CREATE RULE ruled AS ON DELETE TO t WHERE old.a = 'x' DO INSTEAD NOTHING",
    ),
    "security": (
        "CREATE TABLE t (id int PRIMARY KEY, a text, x int)", "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON t USING (a <> current_user)",
        "GRANT SELECT ON t TO PUBLIC", "GRANT UPDATE (a) ON t TO PUBLIC",
    ),
    "types": (
        "CREATE TYPE mood AS ENUM ('sad', 'it''s ok')", "CREATE DOMAIN short AS text CHECK (length(VALUE) < 30)",
        "CREATE TABLE t (id int PRIMARY KEY, a short, x int, m mood DEFAULT 'sad', l int[], j jsonb DEFAULT '{}')",
    ),
    "partitioned": (
        "CREATE TABLE t (id int, a text, x int, PRIMARY KEY (id)) PARTITION BY RANGE (id)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (50)", "CREATE TABLE t2 PARTITION OF t DEFAULT",
        "CREATE INDEX t_a ON t (a)",
    ),
    "inherited": (
        "CREATE TABLE t (id int PRIMARY KEY, a text, x int) WITH (fillfactor = 80)",
        "CREATE UNLOGGED TABLE heir (more int) INHERITS (t)",
    ),
    "dropped before": (
        "CREATE TABLE t (gone int, id int PRIMARY KEY, a text, x int, also int)", "ALTER TABLE t DROP gone, DROP also",
    ),
}  # fmt: skip

MARIADB = {
    "plain": ("CREATE TABLE t (id int PRIMARY KEY, a varchar(20) NOT NULL, x int)",),
    "counted": (
        "CREATE TABLE t (id int unsigned AUTO_INCREMENT PRIMARY KEY, a varchar(20) DEFAULT 'it''s, 50%\n\\\\ \"so\"', "
        "x int DEFAULT -1) AUTO_INCREMENT = 700 COMMENT = 'a table''s'",
    ),
    "charset": (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(20) CHARACTER SET latin1 COLLATE latin1_bin COMMENT 'a''s 50%', "
        "x int COMMENT 'the x', u varchar(9) COLLATE utf8mb4_unicode_ci) DEFAULT CHARSET latin1 ROW_FORMAT = DYNAMIC",
    ),
    "on update": (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(20), x int, up timestamp(3) NOT NULL DEFAULT '2020-01-01' "
        "ON UPDATE current_timestamp(3), up2 datetime ON UPDATE current_timestamp())",
    ),
    "generated": (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(20), x int, "
        "v varchar(40) AS (concat(a, '!%')) VIRTUAL INVISIBLE, "
        "s int GENERATED ALWAYS AS (length(a)) STORED COMMENT 's', KEY (s))",
    ),
    "checks": (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(20) CHECK (a <> ', NOT NULL'), x int, y int CHECK (y > 0), "
        "CONSTRAINT `c%` CHECK (y > id OR a = '%'))",
    ),
    "indexes": (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(20) UNIQUE, x int, n text, KEY pre (n(5), a DESC) COMMENT 'p', "
        "FULLTEXT KEY full_n (n), KEY both_of (a, id), UNIQUE KEY `by ``a``` (a, n(3)), KEY h (id) IGNORED)",
    ),
    "keys": (
        "CREATE TABLE up (k int, l int, PRIMARY KEY (k, l))", "INSERT INTO up VALUES (1, 1)",
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(20) UNIQUE, x int, k int, l int, self int, "
        "CONSTRAINT two FOREIGN KEY (k, l) REFERENCES up (k, l) ON DELETE SET NULL ON UPDATE CASCADE, "
        "FOREIGN KEY (self) REFERENCES t (id))",
        "CREATE TABLE child (id int, t_id int, t_a varchar(20), "
        "FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE CASCADE, FOREIGN KEY (t_a) REFERENCES t (a))",
    ),
    "readers": (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(20), x int)", "CREATE TABLE audit (what varchar(20))",
        "CREATE VIEW seen AS SELECT id, a FROM t AS the_t WHERE a <> ','",
        "CREATE TRIGGER noted AFTER UPDATE ON t FOR EACH ROW INSERT INTO audit VALUES (concat('updated ', OLD.a))",
        "CREATE TRIGGER came BEFORE INSERT ON t FOR EACH ROW INSERT INTO audit VALUES ('inserted')",
        "CREATE TRIGGER other AFTER DELETE ON audit FOR EACH ROW UPDATE t SET a = 'gone' WHERE id = 0",
    ),
    "types": (
        "CREATE TABLE t (id int PRIMARY KEY, a enum('one', 'two, (2)', 'it''s') DEFAULT 'it''s', x int, "
        "s set('p', 'q') DEFAULT 'p,q', j json DEFAULT '{}', b bit(3) DEFAULT b'101', y year DEFAULT 2020, "
        "z int(5) unsigned zerofill, d decimal(6,2) DEFAULT 1.50, e varchar(20) DEFAULT (concat('a', '%')), h blob)",
    ),
    "partitioned": (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(20), x int) PARTITION BY RANGE (id) "
        "(PARTITION p0 VALUES LESS THAN (50), PARTITION p1 VALUES LESS THAN MAXVALUE)",
    ),
    "another engine": ("CREATE TABLE t (id int PRIMARY KEY, a varchar(20), x int) ENGINE = MyISAM CHECKSUM = 1",),
    "versioned": ("CREATE TABLE t (id int PRIMARY KEY, a varchar(20), x int) WITH SYSTEM VERSIONING",),
}  # fmt: skip

ROWS = (
    "INSERT INTO t (id, a, x) {0} VALUES (1, 'one', 7), (20, 'two, (2)', 8), (60, 'it''s', 9)",
    "CREATE TABLE numbers (n int PRIMARY KEY)",
    "INSERT INTO numbers VALUES (7), (8), (9)",
)


@dataclass(frozen=True)
class Case:
    """One operation, and the changes that it may make: kinds of changes, and the things' names they are about."""

    ask: Any
    may: frozenset[str]
    values: str | None = None
    """The column whose values may be others afterwards."""


def _case(ask: Any, *may: str, values: str | None = None) -> Case:
    return Case(ask, frozenset(may), values)


OPERATIONS = {
    "add_column null": _case(lambda m: m.add_column("t", "new", IntegerField(null=True)), "AddColumn new"),
    "add_column": _case(lambda m: m.add_column("t", "ne'w", CharField(default="it's 5%")), "AddColumn ne'w"),
    "add_column default": _case(
        lambda m: m.add_column("t", "new", IntegerField(default=1, index=True, constraints=[SQL("DEFAULT 2")])),
        "AddColumn new", "AddIndex t_new",
    ),
    "drop_column": _case(lambda m: m.drop_column("t", "x"), "DropColumn x"),
    "rename_column": _case(lambda m: m.rename_column("t", "x", "x%"), "AddColumn x%", "DropColumn x"),
    "add_not_null": _case(lambda m: m.add_not_null("t", "x"), "AlterColumn x nullable"),
    "drop_not_null": _case(lambda m: m.drop_not_null("t", "x"), "AlterColumn x nullable"),
    "add_column_default": _case(lambda m: m.add_column_default("t", "x", 5), "AlterColumn x default"),
    "drop_column_default": _case(lambda m: m.drop_column_default("t", "x"), "AlterColumn x default"),
    "alter_column_type": _case(
        lambda m: m.alter_column_type("t", "x", BigIntegerField()), "AlterColumn x type", "AlterColumn x type default"
    ),
    "alter_column_type cast": _case(
        lambda m: m.alter_column_type("t", "x", BigIntegerField(), cast="x + 1"),
        "AlterColumn x type", "AlterColumn x type default", values="x",
    ),
    "add_constraint": _case(lambda m: m.add_constraint("t", "c'k", Check("x <> 99")), "AddCheck c'k"),
    "add_unique": _case(lambda m: m.add_unique("t", "id", "x"), "AddUnique uniq_id_x", "AddIndex uniq_id_x"),
    "add_index": _case(lambda m: m.add_index("t", ("x",), name="by_x"), "AddIndex by_x"),
    "add_foreign_key": _case(
        lambda m: m.add_foreign_key_constraint("t", "x", "numbers", "n", "CASCADE"),
        "AddForeignKey fk_t_x_refs_numbers", "AddIndex fk_t_x_refs_numbers",
    ),
    # of what much depends on
    "drop_column a": _case(
        lambda m: m.drop_column("t", "a"),
        *("DropColumn a", "DropIndex a", "DropIndex t_a", "DropUnique t_a_key", "DropCheck a_set", "DropCheck a"),
    ),
    "add_not_null a": _case(lambda m: m.add_not_null("t", "a"), "AlterColumn a nullable"),
    "drop_not_null a": _case(lambda m: m.drop_not_null("t", "a"), "AlterColumn a nullable"),
    "add_column_default a": _case(lambda m: m.add_column_default("t", "a", "it's"), "AlterColumn a default"),
    "drop_column_default a": _case(lambda m: m.drop_column_default("t", "a"), "AlterColumn a default"),
    "alter_column_type a": _case(
        lambda m: m.alter_column_type("t", "a", CharField(max_length=30)), "AlterColumn a type",
        "AlterColumn a type default", "AlterColumn a type collation", "AlterIndex lower_a *", "AlterCheck a_set *",
        "AlterCheck *", "AlterIndex by \"a\" *",
    ),
    "alter_column_type a text": _case(
        lambda m: m.alter_column_type("t", "a", TextField(), cast="concat(a, '')"), "AlterColumn a type",
        "AlterColumn a type default", "AlterIndex lower_a *", "AlterColumn a type collation",
    ),
    "rename_index": _case(lambda m: m.rename_index("t", "lower_a", "low%"), "AlterIndex lower_a *"),
    "drop_foreign_key": _case(
        lambda m: m.drop_foreign_key_constraint("t", "self"), "DropForeignKey t_self_fkey", "DropForeignKey t_ibfk_1"
    ),
}  # fmt: skip


def _place(database, statements, values):
    for statement in statements:
        database.execute_sql(statement.replace("%", "%%"))
    for statement in ROWS:
        database.execute_sql(statement.format(values))
    names = [table.name for table in dialect_of(database).introspect(database).tables]
    for name, insert in (("child", "INSERT INTO child VALUES (1, 1, 'one'), (2, 20, 'two, (2)')"),):
        if name in names:
            database.execute_sql(insert)


@pytest.fixture(params=POSTGRES)
def on_postgres(request, postgres):
    overriding = "OVERRIDING SYSTEM VALUE" if request.param == "identity" else ""
    _place(postgres, POSTGRES[request.param], overriding)
    return postgres


@pytest.fixture(params=MARIADB)
def on_mariadb(request, mariadb):
    _place(mariadb, MARIADB[request.param], "")
    return mariadb


def _rows(database, columns):
    """All rows of all tables: of each the columns that were there before, by their old names."""
    mark = database.quote[0]
    found = {}
    for table, names in columns.items():
        wanted = ", ".join(f"{mark}{name}{mark}" for name in names)
        found[table] = sorted(
            map(repr, database.execute_sql(f"SELECT {wanted} FROM {mark}{table}{mark}".replace("%", "%%")))
        )
    return found


def _counters(database):
    """Where each sequence stands."""
    if isinstance(database, peewee.PostgresqlDatabase):
        return sorted(database.execute_sql("SELECT sequencename, last_value FROM pg_sequences"))
    sql = "SELECT table_name, auto_increment FROM information_schema.tables WHERE table_schema = DATABASE()"
    return sorted(database.execute_sql(sql + " AND auto_increment IS NOT NULL"))


def _statistics(database):
    """What of columns no schema tells: PostgreSQL's target of statistics."""
    if not isinstance(database, peewee.PostgresqlDatabase):
        return []
    sql = "SELECT attrelid::regclass::text, attname, attstattarget FROM pg_attribute WHERE attstattarget > 0"
    return database.execute_sql(f"{sql} ORDER BY 1, 2").fetchall()


def _words(change):
    for name in ("column", "index", "check", "foreign_key", "unique", "before"):
        thing = getattr(change, name, None)
        if thing is not None:
            break
    name = getattr(thing, "name", "")
    differing = [] if type(change).__name__ == "AlterIndex" else getattr(change, "differing", ())
    return " ".join([type(change).__name__, str(name), *differing])


def _is_asked_for(change, may):
    """What a parent gets, those that inherit from it get too, of partitions the indexes by names of their own."""
    if change.table in ("t1", "t2"):
        return type(change).__name__ in {one.split()[0] for one in may}
    words = _words(change)
    named = words in may or any(one.endswith("*") and words.startswith(one[:-1].rstrip()) for one in may)
    return named and change.table in ("t", "heir")


def _check(database, case):
    dialect = dialect_of(database)
    before, counters, statistics = dialect.introspect(database), _counters(database), _statistics(database)
    gone = {"drop_column": "x", "rename_column": "x", "drop_column a": "a"}.get(case)
    ask, may, values = OPERATIONS[case].ask, OPERATIONS[case].may, OPERATIONS[case].values
    columns = {
        table.name: [name for name in table.column_names if name not in (gone, values)] for table in before.tables
    }
    rows = _rows(database, columns)
    try:
        migrate(ask(Migrator.from_database(database)))
        changes = diff(before, dialect.introspect(database))
        assert [change for change in changes if not _is_asked_for(change, may)] == []
    except (
        OperationRefused,
        peewee.DatabaseError,
    ):  # The server may refuse a statement too, as long as it is the first.
        assert diff(before, dialect.introspect(database)) == ()
        assert _statistics(database) == statistics
    assert _rows(database, columns) == rows
    assert _counters(database) == counters
    kept = [row for row in statistics if row[1] != gone]
    assert [row for row in _statistics(database) if row in kept] == kept


@pytest.mark.parametrize("case", OPERATIONS)
def test_postgres_changes_what_is_named_and_nothing_else(on_postgres, case):
    _check(on_postgres, case)


@pytest.mark.parametrize("case", OPERATIONS)
def test_mariadb_changes_what_is_named_and_nothing_else(on_mariadb, case):
    _check(on_mariadb, case)
