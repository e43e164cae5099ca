"""A way back that makes a table again and loads rows into it itself, which the attic has put back by then."""

from __future__ import annotations

import pytest
from projects import HEAD, config_of, open_project

from pwmig.dialects import dialect_of
from pwmig.errors import MigrationFailed
from pwmig.plan import Restored

KEYED = "CREATE TABLE player (id INT NOT NULL PRIMARY KEY, name VARCHAR(9))"
KEYLESS = "CREATE TABLE player (id INT NOT NULL, name VARCHAR(9))"
ROWS = [(1, "a"), (2, None), (2, None)]
MAKE = "migrator.create_table('player', {'id': IntegerField(primary_key=%s), 'name': CharField(9, null=True)})"
COPY = "INSERT INTO player (id, name) SELECT id, name FROM old_player"
LOADS = {
    "sql": f"migrate({{}}, migrator.sql({COPY!r}))",
    "a statement": f"migrate({{}})\n    database.execute_sql({COPY!r})",
    "a function": f"migrate({{}}, migrator.run_python(lambda there: there.execute_sql({COPY!r})))",
}


class _Case:
    def __init__(self, root, database, table, load, rows=None):
        self.database, self.is_keyed = database, table is KEYED
        self.rows = (ROWS[:2] if self.is_keyed else ROWS) if rows is None else rows
        self.made = MAKE % self.is_keyed
        self.load = load.format(self.made)
        database.execute_sql(table)
        for one in self.rows:
            database.execute_sql(f"INSERT INTO player VALUES ({one[0]}, {'NULL' if one[1] is None else repr(one[1])})")
        database.execute_sql("CREATE TABLE old_player AS SELECT * FROM player")
        there = "migrate(migrator.drop_table('player'))"
        text = f"{HEAD}\n\ndef migrate_forward():\n    {there}\n\n\ndef migrate_backward():\n    {self.load}\n"
        self.project = open_project(root / "p", {"one": text}, config=config_of(database))
        self.project.apply()

    def found(self):
        rows = self.database.execute_sql("SELECT id, name FROM player").fetchall()
        return sorted(map(tuple, rows), key=repr)

    def fails(self):
        with pytest.raises(MigrationFailed) as caught:
            self.project.revert()
        assert "player has its rows back" in caught.value.what
        assert "the attic" in caught.value.why and "migrate_backward()" in caught.value.way_out
        if dialect_of(self.database).name == "mysql":
            assert "take back by hand what stays" in caught.value.way_out
            self.database.execute_sql("DROP TABLE player")
        (entry,) = self.project.attic()
        assert f"pwmig attic purge {entry.id}" in caught.value.way_out
        return entry.id

    def takes_out(self):
        (path,) = self.project.migrations_folder.glob("*_one.py")
        path.write_text(path.read_text().replace(self.load, f"migrate({self.made})"))


@pytest.mark.parametrize("table", [KEYED, KEYLESS], ids=["key", "no key"])
@pytest.mark.parametrize("load", LOADS)
def test_it_is_told_that_the_rows_are_back_and_without_it_they_are(tmp_path, any_database, table, load):
    case = _Case(tmp_path, any_database, table, LOADS[load])
    case.fails()
    case.takes_out()
    (told,) = case.project.revert(allow=("changed",)).steps[0].restored
    assert told == Restored("player", None, len(case.rows))
    assert case.found() == sorted(case.rows, key=repr) and case.project.attic() == ()


@pytest.mark.parametrize("table", [KEYED, KEYLESS], ids=["key", "no key"])
def test_where_nothing_is_kept_any_more_it_loads_them(tmp_path, any_database, table):
    case = _Case(tmp_path, any_database, table, LOADS["sql"])
    case.project.purge(str(case.fails()))
    assert case.project.revert().steps[0].restored == ()
    assert case.found() == sorted(case.rows, key=repr)


@pytest.mark.parametrize("table", [KEYED, KEYLESS], ids=["key", "no key"])
@pytest.mark.parametrize("load", LOADS)
def test_rows_that_are_new_come_beside(tmp_path, any_database, table, load):
    case = _Case(tmp_path, any_database, table, LOADS[load].replace("id, name FROM old", "id + 10, name FROM old"))
    assert case.project.revert().steps[0].restored == (Restored("player", None, len(case.rows)),)
    assert case.found() == sorted([*case.rows, *((n + 10, name) for n, name in case.rows)], key=repr)
    assert case.project.attic() == ()


def test_what_it_reads_and_changes_is_there(tmp_path, any_database):
    load = "migrate({}, migrator.sql(\"UPDATE player SET name = 'x' WHERE id = 2\"))"
    case = _Case(tmp_path, any_database, KEYLESS, load)
    case.project.revert()
    assert case.found() == [(1, "a"), (2, "x"), (2, "x")]


def test_a_table_that_is_called_otherwise_and_has_other_columns_by_then_is_told_too(tmp_path, any_database):
    load = f"migrate({{}})\n    database.execute_sql({COPY!r})\n    "
    load += "migrate(migrator.rename_table('player', 'person'), migrator.rename_column('person', 'name', 'called'))"
    case = _Case(tmp_path, any_database, KEYLESS, load)
    with pytest.raises(MigrationFailed) as caught:
        case.project.revert()
    assert "person has its rows back" in caught.value.what


def test_another_key_that_is_there_already_is_told_as_it_is(tmp_path, any_database):
    load = "migrate({}, migrator.sql('INSERT INTO old_player VALUES (1, 2)'))"
    case = _Case(tmp_path, any_database, KEYED, load)
    any_database.execute_sql("CREATE UNIQUE INDEX of_id ON old_player (id)")
    with pytest.raises(MigrationFailed) as caught:
        case.project.revert()
    assert "player has its rows back" not in caught.value.what and "IntegrityError" in caught.value.why


def test_one_that_leaves_those_that_are_there_alone_goes_on(tmp_path, any_database):
    words = {"sqlite": "INSERT OR IGNORE", "mysql": "INSERT IGNORE"}.get(dialect_of(any_database).name, "INSERT")
    copy = COPY.replace("INSERT", words) + (" ON CONFLICT DO NOTHING" if words == "INSERT" else "")
    case = _Case(tmp_path, any_database, KEYED, LOADS["sql"].replace(COPY, copy))
    assert case.project.revert().steps[0].restored == (Restored("player", None, 2),)
    assert case.found() == sorted(case.rows, key=repr)
