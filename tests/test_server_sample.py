"""The rows of a rehearsal's copy: a sample whose foreign keys hold, and every value as it was."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server_projects import Place, place, place_on

from pwmig.dialects import dialect_of
from pwmig.dialects.server import filling
from pwmig.diff import diff
from pwmig.plan import Event
from pwmig.project import Project

__all__ = ["place"]

EXAMPLES = int(os.environ.get("PWMIG_EXAMPLES", "15"))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sample be of ten rows."""
    monkeypatch.setattr(filling, "MOST_ROWS", 10)
    monkeypatch.setattr(filling, "_LEAST_ROWS", 1)


def rows_of(place: Place, table: str) -> list[tuple[Any, ...]]:
    return sorted(place.run(f"SELECT * FROM {place.quote(table)}"), key=repr)


def in_copy(place: Place, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
    with dialect_of(place.database).copy(place.database):
        return {table: rows_of(place, table) for table in tables}


def test_parents_of_sampled_rows_are_taken_up_the_tree_and_round_in_circles(place: Place, few: None) -> None:
    place.run("CREATE TABLE country (id INTEGER PRIMARY KEY, capital INTEGER)")
    place.run(
        "CREATE TABLE city (id INTEGER PRIMARY KEY, country INTEGER NOT NULL, twin INTEGER, "
        "FOREIGN KEY (country) REFERENCES country (id), FOREIGN KEY (twin) REFERENCES city (id))"
    )
    place.run("ALTER TABLE country ADD FOREIGN KEY (capital) REFERENCES city (id)")
    place.run("CREATE TABLE pair (a INTEGER, b INTEGER, note VARCHAR(9), PRIMARY KEY (b, a))")
    place.run(
        "CREATE TABLE uses (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, FOREIGN KEY (b, a) REFERENCES pair (b, a))"
    )
    place.run("INSERT INTO country VALUES " + ", ".join(f"({n}, NULL)" for n in range(1, 101)))
    place.run("INSERT INTO city VALUES " + ", ".join(f"({n}, {101 - n}, NULL)" for n in range(1, 101)))
    place.run("UPDATE city SET twin = id + 20 WHERE id <= 80")
    place.run("UPDATE country SET capital = id")
    place.run("INSERT INTO pair VALUES " + ", ".join(f"({n}, {n % 3}, 'x')" for n in range(1, 61)))
    place.run("INSERT INTO uses VALUES " + ", ".join(f"({n}, {61 - n}, {(61 - n) % 3})" for n in range(1, 61)))
    place.run("INSERT INTO uses VALUES (0, NULL, 1), (100, 5, NULL)")
    copy = in_copy(place, "country", "city", "pair", "uses")
    cities, countries = {row[0] for row in copy["city"]}, {row[0] for row in copy["country"]}
    assert set(range(1, 11)) <= cities and set(range(1, 11)) <= countries
    assert {row[1] for row in copy["city"]} <= countries
    assert {row[2] for row in copy["city"]} - {None} <= cities
    assert {row[1] for row in copy["country"]} - {None} <= cities
    assert {1, 21, 41, 61, 81} <= cities, "up a table's own references"
    pairs = {(row[0], row[1]) for row in copy["pair"]}
    assert {(row[1], row[2]) for row in copy["uses"] if None not in row} <= pairs
    assert len(copy["uses"]) == 10 and len(pairs) < 60
    assert all(row[1] is not None for row in copy["country"]), "no reference had to end"


def test_a_chain_longer_than_the_limit_is_cut_and_still_holds(place: Place, few: None) -> None:
    place.run("CREATE TABLE link (id INTEGER PRIMARY KEY, next INTEGER, FOREIGN KEY (next) REFERENCES link (id))")
    place.run("INSERT INTO link VALUES (1000, NULL)")
    for start in range(999, 0, -100):
        place.run(
            "INSERT INTO link VALUES " + ", ".join(f"({n}, {n + 1})" for n in range(start, max(0, start - 100), -1))
        )
    copy = in_copy(place, "link")["link"]
    known = {row[0] for row in copy}
    assert {row[1] for row in copy} - {None} <= known
    assert set(range(1, 101)) == known and (100, None) in copy, "the last one refers to none any more"


TABLES = 4


@st.composite
def databases(draw: st.DrawFn) -> tuple[list[list[tuple[int, bool]]], list[list[list[int | None]]]]:
    """For each table its references (to which table, whether it may be NULL), and its rows."""
    references = [
        draw(st.lists(st.tuples(st.integers(0, TABLES - 1), st.just(True)), max_size=2)) for _ in range(TABLES)
    ]
    counts = [draw(st.integers(0, 40)) for _ in range(TABLES)]
    rows = [
        [
            [
                draw(st.integers(1, counts[target])) if counts[target] and draw(st.booleans()) else None
                for target, _ in some
            ]
            for _ in range(count)
        ]
        for some, count in zip(references, counts, strict=True)
    ]
    return references, rows


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(database=databases())
@pytest.mark.parametrize("kind", [pytest.param(k, marks=getattr(pytest.mark, k)) for k in ("postgres", "mariadb")])
def test_every_foreign_key_of_a_sample_holds(
    request: pytest.FixtureRequest,
    few: None,
    kind: str,
    database: tuple[list[list[tuple[int, bool]]], list[list[list[int | None]]]],
) -> None:
    references, rows = database
    with place_on(request.getfixturevalue(f"{kind}_server")) as place:
        for number, some in enumerate(references):
            columns = ["id INTEGER PRIMARY KEY", *(f"r{n} INTEGER" for n in range(len(some)))]
            place.run(f"CREATE TABLE t{number} ({', '.join(columns)})")
        for number, table in enumerate(rows):
            if table:
                values = (
                    f"({', '.join([str(n + 1), *('NULL' if v is None else str(v) for v in row)])})"
                    for n, row in enumerate(table)
                )
                place.run(f"INSERT INTO t{number} VALUES {', '.join(values)}")
        for number, some in enumerate(references):
            for n, (target, _) in enumerate(some):
                place.run(f"ALTER TABLE t{number} ADD FOREIGN KEY (r{n}) REFERENCES t{target} (id)")
        copy = in_copy(place, *(f"t{number}" for number in range(TABLES)))
        for number, some in enumerate(references):
            ids = {row[0] for row in copy[f"t{number}"]}
            assert set(range(1, min(10, len(rows[number])) + 1)) <= ids or some, (
                "a table without references has its first rows"
            )
            for n, (target, _) in enumerate(some):
                there = {row[0] for row in copy[f"t{target}"]}
                assert {row[1 + n] for row in copy[f"t{number}"]} - {None} <= there
            for row in copy[f"t{number}"]:
                assert list(row[1:]) == rows[number][row[0] - 1]


VALUES = {
    "postgres": (
        "CREATE TYPE mood AS ENUM ('ok', 'it''s')",
        "CREATE TABLE v (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a numeric, b real, c double precision, "
        "d timestamptz, e date, f bytea, g text, h jsonb, i integer[], j interval, k mood, l money, m char(5), "
        "n integer GENERATED ALWAYS AS (1 + 1) STORED, o point, p inet, q bit(3), r boolean, s time, t uuid)",
        "INSERT INTO v (a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t) VALUES "
        "('NaN', 'infinity', 1e-300, '0044-03-15 12:00:00 BC', 'infinity', '\\xdeadbeef', E'a\\n\\t\\\\%s''☃', "
        "'{\"a\": [1, null]}', '{{1,2},{3,NULL}}', '1 year -2 days', 'it''s', 12.34, 'ab', '(1,2)', '10.0.0.0/8', "
        "B'101', true, '24:00:00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), "
        "(123456789.123456789, 0.1, 0.1, '9999-12-31 23:59:59.999999+00', '4713-01-01 BC', '', '', 'null', '{}', "
        "'00:00:00.000001', 'ok', -1, '', NULL, '::1', B'000', false, '00:00:00.000001', NULL)",
    ),
    "mariadb": (
        "SET SESSION sql_mode = '', time_zone = '+05:00'",
        "CREATE TABLE v (id integer AUTO_INCREMENT PRIMARY KEY, a decimal(20,9), b float, c double, "
        "d timestamp(6) NULL, e date, f blob, g longtext, h json, i bit(9), j time(6), k enum('ok', 'it''s'), "
        "l set('a', 'b'), m char(5), n integer AS (1 + 1) STORED, o point, p year, q bigint unsigned, r bool, "
        "s datetime(6), t varbinary(9) INVISIBLE) CHARACTER SET utf8mb4",
        "INSERT INTO v (a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t) VALUES "
        "(123456789.123456789, 0.1234567, 1e-300, '2024-01-01 00:00:00.000001', '0000-00-00', x'deadbeef00', "
        "'a\\n\\t\\\\\\\\%s''☃', '{\"a\": [1, null]}', b'101010101', '-838:59:59', 'it''s', 'a,b', 'ab', "
        "ST_GeomFromText('POINT(1 2)'), 2024, 18446744073709551615, true, '9999-12-31 23:59:59.999999', x'00ff'), "
        "(0, -16777216, 0.1, NULL, '2024-02-30', '', '', NULL, b'0', '00:00:00.000001', '', '', '', NULL, 1901, 0, "
        "false, '0000-00-00 00:00:00', NULL)",
    ),
}
TEXTS = {
    "postgres": "SELECT v::text FROM v ORDER BY id",
    "mariadb": (
        "SELECT id, a, HEX(b + 0e0), c, UNIX_TIMESTAMP(d), e + 0, HEX(f), HEX(g), h, HEX(i), j + 0, k + 0, l + 0, "
        "HEX(m), n, HEX(o), p, q, r, s + 0, HEX(t) FROM v ORDER BY id"
    ),
}


def test_every_value_is_the_same_value_in_the_copy_and_counters_go_on(place: Place) -> None:
    for sql in VALUES[place.kind]:
        place.run(sql)
    before = [tuple(map(str, row)) for row in place.run(TEXTS[place.kind])]
    with dialect_of(place.database).copy(place.database):
        assert [tuple(map(str, row)) for row in place.run(TEXTS[place.kind])] == before
        place.run("INSERT INTO v (g) VALUES ('next')")
        assert place.run("SELECT max(id) FROM v") == [(3,)]
    assert place.run("SELECT count(*) FROM v") == [(2,)]


@pytest.mark.postgres
def test_partitions_children_sequences_security_and_materialised_views_are_in_the_copy(
    postgres_server: Any, tmp_path: Path
) -> None:
    with place_on(postgres_server) as place:
        for sql in (
            "CREATE TABLE m (id integer, day date) PARTITION BY RANGE (day)",
            "CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
            "CREATE TABLE m2 PARTITION OF m DEFAULT",
            "INSERT INTO m VALUES (1, '2024-05-05'), (2, '2026-01-01')",
            "CREATE TABLE parent (id integer PRIMARY KEY)",
            "CREATE TABLE child (more integer) INHERITS (parent)",
            "INSERT INTO parent VALUES (1)",
            "INSERT INTO child VALUES (2, 3)",
            "CREATE SEQUENCE counter START 7",
            "SELECT nextval('counter')",
            "CREATE MATERIALIZED VIEW seen AS SELECT count(*) AS n FROM m",
            "ALTER TABLE parent ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE parent FORCE ROW LEVEL SECURITY",
            "CREATE POLICY p ON parent USING (id > 0)",
            "CREATE TABLE loose (id integer PRIMARY KEY, ref integer)",
            "INSERT INTO loose VALUES (1, 99), (2, 1)",
            "ALTER TABLE loose ADD FOREIGN KEY (ref) REFERENCES loose (id) NOT VALID",
            "ALTER TABLE loose ADD CHECK (id > 1) NOT VALID",
        ):
            place.run(sql)
        events: list[Event] = []
        schema = dialect_of(place.database).introspect(place.database)
        with dialect_of(place.database).copy(place.database, events.append):
            assert dialect_of(place.database).introspect(place.database) == schema
            assert place.run("SELECT * FROM m1") == place.run("SELECT id, day FROM m WHERE id = 1")
            assert place.run("SELECT * FROM ONLY parent") == [(1,)] and place.run("SELECT * FROM child") == [(2, 3)]
            assert place.run("SELECT nextval('counter')") == [(8,)]
            assert place.run("SELECT n FROM seen") == [(2,)]
            assert place.run("SELECT id FROM loose ORDER BY id") == [(1,), (2,)]
        assert {event.kind for event in events} == {"copy"} and events[-1].done == events[-1].total


def test_the_copy_is_seen_as_the_original_is(place: Place) -> None:
    place.run("CREATE TABLE a (id INTEGER PRIMARY KEY, n VARCHAR(9) DEFAULT 'x' NOT NULL, UNIQUE (n))")
    place.run("CREATE TABLE b (a INTEGER, FOREIGN KEY (a) REFERENCES a (id) ON DELETE CASCADE, CHECK (a > 0))")
    place.run("CREATE VIEW w AS SELECT n FROM a")
    schema = dialect_of(place.database).introspect(place.database)
    with dialect_of(place.database).copy(place.database):
        assert dialect_of(place.database).introspect(place.database) == schema


def test_one_of_everything_is_in_the_copy_as_in_the_original(place: Place) -> None:
    if place.transactional:
        from postgres_everything import everything, make_roles

        make_roles(place.database)
        statements = everything(place.server.version)
    else:
        from mariadb_everything import EVERYTHING

        statements = list(EVERYTHING)
    for sql in statements:
        place.run(sql)
    dialect = dialect_of(place.database)
    schema = dialect.introspect(place.database)
    events: list[Event] = []
    with dialect.copy(place.database, events.append) as copy:
        found = dialect.introspect(place.database)
        # Events of a copy do not run, and rights on it would outlive it (MariaDB).
        differing = {fact for change in diff(schema, found) for fact in change.differing}
        assert differing <= (set() if place.transactional else {"enabled", "grants"})
        assert [event.name for event in found.events] == [event.name for event in schema.events]
        assert copy.original_changed() is False
    assert place.scratches() == set()


def test_the_size_of_a_copy_does_not_grow_with_a_large_table(place: Place, tmp_path: Path) -> None:
    place.run("CREATE TABLE big (id INTEGER PRIMARY KEY, a VARCHAR(200))")
    many = "generate_series(1, 60000) AS n" if place.transactional else "(SELECT seq AS n FROM seq_1_to_60000) AS s"
    place.run(f"INSERT INTO big SELECT n, {'repeat' if place.transactional else 'REPEAT'}('x', 200) FROM {many}")
    place.run("ANALYZE big" if place.transactional else "ANALYZE TABLE big")
    project = Project(database=place.server.database(place.name), migrations=tmp_path)
    assert 100_000 < project.size() < 2_000_000
    with dialect_of(place.database).copy(place.database):
        assert place.run("SELECT count(*) FROM big") == [(filling.MOST_ROWS,)]
