"""Every fact of every kind of thing is compared, and differs by itself; nothing else does."""

from __future__ import annotations

import dataclasses
import json
import pickle
from dataclasses import replace
from typing import Any

import pytest

from pwmig.diff import AddIndex, AddTrigger, Altered, AlterPrimaryKey, Change, CreateTable, DropTable, diff
from pwmig.schema import (
    Check,
    Column,
    Event,
    Exclusion,
    Extension,
    ForeignKey,
    Index,
    IndexPart,
    Namespace,
    Policy,
    Routine,
    Rule,
    Schema,
    Sequence,
    Table,
    Trigger,
    Type,
    Unique,
    View,
)


def altered(record: Any, **facts_: Any) -> Any:
    """The record with other facts."""
    return replace(record, **facts_)


COUNT = Sequence("t_id_seq", "integer")
TABLE = Table(
    "t",
    (Column("id", "integer", nullable=False, sequence=COUNT), Column("a", "text", collation="C")),
    ("id",),
    indexes=(Index("i", (IndexPart("a"),), predicate="a > 'A'"),),
    uniques=(Unique(("a",), "u"),),
    foreign_keys=(ForeignKey(("a",), "audit.log", ("id",), name="f", ref_schema="audit"),),
    checks=(Check("a <> 'A'", "c"),),
    triggers=(Trigger("tr", "CREATE TRIGGER tr"),),
    exclusions=(Exclusion("x", "EXCLUDE USING gist (a WITH =)"),),
    rules=(Rule("r", "CREATE RULE r"),),
    policies=(Policy("p", using="a = 'A'"),),
    primary_key_name="t_pkey",
)
VIEW = View("v", "SELECT 1", (Trigger("tv", "CREATE TRIGGER tv"),), True, (Index("iv", (IndexPart("a"),)),))
SCHEMA = Schema(
    (TABLE,),
    (VIEW,),
    (Sequence("s"),),
    (Type("mood", "enum", ("sad", "ok")), Type("year", "domain", base="integer", checks=(Check("VALUE > 0"),))),
    (Routine("f", "function", "CREATE FUNCTION f", "integer"),),
    (Event("e", "CREATE EVENT e"),),
    (Extension("hstore", "1.8", "public"),),
    (Namespace("audit"),),
    exact_tables=True,
    exact_columns=True,
)
PLACES: tuple[tuple[str, type, str], ...] = (
    ("columns", Column, "AlterColumn"),
    ("indexes", Index, "AlterIndex"),
    ("uniques", Unique, "AlterUnique"),
    ("foreign_keys", ForeignKey, "AlterForeignKey"),
    ("checks", Check, "AlterCheck"),
    ("triggers", Trigger, "AlterTrigger"),
    ("exclusions", Exclusion, "AlterExclusion"),
    ("rules", Rule, "AlterRule"),
    ("policies", Policy, "AlterPolicy"),
)
BESIDE: tuple[tuple[str, type, str], ...] = (
    ("views", View, "AlterView"),
    ("sequences", Sequence, "AlterSequence"),
    ("types", Type, "AlterType"),
    ("routines", Routine, "AlterRoutine"),
    ("events", Event, "AlterEvent"),
    ("extensions", Extension, "AlterExtension"),
    ("namespaces", Namespace, "AlterNamespace"),
)
OTHER: dict[str, Any] = {
    "parts": (IndexPart("a", descending=True),),
    "sequence": Sequence("t_id_seq", "integer", increment=2),
    "checks": (Check("VALUE > 1"),),
    "attributes": (Column("x", "text"),),
    "columns": ("id",),
    "ref_columns": ("no",),
    "values": ("ok", "sad"),
    "triggers": (),
    "indexes": (),
}
# What tells a thing from others: another one is another thing. And what another fact says already.
IDENTITY = {
    "name": {"Trigger", "Exclusion", "Rule", "Policy", "View", "Sequence", "Type", "Event", "Extension", "Namespace"},
    "schema": {"View", "Sequence", "Type"},
}


def another(value: Any, name: str) -> Any:
    """A value that is not the same."""
    if name in OTHER:
        return OTHER[name]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, tuple):
        return (*value, "other")
    swapped = "" if value is None else value.swapcase()
    return swapped if swapped != (value or "") else "other"


def fields_of(kind: type) -> list[str]:
    return [
        field.name
        for field in dataclasses.fields(kind)
        if kind.__name__ not in IDENTITY.get(field.name, ()) and not (kind is Column and field.name == "name")
    ]


def facts(change: Change) -> list[str]:
    assert isinstance(change, (Altered, AlterPrimaryKey))
    return [fact.name for fact in change.facts]


IN_TABLE = [(where, name, said) for where, kind, said in PLACES for name in fields_of(kind)]


@pytest.mark.parametrize(("where", "name", "said"), IN_TABLE)
def test_every_fact_of_what_a_table_has_differs_by_itself(where: str, name: str, said: str) -> None:
    things = getattr(TABLE, where)
    changed = altered(things[-1], **{name: another(getattr(things[-1], name), name)})
    (change,) = diff(SCHEMA, replace(SCHEMA, tables=(altered(TABLE, **{where: (*things[:-1], changed)}),)))
    assert (change.kind, change.table, facts(change)) == (said, "t", [name])
    assert change.describe()


ITSELF = [
    field.name
    for field in dataclasses.fields(Table)
    if field.name not in {where for where, _, _ in PLACES} | {"name", "schema", "options"}
]


@pytest.mark.parametrize("name", ITSELF)
def test_every_fact_of_a_table_itself_differs_by_itself(name: str) -> None:
    changed = altered(TABLE, **{name: another(getattr(TABLE, name), name)})
    (change,) = diff(SCHEMA, replace(SCHEMA, tables=(changed,)))
    said = "AlterPrimaryKey" if name.startswith("primary_key") else "AlterTable"
    assert (change.kind, change.table, facts(change)) == (said, "t", [name])
    assert len(json.dumps(change.as_dict())) < 400, "the whole tables say no more than the facts"


BESIDE_TABLES = [(where, name, said) for where, kind, said in BESIDE for name in fields_of(kind)]


@pytest.mark.parametrize(("where", "name", "said"), BESIDE_TABLES)
def test_every_fact_of_what_stands_beside_tables_differs_by_itself(where: str, name: str, said: str) -> None:
    things = getattr(SCHEMA, where)
    changed = altered(things[0], **{name: another(getattr(things[0], name), name)})
    found = diff(SCHEMA, altered(SCHEMA, **{where: (changed, *things[1:])}))
    if where == "views" and name in ("triggers", "indexes"):
        assert [change.kind for change in found] == [f"Drop{'Trigger' if name == 'triggers' else 'Index'}"]
    elif where == "routines" and name in ("name", "kind", "arguments", "schema"):
        assert sorted(change.kind for change in found) == ["CreateRoutine", "DropRoutine"], "it is another routine"
    else:
        assert [(change.kind, facts(change)) for change in found] == [(said, [name])]
        assert not found[0].of_table


@pytest.mark.parametrize(("where", "kind"), [(where, kind.__name__) for where, kind, _ in BESIDE])
def test_what_stands_beside_tables_comes_and_goes(where: str, kind: str) -> None:
    without = altered(SCHEMA, **{where: ()})
    assert {change.kind for change in diff(without, SCHEMA)} == {f"Create{kind}"}
    assert {change.kind for change in diff(SCHEMA, without)} == {f"Drop{kind}"}
    assert not any(change.of_table for change in diff(SCHEMA, without))


@pytest.mark.parametrize(("where", "kind"), [("exclusions", "Exclusion"), ("rules", "Rule"), ("policies", "Policy")])
def test_what_a_table_has_comes_and_goes(where: str, kind: str) -> None:
    without = replace(SCHEMA, tables=(altered(TABLE, **{where: ()}),))
    assert [change.kind for change in diff(without, SCHEMA)] == [f"Add{kind}"]
    assert [change.kind for change in diff(SCHEMA, without)] == [f"Drop{kind}"]


def test_a_view_has_triggers_and_indexes_of_its_own() -> None:
    bare = replace(SCHEMA, views=(replace(VIEW, triggers=(), indexes=()),))
    assert [type(change) for change in diff(bare, SCHEMA)] == [AddIndex, AddTrigger]


POINT = Type("p", "composite", attributes=(Column("x", "int"), Column("y", "int")))
SAID = [
    (replace(SCHEMA, types=(Type("mood", "enum", ("sad", "so, so", "ok")), SCHEMA.types[1])),
     "~ type mood: values ('sad', 'ok') -> ('sad', 'so, so', 'ok')"),
    (replace(SCHEMA, types=SCHEMA.types[:1]), "- type year as domain integer"),
    (replace(SCHEMA, types=SCHEMA.types[1:]), "- type mood as enum ('sad', 'ok')"),
    (replace(SCHEMA, types=(*SCHEMA.types, POINT)),
     "+ type p as composite (x int, y int)"),
    (replace(SCHEMA, sequences=(replace(SCHEMA.sequences[0], increment=5),)), "~ sequence s: increment 1 -> 5"),
    (replace(SCHEMA, routines=()), "- function f(integer)"),
    (replace(SCHEMA, extensions=(replace(SCHEMA.extensions[0], version="1.9"),)),
     "~ extension hstore: version 1.8 -> 1.9"),
    (replace(SCHEMA, namespaces=()), "- schema audit"),
    (replace(SCHEMA, tables=(replace(TABLE, policies=()),)), "- policy p on t"),
    (replace(SCHEMA, tables=(replace(TABLE, exclusions=()),)), "- exclusion x on t EXCLUDE USING gist (a WITH =)"),
    (replace(SCHEMA, tables=(replace(TABLE, comment="it's"),)), "~ table t: comment none -> 'it''s'"),
    (replace(SCHEMA, tables=(replace(TABLE, columns=(replace(TABLE.columns[0], sequence=OTHER["sequence"]),
                                                     TABLE.columns[1])),)),
     "~ column t.id: sequence t_id_seq (type integer) -> t_id_seq (type integer, increment 2)"),
]  # fmt: skip


@pytest.mark.parametrize(("after", "said"), SAID, ids=[said for _, said in SAID])
def test_a_change_reads_well(after: Schema, said: str) -> None:
    (change,) = diff(SCHEMA, after)
    assert f"{change.sign} {change.describe()}" == said
    assert pickle.loads(pickle.dumps(change)) == change
    assert json.loads(json.dumps(change.as_dict()))["kind"] == change.kind


# -- letter case


def one_column(column: Column, **facts_: Any) -> Schema:
    return Schema((Table("t", (column,)),), **facts_)


PLAIN = Column("a", "text")
NEVER_SAME = [
    (replace(PLAIN, default="'A'"), replace(PLAIN, default="'a'"), "default"),
    (replace(PLAIN, type="enum('A')"), replace(PLAIN, type="enum('a')"), "type"),
    (replace(PLAIN, type="enum('a b')"), replace(PLAIN, type="enum('ab')"), "type"),
    (replace(PLAIN, generated="b || 'A'"), replace(PLAIN, generated="b || 'a'"), "generated"),
    (replace(PLAIN, generated=r"b || '\' A'"), replace(PLAIN, generated=r"b || '\' a'"), "generated"),
    (replace(PLAIN, comment="A"), replace(PLAIN, comment="a"), "comment"),
]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(("before", "after", "fact"), NEVER_SAME)
def test_case_counts_in_what_is_data(before: Column, after: Column, fact: str, exact: bool) -> None:
    rule = {"exact_tables": exact, "exact_columns": exact}
    (change,) = diff(one_column(before, **rule), one_column(after, **rule))
    assert facts(change) == [fact]


EXACT_ONLY = [
    (replace(PLAIN, type='"Mood"'), replace(PLAIN, type='"mood"'), "type"),
    (replace(PLAIN, default='"F"()'), replace(PLAIN, default='"f"()'), "default"),
    (replace(PLAIN, collation="C"), replace(PLAIN, collation="c"), "collation"),
    (replace(PLAIN, generated='"B"'), replace(PLAIN, generated="b"), "generated"),
]


@pytest.mark.parametrize(("before", "after", "fact"), EXACT_ONLY)
def test_case_counts_in_names_where_the_database_tells_names_apart_by_it(
    before: Column, after: Column, fact: str
) -> None:
    rule = {"exact_tables": True, "exact_columns": True}
    (change,) = diff(one_column(before, **rule), one_column(after, **rule))
    assert facts(change) == [fact]


def test_two_tables_may_differ_in_case_alone() -> None:
    upper, lower = Table("User", (PLAIN,)), Table("user", (Column("b", "text"),))
    both = Schema((upper, lower), exact_tables=True, exact_columns=True)
    assert diff(both, both) == ()
    assert diff(both, replace(both, tables=(upper,))) == (DropTable("user", lower),)
    renamed = replace(both, tables=(replace(lower, name="User"),))
    assert {change.kind for change in diff(replace(both, tables=(lower,)), renamed)} == {"CreateTable", "DropTable"}
    told = diff(replace(both, tables=(lower,)), renamed, renamed_tables={"user": "User"})
    assert [change.describe() for change in told] == ["table user -> User"]


def test_two_columns_may_differ_in_case_alone() -> None:
    upper, lower = Column("Name", "text"), Column("name", "text")
    before, after = (
        Schema((Table("t", columns),), exact_columns=True, exact_tables=True)
        for columns in ((upper, lower), (lower, upper))
    )
    assert diff(before, after) == ()
    assert [change.describe() for change in diff(one_column(upper, exact_columns=True), one_column(lower))] == [
        "column t.Name text",
        "column t.name text",
    ]
    told = diff(one_column(upper), one_column(lower, exact_columns=True), renamed_columns={("t", "Name"): "name"})
    assert [change.describe() for change in told] == ["column t.Name -> name"]


def test_one_that_tells_names_apart_is_enough() -> None:
    upper = Schema((Table("User", (PLAIN,)),))
    assert diff(upper, Schema((Table("user", (PLAIN,)),))) == ()
    assert len(diff(upper, Schema((Table("user", (PLAIN,)),), exact_tables=True))) == 2


def test_a_dot_in_a_name_is_not_that_of_a_schema() -> None:
    plain, placed = Table("audit.log", (PLAIN,)), Table("audit.log", (PLAIN,), schema="audit")
    assert {type(change) for change in diff(Schema((plain,)), Schema((placed,)))} == {CreateTable, DropTable}


def test_a_table_that_moves_to_another_schema_takes_along_what_refers_to_it() -> None:
    log = Table("log", (PLAIN,), ("a",))
    child = Table("child", (PLAIN,), foreign_keys=(ForeignKey(("a",), "log", ("a",)),))
    key = ForeignKey(("a",), "audit.log", ("a",), ref_schema="audit")
    before = Schema((child, log), namespaces=(Namespace("audit"),))
    after = replace(
        before, tables=(replace(log, name="audit.log", schema="audit"), replace(child, foreign_keys=(key,)))
    )
    (change,) = diff(before, after, renamed_tables={"log": "audit.log"})
    assert change.describe() == "table log -> audit.log"


def test_a_sequence_that_a_column_takes_has_not_gone() -> None:
    free = Schema((Table("t", (PLAIN,)),), sequences=(Sequence("s"),))
    taken = one_column(replace(PLAIN, sequence=Sequence("s")))
    for before, after in ((free, taken), (taken, free)):
        (change,) = diff(before, after)
        assert (change.kind, facts(change)) == ("AlterColumn", ["sequence"])


@pytest.mark.parametrize("facts_", [{"cache": 7}, {"cache": 7, "comment": "x"}, {"increment": 2, "cycle": True}])
def test_a_sequence_that_a_column_takes_shows_what_else_is_new_of_it(facts_: dict[str, Any]) -> None:
    told = Sequence("s", **facts_)
    for free, taken in ((told, Sequence("s")), (Sequence("s"), told)):
        apart = Schema((Table("t", (PLAIN,)),), sequences=(free,))
        together = one_column(replace(PLAIN, sequence=taken))
        for before, after in ((apart, together), (together, apart)):
            changes = {change.kind: facts(change) for change in diff(before, after)}
            assert changes == {"AlterColumn": ["sequence"], "AlterSequence": list(facts_)}


def test_a_column_of_a_view_keeps_its_name_where_postgresql_keeps_it() -> None:
    before = Schema((Table("t", (PLAIN,)),), (View("v", " SELECT t.a\n   FROM t;"),), exact_tables=True)
    after = Schema(
        (Table("t", (Column("b", "text"),)),), (View("v", " SELECT t.b AS a\n   FROM t;"),), exact_tables=True
    )
    (change,) = diff(before, after, renamed_columns={("t", "a"): "b"})
    assert change.describe() == "column t.a -> b"
