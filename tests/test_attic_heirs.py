"""What is kept of a PostgreSQL table that others inherit from, or that is in partitions, comes back in its own rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from server_projects import Place, place
from test_attic import migration
from test_attic_servers import read, reverted

from pwmig.errors import MigrationFailed
from pwmig.plan import Restored
from pwmig.project import Project

__all__ = ["place"]

pytestmark = pytest.mark.parametrize("place", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)

DROP = migration(
    "migrate(migrator.drop_column('a', 'name'))",
    "migrate(migrator.add_column('a', 'name', CharField(9, null=True)))",
)
TAKEN = {
    "dropped": DROP,
    "narrowed": migration(
        "migrate(migrator.alter_column_type('a', 'name', CharField(1, null=True), cast='left(name, 1)'))",
        "migrate(migrator.alter_column_type('a', 'name', CharField(9, null=True)))",
    ),
    "filled": migration("migrate(migrator.backfill('a', {'name': 'x'}, True))", "pass"),
    "filled and committed": migration(
        "migrate(migrator.backfill('a', {'name': 'x'}, \"name <> 'x'\", 1, commit=True))", "pass"
    ),
}
KEYED = ("CREATE TABLE a (id INTEGER PRIMARY KEY, name VARCHAR(9), o INTEGER)",)
KEYLESS = ("CREATE TABLE a (id INTEGER, name VARCHAR(9), o INTEGER)",)
HEIRS = (
    "CREATE TABLE b () INHERITS (a)",
    "CREATE SCHEMA far",
    "CREATE TABLE far.c (more INTEGER) INHERITS (b)",
    "INSERT INTO a (id, name) VALUES (1, 'parent'), (2, 'second')",
    "INSERT INTO b (id, name) VALUES (1, 'child'), (3, 'third')",
    "INSERT INTO far.c (id, name) VALUES (1, 'grand'), (2, 'far')",
)
PARTS = (
    "CREATE TABLE a{0} PARTITION OF a FOR VALUES IN ({0})",
    "INSERT INTO a VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 1), (3, 'also', 2)",
)
ROWS = "SELECT tableoid::regclass::text, id, name FROM a ORDER BY 1, 2, 3"


def project_of(place: Place, root: Path, source: str, *statements: str) -> Project:
    for sql in statements:
        place.run(sql)
    place.database.commit()
    return place.project(root, {"change": source})


def parts(key: str) -> list[str]:
    made = f"CREATE TABLE a (id INTEGER, name VARCHAR(9), o INTEGER{key}) PARTITION BY LIST (o)"
    return [made, PARTS[0].format(1), PARTS[0].format(2), PARTS[1]]


@pytest.mark.parametrize("what", TAKEN)
def test_each_table_gets_back_what_its_own_rows_held(place: Place, tmp_path: Path, what: str) -> None:
    project = project_of(place, tmp_path, TAKEN[what], *KEYED, *HEIRS)
    before = read(place, ROWS)
    project.apply()
    assert [done.restored for done in reverted(project)] == [6]
    assert read(place, ROWS) == before and project.attic() == ()


@pytest.mark.parametrize("what", ["dropped", "narrowed", "filled"])
@pytest.mark.parametrize("tables", ["heirs", "partitions"])
def test_rows_without_a_key_in_several_tables(place: Place, tmp_path: Path, tables: str, what: str) -> None:
    """A row's place in its file tells it from others of its table, and of no other one."""
    project = project_of(place, tmp_path, TAKEN[what], *((*KEYLESS, *HEIRS) if tables == "heirs" else parts("")))
    before = read(place, ROWS)
    project.apply()
    assert [done.restored for done in reverted(project)] == [len(before)]
    assert read(place, ROWS) == before


@pytest.mark.parametrize("key", [", PRIMARY KEY (id, o)", ""], ids=["key", "no key"])
def test_partitions_that_were_made_since(place: Place, tmp_path: Path, key: str) -> None:
    project = project_of(place, tmp_path, DROP, *parts(key))
    before = [row[1:] for row in read(place, ROWS)]
    project.apply()
    place.run("ALTER TABLE a DETACH PARTITION a2")
    place.run(PARTS[0].format(2).replace("a2", "again"))
    place.run("INSERT INTO a SELECT * FROM a2")
    place.database.commit()
    assert [done.restored for done in reverted(project)] == [4]
    assert sorted(row[1:] for row in read(place, ROWS)) == sorted(before)


@pytest.mark.parametrize("what", ["dropped", "narrowed", "filled"])
def test_an_heir_that_came_since_gets_nothing_of_others(place: Place, tmp_path: Path, what: str) -> None:
    project = project_of(place, tmp_path, TAKEN[what], *KEYED, HEIRS[3])
    project.apply()
    place.run("CREATE TABLE b () INHERITS (a)")
    place.run("INSERT INTO b (id, o) VALUES (1, 7)")
    place.database.commit()
    assert [done.restored for done in reverted(project)] == [2]
    assert read(place, ROWS) == [("a", 1, "parent"), ("a", 2, "second"), ("b", 1, None)]


def test_what_an_heir_held_that_is_gone_stays_in_the_attic(place: Place, tmp_path: Path) -> None:
    project = project_of(place, tmp_path, DROP, *KEYED, *HEIRS)
    project.apply()
    place.run("DROP TABLE far.c")
    place.run("ALTER TABLE b NO INHERIT a")
    place.database.commit()
    assert reverted(project) == [Restored("a", "name", 2, gone=4)]
    assert read(place, ROWS) == [("a", 1, "parent"), ("a", 2, "second")]
    assert [entry.row_count for entry in project.attic()] == [4]


def test_a_rehearsal_of_the_way_back_knows_whose_rows_they_are(place: Place, tmp_path: Path) -> None:
    project = project_of(place, tmp_path, DROP, *KEYED, *HEIRS)
    project.apply()
    assert project.rehearse(backward=True).steps[0].restored == (Restored("a", "name", 6),)


@pytest.mark.parametrize("what", ["dropped", "filled", "filled and committed"])
def test_an_heir_in_which_two_rows_have_one_key_is_refused(place: Place, tmp_path: Path, what: str) -> None:
    project = project_of(place, tmp_path, TAKEN[what], *KEYED, *HEIRS, "INSERT INTO b (id, name) VALUES (1, 'twin')")
    before = read(place, ROWS)
    with pytest.raises(MigrationFailed, match=r"(?s)rows of b have the same key.*attic=False"):
        project.apply()
    assert read(place, ROWS) == before


def test_rows_of_an_heir_that_have_one_key_since_are_doubtful(place: Place, tmp_path: Path) -> None:
    project = project_of(place, tmp_path, DROP, *KEYED, *HEIRS)
    project.apply()
    place.run("INSERT INTO b (id) VALUES (1)")
    place.database.commit()
    (done,) = reverted(project)
    assert (done.restored, done.doubtful) == (5, 1)
    assert ("b", 1, "child") not in read(place, ROWS)


def test_a_table_is_not_kept_together_with_its_heirs(place: Place, tmp_path: Path) -> None:
    source = migration("migrate(migrator.drop_table('a', cascade=True))", "pass")
    project = project_of(place, tmp_path, source, *KEYED, *HEIRS)
    with pytest.raises(MigrationFailed, match=r"(?s)heirs: b, far\.c.*drop_table"):
        project.apply()
    assert len(read(place, ROWS)) == 6


@pytest.mark.parametrize("tables", ["heirs", "partitions"])
def test_triggers_of_none_of_the_tables_fire(place: Place, tmp_path: Path, tables: str) -> None:
    made, having = {
        "heirs": ([*KEYED, *HEIRS], ("a", "b", "far.c")),
        "partitions": (parts(", PRIMARY KEY (id, o)"), ("a", "a1")),
    }[tables]
    project = project_of(place, tmp_path, DROP, *made)
    before = read(place, ROWS)
    place.run("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$")
    for table in having:
        place.run(f"CREATE TRIGGER of_{table[-1]} AFTER UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION no()")
    place.run(f"ALTER TABLE {having[1]} ENABLE ALWAYS TRIGGER of_{having[1][-1]}")
    place.database.commit()
    enabled = "SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger ORDER BY 1, 2"
    triggers = read(place, enabled)
    project.apply()
    reverted(project)
    assert read(place, ROWS) == before and read(place, enabled) == triggers
