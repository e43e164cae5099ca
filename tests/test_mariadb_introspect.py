"""MariaDB is seen whole, in five questions at most, and whatever its things are called."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import peewee
import pytest
import servers
from mariadb_everything import EVERYTHING, asked, run, see

from pwmig.dialects.mysql.quoting import quote
from pwmig.dialects.mysql.seeing.unseen import UNSEEN
from pwmig.dialects.mysql.writing import write
from pwmig.errors import DatabaseUnavailable
from pwmig.schema import Check, Column, ForeignKey, Index, IndexPart, Schema, Sequence, Table


@pytest.fixture(scope="module")
def everything(mariadb_server: servers.Server) -> Iterator[peewee.Database]:
    """A database that holds one of everything; tests only look at it."""
    with mariadb_server.fresh() as database:
        run(database, EVERYTHING)
        yield database


@pytest.fixture(scope="module")
def seen(everything: peewee.Database) -> Schema:
    return see(everything)


def table(schema: Schema, name: str) -> Table:
    found = schema.table(name)
    assert found is not None
    return found


UTF8 = "utf8mb4_general_ci"
COLUMNS = (
    Column("id", "int(10) unsigned zerofill", False, autoincrement=True, comment="the key"),
    Column("size", r"enum('a''b','c\\d','%')", True, "'a''b'", UTF8),
    Column("marks", "set('x','y')", False, "'x,y'", UTF8),
    Column("latin", "varchar(20)", True, r"'q''s\\t'", "latin1_swedish_ci"),
    Column("binary_order", "varchar(20)", False, None, "utf8mb4_bin", comment='it\'s \\ "x" 100%'),
    Column("body", "text", True, "'abc'", UTF8),
    Column("squeezed", "text", True, None, UTF8, options=("COMPRESSED",)),
    Column("document", "longtext", True, None, "utf8mb4_bin"),
    Column("changed", "timestamp", False, "current_timestamp()", on_update="current_timestamp()"),
    Column("finely", "timestamp(6)", True, "current_timestamp(6)", on_update="current_timestamp(6)"),
    Column("day", "date", True, "'2020-01-02'"),
    Column("year_only", "year(4)"),
    Column("moment", "time(3)"),
    Column("price", "decimal(10,2)", True, "1.50"),
    Column("rate", "double", True, "10000000000"),
    Column("part", "float(7,3)"),
    Column("signed", "int(11)", True, "-5"),
    Column("computed", "int(11)", True, "(1 + 2)"),
    Column("spelled", "varchar(99)", True, r"concat('it\'s ','\\')", UTF8),
    Column("uid", "uuid", True, "uuid()"),
    Column("address", "inet6"),
    Column("next_number", "bigint(20)", True, "nextval(`numbers`)"),
    Column("hidden", "int(11)", True, "3", invisible=True),
    Column("bits", "bit(3)", True, "b'101'"),
    Column("raw", "binary(3)", True, r"'ab\0'"),
    Column("lump", "blob"),
    Column("doubled", "decimal(12,2)", generated="`price` * 2", generated_kind="virtual"),
    Column("kept", "varchar(30)", True, None, UTF8, "concat(`latin`,'%')", "stored", comment="kept"),
    Column("unseen_sum", "int(11)", generated="`signed` + 1", generated_kind="virtual", invisible=True),
    Column("spot", "point", False),
    Column("place", "geometry", options=("REF_SYSTEM_ID=4326",)),
    Column("positive", "int(11)"),
    Column("named", "int(11)", False, "4"),
)
INDEXES = (
    Index("asleep", (IndexPart("marks"),), invisible=True),
    Index("one", (IndexPart("latin"),), unique=True),
    Index("parts", (IndexPart("binary_order", length=5), IndexPart("price", descending=True)), comment="by parts"),
    Index("spots", (IndexPart("spot"),), method="SPATIAL"),
    Index("twice", (IndexPart("day"), IndexPart("signed"))),
    Index("whole_text", (IndexPart("body"),), unique=True, method="HASH"),
    Index("words", (IndexPart("body"),), method="FULLTEXT"),
)
CHECKS = (
    Check("`signed` > -10", "CONSTRAINT_1"),
    Check("json_valid(`document`)", "document", "document"),
    Check("`named` <> 7 and `body` <> 'a\"b\\'`'", "named", "named"),
    Check("`price` < 100 and `latin` like '%x'", "plausible"),
    Check("`positive` > 0", "positive", "positive"),
)


@pytest.mark.parametrize("expected", COLUMNS, ids=lambda column: column.name)
def test_a_column_is_seen_with_all_its_facts(seen: Schema, expected: Column) -> None:
    assert table(seen, "everything").column(expected.name) == expected


def test_a_table_is_seen_with_all_its_parts(seen: Schema) -> None:
    found = table(seen, "everything")
    assert found.column_names == tuple(column.name for column in COLUMNS)
    assert (found.primary_key, found.indexes, found.checks) == (("id",), INDEXES, CHECKS)
    assert found.comment == "holds 'all' \\ of it"
    assert found.options == (
        *("ENGINE=InnoDB", f"COLLATE={UTF8}"),
        *("KEY_BLOCK_SIZE=8", "ROW_FORMAT=COMPRESSED", "STATS_PERSISTENT=0"),
    )


def test_parts_of_a_primary_key_are_seen(seen: Schema) -> None:
    pair = table(seen, "pair")
    assert pair.primary_key_parts == (IndexPart("a", descending=True), IndexPart("b", length=20))
    assert pair.primary_key_comment == "both"
    assert table(seen, "in_memory").primary_key_options == ("USING HASH",)
    assert [index.method for index in table(seen, "in_memory").indexes] == ["HASH", None]


def test_a_composite_foreign_key_is_one_and_actions_are_as_the_database_reports_them(seen: Schema) -> None:
    assert table(seen, "child").foreign_keys == (
        ForeignKey(("twin",), "twin", ("id",), "SET NULL", "RESTRICT", name="forth"),
        ForeignKey(("a", "b"), "parent", ("a", "b"), "CASCADE", "SET NULL", name="to parent"),
        ForeignKey(("above",), "child", ("id",), "NO ACTION", "RESTRICT", name="to_itself"),
    )


PARTITIONED = {
    "by_year": "RANGE (year(`d`)) SUBPARTITION BY HASH (to_days(`d`)) (PARTITION `early` VALUES LESS THAN (1990) "
    "COMMENT = 'it''s old' (SUBPARTITION `earlysp0`, SUBPARTITION `earlysp1`), PARTITION `p 1` VALUES LESS THAN "
    "(MAXVALUE) (SUBPARTITION `p 1sp0`, SUBPARTITION `p 1sp1`))",
    "by_list": "LIST COLUMNS (`id`,`word`) (PARTITION `p0` VALUES IN ((1,'a'),(2,'b''c')), "
    "PARTITION `p1` VALUES IN ((3,NULL)), PARTITION `rest` DEFAULT)",
    "by_key": "LINEAR KEY () (PARTITION `p0`, PARTITION `p1`, PARTITION `p2`)",
    "by_hash": "HASH (`id` + 1) (PARTITION `p0`, PARTITION `p1`)",
    "versioned": "SYSTEM_TIME (PARTITION `past` HISTORY, PARTITION `now` CURRENT)",
    "everything": None,
}


@pytest.mark.parametrize("name", PARTITIONED)
def test_partitions_are_seen(seen: Schema, name: str) -> None:
    assert table(seen, name).partitioning == PARTITIONED[name]


def test_versions_of_rows_are_seen(seen: Schema) -> None:
    plain, explicit = table(seen, "plainly_versioned"), table(seen, "versioned")
    assert "WITH SYSTEM VERSIONING" in plain.options
    assert plain.columns[1].options == ("WITHOUT SYSTEM VERSIONING",)
    assert [(column.generated, column.invisible) for column in explicit.columns] == [
        (None, False),
        ("ROW START", True),
        ("ROW END", True),
    ]


def test_triggers_are_seen_with_their_order_and_mode(seen: Schema) -> None:
    assert {trigger.name: trigger.sql for trigger in table(seen, "child").triggers} == {
        "first": "CREATE TRIGGER `first` BEFORE INSERT ON `child` FOR EACH ROW BEGIN SET NEW.b = 1; END",
        "second": "CREATE TRIGGER `second` BEFORE INSERT ON `child` FOR EACH ROW FOLLOWS `first` SET NEW.a = NEW.a + 1",
        "other": r"CREATE TRIGGER `other` AFTER UPDATE ON `child` FOR EACH ROW SET @seen = 'it''s \\'",
        "quoting": "SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR EXECUTE IMMEDIATE 'CREATE TRIGGER `quoting` BEFORE "
        'DELETE ON `child` FOR EACH ROW DELETE FROM "twin" WHERE "id" = OLD.id\'',
    }


def test_views_are_seen_without_the_database_that_they_are_in(seen: Schema) -> None:
    texts = {view.name: view.sql for view in seen.views}
    assert texts["a_first"] == (
        r"CREATE VIEW `a_first` AS select `z`.`id` AS `id`,'it\'s \\' AS `said` from `everything` `z`, `parent` "
        "where `z`.`id` = `parent`.`a`"
    )
    assert texts["b_second"] == (
        "CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `b_second` AS select `x`.`id` AS `renamed` "
        "from `everything` `x` where `x`.`signed` > 3 WITH LOCAL CHECK OPTION"
    )


def test_routines_are_seen(seen: Schema) -> None:
    assert {(routine.name, routine.kind): (routine.sql, routine.comment) for routine in seen.routines} == {
        ("told", "function"): (
            "CREATE FUNCTION `told`(`word` varchar(10) CHARSET latin1 COLLATE latin1_swedish_ci, "
            f"`size` enum('x','y') CHARSET utf8mb4 COLLATE {UTF8})\n"
            "RETURNS varchar(20) CHARSET utf8mb4 COLLATE utf8mb4_bin\nDETERMINISTIC\nREADS SQL DATA\n"
            "SQL SECURITY INVOKER\nBEGIN\n  RETURN concat(word, size, '\\\\', \"x\");\nEND",
            "it's told",
        ),
        ("done", "procedure"): (
            "CREATE PROCEDURE `done`(IN `a` int(10) unsigned, OUT `b` decimal(4,1), "
            f"INOUT `c d` text CHARSET utf8mb4 COLLATE {UTF8})\nMODIFIES SQL DATA\nSET b = 1",
            None,
        ),
        ("summed", "function"): (
            "CREATE AGGREGATE FUNCTION `summed`(`x` int(11))\nRETURNS int(11)\nBEGIN DECLARE s int DEFAULT 0; "
            "DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN s; LOOP FETCH GROUP NEXT ROW; SET s = s + x; END LOOP; END",
            None,
        ),
    }


def test_sequences_are_seen(seen: Schema) -> None:
    assert seen.sequences == (
        Sequence("numbers", "bigint", 5, 2, 1, 999, 10, True, ("ENGINE=InnoDB",), comment="counts"),
    )


def test_events_are_seen(seen: Schema) -> None:
    assert {event.name: (event.sql, event.enabled, event.comment) for event in seen.events} == {
        "daily": (
            "SET STATEMENT time_zone = 'SYSTEM' FOR CREATE EVENT `daily`\nON SCHEDULE EVERY 1 DAY "
            "STARTS '2037-01-01 00:00:00' ENDS '2037-06-01 00:00:00'\nON COMPLETION PRESERVE\nDO DELETE FROM twin",
            "DISABLED",
            "it's daily",
        ),
        "often": (
            "SET STATEMENT time_zone = 'SYSTEM' FOR CREATE EVENT `often`\nON SCHEDULE EVERY '1:30' MINUTE_SECOND "
            "STARTS '2037-01-01 00:00:00'\nON COMPLETION NOT PRESERVE\nDO BEGIN DELETE FROM twin; END",
            "",
            None,
        ),
        "once": (
            "SET STATEMENT time_zone = '+05:00' FOR CREATE EVENT `once`\nON SCHEDULE AT '2037-01-01 10:00:00'\n"
            "ON COMPLETION NOT PRESERVE\nDO DELETE FROM twin",
            "",
            None,
        ),
    }


def test_letter_case_tells_tables_apart_as_the_server_says(seen: Schema, mariadb_server: servers.Server) -> None:
    ((folding,),) = mariadb_server.execute("SELECT @@lower_case_table_names")
    assert (seen.exact_tables, seen.exact_columns) == (folding == 0, False)


# -- how it is looked at


def test_four_questions_see_everything(everything: peewee.Database) -> None:
    assert asked(everything)[1] == 4


def test_the_number_of_questions_does_not_grow_with_the_tables(mariadb: peewee.Database) -> None:
    counts = []
    for group in range(3):
        run(mariadb, (f"CREATE TABLE t{group}_{number} (id int PRIMARY KEY)" for number in range(10)))
        schema, count = asked(mariadb)
        assert len(schema.tables) == 10 * (group + 1)
        counts.append(count)
    assert counts == [3, 3, 3]


def test_asking_in_turns_sees_the_same(
    mariadb_server: servers.Server, everything: peewee.Database, seen: Schema
) -> None:
    """As of many tables, where the server keeps few of them open."""
    if mariadb_server.process is None:
        pytest.skip("this server's settings are not for a test to alter")
    ((before,),) = mariadb_server.execute("SELECT @@table_open_cache")
    mariadb_server.execute("SET GLOBAL table_open_cache = 10")
    try:
        assert asked(everything) == (seen, 4)
    finally:
        mariadb_server.execute(f"SET GLOBAL table_open_cache = {before}")


def test_looking_again_sees_the_same(everything: peewee.Database, seen: Schema) -> None:
    assert see(everything) == seen


def test_what_is_known_and_the_same_is_taken_from_memory(mariadb: peewee.Database) -> None:
    run(mariadb, ["CREATE TABLE a (id int)", "CREATE TABLE b (id int)", "CREATE TABLE c (id int)"])
    known: dict[object, Table] = {}
    first = see(mariadb, known=known)
    run(mariadb, ["ALTER TABLE b ADD x int COMMENT 'new'", "DROP TABLE c"])
    second = see(mariadb, known=known)
    assert second == see(mariadb)
    assert second.tables[0] is first.tables[0]
    assert {kept.name for kept in known.values()} == {"a", "b"}
    assert see(mariadb, ["a"], known).tables[0] is first.tables[0]
    assert {kept.name for kept in known.values()} == {"a", "b"}


@pytest.mark.parametrize("count", [1, 3, 30])
def test_named_tables_are_seen_as_in_the_whole(everything: peewee.Database, seen: Schema, count: int) -> None:
    names = ["everything", "child", "a_first", *(f"none{number}" for number in range(30))][:count]
    found = see(everything, names)
    assert found.tables == tuple(one for one in seen.tables if one.name in names)
    assert found.views == tuple(one for one in seen.views if one.name in names)
    assert (found.sequences, found.routines, found.events) == ((), (), ())


def test_no_table_is_seen_where_none_is_named(everything: peewee.Database) -> None:
    assert see(everything, []) == Schema(exact_tables=see(everything).exact_tables)


@pytest.mark.parametrize("others", [0, 30])
def test_names_that_differ_in_letter_case_or_accents_are_other_tables(mariadb: peewee.Database, others: int) -> None:
    if not see(mariadb).exact_tables:
        pytest.skip("this server folds the names of tables")
    make = "CREATE TABLE {} ({} int) PARTITION BY HASH ({}) PARTITIONS 2"
    run(mariadb, (make.format(*words) for words in (("Name", "a", "a"), ("name", "b", "b"), ("näme", "c", "c"))))
    wanted = ["name", *(f"none{number}" for number in range(others))]
    (found,) = see(mariadb, wanted).tables
    assert (found.name, found.column_names) == ("name", ("b",))
    assert found.partitioning == "HASH (`b`) (PARTITION `p0`, PARTITION `p1`)"
    assert set(see(mariadb).table_names) == {"Name", "name", "näme"}


def test_only_the_tables_named_are_opened(mariadb: peewee.Database) -> None:
    """By the server's own count: it reads a table's file when it opens the table for the first time."""

    def opened() -> int:
        run(mariadb, ["FLUSH TABLES"])
        before = _count(mariadb)
        assert see(mariadb, ["t7"]).table_names == ("t7",)
        return _count(mariadb) - before

    make = "CREATE TABLE t{} (id int PRIMARY KEY, a int, KEY (a))"
    run(mariadb, (make.format(number) for number in range(8)))
    few = opened()
    run(mariadb, (make.format(number) for number in range(8, 40)))
    assert opened() == few


def _count(database: peewee.Database) -> int:
    with database.connection().cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Opened_table_definitions'")
        return int(cursor.fetchall()[0][1])


def test_own_tables_are_left_out(mariadb: peewee.Database) -> None:
    run(
        mariadb, ["CREATE TABLE pwmig_history (id int)", "CREATE TABLE PWMIG_OTHER (id int)", "CREATE TABLE a (id int)"]
    )
    run(mariadb, ["CREATE VIEW pwmig_view AS SELECT 1", "CREATE SEQUENCE pwmig_numbers"])
    schema = see(mariadb)
    assert (schema.table_names, schema.views, schema.sequences) == (("a",), (), ())
    assert see(mariadb, ["pwmig_history"]).tables == ()


def test_without_a_database_there_is_a_refusal(mariadb_server: servers.Server) -> None:
    with mariadb_server.fresh() as database:
        name = database.database
        run(database, [f"DROP DATABASE {quote(name)}"])
        with pytest.raises(DatabaseUnavailable, match="no database"):
            see(database)


# -- other databases


def test_a_table_of_another_database_is_seen_where_it_is_named(mariadb: peewee.Database) -> None:
    other = f"{mariadb.database}.o%`"
    run(mariadb, [f"CREATE DATABASE {quote(other)}"])
    try:
        there = f"{quote(other)}.t"
        run(
            mariadb,
            [
                f"CREATE TABLE {there} (id int PRIMARY KEY, up int, KEY (up))",
                f"ALTER TABLE {there} ADD CONSTRAINT self FOREIGN KEY (up) REFERENCES {there} (id)",
                f"CREATE TRIGGER {quote(other)}.trg BEFORE INSERT ON {there} FOR EACH ROW SET NEW.up = 1",
                f"CREATE TABLE here (id int, CONSTRAINT away FOREIGN KEY (id) REFERENCES {there} (id))",
            ],
        )
        assert see(mariadb).table_names == ("here",)
        found = see(mariadb, ["here", f"{other}.t"])
        (away, here) = found.tables if found.tables[0].schema else reversed(found.tables)
        assert (away.name, away.schema, away.plain_name) == (f"{other}.t", other, "t")
        assert away.foreign_keys[0].ref_schema == here.foreign_keys[0].ref_schema == other
        assert away.foreign_keys[0].ref_table == here.foreign_keys[0].ref_table == f"{other}.t"
        assert away.triggers[0].sql.startswith(f"CREATE TRIGGER {quote(other)}.`trg` BEFORE INSERT ON {there[:-1]}`t`")
    finally:
        run(mariadb, ["DROP TABLE IF EXISTS here", f"DROP DATABASE {quote(other)}"])


def test_a_dot_in_a_name_is_no_other_database(mariadb: peewee.Database) -> None:
    name = f"{mariadb.database}x.t"
    run(mariadb, [f"CREATE TABLE {quote(name)} (a int)", f"CREATE DATABASE {quote(mariadb.database + 'x')}"])
    try:
        run(mariadb, [f"CREATE TABLE {quote(mariadb.database + 'x')}.t (b int)"])
        for found in (see(mariadb, [name]), see(mariadb)):
            assert [(one.name, one.schema, one.column_names) for one in found.tables] == [(name, None, ("a",))]
    finally:
        run(mariadb, [f"DROP DATABASE {quote(mariadb.database + 'x')}"])


# -- what could deceive


def test_the_connection_s_sql_mode_changes_nothing(mariadb: peewee.Database, seen: Schema) -> None:
    run(mariadb, EVERYTHING)
    for mode in ("ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "ORACLE", ""):
        run(mariadb, [f"SET sql_mode = '{mode}'"])
        assert see(mariadb) == seen


def test_the_connection_s_character_set_changes_nothing(mariadb: peewee.Database) -> None:
    run(mariadb, ["CREATE TABLE t (a varchar(9) DEFAULT 'ä€', CHECK (a <> 'ö')) COMMENT 'ü'", "SET NAMES utf8mb4"])
    seen = see(mariadb)
    run(mariadb, ["SET collation_connection = 'utf8mb4_bin'"])
    assert see(mariadb) == seen
    assert table(seen, "t").columns[0].default == "'ä€'"


def test_a_table_that_is_being_altered_is_waited_for(mariadb_server: servers.Server) -> None:
    with mariadb_server.fresh() as database:
        run(database, ["CREATE TABLE t (a int)", "INSERT INTO t VALUES (1), (2)"])
        done = threading.Event()

        def alter() -> None:
            with mariadb_server.database(str(database.database)) as other:
                for number in range(40):
                    run(other, [f"ALTER TABLE t ADD COLUMN c{number} int, FORCE"])
            done.set()

        thread = threading.Thread(target=alter)
        thread.start()
        counts = []
        while not done.is_set():
            counts.append(len(table(see(database), "t").columns))
        thread.join()
        assert counts == sorted(counts)
        assert len(table(see(database), "t").columns) == 41


def test_a_table_that_cannot_be_read_is_not_left_out_in_silence(mariadb: peewee.Database) -> None:
    run(
        mariadb,
        ["CREATE TABLE part (a int) ENGINE = MyISAM", "CREATE TABLE broken (a int) ENGINE = MERGE UNION = (part)"],
    )
    run(mariadb, ["DROP TABLE part"])
    with pytest.raises(DatabaseUnavailable, match="the table broken can't be read"):
        see(mariadb)


def test_a_broken_view_is_seen_as_broken(mariadb: peewee.Database) -> None:
    run(mariadb, ["CREATE TABLE t (a int)", "CREATE VIEW v AS SELECT a FROM t", "CREATE VIEW w AS SELECT a FROM v"])
    assert [view.options for view in see(mariadb).views] == [(), ()]
    run(mariadb, ["DROP TABLE t"])
    schema = see(mariadb)
    assert [(view.name, view.options) for view in schema.views] == [("v", ("BROKEN",)), ("w", ("BROKEN",))]
    assert schema.views[0].sql == "CREATE VIEW `v` AS select `t`.`a` AS `a` from `t`"
    assert write(schema) == ()


HOSTILE = (
    "back`tick",
    "quote'quote\"",
    "100% %s %(x)s",
    "select",
    "a.b.c",
    "back\\slash\\",
    "new\nline\tand tab",
    "ünïcödé 雪",
    "-- comment /* */ #",
    " leading",
    "x" * 64,
    "ж" * 64,
)


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: re.sub(r"\W", "_", name)[:20])
def test_a_hostile_name_is_seen_as_it_is(mariadb: peewee.Database, name: str) -> None:
    quoted, key = quote(name), f"k{name[1:]}"  # a check and a foreign key can't have one name
    run(
        mariadb,
        [
            f"CREATE TABLE {quoted} ({quoted} int PRIMARY KEY, other int, KEY {quoted} (other), "
            f"CONSTRAINT {quoted} CHECK ({quoted} > 0), "
            f"CONSTRAINT {quote(key)} FOREIGN KEY (other) REFERENCES {quoted} ({quoted}))",
            f"CREATE TRIGGER {quoted} BEFORE INSERT ON {quoted} FOR EACH ROW SET NEW.other = 1",
            f"CREATE VIEW {quote('v' + name[1:])} AS SELECT {quoted}.{quoted} FROM {quoted}",
            f"CREATE FUNCTION {quoted}({quoted} int) RETURNS int RETURN 1",
        ],
    )
    schema = see(mariadb)
    found = table(schema, name)
    assert found.column_names == (name, "other")
    assert (found.indexes[0].name, found.checks[0].name, found.triggers[0].name) == (name, name, name)
    assert found.foreign_keys == (ForeignKey(("other",), name, (name,), "RESTRICT", "RESTRICT", name=key),)
    assert schema.views[0].sql.endswith(f"AS select {quoted}.{quoted} AS {quoted} from {quoted}")
    assert schema.routines[0].name == name
    assert see(mariadb, [name]).tables == (found,)


def test_what_is_not_looked_at_is_listed_with_a_reason() -> None:
    assert UNSEEN
    assert all(thing and reason for thing, reason in UNSEEN.items())


def test_looking_writes_nothing(mariadb: peewee.Database) -> None:
    run(mariadb, ["CREATE TABLE t (a int)", "SET SESSION TRANSACTION READ ONLY", "START TRANSACTION READ ONLY"])
    assert see(mariadb).table_names == ("t",)
    run(mariadb, ["COMMIT"])


def test_a_period_is_told_from_a_check_that_says_the_same(mariadb: peewee.Database) -> None:
    columns = "a int NOT NULL, s date NOT NULL, e date NOT NULL"
    run(
        mariadb,
        [
            f"CREATE TABLE one ({columns}, PERIOD FOR p (s, e), "
            "PRIMARY KEY (a, p WITHOUT OVERLAPS), UNIQUE k (a, e, s))",
            f"CREATE TABLE two ({columns}, CONSTRAINT p CHECK (s < e), PRIMARY KEY (a, e, s), UNIQUE k (a, e, s))",
        ],
    )
    one, two = see(mariadb).tables
    assert [option for option in one.options if option not in two.options] == ["PERIOD FOR `p` (`s`, `e`)"]
    assert one.checks == ()
    assert one.primary_key_options == ("`p` WITHOUT OVERLAPS",)
    assert [check.name for check in two.checks] == ["p"]
    assert one.indexes == two.indexes
    run(mariadb, ["ALTER TABLE one DROP PRIMARY KEY, DROP PERIOD FOR p"])
    assert see(mariadb).tables[0].options == two.options
