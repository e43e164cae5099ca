"""The operations of the corpus on PostgreSQL and MariaDB: what each asks for, and what may differ after it."""

from __future__ import annotations

from typing import Any

from catalogs import NEW, Case, case
from peewee import SQL, AutoField, BigIntegerField, CharField, Check, Entity, ForeignKeyField, IntegerField, Model

__all__ = ["OPERATIONS", "RENAMED"]

RENAMED = "re%named"
"""The new name of whatever is renamed: one that has to be quoted wherever it stands."""


class Numbers(Model):
    n = IntegerField(primary_key=True)

    class Meta:
        table_name = "numbers"


def _q(m: Any, name: str) -> str:
    mark = m.database.quote[0]
    return mark + name.replace(mark, mark * 2) + mark


COLUMN = ("column", "@t", "new")
ROWS = ("rows", "@t", "new")
INDEX = ("index", "@t", NEW)
CONSTRAINT = ("constraint", "@t", NEW)
X, Y, Z = ("column", "@t", "@x"), ("column", "@t", "@y"), ("column", "@t", "@z")
BY_Y, Y_SMALL, Z_KEY = ("index", "@t", "@by_y"), ("constraint", "@t", "@y_small"), ("constraint", "@t", "@z_key")
KEY_OF_Z, OWN = ("foreign key", "@t", "@z"), ("own index", "@t")
INDEX_OF_Z = ("index", "@t", "@z_key")
"""MariaDB's own of the foreign key."""
U_ONCE = ("constraint", "@t", "@u_once")
OF_TABLE = (
    "column",
    "constraint",
    "foreign key",
    "index",
    "line",
    "marks",
    "own index",
    "relation",
    "rows",
    "table",
    "trigger",
)
OF_COUNTER = ("position", "relation", "sequence")
BYSTANDER = [*((kind, "bystander") for kind in OF_TABLE), *((kind, "bystander_id_seq") for kind in OF_COUNTER)]
MADE = [*((kind, "made%") for kind in OF_TABLE), *((kind, "made%_id_seq") for kind in OF_COUNTER)]
MARKS = ("marks", "@t")
TEXTS_OF_A = [("index", "@t", ..., "definition"), ("constraint", "@t", ..., "definition")]
FACTS_OF_VIEWS = [
    ("column", view, column, fact)
    for view, column in (("seen", "a"), ("seen again", "b"), ("seen_again", "b"))
    for fact in ("default", "type")
]
VIEWS = [("relation", ..., "definition"), ("function", ..., "definition")]

OPERATIONS: dict[str, Case] = {
    "add_column null": case(lambda m, p: m.add_column(p.t, "new", IntegerField(null=True)), COLUMN, may=[ROWS]),
    "add_column text": case(
        lambda m, p: m.add_column(p.t, "new", CharField(default="it's 5%, (x)\n", max_length=99)), COLUMN, may=[ROWS]
    ),
    "add_column number": case(lambda m, p: m.add_column(p.t, "new", IntegerField(default=-1)), COLUMN, may=[ROWS]),
    "add_column index": case(
        lambda m, p: m.add_column(p.t, "new", IntegerField(default=1, index=True, constraints=[SQL("DEFAULT 2")])),
        COLUMN, INDEX, may=[ROWS],
    ),
    "add_column unique": case(
        lambda m, p: m.add_column(p.t, "new", CharField(null=True, unique=True)), COLUMN, INDEX, may=[CONSTRAINT, ROWS]
    ),
    "add_column key": case(
        lambda m, p: m.add_column(p.t, "new", ForeignKeyField(Numbers, null=True, on_delete="CASCADE")),
        COLUMN, may=[CONSTRAINT, INDEX, ROWS, ("foreign key", "@t", "new")], needs="z_key",
    ),
    "add_column check": case(
        lambda m, p: m.add_column(p.t, "new", IntegerField(default=3, constraints=[Check("new % 5 < 5")])),
        COLUMN, may=[CONSTRAINT, ROWS],
    ),
    "drop_column": case(
        lambda m, p: m.drop_column(p.t, p.x), X, may=[("rows", "@t", "@x"), ("foreign key", "@t", "@x")]
    ),
    "drop_column, with what needs it": case(
        lambda m, p: [m.drop_index(p.t, p.by_y), m.drop_constraint(p.t, p.y_small), m.drop_column(p.t, p.y)],
        Y, BY_Y, Y_SMALL, may=[("rows", "@t", "@y"), (*MARKS, "@by_y")],
    ),
    "drop_column, its key": case(
        lambda m, p: m.drop_column(p.t, p.z), Z, Z_KEY, may=[("rows", "@t", "@z"), INDEX_OF_Z, KEY_OF_Z],
        needs="z_key",
    ),
    "rename_column": case(lambda m, p: m.rename_column(p.t, p.x, RENAMED), x=RENAMED),
    "rename_column of a check": case(lambda m, p: m.rename_column(p.t, p.y, RENAMED), y=RENAMED),
    "rename_column of a key": case(lambda m, p: m.rename_column(p.t, p.z, RENAMED), z=RENAMED, needs="z_key"),
    "rename_column of much": case(lambda m, p: m.rename_column(p.t, p.a, RENAMED), a=RENAMED, may=VIEWS),
    "rename_table": case(lambda m, p: m.rename_table(p.t, RENAMED), t=RENAMED),
    "add_not_null": case(lambda m, p: m.add_not_null(p.t, p.x), (*X, "required")),
    "drop_not_null": case(lambda m, p: m.drop_not_null(p.t, p.y), (*Y, "required")),
    "add_column_default": case(lambda m, p: m.add_column_default(p.t, p.x, 5), (*X, "default")),
    "add_column_default text": case(
        lambda m, p: m.add_column_default(p.t, p.a, "it's 5%"), ("column", "@t", "@a", "default"), may=FACTS_OF_VIEWS
    ),
    "drop_column_default": case(lambda m, p: m.drop_column_default(p.t, p.y), (*Y, "default")),
    "alter_column_type": case(lambda m, p: m.alter_column_type(p.t, p.x, BigIntegerField()), (*X, "type")),
    "alter_column_type of an index": case(lambda m, p: m.alter_column_type(p.t, p.y, BigIntegerField()), (*Y, "type")),
    "alter_column_type cast": case(
        lambda m, p: m.alter_column_type(p.t, p.x, BigIntegerField(), cast=f"{_q(m, p.x)} + 1"),
        (*X, "type"), ("rows", "@t", "@x"),
    ),
    "alter_column_type of much": case(
        lambda m, p: m.alter_column_type(p.t, p.a, CharField(max_length=60)),
        ("column", "@t", "@a", "type"), may=[*TEXTS_OF_A, *FACTS_OF_VIEWS],
    ),
    "change_column": case(
        lambda m, p: m.change_column(p.t, p.x, BigIntegerField(), null=False, default=7),
        (*X, "type"), (*X, "default"), (*X, "required"),
    ),
    "change_column name": case(
        lambda m, p: m.change_column(p.t, p.y, null=True, default=None, name=RENAMED),
        (*Y, "required"), (*Y, "default"), y=RENAMED,
    ),
    "set_comment": case(lambda m, p: m.set_comment(p.t, "it's 50% \\ \"x\"\n", p.x), (*X, "comment")),
    "set_comment of the table": case(
        lambda m, p: m.set_comment(p.t, "it's 50%"), ("relation", "@t", "comment"), may=[("line", "@t", "options")]
    ),
    "backfill": case(lambda m, p: m.backfill(p.t, {p.z: 8}), ("rows", "@t", "@z")),
    "backfill where": case(
        lambda m, p: m.backfill(p.t, {p.x: SQL("5 + 6")}, where=Entity(p.id) > 5, batch_size=1), ("rows", "@t", "@x")
    ),
    "apply_default": case(lambda m, p: m.apply_default(p.t, p.x, IntegerField(default=77)), ("rows", "@t", "@x")),
    "add_constraint": case(
        lambda m, p: m.add_constraint(p.t, "c'k%", Check(f"{_q(m, p.x)} % 100 <> 99")), ("constraint", "@t", "c'k%")
    ),
    "add_unique": case(lambda m, p: m.add_unique(p.t, p.id, p.x), CONSTRAINT, may=[INDEX, OWN]),
    "add_index": case(lambda m, p: m.add_index(p.t, (p.x, p.y), name="by x%"), ("index", "@t", "by x%")),
    "add_index unique": case(lambda m, p: m.add_index(p.t, (p.id, p.x), unique=True), INDEX, may=[CONSTRAINT]),
    "add_foreign_key": case(
        lambda m, p: m.add_foreign_key_constraint(p.t, p.x, "numbers", "n", "CASCADE"),
        CONSTRAINT, may=[INDEX, ("foreign key", "@t", "@x")], needs="z_key",
    ),
    "drop_constraint, a check": case(lambda m, p: m.drop_constraint(p.t, p.y_small), Y_SMALL),
    "drop_constraint, unique": case(
        lambda m, p: m.drop_constraint(p.t, p.u_once),
        U_ONCE, may=[("index", "@t", "@u_once"), ("own index", "@t", "@u"), MARKS],
    ),
    "drop_constraint, a key": case(
        lambda m, p: m.drop_constraint(p.t, p.z_key), Z_KEY, may=[KEY_OF_Z, INDEX_OF_Z], needs="z_key"
    ),
    "drop_foreign_key": case(
        lambda m, p: m.drop_foreign_key_constraint(p.t, p.z), Z_KEY, may=[KEY_OF_Z, INDEX_OF_Z], needs="z_key"
    ),
    "drop_index": case(lambda m, p: m.drop_index(p.t, p.by_y), BY_Y, may=[(*MARKS, "@by_y")]),
    "rename_index": case(lambda m, p: m.rename_index(p.t, p.by_y, RENAMED), by_y=RENAMED),
    "create_table": case(
        lambda m, p: m.create_table("made%", {"id": AutoField(), "of": ForeignKeyField(Numbers, null=True)}),
        ("column", "made%"), ("rows", "made%"), may=MADE,
    ),
    "drop_table": case(lambda m, p: m.drop_table("bystander"), ("column", "bystander"), may=BYSTANDER),
    "a batch": case(
        lambda m, p: [
            m.add_column(p.t, "new", IntegerField(default=1)),
            m.add_not_null(p.t, p.x),
            m.alter_column_type(p.t, p.y, BigIntegerField()),
            m.add_index(p.t, (p.x,), name="by x%"),
            m.drop_constraint(p.t, p.u_once),
            m.drop_constraint(p.t, p.y_small),
            m.drop_column(p.t, p.u),
            m.rename_column(p.t, "new", "newer"),
        ],
        ("column", "@t", "newer"), (*X, "required"), (*Y, "type"), ("index", "@t", "by x%"), Y_SMALL,
        ("column", "@t", "@u"), U_ONCE,
        may=[("index", "@t", "@u_once"), ("own index", "@t", "@u"), MARKS, ("rows", "@t", "@u"),
             ("rows", "@t", "newer")],
    ),
}  # fmt: skip
