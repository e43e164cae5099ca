"""A MariaDB database that holds one of everything, and how tests look at a database and write it again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import peewee
import servers

from pwmig.dialects.mysql.quoting import quote
from pwmig.dialects.mysql.seeing.introspect import introspect
from pwmig.dialects.mysql.writing import write
from pwmig.schema import Schema

__all__ = ["EVERYTHING", "asked", "run", "see", "written_again"]

EVERYTHING = (
    "CREATE SEQUENCE numbers START 5 INCREMENT 2 MINVALUE 1 MAXVALUE 999 CACHE 10 CYCLE COMMENT = 'counts'",
    r"""CREATE TABLE everything (
      id int unsigned zerofill AUTO_INCREMENT PRIMARY KEY COMMENT 'the key',
      size enum('a''b', 'c\\d', '%') DEFAULT 'a''b',
      marks set('x', 'y') NOT NULL DEFAULT 'x,y',
      latin varchar(20) CHARACTER SET latin1 DEFAULT 'q''s\\t',
      binary_order varchar(20) COLLATE utf8mb4_bin NOT NULL COMMENT 'it''s \\ "x" 100%',
      body text DEFAULT 'abc', squeezed text COMPRESSED, document json,
      changed timestamp NOT NULL DEFAULT current_timestamp ON UPDATE current_timestamp,
      finely timestamp(6) NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),
      day date DEFAULT '2020-01-02', year_only year, moment time(3),
      price decimal(10,2) DEFAULT 1.50, rate double DEFAULT 1e10, part float(7,3), signed int DEFAULT -5,
      computed int DEFAULT (1 + 2), spelled varchar(99) DEFAULT (concat('it''s ', '\\')),
      uid uuid DEFAULT uuid(), address inet6, next_number bigint DEFAULT nextval(numbers),
      hidden int INVISIBLE DEFAULT 3, bits bit(3) DEFAULT b'101', raw binary(3) DEFAULT 'ab', lump blob,
      doubled decimal(12,2) AS (price * 2) VIRTUAL, kept varchar(30) AS (concat(latin, '%')) STORED COMMENT 'kept',
      unseen_sum int AS (signed + 1) VIRTUAL INVISIBLE,
      spot point NOT NULL, place geometry REF_SYSTEM_ID = 4326,
      positive int CHECK (positive > 0), named int NOT NULL DEFAULT 4 CHECK (named <> 7 AND body <> 'a"b\'`'),
      CONSTRAINT plausible CHECK (price < 100 AND latin LIKE '%x'), CHECK (signed > -10),
      UNIQUE KEY one (latin), UNIQUE KEY whole_text (body), KEY parts (binary_order(5), price DESC) COMMENT 'by parts',
      KEY asleep (marks) IGNORED, FULLTEXT KEY words (body), SPATIAL KEY spots (spot), KEY twice (day, signed)
    ) ENGINE = InnoDB ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8 STATS_PERSISTENT = 0
      COMMENT = 'holds ''all'' \\ of it'""",
    "CREATE TABLE pair (a int, b varchar(200), PRIMARY KEY (a DESC, b(20)) COMMENT 'both') COLLATE latin1_general_ci",
    "CREATE TABLE parent (a int, b int, PRIMARY KEY (a, b))",
    """CREATE TABLE child (
      id int PRIMARY KEY, a int, b int, above int, twin int,
      CONSTRAINT `to parent` FOREIGN KEY (a, b) REFERENCES parent (a, b) ON DELETE CASCADE ON UPDATE SET NULL,
      CONSTRAINT to_itself FOREIGN KEY (above) REFERENCES child (id) ON DELETE NO ACTION
    )""",
    "CREATE TABLE twin (id int PRIMARY KEY, child int, CONSTRAINT back FOREIGN KEY (child) REFERENCES child (id))",
    "ALTER TABLE child ADD CONSTRAINT forth FOREIGN KEY (twin) REFERENCES twin (id) ON DELETE SET NULL",
    "CREATE TABLE plainly_versioned (a int, b int WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING",
    """CREATE TABLE versioned (
      a int, since timestamp(6) AS ROW START INVISIBLE, until timestamp(6) AS ROW END INVISIBLE,
      PERIOD FOR SYSTEM_TIME (since, until)
    ) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION past HISTORY, PARTITION now CURRENT)""",
    "CREATE TABLE in_memory (a int, b int, PRIMARY KEY (a), KEY hashed (b), KEY tree (b) USING BTREE) ENGINE = MEMORY",
    "CREATE TABLE old_engine (a int, t text, FULLTEXT (t)) ENGINE = MyISAM MAX_ROWS = 10 CHECKSUM = 1 PACK_KEYS = 1",
    "CREATE TABLE aria (a int) ENGINE = Aria TRANSACTIONAL = 1 PAGE_CHECKSUM = 1",
    "CREATE TABLE squeezed_pages (a int) PAGE_COMPRESSED = 1",
    """CREATE TABLE by_year (id int, d date, PRIMARY KEY (id, d)) PARTITION BY RANGE (year(d))
      SUBPARTITION BY HASH (to_days(d)) SUBPARTITIONS 2
      (PARTITION early VALUES LESS THAN (1990) COMMENT 'it''s old', PARTITION `p 1` VALUES LESS THAN MAXVALUE)""",
    """CREATE TABLE by_list (id int, word varchar(3)) PARTITION BY LIST COLUMNS (id, word)
      (PARTITION p0 VALUES IN ((1, 'a'), (2, 'b''c')), PARTITION p1 VALUES IN ((3, NULL)), PARTITION rest DEFAULT)""",
    "CREATE TABLE by_key (id int PRIMARY KEY) PARTITION BY LINEAR KEY () PARTITIONS 3",
    "CREATE TABLE by_hash (id int PRIMARY KEY) PARTITION BY HASH (id + 1) PARTITIONS 2",
    "CREATE VIEW a_first AS SELECT z.id, 'it''s \\\\' AS said FROM everything z, parent WHERE z.id = parent.a",
    "CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW b_second (renamed) AS "
    "SELECT x.id FROM everything x WHERE x.signed > 3 WITH LOCAL CHECK OPTION",
    "CREATE FUNCTION told(word varchar(10) CHARACTER SET latin1, size enum('x', 'y')) RETURNS varchar(20) "
    "CHARSET utf8mb4 COLLATE utf8mb4_bin DETERMINISTIC READS SQL DATA SQL SECURITY INVOKER COMMENT 'it''s told' "
    "BEGIN\n  RETURN concat(word, size, '\\\\', \"x\");\nEND",
    "CREATE PROCEDURE done(IN a int unsigned, OUT b decimal(4,1), INOUT `c d` text) MODIFIES SQL DATA SET b = 1",
    "CREATE AGGREGATE FUNCTION summed(x int) RETURNS int BEGIN DECLARE s int DEFAULT 0; "
    "DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN s; LOOP FETCH GROUP NEXT ROW; SET s = s + x; END LOOP; END",
    "CREATE VIEW z_view AS SELECT id, said FROM a_first",
    "CREATE VIEW a_view_of_a_view AS SELECT a.said, told(b.said, 'x') AS told FROM z_view a JOIN a_first b USING (id)",
    "CREATE TRIGGER second BEFORE INSERT ON child FOR EACH ROW SET NEW.a = NEW.a + 1",
    "CREATE TRIGGER first BEFORE INSERT ON child FOR EACH ROW PRECEDES second BEGIN SET NEW.b = 1; END",
    "CREATE TRIGGER other AFTER UPDATE ON child FOR EACH ROW SET @seen = 'it''s \\\\'",
    "SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR EXECUTE IMMEDIATE "
    '\'CREATE TRIGGER quoting BEFORE DELETE ON child FOR EACH ROW DELETE FROM "twin" WHERE "id" = OLD.id\'',
    "CREATE EVENT daily ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01' ENDS '2037-06-01' ON COMPLETION PRESERVE DISABLE "
    "COMMENT 'it''s daily' DO DELETE FROM twin",
    "CREATE EVENT often ON SCHEDULE EVERY '1:30' MINUTE_SECOND STARTS '2037-01-01' DO BEGIN DELETE FROM twin; END",
    "SET STATEMENT time_zone = '+05:00' FOR CREATE EVENT once ON SCHEDULE AT '2037-01-01 10:00:00' DO DELETE FROM twin",
)
"""Statements that make it in an empty database."""


def run(database: peewee.Database, statements: Iterable[str]) -> None:
    """Run statements as they are, percent signs and all."""
    with database.connection().cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def see(
    database: peewee.Database, tables: Collection[str] | None = None, known: dict[Any, Any] | None = None
) -> Schema:
    """What the database holds."""
    return asked(database, tables, known)[0]


def asked(
    database: peewee.Database, tables: Collection[str] | None = None, known: dict[Any, Any] | None = None
) -> tuple[Schema, int]:
    """What the database holds, and how many statements it took to see it."""
    count = 0

    def execute(sql: str, params: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        nonlocal count
        count += 1
        with database.connection().cursor() as cursor:
            cursor.execute(sql, params or None)
            return list(cursor.fetchall())

    return introspect(execute, tables, known), count


def written_again(server: servers.Server, schema: Schema, name: str = "") -> Schema:
    """The schema written into another empty database, called ``name`` if that is given, and seen there."""
    with server.fresh() as database:
        if name:
            run(database, [f"CREATE DATABASE {quote(name)}", f"USE {quote(name)}"])
        try:
            run(database, write(schema))
            return see(database)
        finally:
            if name:
                run(database, [f"DROP DATABASE {quote(name)}"])
