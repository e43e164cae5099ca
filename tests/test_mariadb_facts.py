"""Seen whole: two schemas of MariaDB that differ in one fact differ in ``diff`` by exactly that.

A row is what makes a database, what alters one fact of it, the change that has to come out, and its facts; of what is
added or taken away, the change alone. What was altered is then written elsewhere, and seen there as it is.
"""

from __future__ import annotations

from typing import NamedTuple

import peewee
import pytest
import servers
from mariadb_everything import run, see, written_again

from pwmig.diff import diff


class Case(NamedTuple):
    fact: str
    before: str
    """What makes the database; statements end with a semicolon at the end of a line."""
    change: str
    kind: str
    facts: str = ""
    """The names of the facts that differ."""


T = "CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(20))"
TWO = f"{T};\nCREATE TABLE u (id int PRIMARY KEY, x int, y int, KEY xy (x, y), UNIQUE KEY ab (id, x))"
KEY = "ALTER TABLE u ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES t (id)"
REKEY = "ALTER TABLE u DROP FOREIGN KEY k;\nALTER TABLE u ADD CONSTRAINT {} FOREIGN KEY (x) REFERENCES t (id)"
YEARS = "CREATE TABLE t (a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10))"
VIEW = f"{T};\nCREATE VIEW v AS SELECT id FROM t WHERE a > 1"
TRIGGER = f"{T};\nCREATE TRIGGER trg BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1"
FUNCTION = "CREATE FUNCTION f(x int) RETURNS int RETURN 1"
EVENT = "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' DO DO 1"
SEQUENCE = "CREATE SEQUENCE s"


def column(fact: str, before: str, after: str, facts: str) -> Case:
    """A column ``c`` of one definition, and of another."""
    made = f"CREATE TABLE t (id int PRIMARY KEY, a int, c {before})"
    return Case(f"column: {fact}", made, f"ALTER TABLE t MODIFY c {after}", "AlterColumn", facts)


def index(fact: str, before: str, after: str, facts: str) -> Case:
    """An index ``i`` of one definition, and of another."""
    made = f"CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(20), c text, p point NOT NULL, {before})"
    return Case(f"index: {fact}", made, f"ALTER TABLE t DROP KEY i, ADD {after}", "AlterIndex", facts)


def key(fact: str, actions: str, facts: str, name: str = "k") -> Case:
    """A foreign key from u.x to t.id that becomes another one."""
    change = f"{REKEY.format(name)} {actions}"
    return Case(f"foreign key: {fact}", f"{TWO};\n{KEY}", change, "AlterForeignKey", facts)


def option(fact: str, words: str, also: str = "") -> Case:
    """An option that a table gets."""
    return Case(
        f"table: {fact}", f"CREATE TABLE t (id int PRIMARY KEY) {also}", f"ALTER TABLE t {words}", "AlterOptions"
    )


def routine(fact: str, after: str, facts: str = "sql") -> Case:
    return Case(f"routine: {fact}", FUNCTION, f"DROP FUNCTION f;\n{after}", "AlterRoutine", facts)


CASES = (
    column("type", "int", "bigint", "type"),
    column("length", "varchar(20)", "varchar(30)", "type"),
    column("precision", "decimal(10,2)", "decimal(10,3)", "type"),
    column("unsigned", "int(11)", "int(11) unsigned", "type"),
    column("zerofill", "int(9) unsigned", "int(9) unsigned zerofill", "type"),
    column("display width", "int(11)", "int(5)", "type"),
    column("parts of a second", "datetime", "datetime(3)", "type"),
    column("a value of an enum", "enum('a','b')", "enum('a','b','c')", "type"),
    column("the order of an enum", "enum('a','b')", "enum('b','a')", "type"),
    column("a value of a set", "set('a')", "set('a','''')", "type"),
    column("not NULL", "int", "int NOT NULL", "nullable"),
    column("a default", "int", "int DEFAULT 1", "default"),
    column("another default", "varchar(9) DEFAULT 'a'", "varchar(9) DEFAULT 'A'", "default"),
    column("a default that is empty", "varchar(9)", "varchar(9) DEFAULT ''", "default"),
    column("a default that says NULL", "varchar(9)", "varchar(9) DEFAULT 'NULL'", "default"),
    column("a computed default", "int DEFAULT (1 + 1)", "int DEFAULT (1 + 2)", "default"),
    column("a text and what it computes", "varchar(99) DEFAULT 'uuid()'", "varchar(99) DEFAULT uuid()", "default"),
    column("collation", "varchar(9)", "varchar(9) COLLATE utf8mb4_bin", "collation"),
    column("charset", "varchar(9)", "varchar(9) CHARACTER SET latin1", "collation"),
    column("on update", "datetime", "datetime ON UPDATE current_timestamp", "on_update"),
    column("the precision of on update", "timestamp(3) NULL", "timestamp(3) NULL ON UPDATE now(3)", "on_update"),
    column("invisible", "int DEFAULT 1", "int INVISIBLE DEFAULT 1", "invisible"),
    column("compressed", "text", "text COMPRESSED", "options"),
    column("comment", "int", "int COMMENT 'it''s'", "comment"),
    column("letter case of a comment", "int COMMENT 'A'", "int COMMENT 'a'", "comment"),
    column("the expression that generates it", "int AS (a + 1)", "int AS (a + 2)", "generated"),
    column("generated and plain", "int AS (a + 1) STORED", "int", "generated,generated_kind"),
    column("the system of its places", "point REF_SYSTEM_ID = 1", "point REF_SYSTEM_ID = 2", "options"),
    Case(
        "column: the kind of generated",
        "CREATE TABLE t (a int, c int AS (a + 1) VIRTUAL)",
        "ALTER TABLE t DROP c, ADD c int AS (a + 1) STORED",
        "AlterColumn",
        "generated_kind",
    ),
    Case(
        "column: autoincrement",
        "CREATE TABLE t (id int PRIMARY KEY)",
        "ALTER TABLE t MODIFY id int AUTO_INCREMENT",
        "AlterColumn",
        "autoincrement",
    ),
    Case(
        "column: without versions",
        "CREATE TABLE t (a int, c int) WITH SYSTEM VERSIONING",
        "SET STATEMENT system_versioning_alter_history = KEEP FOR ALTER TABLE t MODIFY c int WITHOUT SYSTEM VERSIONING",
        "AlterColumn",
        "options",
    ),
    Case("column: added", T, "ALTER TABLE t ADD c int", "AddColumn"),
    Case("column: gone", T, "ALTER TABLE t DROP b", "DropColumn"),
    index("unique", "KEY i (a)", "UNIQUE KEY i (a)", "unique"),
    index("order", "KEY i (a)", "KEY i (a DESC)", "parts"),
    index("prefix length", "KEY i (b)", "KEY i (b(5))", "parts"),
    index("another prefix length", "KEY i (c(5))", "KEY i (c(6))", "parts"),
    index("columns", "KEY i (a)", "KEY i (a, b)", "parts"),
    index("the order of columns", "KEY i (a, b)", "KEY i (b, a)", "parts"),
    index("full text", "KEY i (b)", "FULLTEXT KEY i (b)", "method"),
    index("spatial", "KEY i (p)", "SPATIAL KEY i (p)", "parts,method"),
    index("hash", "UNIQUE KEY i (b)", "UNIQUE KEY i (b) USING HASH", "method"),
    Case(
        "index: ignored",
        f"{T};\nCREATE INDEX i ON t (a)",
        "ALTER TABLE t ALTER INDEX i IGNORED",
        "AlterIndex",
        "invisible",
    ),
    index("comment", "KEY i (a)", "KEY i (a) COMMENT 'c'", "comment"),
    Case("index: name", f"{T};\nCREATE INDEX i ON t (a)", "ALTER TABLE t RENAME KEY i TO j", "AlterIndex", "name"),
    Case("index: added", T, "CREATE INDEX i ON t (a)", "AddIndex"),
    Case("index: gone", f"{T};\nCREATE INDEX i ON t (a)", "DROP INDEX i ON t", "DropIndex"),
    Case(
        "index: hash in memory",
        "CREATE TABLE t (a int, KEY i (a)) ENGINE = MEMORY",
        "ALTER TABLE t DROP KEY i, ADD KEY i (a) USING BTREE",
        "AlterIndex",
        "method",
    ),
    Case(
        "primary key: columns",
        "CREATE TABLE t (a int, b int NOT NULL, PRIMARY KEY (a))",
        "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a, b)",
        "AlterPrimaryKey",
        "primary_key",
    ),
    Case(
        "primary key: order of columns",
        "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b))",
        "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (b, a)",
        "AlterPrimaryKey",
        "primary_key",
    ),
    Case(
        "primary key: a descending column",
        "CREATE TABLE t (a int, PRIMARY KEY (a))",
        "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a DESC)",
        "AlterPrimaryKey",
        "primary_key_parts",
    ),
    Case(
        "primary key: prefix length",
        "CREATE TABLE t (a varchar(9), PRIMARY KEY (a(5)))",
        "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a(6))",
        "AlterPrimaryKey",
        "primary_key_parts",
    ),
    Case(
        "primary key: comment",
        "CREATE TABLE t (a int, PRIMARY KEY (a))",
        "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a) COMMENT 'c'",
        "AlterPrimaryKey",
        "primary_key_comment",
    ),
    Case(
        "primary key: method",
        "CREATE TABLE t (a int, PRIMARY KEY (a)) ENGINE = MEMORY",
        "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a) USING BTREE",
        "AlterPrimaryKey",
        "primary_key_options",
    ),
    key("on delete", "ON DELETE CASCADE", "on_delete"),
    key("on update", "ON UPDATE SET NULL", "on_update"),
    key("NO ACTION is not RESTRICT", "ON DELETE NO ACTION", "on_delete"),
    key("name", "", "name", "k2"),
    Case(
        "foreign key: to another table",
        f"{TWO};\nCREATE TABLE w (id int PRIMARY KEY);\n{KEY}",
        "ALTER TABLE u DROP FOREIGN KEY k;\nALTER TABLE u ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES w (id)",
        "AlterForeignKey",
        "ref_table",
    ),
    Case(
        "foreign key: composite",
        f"{TWO};\nCREATE TABLE w (a int, b int, PRIMARY KEY (a, b));\n"
        "ALTER TABLE u ADD CONSTRAINT k FOREIGN KEY (x, y) REFERENCES w (a, b)",
        "ALTER TABLE u DROP FOREIGN KEY k;\n"
        "ALTER TABLE u ADD CONSTRAINT k FOREIGN KEY (x, y) REFERENCES w (a, b) ON DELETE CASCADE",
        "AlterForeignKey",
        "on_delete",
    ),
    Case("foreign key: added", TWO, KEY, "AddForeignKey"),
    Case("foreign key: gone", f"{TWO};\n{KEY}", "ALTER TABLE u DROP FOREIGN KEY k", "DropForeignKey"),
    Case(
        "check: expression",
        f"{T};\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 1)",
        "AlterCheck",
        "expression",
    ),
    Case(
        "check: name",
        f"{T};\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT d CHECK (a > 0)",
        "AlterCheck",
        "name",
    ),
    Case("check: added", T, "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", "AddCheck"),
    Case("check: of a column", T, "ALTER TABLE t MODIFY a int CHECK (a > 0)", "AddCheck"),
    Case(
        "check: of a column, gone",
        "CREATE TABLE t (a int CHECK (a > 0))",
        "ALTER TABLE t MODIFY a int",
        "DropCheck",
    ),
    Case(
        "check: of the table or of a column",
        "CREATE TABLE t (a int CHECK (a > 0))",
        "ALTER TABLE t MODIFY a int, ADD CONSTRAINT a CHECK (a > 0)",
        "AlterCheck",
        "column",
    ),
    Case(
        "check: that a JSON column has",
        "CREATE TABLE t (a json)",
        "ALTER TABLE t MODIFY a longtext COLLATE utf8mb4_bin",
        "DropCheck",
    ),
    option("engine", "ENGINE = Aria", "TRANSACTIONAL = 0"),
    option("collation", "DEFAULT COLLATE utf8mb4_bin"),
    option("charset", "DEFAULT CHARACTER SET latin1"),
    option("row format", "ROW_FORMAT = COMPACT"),
    option("block size", "KEY_BLOCK_SIZE = 4", "ROW_FORMAT = COMPRESSED"),
    option("most rows", "MAX_ROWS = 7"),
    option("statistics", "STATS_PERSISTENT = 0"),
    option("compressed pages", "PAGE_COMPRESSED = 1"),
    option("versions of rows", "ADD SYSTEM VERSIONING"),
    Case("table: comment", T, "ALTER TABLE t COMMENT = 'c'", "AlterTable", "comment"),
    Case("table: partitioned", T, "ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 2", "AlterTable", "partitioning"),
    Case(
        "partitions: added",
        YEARS,
        "ALTER TABLE t ADD PARTITION (PARTITION p1 VALUES LESS THAN (20))",
        "AlterTable",
        "partitioning",
    ),
    Case(
        "partitions: bound",
        YEARS,
        "ALTER TABLE t REORGANIZE PARTITION p0 INTO (PARTITION p0 VALUES LESS THAN (11))",
        "AlterTable",
        "partitioning",
    ),
    Case(
        "partitions: comment",
        YEARS,
        "ALTER TABLE t REORGANIZE PARTITION p0 INTO (PARTITION p0 VALUES LESS THAN (10) COMMENT 'c')",
        "AlterTable",
        "partitioning",
    ),
    Case(
        "partitions: method",
        "CREATE TABLE t (a int PRIMARY KEY) PARTITION BY KEY () PARTITIONS 2",
        "ALTER TABLE t PARTITION BY LINEAR KEY () PARTITIONS 2",
        "AlterTable",
        "partitioning",
    ),
    Case("table: added", T, "CREATE TABLE u (id int)", "CreateTable"),
    Case("table: gone", TWO, "DROP TABLE u", "DropTable"),
    Case(
        "trigger: body",
        TRIGGER,
        "CREATE OR REPLACE TRIGGER trg BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2",
        "AlterTrigger",
        "sql",
    ),
    Case(
        "trigger: timing",
        TRIGGER,
        f"DROP TRIGGER trg;\n{TRIGGER.split(';')[1].replace('BEFORE', 'AFTER').replace('NEW.a', '@a')}",
        "AlterTrigger",
        "sql",
    ),
    Case(
        "trigger: event",
        TRIGGER,
        f"DROP TRIGGER trg;\n{TRIGGER.split(';')[1].replace('INSERT', 'UPDATE')}",
        "AlterTrigger",
        "sql",
    ),
    Case(
        "trigger: added behind another",
        TRIGGER,
        "CREATE TRIGGER more BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
        "AddTrigger",
    ),
    Case(
        "trigger: the mode that its text is read in",
        TRIGGER,
        "SET STATEMENT sql_mode = 'PIPES_AS_CONCAT' FOR CREATE OR REPLACE TRIGGER trg BEFORE INSERT ON t "
        "FOR EACH ROW SET NEW.a = 1",
        "AlterTrigger",
        "sql",
    ),
    Case("view: query", VIEW, "ALTER VIEW v AS SELECT id FROM t WHERE a > 2", "AlterView", "sql"),
    Case(
        "view: check option", VIEW, "ALTER VIEW v AS SELECT id FROM t WHERE a > 1 WITH CHECK OPTION", "AlterView", "sql"
    ),
    Case(
        "view: security", VIEW, "ALTER SQL SECURITY INVOKER VIEW v AS SELECT id FROM t WHERE a > 1", "AlterView", "sql"
    ),
    Case("view: algorithm", VIEW, "ALTER ALGORITHM = MERGE VIEW v AS SELECT id FROM t WHERE a > 1", "AlterView", "sql"),
    Case("view: added", T, "CREATE VIEW v AS SELECT 1", "CreateView"),
    Case("view: gone", VIEW, "DROP VIEW v", "DropView"),
    routine("body", "CREATE FUNCTION f(x int) RETURNS int RETURN 2"),
    routine("body, by a backslash alone", "CREATE FUNCTION f(x int) RETURNS int RETURN '\\\\'"),
    routine("parameter", "CREATE FUNCTION f(x bigint) RETURNS int RETURN 1"),
    routine("name of a parameter", "CREATE FUNCTION f(y int) RETURNS int RETURN 1"),
    routine("result", "CREATE FUNCTION f(x int) RETURNS bigint RETURN 1"),
    routine("deterministic", "CREATE FUNCTION f(x int) RETURNS int DETERMINISTIC RETURN 1"),
    routine("access", "CREATE FUNCTION f(x int) RETURNS int NO SQL RETURN 1"),
    routine("security", "CREATE FUNCTION f(x int) RETURNS int SQL SECURITY INVOKER RETURN 1"),
    Case("routine: comment", FUNCTION, "ALTER FUNCTION f COMMENT 'it''s'", "AlterRoutine", "comment"),
    Case("routine: a procedure of the same name", FUNCTION, "CREATE PROCEDURE f() SELECT 1", "CreateRoutine"),
    Case("routine: gone", FUNCTION, "DROP FUNCTION f", "DropRoutine"),
    Case(
        "routine: the direction of a parameter",
        "CREATE PROCEDURE f(IN x int) SELECT 1",
        "DROP PROCEDURE f;\nCREATE PROCEDURE f(OUT x int) SELECT 1",
        "AlterRoutine",
        "sql",
    ),
    Case("event: schedule", EVENT, "ALTER EVENT e ON SCHEDULE EVERY 2 DAY STARTS '2037-01-01'", "AlterEvent", "sql"),
    Case("event: start", EVENT, "ALTER EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-02'", "AlterEvent", "sql"),
    Case(
        "event: end",
        EVENT,
        "ALTER EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' ENDS '2037-02-02'",
        "AlterEvent",
        "sql",
    ),
    Case("event: what it does", EVENT, "ALTER EVENT e DO DO 2", "AlterEvent", "sql"),
    Case("event: what becomes of it", EVENT, "ALTER EVENT e ON COMPLETION PRESERVE", "AlterEvent", "sql"),
    Case("event: disabled", EVENT, "ALTER EVENT e DISABLE", "AlterEvent", "enabled"),
    Case("event: comment", EVENT, "ALTER EVENT e COMMENT 'it''s'", "AlterEvent", "comment"),
    Case(
        "event: time zone",
        EVENT,
        "SET STATEMENT time_zone = '+03:00' FOR ALTER EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01'",
        "AlterEvent",
        "sql",
    ),
    Case("event: added", T, EVENT, "CreateEvent"),
    Case("event: gone", EVENT, "DROP EVENT e", "DropEvent"),
    Case("sequence: start", SEQUENCE, "ALTER SEQUENCE s START 5", "AlterSequence", "start"),
    Case("sequence: increment", SEQUENCE, "ALTER SEQUENCE s INCREMENT 5", "AlterSequence", "increment"),
    Case("sequence: minimum", SEQUENCE, "ALTER SEQUENCE s MINVALUE -5", "AlterSequence", "minimum"),
    Case("sequence: maximum", SEQUENCE, "ALTER SEQUENCE s MAXVALUE 5000", "AlterSequence", "maximum"),
    Case("sequence: cache", SEQUENCE, "ALTER SEQUENCE s NOCACHE", "AlterSequence", "cache"),
    Case("sequence: cycle", SEQUENCE, "ALTER SEQUENCE s CYCLE", "AlterSequence", "cycle"),
    Case("sequence: comment", SEQUENCE, "ALTER TABLE s COMMENT 'c'", "AlterSequence", "comment"),
    Case("sequence: engine", SEQUENCE, "ALTER TABLE s ENGINE = Aria", "AlterSequence", "options"),
    Case("sequence: added", T, SEQUENCE, "CreateSequence"),
    Case("sequence: gone", SEQUENCE, "DROP SEQUENCE s", "DropSequence"),
)


@pytest.mark.parametrize("case", CASES, ids=[case.fact for case in CASES])
def test_one_fact_is_one_change(mariadb_server: servers.Server, mariadb: peewee.Database, case: Case) -> None:
    run(mariadb, case.before.split(";\n"))
    before = see(mariadb)
    run(mariadb, case.change.split(";\n"))
    after = see(mariadb)
    (change,) = diff(before, after)
    assert (change.kind, ",".join(fact.name for fact in getattr(change, "facts", ()))) == (case.kind, case.facts)
    assert len(diff(after, before)) == 1
    assert diff(after, see(mariadb)) == ()
    assert written_again(mariadb_server, after) == after


GRANTS = (
    ("GRANT SELECT ON t TO {}", "AlterTable"),
    ("GRANT SELECT ON t TO {} WITH GRANT OPTION", "AlterTable"),
    ("GRANT UPDATE (a) ON t TO {}", "AlterColumn"),
    ("GRANT SELECT ON v TO {}", "AlterView"),
    ("GRANT INSERT ON s TO {}", "AlterSequence"),
)


@pytest.mark.parametrize(("grant", "kind"), GRANTS, ids=[grant for grant, _ in GRANTS])
def test_a_grant_is_one_change(mariadb: peewee.Database, grant: str, kind: str) -> None:
    user = f"'{mariadb.database}'@'%'"
    run(mariadb, [*VIEW.split(";\n"), SEQUENCE, f"CREATE USER {user}"])
    try:
        before = see(mariadb)
        run(mariadb, [grant.format(user)])
        (change,) = diff(before, see(mariadb))
        assert (change.kind, [fact.name for fact in getattr(change, "facts", ())]) == (kind, ["grants"])
    finally:
        run(mariadb, [f"DROP USER {user}"])


SAME = (
    ("a default of NULL and none", "CREATE TABLE t (a int)", "ALTER TABLE t MODIFY a int DEFAULT NULL"),
    ("another next number", "CREATE TABLE t (a int AUTO_INCREMENT PRIMARY KEY)", "ALTER TABLE t AUTO_INCREMENT = 700"),
    ("rows", "CREATE TABLE t (a int)", "INSERT INTO t VALUES (1), (2)"),
    ("statistics", "CREATE TABLE t (a int)", "ANALYZE TABLE t"),
    ("numbers taken from a sequence", "CREATE SEQUENCE s", "SELECT nextval(s), nextval(s)"),
    ("a table made anew", "CREATE TABLE t (a int)", "CREATE OR REPLACE TABLE t (a int)"),
    ("a rebuilt table", "CREATE TABLE t (a int)", "ALTER TABLE t FORCE"),
    ("another definer", VIEW, "ALTER DEFINER = 'nobody'@'nowhere' VIEW v AS SELECT id FROM t WHERE a > 1"),
)


@pytest.mark.parametrize(("statement", "change"), [case[1:] for case in SAME], ids=[case[0] for case in SAME])
def test_what_is_no_fact_is_no_change(mariadb: peewee.Database, statement: str, change: str) -> None:
    run(mariadb, statement.split(";\n"))
    before = see(mariadb)
    run(mariadb, [change])
    assert see(mariadb) == before
