"""Models written from a database declare it without a difference, and read as a person would have written them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import peewee
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mariadb_everything import EVERYTHING, run
from modelled import assert_models_say, loaded
from requirements import ROOT
from strategies import HOSTILE_NAMES, quoted, scripts
from test_sqlite_writing import COLUMNS, EVERY_FACT


def sqlite(*statements: str) -> peewee.Database:
    database = peewee.SqliteDatabase(":memory:")
    for statement in statements:
        database.execute_sql(statement)
    return database


def written(*statements: str) -> str:
    """The models of a SQLite database, without the head of the module."""
    return assert_models_say(sqlite(*statements)).partition("legacy_table_names = False\n")[2].strip("\n")


@pytest.mark.parametrize("file", ["chinook.sqlite", "footballers_cc0.sqlite"])
def test_models_of_a_real_file_declare_it(real_data: Callable[[str], Path], file: str) -> None:
    database = peewee.SqliteDatabase(f"{real_data(file).as_uri()}?mode=ro", uri=True)
    assert_models_say(database)
    database.close()


def test_models_of_a_schema_with_every_fact_declare_it_and_name_the_rest() -> None:
    source = assert_models_say(sqlite(*EVERY_FACT))
    for unsaid in ("the view seen", "the trigger seen_added on it", "the trigger child_added", "the name counted"):
        assert f"# - {unsaid}" in source


@pytest.mark.parametrize(("text", "why"), COLUMNS, ids=[why for _, why in COLUMNS])
def test_models_declare_a_column_however_it_was_written(text: str, why: str) -> None:
    assert_models_say(sqlite(f"CREATE TABLE t (z, {text})"))


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_models_declare_hostile_names(name: str) -> None:
    q = quoted(name)
    assert_models_say(
        sqlite(
            f"CREATE TABLE {q} ({q} INT CONSTRAINT {q} CHECK ({q} > 0) REFERENCES {q} (b), b TEXT COLLATE nocase,"
            f" CONSTRAINT {q} PRIMARY KEY ({q}, b), CONSTRAINT {q} UNIQUE (b))",
            f"CREATE INDEX {quoted(name + ' i')} ON {q} ({q} DESC, lower({q})) WHERE {q} > 1",
            f"CREATE VIEW {quoted(name + ' v')} AS SELECT {q} FROM {q}",
        )
    )


@given(scripts())
def test_models_of_any_schema_declare_it(script: tuple[str, ...]) -> None:
    assert_models_say(sqlite(*script))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[str, ...]:
    """Tables that refer to each other any way round, by one column or two, to keys and to others, of any type."""
    count = draw(st.integers(1, 4))
    keys = [
        draw(st.sampled_from(("INTEGER", "TEXT", "INT", "VARCHAR(9)", "BIGINT", "NVARCHAR(5)"))) for _ in range(count)
    ]
    made = []
    for number, kind in enumerate(keys):
        lines = [f"id {kind} PRIMARY KEY", "code INT", "pair_id TEXT UNIQUE", "UNIQUE (code, pair_id)"]
        for place in range(draw(st.integers(0, 3))):
            target = draw(st.integers(0, count - 1))
            own = draw(st.sampled_from((keys[target], "INTEGER", "INT")))
            column = draw(st.sampled_from((f"t{target}_id", f"t{target}", f"T{target}Id", f"ref{place}")))
            if any(line.startswith(f"{column} ") for line in lines):
                continue
            to = draw(st.sampled_from(("", " (id)", " (code)", " (ID)", f" ({column})")))
            action = draw(st.sampled_from(("", " ON DELETE CASCADE", " DEFERRABLE INITIALLY DEFERRED")))
            name = draw(st.sampled_from(("", f"CONSTRAINT fk{place} ")))
            lines.insert(1, f"{column} {own} {name}REFERENCES t{target}{to}{action}")
        if draw(st.booleans()):
            lines.append(f"FOREIGN KEY (code, pair_id) REFERENCES t{draw(st.integers(0, count - 1))} (code, pair_id)")
        made.append(f"CREATE TABLE t{number} ({', '.join(lines)})")
        if draw(st.booleans()):
            made.append(f"CREATE INDEX t{number}_code ON t{number} (code)")
    return tuple(made)


@given(graphs())
def test_models_of_tables_that_refer_to_each_other_declare_them(script: tuple[str, ...]) -> None:
    assert_models_say(sqlite(*script))


# -- as a person would write it


def test_what_peewee_says_by_itself_is_left_to_it() -> None:
    assert (
        written(
            "CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, rating INTEGER DEFAULT 1,"
            " team_id INTEGER NOT NULL REFERENCES team ON DELETE CASCADE)",
            "CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
            "CREATE INDEX player_team_id ON player (team_id)",
            "CREATE INDEX player_name_rating ON player (name, rating)",
            "CREATE UNIQUE INDEX team_name ON team (name)",
        )
        == """class Team(BaseModel):
    name = TextField(unique=True)


class Player(BaseModel):
    name = CharField(max_length=40)
    rating = IntegerField(null=True, constraints=[SQL("DEFAULT 1")])
    team = ForeignKeyField(Team, on_delete="CASCADE")

    class Meta:
        indexes = ((("name", "rating"), False),)"""
    )


def test_tables_that_refer_to_each_other_in_a_circle_are_deferred() -> None:
    source = written(
        "CREATE TABLE team (id INTEGER PRIMARY KEY, captain_id INTEGER REFERENCES player ON DELETE SET NULL)",
        "CREATE TABLE player (id INTEGER PRIMARY KEY, team_id INTEGER REFERENCES team, boss INTEGER REFERENCES player)",
        "CREATE INDEX of_captain ON team (captain_id DESC)",
    )
    assert (
        'DeferredForeignKey(\n        "Team", null=True, index=False\n    )' in source
        or "DeferredForeignKey(" in source
    )
    assert 'boss = ForeignKeyField("self"' in source


CLASHES = [
    (
        "save INT, [class] INT, [None] INT, select_ INT, [select] INT",
        ["save_", "class_", "none", "select_", "select__2"],
    ),
    ("Name TEXT, name_ TEXT, [na me] TEXT", ["name", "name_2", "na_me"]),
    ("[1st] INT, [--] INT, [日本] INT", ["field_1st", "field", "日本"]),
    ("[ﬁn] INT, __x INT, _id INT", ["fin", "x", "id"]),
]


@pytest.mark.parametrize(("columns", "fields"), CLASHES)
def test_fields_have_names_that_python_and_peewee_leave_free(columns: str, fields: list[str]) -> None:
    database = sqlite(f"CREATE TABLE t ({columns})")
    with loaded(assert_models_say(database), database) as module:
        assert list(module.T._meta.fields) == fields


def test_classes_have_names_of_their_own() -> None:
    names = ("model", "base_model", "text_field", "sql", "int", "A b", "a_b", "ab")
    database = sqlite(*(f"CREATE TABLE {quoted(name)} (id INTEGER PRIMARY KEY, a unheard_of)" for name in names))
    with loaded(assert_models_say(database), database) as module:
        made = {model._meta.table_name: name for name, model in vars(module).items() if hasattr(model, "_meta")}
    assert {name: made[name] for name in names} == {
        "model": "Model2", "base_model": "BaseModel2", "text_field": "TextField2", "sql": "Sql2", "int": "Int2",
        "A b": "AB", "a_b": "AB2", "ab": "Ab3",
    }  # fmt: skip


def test_references_that_would_be_read_back_under_one_name_are_told_apart() -> None:
    source = written(
        "CREATE TABLE team (id INTEGER PRIMARY KEY, match_set INT)",
        "CREATE TABLE match (home INTEGER REFERENCES team, away INTEGER REFERENCES team, team TEXT, team_id INTEGER"
        " REFERENCES team, [save] INTEGER REFERENCES team)",
    )
    database = sqlite(
        "CREATE TABLE team (id INTEGER PRIMARY KEY, match_set INT)",
        "CREATE TABLE match (home INTEGER REFERENCES team, away INTEGER REFERENCES team, team TEXT, team_id INTEGER"
        " REFERENCES team, [save] INTEGER REFERENCES team)",
    )
    with loaded(assert_models_say(database), database) as module:
        team = module.Team.create(match_set=1)
        made = module.Match.create(home=team, away=team, team="x", team_id=team, save_=team)
        assert (made.home, made.away, made.team, made.team_id, made.save_) == (team, team, "x", team, team)
        backrefs = {field.backref for field in module.Match._meta.refs}
        assert len(backrefs) == 4 and all(len(list(getattr(team, name))) == 1 for name in backrefs)
    assert "match_set" in source


def test_a_virtual_table_is_named_as_one_that_no_model_says() -> None:
    database = sqlite()
    try:
        database.execute_sql("CREATE VIRTUAL TABLE notes USING fts5(title)")
    except peewee.OperationalError:
        pytest.skip("this SQLite has no fts5")
    assert "# - the virtual table notes USING fts5(title)" in assert_models_say(database)


# -- servers


def statements_of(script: str) -> list[str]:
    """The statements of a script that make something, without the rows and without the database itself."""
    text = re.sub(r"/\*.*?\*/", "", script, flags=re.DOTALL)
    made = [part.strip() for part in text.split(";")]
    return [part for part in made if re.match(r"(CREATE|ALTER) (TABLE|INDEX|UNIQUE)", part)]


def everything_of_postgresql(database: peewee.Database) -> None:
    for role in ("pwmig_reader", 'pwmig "Writer"'):
        run(database, [f"DO $$ BEGIN CREATE ROLE {quoted(role)}; EXCEPTION WHEN duplicate_object THEN NULL; END $$"])
    script = (ROOT / "tests" / "postgres_everything.sql").read_text()
    for statement in re.split(r";[ \t]*\n(?=[A-Z\n-])", script):
        run(database, [statement])
        database.commit()


def test_models_of_chinook_on_postgresql_declare_it(
    postgres: peewee.Database, real_data: Callable[[str], Path]
) -> None:
    run(postgres, statements_of(real_data("chinook_postgres.sql").read_text()))
    postgres.commit()
    source = assert_models_say(postgres)
    assert "# -" not in source and "(Field)" not in source


def test_models_of_everything_in_postgresql_declare_it_and_name_the_rest(postgres: peewee.Database) -> None:
    everything_of_postgresql(postgres)
    unsaid = ('the sequence "audit"."second_of_log" of id', "that the index only_above is not valid")
    source = assert_models_say(postgres)
    for said in (*unsaid, "the enum type mood", "the policy own", "the comment of net: without tax, 100%"):
        assert f"# - {said}\n" in source


def test_models_of_chinook_on_mariadb_declare_it(mariadb: peewee.Database, real_data: Callable[[str], Path]) -> None:
    run(mariadb, statements_of(real_data("chinook_mysql.sql").read_text()))
    source = assert_models_say(mariadb)
    assert "(Field)" not in source


def test_models_declare_periods_and_keys_that_let_none_overlap(mariadb: peewee.Database) -> None:
    columns = "a int, s date, e date, PERIOD FOR p (s, e)"
    run(
        mariadb,
        [
            f"CREATE TABLE one ({columns}, PRIMARY KEY (a, p WITHOUT OVERLAPS))",
            f"CREATE TABLE two ({columns}, id int PRIMARY KEY, UNIQUE u (a, p WITHOUT OVERLAPS))",
        ],
    )
    assert assert_models_say(mariadb).count("WITHOUT OVERLAPS") == 2


def test_models_of_everything_in_mariadb_declare_it_and_name_the_rest(mariadb: peewee.Database) -> None:
    run(mariadb, EVERYTHING)
    source = assert_models_say(mariadb)
    for said in ("the trigger quoting", "the sequence numbers", "the event daily", "the view a_first"):
        assert f"# - {said}\n" in source


SERVER_NAMES = (
    'say "hi"',
    "it's",
    "per%cent",
    "100%s",
    "back`tick",
    "select",
    "Player Of The Year",
    "名前",
    "\\",
    "line\nbreak",
    "x" * 60,
)


@pytest.mark.parametrize("name", SERVER_NAMES)
def test_models_declare_hostile_names_on_postgresql(postgres: peewee.Database, name: str) -> None:
    q, other = quoted(name), quoted(name[:50] + " 2")
    run(
        postgres,
        [
            f"CREATE TABLE {q} ({q} serial PRIMARY KEY, {other} integer DEFAULT 5 % 3 REFERENCES {q} ({q}),"
            f" CONSTRAINT {quoted(name[:50] + ' u')} UNIQUE ({other}), CONSTRAINT {q} CHECK ({other} % 2 > 0))",
            f"CREATE TABLE {other} ({q} integer, {other} text, PRIMARY KEY ({q}, {other}),"
            f" CONSTRAINT {q} FOREIGN KEY ({q}) REFERENCES {q} ({q}))",
            f"CREATE INDEX {quoted(name[:50] + ' i')} ON {q} ({other} DESC) WHERE {other} % 2 = 1",
            f"CREATE INDEX {quoted(name[:50] + ' j')} ON {other} (({q} % 2))",
        ],
    )
    postgres.commit()
    assert_models_say(postgres)


@pytest.mark.parametrize("name", SERVER_NAMES)
def test_models_declare_hostile_names_on_mariadb(mariadb: peewee.Database, name: str) -> None:
    q, other = (f"`{one.replace('`', '``')}`" for one in (name, name[:50] + " 2"))
    run(
        mariadb,
        [
            f"CREATE TABLE {q} ({q} int AUTO_INCREMENT PRIMARY KEY, {other} int DEFAULT (5 % 3) COMMENT '100%',"
            f" UNIQUE KEY {other} ({other}), CONSTRAINT {q} CHECK ({other} % 2 > 0))",
            f"CREATE TABLE {other} ({q} int, {other} varchar(20), PRIMARY KEY ({q}, {other}),"
            f" CONSTRAINT {q} FOREIGN KEY ({q}) REFERENCES {q} ({q}) ON DELETE CASCADE)",
            f"CREATE INDEX `i` ON {other} ({other}(3), {q} DESC)",
        ],
    )
    assert_models_say(mariadb)


def test_models_of_tables_in_circles_declare_them(server_database: peewee.Database) -> None:
    run(
        server_database,
        [
            "CREATE TABLE team (id int PRIMARY KEY, code int NOT NULL UNIQUE, captain int)",
            "CREATE TABLE player (id int PRIMARY KEY, a int, b int, team int REFERENCES team (code),"
            " boss int REFERENCES player (id), UNIQUE (a, b))",
            "ALTER TABLE team ADD CONSTRAINT captain FOREIGN KEY (captain) REFERENCES player (id) ON DELETE SET NULL",
            "CREATE TABLE pair (a int, b int, c int, PRIMARY KEY (a, b), FOREIGN KEY (a, b) REFERENCES player (a, b))",
        ],
    )
    server_database.commit()
    source = assert_models_say(server_database)
    assert "DeferredForeignKey(" in source and "depends_on = (Player,)" in source
