"""Faults of Peewee's own migrator and introspection, by name: schemas, operations, questions and the right answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import BigIntegerField, CharField, Check, IntegerField

__all__ = ["MARIADB", "MISSED", "POSTGRES", "SQLITE", "Fault"]


@dataclass(frozen=True)
class Fault:
    """``right`` is what ``question`` gives after the operation, where nothing was lost."""

    script: str
    ask: Any
    question: str
    right: Any
    refused: bool = False
    """Whether pwmig refuses what can't be done without a loss."""
    way: str = "in its context"
    """How Peewee's operation is run: "in its context", "without", "in a transaction"."""


NUMBERS = "CREATE TABLE numbers (n INTEGER PRIMARY KEY); INSERT INTO numbers VALUES (7); "
T = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, x INT); INSERT INTO t VALUES (1, 'one', 7); "
CHILD = T + "CREATE TABLE c (t_id INT REFERENCES t (id) ON DELETE CASCADE); INSERT INTO c VALUES (1), (1); "
COUNT = "SELECT count(*) FROM "
COLUMN = "SELECT type, \"notnull\", dflt_value FROM pragma_table_xinfo('t') WHERE name = 'x'"
TEXT = "SELECT sql FROM sqlite_master WHERE name = 't'"


def _widened(m: Any) -> Any:
    return m.alter_column_type("t", "x", BigIntegerField())


def _required(m: Any) -> Any:
    return m.add_not_null("t", "x")


def _loosened(m: Any) -> Any:
    return m.drop_not_null("t", "x")


def _inline(words: str, more: str = "") -> Fault:
    """What alter_column_type leaves of a column's own words."""
    body = f"CREATE TABLE t (id INTEGER PRIMARY KEY, x INT {words}, a TEXT)"
    return Fault(f"{NUMBERS}{more}{body}", _widened, TEXT, body.replace("x INT", "x INTEGER"))


SQLITE = {
    "triggers on the table are dropped": Fault(
        T + "CREATE TRIGGER noted AFTER UPDATE ON t BEGIN SELECT 1; END", _required,
        "SELECT name FROM sqlite_master WHERE type = 'trigger'", "noted",
    ),
    "STRICT is dropped": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT) STRICT", _required,
        "SELECT strict FROM pragma_table_list WHERE name = 't'", 1,
    ),
    "WITHOUT ROWID is dropped": Fault(
        "CREATE TABLE t (id TEXT PRIMARY KEY, x INT) WITHOUT ROWID", _required,
        "SELECT wr FROM pragma_table_list WHERE name = 't'", 1,
    ),
    "the AUTOINCREMENT high-water mark is set back": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, x INT); INSERT INTO t VALUES (1, 1), (99, 1); "
        "DELETE FROM t WHERE id = 99", _required, "SELECT seq FROM sqlite_sequence WHERE name = 't'", 99,
    ),
    "the user's own t__tmp__ is dropped": Fault(
        T + "CREATE TABLE t__tmp__ (mine TEXT); INSERT INTO t__tmp__ VALUES ('mine')", _required,
        COUNT + "t__tmp__", 1,
    ),
    "white space in literals is folded": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'a  b\n\tc', x INT)", _required,
        "SELECT dflt_value FROM pragma_table_xinfo('t') WHERE name = 'a'", "'a  b\n\tc'",
    ),
    "alter_column_type loses an inline CHECK": _inline("CHECK (x > 0)"),
    "alter_column_type loses an inline UNIQUE": _inline("UNIQUE"),
    "alter_column_type loses an inline REFERENCES": _inline("REFERENCES numbers (n) ON DELETE CASCADE"),
    "alter_column_type loses COLLATE": _inline("COLLATE NOCASE"),
    "alter_column_type loses DEFAULT": _inline("DEFAULT 7"),
    "alter_column_type loses ON CONFLICT": _inline("NOT NULL ON CONFLICT IGNORE"),
    "drop_not_null does nothing to a lower-case not null": Fault(
        "CREATE TABLE t (id integer primary key, x int not null)", _loosened, COLUMN, ("INT", 0, None)
    ),
    "drop_not_null edits the words NOT NULL in a default": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT DEFAULT 'is NOT NULL' NOT NULL)", _loosened,
        COLUMN, ("TEXT", 0, "'is NOT NULL'"),
    ),
    "drop_not_null edits the words NOT NULL in a check": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT CHECK (x IS NOT NULL OR id > 9) NOT NULL)", _loosened,
        TEXT, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT CHECK (x IS NOT NULL OR id > 9))",
    ),
    "drop_column_default misses -1": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT DEFAULT -1)", lambda m: m.drop_column_default("t", "x"),
        COLUMN, ("INT", 0, None),
    ),
    "a name in another case passes and nothing changes": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT NOT NULL)", lambda m: m.drop_not_null("t", "X"),
        COLUMN, ("INT", 0, None),
    ),
    "'007' becomes a number": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t VALUES (1, '007')",
        lambda m: m.alter_column_type("t", "x", IntegerField()),
        "SELECT typeof(x), x FROM t", ("text", "007"), refused=True,
    ),
    "add_column NOT NULL fires the user's UPDATE triggers": Fault(
        T + "CREATE TABLE audit (what TEXT); "
        "CREATE TRIGGER noted AFTER UPDATE ON t BEGIN INSERT INTO audit VALUES (old.a); END",
        lambda m: m.add_column("t", "new", IntegerField(default=1)), COUNT + "audit", 0,
    ),
    "DROP COLUMN of a foreign key column is refused": Fault(
        NUMBERS + "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT, FOREIGN KEY (x) REFERENCES numbers (n))",
        lambda m: m.drop_column("t", "x"), COUNT + "pragma_table_xinfo('t')", 1,
    ),
    "commas in a default": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'a, b', x INT)", _required, COLUMN, ("INT", 1, None)
    ),
    "parentheses in a default": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT ') (', x INT)", _required, COLUMN, ("INT", 1, None)
    ),
    "quotes in a default": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'it''s, \"so\"', x INT)", _required,
        "SELECT dflt_value FROM pragma_table_xinfo('t') WHERE name = 'a'", "'it''s, \"so\"'",
    ),
    "names in [brackets]": Fault(
        "CREATE TABLE [t] ([id] INTEGER PRIMARY KEY, [x] INT)", _required, COLUMN, ("INT", 1, None)
    ),
    "comments in the DDL": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, -- the key, (really)\n x INT /* NOT NULL, */)", _required,
        TEXT, "CREATE TABLE t (id INTEGER PRIMARY KEY, -- the key, (really)\n x INT NOT NULL /* NOT NULL, */)",
    ),
    "a name with a space": Fault(
        'CREATE TABLE t ("the id" INTEGER PRIMARY KEY, "a b" TEXT, x INT)', _required, COLUMN, ("INT", 1, None)
    ),
    "a name with a dash": Fault(
        'CREATE TABLE t (id INTEGER PRIMARY KEY, "a-b" TEXT, x INT)', lambda m: m.add_not_null("t", "a-b"),
        "SELECT \"notnull\" FROM pragma_table_xinfo('t') WHERE name = 'a-b'", 1,
    ),
    "a name with a quote": Fault(
        'CREATE TABLE t (id INTEGER PRIMARY KEY, "a""b" TEXT, x INT)', _required, COLUMN, ("INT", 1, None)
    ),
    "generated columns": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, x INT, g TEXT AS (upper(a)) STORED); "
        "INSERT INTO t (a, x) VALUES ('one', 1)", _required, "SELECT g FROM t", "ONE",
    ),
    "a view that names the table": Fault(
        T + "CREATE VIEW seen AS SELECT a FROM t", _required, "SELECT a FROM seen", "one"
    ),
    "another table's trigger that names the table": Fault(
        T + "CREATE TABLE o (y INT); CREATE TRIGGER other AFTER INSERT ON o BEGIN UPDATE t SET a = 'new'; END",
        _required, COUNT + "sqlite_master WHERE name = 'other' AND sql LIKE '%UPDATE t SET%'", 1,
    ),
    "expression defaults": Fault(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x INT DEFAULT (1 + (2)))",
        lambda m: m.drop_column_default("t", "x"), COLUMN, ("INT", 0, None),
    ),
    "constraints": Fault(
        T, lambda m: m.add_constraint("t", "small", Check("x < 10")),
        COUNT + "sqlite_master WHERE sql LIKE '%small%'", 1
    ),
    "without the context, CASCADE deletes child rows": Fault(CHILD, _required, COUNT + "c", 2, way="without"),
    "without the context, SET NULL empties child rows": Fault(
        CHILD.replace("CASCADE", "SET NULL"), _required, COUNT + "c WHERE t_id = 1", 2, way="without"
    ),
    "without the context, a failed rename leaves the rows in t__tmp__": Fault(
        T + "CREATE VIEW seen AS SELECT a FROM t", _required, COUNT + "t", 1, way="without"
    ),
    "the context inside db.atomic(): all child rows go": Fault(
        CHILD, _required, COUNT + "c", 2, way="in a transaction"
    ),
}  # fmt: skip

POSTGRES = {
    "add_column_default fails on psycopg 3, with bound parameters in DDL": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int)", lambda m: m.add_column_default("t", "x", 5),
        "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef", "5",
    ),
    "% in a name fails": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int)", lambda m: m.rename_column("t", "x", "x%"),
        "SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum = 2", "x%",
    ),
    "% in a predicate fails": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int)",
        lambda m: m.add_constraint("t", "c", Check("x % 2 = 0")),
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'c'", "CHECK (((x % 2) = 0))",
    ),
    "drop_column is CASCADE by default and takes a view along": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int); CREATE VIEW seen AS SELECT x FROM t",
        lambda m: m.drop_column("t", "x"), COUNT + "pg_views WHERE viewname = 'seen'", 1, refused=True,
    ),
    "drop_column is CASCADE by default and takes foreign keys along": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int UNIQUE); CREATE TABLE c (x int REFERENCES t (x))",
        lambda m: m.drop_column("t", "x"), COUNT + "pg_constraint WHERE contype = 'f'", 1, refused=True,
    ),
    "alter_column_type loses the collation": Fault(
        'CREATE TABLE t (id int PRIMARY KEY, x varchar(9) COLLATE "C")',
        lambda m: m.alter_column_type("t", "x", CharField(max_length=20)),
        "SELECT collation_name::text FROM information_schema.columns WHERE column_name = 'x'", "C",
    ),
    "rename_table fails if the new sequence's name is taken": Fault(
        "CREATE TABLE t (id serial PRIMARY KEY, x int); CREATE SEQUENCE new_id_seq",
        lambda m: m.rename_table("t", "new"), COUNT + "new", 0,
    ),
}  # fmt: skip

FACTS = (
    "SELECT concat_ws('|', column_default, is_nullable, column_comment, character_set_name, collation_name, extra) "
    "FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 't' AND column_name IN ('x', 'y')"
)
CHECKS = "SELECT count(*) FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()"


def _nullable(facts: str) -> str:
    return "NULL|YES" + facts.removeprefix("NO") if facts.startswith("NO") else facts.replace("|NO|", "|YES|")


def _rebuilt(words: str, right: str) -> dict[str, Fault]:
    """What rename_column and drop_not_null leave of a column."""
    name = words.replace("varchar(9) ", "").replace("timestamp(3) ", "")
    script = f"CREATE TABLE t (id int PRIMARY KEY, x {words})"
    question = CHECKS if "CHECK" in words else FACTS
    return {
        f"rename_column loses {name}": Fault(script, lambda m: m.rename_column("t", "x", "y"), question, right),
        f"drop_not_null loses {name}": Fault(
            script, _loosened, question, _nullable(right) if isinstance(right, str) else right
        ),
    }


MARIADB = {
    **_rebuilt("varchar(9) NOT NULL DEFAULT 'it''s'", "'it''s'|NO||utf8mb4|utf8mb4_general_ci|"),
    **_rebuilt("varchar(9) NOT NULL COMMENT 'it''s'", "NO|it's|utf8mb4|utf8mb4_general_ci|"),
    **_rebuilt("varchar(9) CHARACTER SET latin1 NOT NULL", "NO||latin1|latin1_swedish_ci|"),
    **_rebuilt("varchar(9) COLLATE utf8mb4_bin NOT NULL", "NO||utf8mb4|utf8mb4_bin|"),
    **_rebuilt("varchar(9) NOT NULL CHECK (x <> '')", 1),
    **_rebuilt(
        "timestamp(3) NOT NULL DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3)",
        "current_timestamp(3)|NO||on update current_timestamp(3)",
    ),
    "a unique column gains a second index": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, x int UNIQUE)", lambda m: m.rename_column("t", "x", "y"),
        COUNT + "information_schema.statistics WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY'", 1,
    ),
    "a composite foreign key becomes a single one": Fault(
        "CREATE TABLE up (k int, l int, PRIMARY KEY (k, l)); "
        "CREATE TABLE t (id int PRIMARY KEY, x int, l int, CONSTRAINT two FOREIGN KEY (x, l) REFERENCES up (k, l))",
        lambda m: m.rename_column("t", "x", "y"),
        "SELECT group_concat(column_name) FROM information_schema.key_column_usage WHERE table_schema = DATABASE() "
        "AND referenced_table_name = 'up'", "y,l",
    ),
    "a back-fill rewrites ON UPDATE timestamps": Fault(
        "CREATE TABLE t (id int PRIMARY KEY, up timestamp DEFAULT '2020-01-01' ON UPDATE current_timestamp); "
        "INSERT INTO t (id) VALUES (1)", lambda m: m.add_column("t", "new", IntegerField(default=1)),
        "SELECT CAST(up AS CHAR) FROM t", "2020-01-01 00:00:00",
    ),
}  # fmt: skip


# -- what its introspection misses

UP = "CREATE TABLE up (k int, l int, PRIMARY KEY (k, l), UNIQUE (l, k)); "
ONE_AND_TWO = "CREATE TABLE one (n int PRIMARY KEY); CREATE TABLE two (n int PRIMARY KEY); "


def _same_named(first, second):
    return ONE_AND_TWO + " ".join(
        f"CREATE TABLE {table} (a int, CONSTRAINT same FOREIGN KEY (a) REFERENCES {other} (n));"
        for table, other in (("t", first), ("u", second))
    )


# Two schemas that Peewee takes for one, since they differ in nothing but the fact.
MISSED = {
    "sqlite": {
        "checks": ("CREATE TABLE t (a int CHECK (a > 0))", "CREATE TABLE t (a int CHECK (a > 1))"),
        "generated columns, absent altogether": (
            "CREATE TABLE t (a int, b int AS (a + 1))", "CREATE TABLE t (a int)"
        ),
        "collation": ("CREATE TABLE t (a text COLLATE NOCASE)", "CREATE TABLE t (a text)"),
        "deferrability": (
            "CREATE TABLE t (a int REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)",
            "CREATE TABLE t (a int REFERENCES t (a))",
        ),
        "triggers": (
            "CREATE TABLE t (a int); CREATE TRIGGER r AFTER DELETE ON t BEGIN SELECT 1; END", "CREATE TABLE t (a int)"
        ),
        "table options": ("CREATE TABLE t (a int) STRICT", "CREATE TABLE t (a int)"),
    },
    "postgres": {
        "checks": ("CREATE TABLE t (a int CHECK (a > 0))", "CREATE TABLE t (a int CHECK (a > 1))"),
        "generated columns": (
            "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED)", "CREATE TABLE t (a int, b int)"
        ),
        "collation": ('CREATE TABLE t (a text COLLATE "C")', "CREATE TABLE t (a text)"),
        "comments": ("CREATE TABLE t (a int); COMMENT ON COLUMN t.a IS 'a'", "CREATE TABLE t (a int)"),
        "deferrability": (
            "CREATE TABLE t (a int UNIQUE REFERENCES t (a) DEFERRABLE)",
            "CREATE TABLE t (a int UNIQUE REFERENCES t (a))",
        ),
        "composite foreign keys, a cross product": (
            UP + "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES up (k, l))",
            UP + "CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES up (l, k))",
        ),
        "same-named foreign keys, mixed up": (_same_named("one", "two"), _same_named("two", "one")),
        "triggers": (
            "CREATE TABLE t (a int); CREATE TRIGGER r BEFORE UPDATE ON t FOR EACH ROW "
            "EXECUTE FUNCTION suppress_redundant_updates_trigger()", "CREATE TABLE t (a int)",
        ),
        "table options": ("CREATE TABLE t (a int) WITH (fillfactor = 50)", "CREATE TABLE t (a int)"),
    },
    "mariadb": {
        "checks": ("CREATE TABLE t (a int CHECK (a > 0))", "CREATE TABLE t (a int CHECK (a > 1))"),
        "generated columns": ("CREATE TABLE t (a int, b int AS (a + 1))", "CREATE TABLE t (a int, b int)"),
        "collation": ("CREATE TABLE t (a text COLLATE utf8mb4_bin)", "CREATE TABLE t (a text)"),
        "comments": ("CREATE TABLE t (a int COMMENT 'a')", "CREATE TABLE t (a int)"),
        "index order": ("CREATE TABLE t (a int, KEY k (a DESC))", "CREATE TABLE t (a int, KEY k (a))"),
        "a part of a column in an index": (
            "CREATE TABLE t (a text, KEY k (a(5)))", "CREATE TABLE t (a text, KEY k (a(6)))"
        ),
        "triggers": (
            "CREATE TABLE t (a int); CREATE TRIGGER r BEFORE UPDATE ON t FOR EACH ROW SET NEW.a = 1",
            "CREATE TABLE t (a int)",
        ),
        "table options": ("CREATE TABLE t (a int) ROW_FORMAT = COMPRESSED", "CREATE TABLE t (a int)"),
    },
}  # fmt: skip
