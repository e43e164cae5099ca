"""The schemas of the corpus on MariaDB: a table ``t`` with all roles, and in each one thing more that may break."""

from __future__ import annotations

import os

from catalogs import Place
from servers import back_quoted

__all__ = ["PLACES", "READER"]

ROLES = "t id a x y z u by_y y_small z_key u_once"
PLAIN = {role: role for role in ROLES.split()}

ACTIONS = ("CASCADE", "SET NULL", "RESTRICT", "NO ACTION")

READER = f"'corpus_{os.getpid()}'@'localhost'"
"""An account that rights are given to, of this process: a server has it for all its databases."""

KEY = ", CONSTRAINT {z_key} FOREIGN KEY ({z}) REFERENCES numbers (n) ON DELETE SET NULL"


def _place(
    of_id: str = "int PRIMARY KEY",
    of_a: str = "varchar(20) NOT NULL",
    *,
    of_x: str = "int",
    more: str = "",
    tail: str = "",
    before: str = "DO 0",
    after: str = "",
    key: str = KEY,
    **names: str,
) -> Place:
    """``of_a`` is what column ``a`` is; ``more`` are columns and constraints, ``tail`` what follows the table's
    body; {t}, {a}, ... are quoted names."""
    names = PLAIN | names
    script = f"""
        CREATE TABLE numbers (n int PRIMARY KEY);
        INSERT INTO numbers VALUES (7), (8), (9);
        CREATE TABLE bystander (id int AUTO_INCREMENT PRIMARY KEY,
            note varchar(20) DEFAULT 'a, NOT NULL' CHECK (note <> ''),
            moved timestamp DEFAULT '2020-01-01' ON UPDATE current_timestamp) AUTO_INCREMENT = 70;
        INSERT INTO bystander (note) VALUES ('b'), ('c');
        {before};
        CREATE TABLE {{t}} ({{id}} {of_id}, {{a}} {of_a}, {{x}} {of_x},
            {{y}} int NOT NULL DEFAULT 5, CONSTRAINT {{y_small}} CHECK ({{y}} < 1000),
            {{z}} int{key}, {{u}} int, CONSTRAINT {{u_once}} UNIQUE ({{u}}, {{id}}), KEY {{by_y}} ({{y}}){more}) {tail};
        INSERT INTO {{t}} ({{id}}, {{a}}, {{x}}, {{y}}, {{z}}, {{u}})
            VALUES (1, 'one', 7, 10, 7, 1), (20, 'two, (2)', 8, 20, NULL, 2), (60, 'it''s', 9, 30, 9, 3);
        {after}"""
    for role, name in names.items():
        script = script.replace(f"{{{role}}}", back_quoted(name))
    return Place(names, script, lacks=frozenset() if key else frozenset({"z_key"}))


PLACES = {
    "plain": _place(),
    "counted": _place(
        "int unsigned AUTO_INCREMENT PRIMARY KEY",
        "varchar(50) DEFAULT 'it''s, 50%\n\\\\ \"so\" NOT NULL, (x)' NOT NULL",
        tail="AUTO_INCREMENT = 700 COMMENT = 'a table''s, NOT NULL'",
    ),
    "charset": _place(
        of_a="varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL COMMENT 'a''s 50%'",
        more=", v varchar(9) COLLATE utf8mb4_unicode_ci DEFAULT 'é', w text CHARACTER SET ascii",
        tail="DEFAULT CHARSET latin1 ROW_FORMAT = DYNAMIC STATS_PERSISTENT = 0",
    ),
    "on update": _place(
        more=", up timestamp(3) NOT NULL DEFAULT '2020-01-01' ON UPDATE current_timestamp(3), "
        "up2 datetime DEFAULT '2020-01-01' ON UPDATE current_timestamp(), up3 timestamp NULL DEFAULT '2020-01-01'",
    ),
    "generated": _place(
        more=", v varchar(40) AS (concat(a, '!%')) VIRTUAL INVISIBLE, "
        "s int GENERATED ALWAYS AS (length(a)) STORED COMMENT 's', KEY (s)",
    ),
    "inline checks": _place(
        of_a="varchar(20) NOT NULL DEFAULT 'd' COMMENT 'c' CHECK (a <> ', NOT NULL (')",
        more=", k int CHECK (k > 0), CONSTRAINT `c%` CHECK (k > id OR a = '%'), CHECK (id > 0)",
    ),
    "indexes": _place(
        more=", UNIQUE KEY one (a), "
        "n text DEFAULT 'words', KEY pre (n(5), a DESC) COMMENT 'p', FULLTEXT KEY full_n (n), "
        "KEY both_of (a, id), UNIQUE KEY `by ``a``` (a, n(3)), KEY h (id) IGNORED, KEY twice (a, id)",
    ),
    "composite keys": _place(
        before="CREATE TABLE up (k int, l int, PRIMARY KEY (k, l)); INSERT INTO up VALUES (1, 1)",
        more=", k int DEFAULT 1, l int DEFAULT 1, self int, CONSTRAINT own FOREIGN KEY (self) REFERENCES {t} (id), "
        "CONSTRAINT two FOREIGN KEY (k, l) REFERENCES up (k, l) ON DELETE SET NULL ON UPDATE CASCADE",
        after="CREATE TABLE child (p int, q int, FOREIGN KEY (p, q) REFERENCES t (u, id) ON DELETE CASCADE); "
        "INSERT INTO child VALUES (1, 1), (NULL, 4); UPDATE t SET self = 1",
    ),
    "children under each action": _place(
        after=" ".join(
            f"CREATE TABLE `child {action}` (id int, t_id int, "
            f"FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE {action}); "
            f"INSERT INTO `child {action}` VALUES (1, 1), (2, 20), (3, NULL);"
            for action in ACTIONS
        ),
    ),
    "triggers": _place(
        before="CREATE TABLE audit (what varchar(50))",
        after="""CREATE TRIGGER noted AFTER UPDATE ON t FOR EACH ROW
            INSERT INTO audit VALUES (concat('updated ', OLD.id));
        CREATE TRIGGER came BEFORE INSERT ON t FOR EACH ROW INSERT INTO audit VALUES ('inserted');
        CREATE TRIGGER came_first BEFORE INSERT ON t FOR EACH ROW PRECEDES came SET @first = 'it''s 50% \\\\';
        CREATE TRIGGER went AFTER DELETE ON t FOR EACH ROW INSERT INTO audit VALUES ('deleted');
        CREATE TRIGGER other AFTER DELETE ON audit FOR EACH ROW UPDATE bystander SET note = 'gone' WHERE id = 0""",
    ),
    "triggers that name it elsewhere": _place(
        after="""CREATE TRIGGER other AFTER UPDATE ON bystander FOR EACH ROW UPDATE t SET a = 'gone' WHERE id = 0;
        CREATE PROCEDURE read_it() COMMENT 'it''s' SELECT a FROM t; CREATE FUNCTION two() RETURNS int RETURN 2;
        CREATE EVENT tidy ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01' DO DELETE FROM t WHERE a = 'old'""",
    ),
    "views": _place(
        after="""CREATE VIEW seen AS SELECT id, a FROM t AS the_t WHERE a <> ',';
        CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW seen_again (k, b) AS SELECT s.id, s.a FROM seen s
            WITH CASCADED CHECK OPTION""",
    ),
    "types": _place(
        of_a="enum('one', 'two, (2)', 'it''s') NOT NULL DEFAULT 'it''s'",
        more=", s set('p', 'q''s') DEFAULT 'p', b bit(3) DEFAULT b'101', ye year DEFAULT 2020, "
        "zf int(5) unsigned zerofill DEFAULT 3, d decimal(6,2) DEFAULT 1.50, e varchar(20) DEFAULT (concat('a', '%')), "
        "h blob DEFAULT x'00ff', i inet6 DEFAULT '::1', uu uuid DEFAULT '00000000-0000-0000-0000-000000000007'",
    ),
    "json": _place(
        more=", j json DEFAULT '{\"a\": [1, \"50%\"]}', jv varchar(20) AS (json_value(j, '$.a[1]')) VIRTUAL, KEY (jv), "
        "lt longtext COLLATE utf8mb4_bin DEFAULT '{ }' CHECK (json_valid(lt))",
    ),
    "partitioned": _place(
        key="", tail="PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (50) COMMENT = 'it''s', "
        "PARTITION `p 1` VALUES LESS THAN MAXVALUE)",
    ),
    "partitioned by key": _place(key="", tail="PARTITION BY LINEAR KEY (id) PARTITIONS 3"),
    "another engine": _place(key="", tail="ENGINE = MyISAM CHECKSUM = 1 PACK_KEYS = 1 MAX_ROWS = 1000"),
    "aria": _place(key="", tail="ENGINE = Aria TRANSACTIONAL = 1 PAGE_CHECKSUM = 1"),
    "table options": _place(tail="PAGE_COMPRESSED = 1 STATS_AUTO_RECALC = 0 STATS_SAMPLE_PAGES = 7"),
    "grants": _place(
        after=f"GRANT SELECT, UPDATE (a), INSERT ON t TO {READER}; "
        f"GRANT SELECT (u, y) ON t TO {READER} WITH GRANT OPTION; GRANT DELETE ON bystander TO {READER}",
    ),
    "sequence": _place("bigint DEFAULT nextval(own) PRIMARY KEY", before="CREATE SEQUENCE own START 5 INCREMENT 2",
        after="DO nextval(own)"),
    "reserved names": _place(
        t="order", id="primary", a="user", x="select", y="check", z="references", u="unique",
        by_y="index", y_small="constraint", z_key="foreign", u_once="table",
    ),
    "spaces, quotes, percents, unicode": _place(
        t="two `words`", id="the key", a="naïve 名", x="x%s", y="y`%(y)s`", z='z"z"', u="it's",
        by_y="by y%", y_small="y's {0}", z_key="`z` key", u_once="ÜÑIQUE one",
    ),
    "64 letters": _place(**{role: (role + "_") * 3 + "n" * (64 - 3 * (len(role) + 1)) for role in PLAIN}),
    "t__tmp__": _place(t="t__tmp__", after="CREATE TABLE t (mine int); INSERT INTO t VALUES (1)"),
}  # fmt: skip
