"""The attic on PostgreSQL and MariaDB, as a second connection of the test's own sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server_projects import COUNTED, Place, account, place
from test_attic import DROP_NAME, migration

from pwmig.errors import MigrationFailed
from pwmig.plan import Restored
from pwmig.project import Project

__all__ = ["place"]

DROP_REQUIRED = migration(
    "migrate(migrator.drop_column('player', 'name'))",
    "migrate(migrator.add_column('player', 'name', CharField(80)))",
)
ROWS = "INSERT INTO player (id, name, note) VALUES (1, 'one', 'a'), (2, 'two', NULL), (3, '', 'c')"


def player_project(place: Place, root: Path, source: str, *more: str, rows: str = ROWS) -> Project:
    """A table of players with rows in it, and a migration that is pending."""
    project = place.project(root, {"create": place.create("player", "note VARCHAR(80)", *more), "change": source})
    project.apply(steps=1)
    place.run(rows)
    place.database.commit()
    return project


def reverted(project: Project) -> list[Restored]:
    return [done for step in project.revert().steps for done in step.restored]


def own(place: Place) -> list[str]:
    if place.kind == "postgres":
        sql = "SELECT relname FROM pg_class WHERE relname LIKE 'pwmig_attic%' AND relkind = 'r' ORDER BY 1"
    else:
        sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() "
        sql += "AND table_name LIKE 'pwmig_attic%'"
    rows = sorted(row[0] for row in place.run(sql))
    place.database.commit()
    return rows


def read(place: Place, sql: str) -> list[tuple[Any, ...]]:
    rows = place.run(sql)
    place.database.commit()
    return rows


@pytest.mark.parametrize("source", [DROP_NAME, DROP_REQUIRED], ids=["may be null", "required"])
def test_a_dropped_column_comes_back_with_its_values(place: Place, tmp_path: Path, source: str) -> None:
    project = player_project(place, tmp_path, source)
    before = read(place, "SELECT id, name, note FROM player ORDER BY id")
    run = project.apply()
    assert [str(kept) for kept in run.steps[0].kept] == ["the values of player.name in 3 rows"]
    assert own(place) == ["pwmig_attic", "pwmig_attic_1"]
    assert reverted(project) == [Restored("player", "name", 3)]
    assert read(place, "SELECT id, name, note FROM player ORDER BY id") == before and own(place) == []


TYPES = {
    "postgres": {
        "integer": ("BIGINT", ["1", "-9223372036854775808", "NULL"]),
        "double": ("DOUBLE PRECISION", ["0.1", "'NaN'", "1e300"]),
        "numeric": ("NUMERIC(20, 4)", ["1.5000", "NULL"]),
        "json": ("JSON", ['\'{"a":  1, "a": 2}\'', "'null'", "NULL"]),
        "jsonb": ("JSONB", ["'{\"a\": [1]}'"]),
        "array": ("INTEGER[]", ["'{1,NULL,3}'", "'{}'"]),
        "bytes": ("BYTEA", ["'\\x00ff'", "''"]),
        "time": ("TIMESTAMPTZ", ["'2024-01-01 10:00:00.123456+05'", "'infinity'"]),
        "point": ("POINT", ["'(1,2)'", "NULL"]),
        "text": ('TEXT COLLATE "C"', ["'it''s %s ?'", "''", "'é\n'"]),
    },
    "mariadb": {
        "integer": ("BIGINT UNSIGNED", ["18446744073709551615", "NULL"]),
        "decimal": ("DECIMAL(20, 4)", ["1.5", "NULL"]),
        "double": ("DOUBLE", ["0.1", "1e300"]),
        "enum": ("ENUM('a', 'b''c')", ["'b''c'", "NULL"]),
        "bytes": ("VARBINARY(9)", ["x'00ff'", "''"]),
        "time": ("TIMESTAMP(6) NULL", ["'2024-01-01 10:00:00.123456'", "NULL"]),
        "bit": ("BIT(9)", ["b'101'", "NULL"]),
        "text": ("TEXT CHARACTER SET latin1", ["'it''s %s ?'", "''"]),
        "utf8mb4": ("VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", ["'é😀'", "NULL"]),
        "json": ("JSON", ["'{\"a\":  1}'", "NULL"]),
    },
}


def test_values_of_every_kind_come_back_as_they_were(place: Place, tmp_path: Path) -> None:
    types = TYPES[place.kind]
    for number, (type_, values) in enumerate(types.values()):
        table = f"t{number}"
        place.run(f"CREATE TABLE {table} (id {COUNTED[place.kind]}, note INTEGER, x {type_})")
        for value in values:
            place.run(f"INSERT INTO {table} (note, x) VALUES (1, {value})")
    place.database.commit()
    shown = "x::text" if place.kind == "postgres" else "HEX(x)"
    tables = [f"t{number}" for number in range(len(types))]
    before = [read(place, f"SELECT id, {shown}, note FROM {table} ORDER BY id") for table in tables]
    forward = "\n".join(f"migrate(migrator.drop_column('{table}', 'x'))" for table in tables)
    backward = "\n".join(
        f"database.execute_sql({f'ALTER TABLE {table} ADD COLUMN x {type_}'.replace('%', '%%')!r})"
        for table, (type_, _) in zip(tables, types.values(), strict=True)
    )
    project = place.project(tmp_path, {"change": migration(forward, backward)})
    project.apply()
    reverted(project)
    assert [read(place, f"SELECT id, {shown}, note FROM {table} ORDER BY id") for table in tables] == before
    assert own(place) == []


def test_rows_without_a_key_each_get_one_of_the_values(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE player (name VARCHAR(9), note VARCHAR(9))")
    place.run("INSERT INTO player VALUES ('one', 'x'), ('two', 'x'), ('one', 'x'), (NULL, 'y'), ('a', NULL)")
    place.database.commit()
    project = place.project(tmp_path, {"change": DROP_NAME})
    before = sorted(read(place, "SELECT name, note FROM player"), key=repr)
    project.apply()
    assert [done.restored for done in reverted(project)] == [5]
    assert sorted(read(place, "SELECT name, note FROM player"), key=repr) == before


def test_rows_without_a_key_get_their_values_also_where_a_default_fills_the_column(
    place: Place, tmp_path: Path
) -> None:
    place.run("CREATE TABLE player (name VARCHAR(80), level INTEGER NOT NULL)")
    place.run("INSERT INTO player VALUES ('one', 1), ('same', 0), ('same', 3), ('same', 3), ('zero', 0)")
    place.database.commit()
    source = migration(
        "migrate(migrator.drop_column('player', 'level'))",
        "migrate(migrator.add_column('player', 'level', IntegerField(default=0)))",
    )
    project = place.project(tmp_path, {"change": source})
    project.apply()
    assert reverted(project) == [Restored("player", "level", 5)]
    rows = read(place, "SELECT name, level FROM player ORDER BY name, level")
    assert rows == [("one", 1), ("same", 0), ("same", 3), ("same", 3), ("zero", 0)]


def test_what_happened_to_the_rows_since_is_told(place: Place, tmp_path: Path) -> None:
    project = player_project(place, tmp_path, DROP_NAME)
    project.apply()
    place.run("UPDATE player SET note = 'other' WHERE id = 2")
    place.run("DELETE FROM player WHERE id = 3")
    place.run("INSERT INTO player (id, note) VALUES (9, 'newer')")
    place.database.commit()
    assert reverted(project) == [Restored("player", "name", 2, changed=1, gone=1, lacking=1)]
    assert read(place, "SELECT id, name FROM player ORDER BY id") == [(1, "one"), (2, "two"), (9, None)]
    assert [(entry.row_count, entry.in_words) for entry in project.attic()] == [(1, "player.name")]
    project.purge("change")
    assert own(place) == []


def test_a_required_column_that_newer_rows_lack_asks_for_a_fill(place: Place, tmp_path: Path) -> None:
    project = player_project(place, tmp_path, DROP_REQUIRED)
    project.apply()
    place.run("INSERT INTO player (id, note) VALUES (9, 'newer')")
    place.database.commit()
    with pytest.raises(MigrationFailed, match="1 row has no value"):
        project.revert()


def test_reverting_an_add_column_keeps_its_values_for_the_next_forward(place: Place, tmp_path: Path) -> None:
    source = migration(
        "migrate(migrator.add_column('player', 'level', IntegerField(default=1)))",
        "migrate(migrator.drop_column('player', 'level'))",
    )
    project = player_project(place, tmp_path, source)
    project.apply()
    place.run("UPDATE player SET level = 7 WHERE id = 2")
    place.database.commit()
    project.revert()
    assert project.apply().steps[0].restored == (Restored("player", "level", 3),)
    assert read(place, "SELECT id, level FROM player ORDER BY id") == [(1, 1), (2, 7), (3, 1)]


DROP_TABLE = migration(
    "migrate(migrator.drop_table('player'))",
    "migrate(migrator.create_table('player', {'id': AutoField(), 'name': CharField(80, null=True), "
    "'note': CharField(80, null=True), 'club_id': IntegerField(null=True)}))",
)


def test_a_table_whose_keys_the_server_named_goes_and_comes_back(place: Place, tmp_path: Path) -> None:
    """MariaDB calls such keys as their table is called, by now."""
    place.run("CREATE TABLE club (id INTEGER PRIMARY KEY)")
    place.run("INSERT INTO club VALUES (1)")
    project = player_project(
        place, tmp_path, DROP_TABLE, "club_id INTEGER", "FOREIGN KEY (club_id) REFERENCES club (id)"
    )
    place.run("INSERT INTO player (id, club_id) VALUES (40, 1)")
    place.database.commit()
    before = project.schema()
    project.apply()
    assert "player" not in project.schema().table_names
    assert [done.restored for done in reverted(project)] == [4]
    place.database.commit()
    keys = [table.foreign_keys for table in (before.tables[-1], project.schema().tables[-1])]
    assert keys[0] == keys[1] != ()


def test_a_dropped_table_comes_back_with_what_hung_on_it(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE club (id INTEGER PRIMARY KEY)")
    place.run("INSERT INTO club VALUES (1)")
    project = player_project(place, tmp_path, DROP_TABLE, "club_id INTEGER")
    place.run("INSERT INTO player (id, club_id) VALUES (40, 1)")
    place.run("ALTER TABLE player ADD CONSTRAINT of_club FOREIGN KEY (club_id) REFERENCES club (id) ON DELETE CASCADE")
    place.run("CREATE INDEX by_note ON player (note)")
    if place.kind == "postgres":
        place.run("SELECT setval('player_id_seq', 77)")
    else:
        place.run("ALTER TABLE player AUTO_INCREMENT = 78")
        place.run("CREATE TRIGGER noted BEFORE INSERT ON player FOR EACH ROW SET NEW.note = concat(NEW.note, '!')")
    place.database.commit()
    before = read(place, "SELECT id, name, note, club_id FROM player ORDER BY id")
    schema = project.schema().table("player")
    project.apply()
    assert "player" not in place.tables() and project.schema().table_names == ("club",)
    place.run("SELECT 1")
    assert reverted(project) == [Restored("player", None, 4)]
    assert read(place, "SELECT id, name, note, club_id FROM player ORDER BY id") == before and own(place) == []
    after = project.schema().table("player")
    assert schema is not None and after is not None
    assert (after.indexes, after.foreign_keys) == (schema.indexes, schema.foreign_keys)
    assert after.triggers == schema.triggers
    place.run("INSERT INTO player (name) VALUES ('next')")
    assert read(place, "SELECT max(id) FROM player") == [(78,)]


def test_what_is_kept_refers_to_nothing(place: Place, tmp_path: Path) -> None:
    source = migration("migrate(migrator.drop_table('goal'))", "pass")
    project = player_project(place, tmp_path, source)
    place.run(
        "CREATE TABLE goal (id INTEGER PRIMARY KEY, player_id INTEGER, "
        "CONSTRAINT of_player FOREIGN KEY (player_id) REFERENCES player (id) ON DELETE CASCADE)"
    )
    place.run("INSERT INTO goal VALUES (1, 2)")
    place.database.commit()
    project.apply()
    place.run("DELETE FROM player")
    place.database.commit()
    assert [entry.row_count for entry in project.attic()] == [1]
    project.purge("change")
    assert own(place) == []


def test_a_table_that_others_need_is_refused_as_before_and_stays(place: Place, tmp_path: Path) -> None:
    project = player_project(place, tmp_path, DROP_TABLE)
    place.run("CREATE VIEW seen AS SELECT id FROM player")
    place.database.commit()
    with pytest.raises(MigrationFailed, match="can't be dropped while other things need it"):
        project.apply()
    assert read(place, "SELECT count(*) FROM player") == [(3,)] and own(place) == []


def test_a_column_that_others_need_is_refused_as_before_and_nothing_is_kept(place: Place, tmp_path: Path) -> None:
    project = player_project(place, tmp_path, DROP_NAME)
    place.run("CREATE VIEW seen AS SELECT name FROM player")
    place.database.commit()
    with pytest.raises(MigrationFailed, match="can't be dropped while other things need it"):
        project.apply()
    assert read(place, "SELECT count(name) FROM player") == [(3,)] and project.attic() == ()


def test_a_migration_that_drops_nothing_makes_nothing(place: Place, tmp_path: Path) -> None:
    source = migration("migrate(migrator.add_column('player', 'level', IntegerField(default=1)))", "pass")
    player_project(place, tmp_path, source).apply()
    assert own(place) == []


def test_a_rehearsal_of_the_way_back_knows_what_is_kept(place: Place, tmp_path: Path) -> None:
    project = player_project(place, tmp_path, DROP_REQUIRED)
    forward = project.rehearse()
    assert [loss.kept for loss in forward.losses] == [True] and own(place) == []
    project.apply()
    backward = project.rehearse(backward=True)
    assert backward.steps[0].restored == (Restored("player", "name", 3),)
    assert own(place) == ["pwmig_attic", "pwmig_attic_1"]


@pytest.mark.parametrize("place", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_default_privileges_give_nobody_a_right_to_the_attic(place: Place, tmp_path: Path) -> None:
    project = player_project(place, tmp_path, DROP_NAME)
    with account(place, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO $user"):
        project.apply()
        grants = "SELECT count(*) FROM information_schema.role_table_grants WHERE table_name LIKE 'pwmig_attic%' "
        assert read(place, grants + "AND grantee LIKE 'poor%'") == [(0,)]


@pytest.mark.parametrize("place", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_user_triggers_of_postgresql_do_not_fire(place: Place, tmp_path: Path) -> None:
    project = player_project(place, tmp_path, DROP_NAME)
    place.run("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$")
    place.run("CREATE TRIGGER noted BEFORE UPDATE ON player FOR EACH ROW EXECUTE FUNCTION no()")
    place.database.commit()
    project.apply()
    assert reverted(project) == [Restored("player", "name", 3)]
    assert read(place, "SELECT tgenabled::text FROM pg_trigger WHERE tgname = 'noted'") == [("O",)]


@pytest.mark.parametrize("place", [pytest.param("mariadb", marks=pytest.mark.mariadb)], indirect=True)
def test_a_time_stamp_of_mariadb_does_not_move(place: Place, tmp_path: Path) -> None:
    stamp = "at TIMESTAMP NOT NULL DEFAULT '2001-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP"
    project = player_project(place, tmp_path, DROP_NAME, stamp)
    before = read(place, "SELECT at FROM player")
    project.apply()
    project.revert()
    assert read(place, "SELECT at FROM player") == before


STEPS = st.lists(
    st.tuples(st.sampled_from(("insert", "update", "delete")), st.integers(1, 6), st.text("ab", max_size=2)), max_size=6
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.dictionaries(
        st.integers(1, 6), st.tuples(st.text("xy", max_size=3), st.text("ab", max_size=2)), min_size=1
    ),
    steps=STEPS,
)
def test_each_value_is_back_in_its_row_or_still_in_the_attic(
    place: Place, tmp_path: Path, rows: dict[int, Any], steps: list[Any]
) -> None:
    for table in ("player", *own(place), "pwmig_history"):
        place.run(f"DROP TABLE IF EXISTS {table}")
    place.run(f"CREATE TABLE player (id {COUNTED[place.kind]}, name VARCHAR(80), note VARCHAR(80))")
    for number, (name, note) in rows.items():
        place.run(f"INSERT INTO player VALUES ({number}, '{name}', '{note}')")
    if place.kind == "postgres":
        place.run("SELECT setval('player_id_seq', 100)")
    place.database.commit()
    project = place.project(tmp_path, {"change": DROP_NAME})
    project.apply()
    alive = set(rows)
    for what, number, text in steps:
        if what == "insert":
            place.run(f"INSERT INTO player (note) VALUES ('{text}')")
        elif what == "update":
            place.run(f"UPDATE player SET note = '{text}' WHERE id = {number}")
        else:
            place.run(f"DELETE FROM player WHERE id = {number}")
            alive.discard(number)
    place.database.commit()
    (done,) = reverted(project)
    assert (done.restored, done.gone) == (len(alive), len(rows) - len(alive))
    names = dict(read(place, "SELECT id, name FROM player"))
    assert {number: names[number] for number in alive} == {number: rows[number][0] for number in alive}
    assert all(name is None for number, name in names.items() if number not in alive)
    left = dict(read(place, "SELECT k0, v0 FROM pwmig_attic_1")) if done.unmatched else {}
    assert left == {number: name for number, (name, _) in rows.items() if number not in alive}


CASTS = {"postgres": "round(x)::integer", "mariadb": "CAST(round(x) AS SIGNED)"}


def test_what_a_narrowing_or_a_fill_takes_comes_back(place: Place, tmp_path: Path) -> None:
    narrowed = migration(
        f"migrate(migrator.alter_column_type('player', 'x', IntegerField(null=True), cast={CASTS[place.kind]!r}))",
        "migrate(migrator.alter_column_type('player', 'x', DoubleField(null=True)))",
    )
    filled = migration("migrate(migrator.apply_default('player', 'y', IntegerField(default=7)))", "pass")
    project = place.project(tmp_path, {"narrow": narrowed, "fill": filled})
    place.run("CREATE TABLE player (id INTEGER PRIMARY KEY, x DOUBLE PRECISION, y INTEGER)")
    place.run("INSERT INTO player VALUES (1, 1.25, 1), (2, 2.0, NULL), (3, NULL, 7), (4, 4.75, NULL)")
    place.database.commit()
    before = read(place, "SELECT * FROM player ORDER BY id")
    run = project.apply()
    assert [str(kept) for kept in run.steps[1].kept] == ["what player.y held before, in 3 rows"]
    assert read(place, "SELECT x, y FROM player ORDER BY id") == [(1, 7), (2, 7), (None, 7), (5, 7)]
    place.run("UPDATE player SET y = 100 WHERE id = 2")
    place.database.commit()
    project.revert(to="zero")
    after = read(place, "SELECT * FROM player ORDER BY id")
    assert after == [before[0], (2, 2.0, 100), *before[2:]]


class Killed(Exception):
    """The server ended the connection."""


@pytest.mark.parametrize("source", [DROP_NAME, DROP_TABLE], ids=["column", "table"])
@pytest.mark.parametrize("place", [pytest.param("mariadb", marks=pytest.mark.mariadb)], indirect=True)
def test_whenever_it_is_killed_the_values_are_in_the_table_or_in_the_attic(
    place: Place, tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymysql.connections import Connection

    send, left = Connection.query, [10**9]

    def query(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        text = sql if isinstance(sql, str) else bytes(sql).decode("utf-8", "replace")
        if not text.lstrip().startswith(("SELECT", "SHOW", "SET")):
            left[0] -= 1
            if left[0] == 0:
                left[0] = 10**9
                self._force_close()
                raise Killed
        return send(self, sql, *args, **kwargs)

    monkeypatch.setattr(Connection, "query", query)
    project = place.project(tmp_path, {"change": source})
    wanted = {"one", "two", ""}
    for count in range(1, 60):
        place.forget()
        for table in (*own(place), "player"):
            place.run(f"DROP TABLE IF EXISTS {table}")
        place.run(
            f"CREATE TABLE player (id {COUNTED[place.kind]}, name VARCHAR(80), note VARCHAR(80), club_id INTEGER)"
        )
        place.run(ROWS)
        place.database.commit()
        left[0] = count
        try:
            project.apply()
        except Exception:
            pass
        else:
            break
        finally:
            done, left[0] = left[0], 10**9
        found: set[Any] = set()
        for table in place.tables() - {"pwmig_history"}:
            columns = {column.name for column in place.database.get_columns(table)}
            for name in {"name", "v0"} & columns:
                found |= {row[0] for row in read(place, f"SELECT {name} FROM {table}")}
        assert wanted <= found, f"killed at statement {count} ({done})"
    else:
        raise AssertionError("it never came to its end")
    assert count > 5


def test_a_column_with_a_foreign_key_in_a_table_that_others_refer_to(place: Place, tmp_path: Path) -> None:
    source = migration(
        "migrate(migrator.drop_column('player', 'club_id'), migrator.drop_column('goal', 'minute'))",
        "migrate(migrator.add_column('goal', 'minute', IntegerField(null=True)), "
        "migrator.add_column('player', 'club_id', IntegerField(null=True)), "
        "migrator.add_foreign_key_constraint('player', 'club_id', 'club', 'id', constraint_name='of_club'))",
    )
    project = place.project(tmp_path, {"change": source})
    place.run("CREATE TABLE club (id INTEGER PRIMARY KEY)")
    place.run(
        "CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(9), club_id INTEGER, "
        "CONSTRAINT of_club FOREIGN KEY (club_id) REFERENCES club (id))"
    )
    place.run(
        "CREATE TABLE goal (id INTEGER PRIMARY KEY, player_id INTEGER, minute INTEGER, "
        "CONSTRAINT of_player FOREIGN KEY (player_id) REFERENCES player (id) ON DELETE CASCADE)"
    )
    for sql in (
        "club VALUES (1), (2)",
        "player VALUES (1, 'a', 2), (2, 'b', NULL)",
        "goal VALUES (1, 1, 90), (2, 1, 5)",
    ):
        place.run(f"INSERT INTO {sql}")
    if place.kind == "mariadb":
        place.run("CREATE TABLE audit (what INTEGER)")
        place.run("CREATE TRIGGER noted AFTER DELETE ON player FOR EACH ROW INSERT INTO audit VALUES (1)")
    place.database.commit()
    project.apply()
    assert {(done.table, done.restored) for done in reverted(project)} == {("player", 2), ("goal", 2)}
    assert read(place, "SELECT id, club_id FROM player ORDER BY id") == [(1, 2), (2, None)]
    assert read(place, "SELECT id, minute FROM goal ORDER BY id") == [(1, 90), (2, 5)]


def test_what_is_kept_can_be_put_back_by_hand(place: Place, tmp_path: Path) -> None:
    project = player_project(place, tmp_path, DROP_NAME)
    project.apply()
    place.run("ALTER TABLE player ADD COLUMN name VARCHAR(80)")
    place.run("UPDATE player SET name = 'newer' WHERE id = 1")
    place.database.commit()
    assert project.restore("change") == (Restored("player", "name", 2, newer=1),)
    assert read(place, "SELECT name FROM player ORDER BY id") == [("newer",), ("two",), ("",)]
    assert [entry.row_count for entry in project.purge()] == [1] and own(place) == []


@pytest.mark.parametrize("place", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_table_that_takes_others_along_is_copied(place: Place, tmp_path: Path) -> None:
    """Moved, its view would follow it, and not go."""
    source = DROP_TABLE.replace("drop_table('player')", "drop_table('player', cascade=True)")
    project = player_project(place, tmp_path, source, "club_id INTEGER")
    place.run("CREATE VIEW seen AS SELECT id FROM player")
    place.database.commit()
    project.apply()
    assert read(place, "SELECT count(*) FROM pg_views WHERE viewname = 'seen'") == [(0,)]
    assert reverted(project) == [Restored("player", None, 3)]


@pytest.mark.parametrize("place", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_two_tables_of_one_name_are_kept_one_after_the_other(place: Place, tmp_path: Path) -> None:
    again = migration("migrate(migrator.drop_table('player'))", "pass")
    project = player_project(place, tmp_path, again)
    project.apply()
    place.run("CREATE TABLE player (id SERIAL PRIMARY KEY)")
    place.run("INSERT INTO player VALUES (1)")
    place.database.commit()
    (tmp_path / "db" / "migrations" / "20250101_000002_again.py").write_text(again)
    project.apply()
    assert [entry.row_count for entry in project.attic()] == [1, 3] and project.schema().table_names == ()
    project.purge()
    assert read(place, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pwmig%'") == [(0,)]


def test_hostile_names(place: Place, tmp_path: Path) -> None:
    table, column, other = 'we"ir`d ?%s', "va'l\"u`e ?%s", "o%th?er"
    source = migration(
        f"migrate(migrator.drop_column({table!r}, {column!r}))\nmigrate(migrator.drop_table({table!r}))",
        f"migrate(migrator.create_table({table!r}, {{'id': AutoField(), {other!r}: TextField(null=True)}}))\n"
        f"migrate(migrator.add_column({table!r}, {column!r}, TextField(null=True)))",
    )
    quoted = [place.quote(name) for name in (table, column, other)]
    cursor = place.database.connection().cursor()
    cursor.execute(f"CREATE TABLE {quoted[0]} (id {COUNTED[place.kind]}, {quoted[1]} TEXT, {quoted[2]} TEXT)")
    cursor.execute(f"INSERT INTO {quoted[0]} VALUES (1, 'it''s', 'x'), (2, NULL, NULL)")
    place.database.commit()
    project = place.project(tmp_path, {"change": source})
    before = read(place, f"SELECT id, {quoted[1]}, {quoted[2]} FROM {quoted[0]} ORDER BY id")
    project.apply()
    assert [done.restored for done in reverted(project)] == [2, 2]
    assert read(place, f"SELECT id, {quoted[1]}, {quoted[2]} FROM {quoted[0]} ORDER BY id") == before
