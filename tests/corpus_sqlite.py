"""The schemas of the corpus on SQLite: a table ``t`` with all roles, and in each one thing more that may break."""

from __future__ import annotations

import re

from catalogs import Place
from servers import double_quoted

__all__ = ["PLACES"]

ROLES = "t id a x y z u by_y y_small z_key u_once"
PLAIN = {role: role for role in ROLES.split()}

ACTIONS = ("CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION")


def _place(
    of_id: str = "INTEGER PRIMARY KEY",
    of_a: str = "TEXT NOT NULL",
    *,
    of_x: str = "INT",
    more: str = "",
    tail: str = "",
    before: str = "",
    after: str = "",
    **names: str,
) -> Place:
    """``of_a`` is what column ``a`` is; ``more`` are columns and constraints, ``tail`` what follows the table's
    body; {t}, {a}, ... are quoted names."""
    names = PLAIN | names
    script = f"""
        CREATE TABLE "numbers" ("n" INTEGER PRIMARY KEY);
        INSERT INTO numbers VALUES (7), (8), (9), (10), (11), (77);
        CREATE TABLE "bystander" ("id" INTEGER PRIMARY KEY, "note" TEXT DEFAULT 'a, NOT NULL' CHECK ("note" <> ''));
        INSERT INTO bystander (note) VALUES ('b'), ('c');
        CREATE TABLE "first__tmp__" ("mine" TEXT); INSERT INTO "first__tmp__" VALUES ('mine');
        {before};
        CREATE TABLE {{t}} ({{id}} {of_id}, {{a}} {of_a}, {{x}} {of_x},
            {{y}} INT NOT NULL DEFAULT 5, {{z}} INT, {{u}} INT, {more}
            CONSTRAINT {{y_small}} CHECK ({{y}} < 1000),
            CONSTRAINT {{z_key}} FOREIGN KEY ({{z}}) REFERENCES "numbers" ("n") ON DELETE SET NULL,
            CONSTRAINT {{u_once}} UNIQUE ({{u}}, {{id}})) {tail};
        CREATE INDEX {{by_y}} ON {{t}} ({{y}});
        INSERT INTO {{t}} ({{id}}, {{a}}, {{x}}, {{y}}, {{z}}, {{u}})
            VALUES (1, 'one', 7, 10, 7, 1), (20, 'two, (2)', 8, 20, NULL, 2), (60, 'it''s', 9, 30, 9, 3);
        {after};
        ANALYZE;"""
    for role, name in names.items():
        script = script.replace(f"{{{role}}}", double_quoted(name))
    return Place(names, script)


def _quoted(script: str) -> str:
    """Each role's name in quotes, as RENAME writes the new one."""
    return re.sub(r"(?<![\w'\"])(id|t|a|x|y|z|u)(?![\w'\"])", r'"\1"', script)


PLACES = {
    "plain": _place(),
    "counted": _place(
        "INTEGER PRIMARY KEY AUTOINCREMENT",
        after=_quoted("INSERT INTO t (id, a) VALUES (999, 'gone'); DELETE FROM t WHERE id = 999"),
    ),
    "strict": _place(of_x="INT", tail="STRICT"),
    "without rowid": _place("TEXT PRIMARY KEY", tail="WITHOUT ROWID, STRICT"),
    "a rowid of its own": _place("INT UNIQUE"),
    "generated": _place(
        more=_quoted("\"g\" AS (a || '!%'), \"h\" TEXT GENERATED ALWAYS AS (upper(a)) STORED,"),
        after='CREATE INDEX "by_g" ON "t" ("g")',
    ),
    "literals": _place(
        of_a="TEXT DEFAULT 'it''s  50%\n\\ \"so\" NOT NULL, (x)' NOT NULL",
        more="\"k\" TEXT DEFAULT (' ) , ' || ('(')), \"l\" BLOB DEFAULT x'00ff', \"m\" REAL DEFAULT -1e3,",
    ),
    "comments": _place(
        of_a="TEXT /* NOT NULL, ( */ NOT NULL -- of a, it's so\n",
        more='"k" INT, -- the k; "k"\n /* CHECK ( */ ', tail="/* behind */",
    ),
    "inline facts": _place(
        of_a="TEXT NOT NULL ON CONFLICT IGNORE COLLATE NOCASE",
        of_x='INT CONSTRAINT "x_set" CHECK ("x" <> 99) REFERENCES "numbers" ("n") DEFERRABLE INITIALLY DEFERRED',
        more='UNIQUE ("a" COLLATE RTRIM, "id") ON CONFLICT REPLACE,',
    ),
    "indexes": _place(
        after=_quoted("""CREATE INDEX "lower_a" ON t (lower(a), id DESC) WHERE a <> ')%';
        CREATE UNIQUE INDEX "by ""its"" too" ON t (a COLLATE NOCASE DESC); CREATE INDEX "both" ON t (a, id);
        CREATE INDEX "twice" ON t (a, id)"""),
    ),
    "composite keys": _place(
        before='CREATE TABLE "up" ("k" INT, "l" INT, PRIMARY KEY ("k", "l")); INSERT INTO "up" VALUES (1, 1)',
        more='"k" INT DEFAULT 1, "l" INT DEFAULT 1, "self" INT REFERENCES "t" ("id"), '
        'FOREIGN KEY ("k", "l") REFERENCES "up" ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,',
        after='CREATE TABLE "child" ("p" INT, "q" INT, FOREIGN KEY ("p", "q") REFERENCES "t" ("u", "id") '
        'ON DELETE CASCADE); INSERT INTO "child" VALUES (1, 1), (NULL, 4); UPDATE "t" SET "self" = 1',
    ),
    "children under each action": _place(
        after=" ".join(
            f'CREATE TABLE "child {action}" ("k" INTEGER PRIMARY KEY, "t_id" INT DEFAULT 60 '
            f'REFERENCES "t" ("id") ON DELETE {action} ON UPDATE {action}); '
            f'INSERT INTO "child {action}" VALUES (1, 1), (2, 20), (3, NULL);'
            for action in ACTIONS
        ),
    ),
    "triggers": _place(
        before='CREATE TABLE "audit" ("what" TEXT)',
        after=_quoted("""
        CREATE TRIGGER "noted" AFTER UPDATE ON t BEGIN INSERT INTO "audit" VALUES ('updated  ' || old.a); END;
        CREATE TRIGGER "of it;" BEFORE UPDATE OF a ON t WHEN old.a <> '%;' BEGIN SELECT 1; END;
        CREATE TRIGGER "went" AFTER DELETE ON t BEGIN INSERT INTO "audit" VALUES ('deleted'); END;
        CREATE TRIGGER "came" BEFORE INSERT ON t BEGIN INSERT INTO "audit" VALUES ('inserted'); END;
        CREATE TRIGGER "other" AFTER DELETE ON "bystander" BEGIN UPDATE t SET a = 'gone' WHERE id = old."id"; END"""),
    ),
    "views": _place(
        after=_quoted("""CREATE VIEW "seen" AS SELECT id, a /* these */ FROM t WHERE a <> ',';
        CREATE VIEW "seen again" ("k", "b") AS SELECT s."id", s."a" FROM "seen" AS s;
        CREATE TRIGGER "instead" INSTEAD OF DELETE ON "seen" BEGIN DELETE FROM t WHERE id = old."id"; END"""),
    ),
    "json": _place(
        more="\"j\" TEXT DEFAULT '{ \"a\": [1, \"50%\"] }' CHECK (json_valid(\"j\")), \"ja\" AS (\"j\" ->> '$.a[1]'),",
        after="CREATE INDEX \"by_j\" ON \"t\" (json_extract(\"j\", '$.a'))",
    ),
    "no type, any type": _place(
        of_x="", more='"b" VARCHAR(20), "c" DECIMAL(6, 2) DEFAULT 1.50, "d" DATETIME, "e" "two words",'
    ),
    "short rows": _place(after="ALTER TABLE \"t\" ADD COLUMN \"late\" TEXT DEFAULT 'later, 50%'"),
    "reserved names": _place(
        t="order", id="primary", a="user", x="select", y="check", z="references", u="unique",
        by_y="index", y_small="constraint", z_key="foreign", u_once="table",
    ),
    "spaces, quotes, percents, unicode": _place(
        t='two "words"', id="the key", a="naïve 名", x="x%s", y='y"%(y)s"', z="z.z", u="it's",
        by_y="by y%", y_small="y's {0}", z_key='"z" key', u_once="ÜÑIQUE one",
    ),
    "63 letters": _place(**{role: (role + "_") * 3 + "n" * (63 - 3 * (len(role) + 1)) for role in PLAIN}),
    "first, beside first__tmp__": _place(t="first"),
    "t__tmp__": _place(t="t__tmp__", after='CREATE TABLE "t" ("mine" INT); INSERT INTO "t" VALUES (1)'),
}  # fmt: skip
