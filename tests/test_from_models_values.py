"""What `pwmig create --from-models` fills into rows that are there, and how it has them converted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from projects import sql_migration, write_project
from server_projects import Place, place_on
from test_from_models import anywhere, created, files, models, new_source, project_in, run_cli

from pwmig.project import Project

__all__ = ["anywhere"]


def cells(project: Project, *columns: str) -> list[tuple[Any, ...]]:
    with project.database.connection_context():
        return list(project.database.execute_sql(f"SELECT {', '.join(columns)} FROM player ORDER BY id").fetchall())


# -- conversions

SIZES = ("12", 'x"1', "9e", "7.5")


@pytest.mark.parametrize(
    ("field", "cast", "refused"),
    [
        (
            "IntegerField()",
            "trim(size)",
            ("3 rows of player", 'x"1 (key 2) is no INTEGER: it is a text', "7.5 (key 4)"),
        ),
        ("FloatField()", "trim(size)", ("2 rows of player", "9e (key 3) is no REAL: it is a text")),
        ("IntegerField()", "CAST(trim(size) AS BLOB)", ("4 rows of player", "12 (key 1) is no INTEGER: it is a blob")),
        ("IntegerField()", "size + 0.5", ("3 rows of player", "12 (key 1) is no INTEGER: it has a fraction")),
        ("IntegerField()", "CAST(size AS INTEGER)", ()),
        ("IntegerField()", "CASE WHEN size GLOB '[0-9][0-9]' THEN trim(size) ELSE '0' || '1' END", ()),
        ("TextField()", "length(size)", ()),
        ("DateField()", "'2024-01-02'", ()),
    ],
)
def test_sqlite_keeps_no_text_where_numbers_are_wanted(
    tmp_path: Path, field: str, cast: str, refused: tuple[str, ...]
) -> None:
    create = sql_migration("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, size VARCHAR(9) NOT NULL)")
    quoted = ", ".join(f"('{size}')" for size in SIZES)
    project_in(tmp_path, models(f"size = {field}"), create, sql_migration(f"INSERT INTO player (size) VALUES {quoted}"))
    done = created(tmp_path, "--using", f"player.size={cast}", code=2 if refused else 0)
    assert all(words in done.stderr for words in refused), done.stderr
    if refused:
        assert files(tmp_path) == ["create.py", "rows.py"]
    else:
        assert run_cli(tmp_path, "migrate").returncode == 0


@pytest.mark.parametrize(
    ("stored", "values", "refused"),
    [
        (
            "REAL",
            "1.75, 2.0, -0.5",
            ("2 rows of player", "1.75 (key 1) is no INTEGER: it has a fraction", "-0.5 (key 3)"),
        ),
        ("VARCHAR(9)", "'1.5', '2', '3.0'", ("1.5 (key 1) is no INTEGER: it has a fraction",)),
        ("DECIMAL(10, 2)", "1.25, 2", ("1 row of player", "1.25 (key 1) is no INTEGER: it has a fraction")),
        ("REAL", "1e300, 2.0", ("1e+300 (key 1) is no INTEGER: it is too large for a whole number",)),
        ("BLOB", "x'31', 7", ("1 row of player", "(key 1) is no INTEGER: it is a blob")),
        ("REAL", "2.0, -3.0, 0.0", ()),
        ("DECIMAL(10, 2)", "2.00, 30", ()),
        ("VARCHAR(9)", "'2', '-30'", ()),
    ],
)
def test_sqlite_keeps_no_fraction_where_whole_numbers_are_wanted(
    tmp_path: Path, stored: str, values: str, refused: tuple[str, ...]
) -> None:
    create = sql_migration(f"CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, size {stored} NOT NULL)")
    rows = ", ".join(f"({value})" for value in values.split(", "))
    project = project_in(
        tmp_path, models("size = IntegerField()"), create, sql_migration(f"INSERT INTO player (size) VALUES {rows}")
    )
    done = created(tmp_path, code=2 if refused else 0)
    assert all(words in done.stderr for words in refused), done.stderr
    if refused:
        assert "--using player.size=SQL" in done.stderr
        assert files(tmp_path) == ["create.py", "rows.py"]
        created(tmp_path, "--using", "player.size=CAST(round(size) AS INTEGER)")
    project.apply()
    assert {kind for (kind,) in cells(project, "typeof(size)")} == {"integer"}
    project.database.close()


@pytest.mark.parametrize(
    ("field", "stored", "values", "refused"),
    [
        ("DateField", "VARCHAR(30)", "'2020-01-05', 'soon', ''", ("2 rows of player", "soon (key 2) is no DATE: it")),
        ("DateField", "VARCHAR(30)", "'2020-01-05', '2020-13-05'", ("2020-13-05 (key 2) is no DATE: it is a text",)),
        ("DateField", "TEXT", "'2020-01-05', 'now'", ("1 row of player", "now (key 2) is no DATE")),
        ("DateTimeField", "INTEGER", "0, 1600000000", ("2 rows of player", "(key 1) is no DATETIME: it is a integer")),
        ("TimeField", "VARCHAR(30)", "'09:30', 'noon'", ("1 row of player", "noon (key 2) is no TIME")),
        ("DateField", "VARCHAR(30)", "'2020-01-05', NULL", ()),
        ("DateTimeField", "VARCHAR(30)", "'2020-01-05 10:11:12.123456', '2020-01-05 10:11:12', '2020-01-05'", ()),
        ("TimeField", "TEXT", "'09:30:01.250000', '9:30:01', '09:30'", ("9:30:01 (key 2)",)),
        ("DateTimeField", "DATE", "'2020-01-05'", ()),
    ],
)
def test_sqlite_has_no_kind_of_its_own_for_moments(
    tmp_path: Path, field: str, stored: str, values: str, refused: tuple[str, ...]
) -> None:
    create = sql_migration(f"CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, size {stored})")
    rows = sql_migration("INSERT INTO player (size) VALUES " + ", ".join(f"({value})" for value in values.split(", ")))
    project = project_in(tmp_path, models(f"size = {field}(null=True)"), create, rows)
    done = created(tmp_path, code=2 if refused else 0)
    assert all(words in done.stderr for words in refused), done.stderr
    if refused:  # The field may read other formats.
        created(tmp_path, "--using", "player.size=size || ''")
    kinds = cells(project, "typeof(size)")
    project.apply()
    assert cells(project, "typeof(size)") == kinds
    project.database.close()


NEW_NAME = [
    ("player.length", "CAST(replace(size, ' cm', '') AS INTEGER)"),
    ("player.length", "CAST(replace(length, ' cm', '') AS INTEGER)"),
    ("player.length", """CAST(replace("Size", ' cm', '') AS INTEGER)"""),
]


@pytest.mark.parametrize(("column", "cast"), NEW_NAME)
def test_a_conversion_reads_a_renamed_column_by_either_name(tmp_path: Path, column: str, cast: str) -> None:
    create = sql_migration("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, size VARCHAR(9) NOT NULL)")
    rows = sql_migration("INSERT INTO player (size) VALUES ('120 cm'), ('75 cm')")
    project = project_in(tmp_path, models("length = IntegerField()"), create, rows)
    created(tmp_path, "--rename", "player.size:length", "--using", f"{column}={cast}")
    project.apply()
    assert cells(project, "length") == [(120,), (75,)]
    project.revert()
    assert cells(project, "size") == [("120 cm",), ("75 cm",)]
    project.database.close()


def test_a_conversion_reads_columns_that_swap_by_their_new_names(tmp_path: Path) -> None:
    create = sql_migration("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(9), b VARCHAR(9))")
    rows = sql_migration("INSERT INTO player (a, b) VALUES ('1.5', '2 kg')")
    declared = models("a = IntegerField(null=True)", "b = CharField(9, null=True)")
    project = project_in(tmp_path, declared, create, rows)
    swap = ("--rename", "player.a:b", "--rename", "player.b:a")
    created(tmp_path, *swap, "--using", "player.a=CAST(replace(a, ' kg', '') AS INTEGER)")
    project.apply()
    assert cells(project, "a") == [(2,)] and cells(project, "b") == [("1.5",)]
    project.database.close()


def test_a_truth_that_rows_get_stands_in_a_field_for_truths(tmp_path: Path) -> None:
    create = sql_migration("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY)")
    project = project_in(
        tmp_path, models("fit = BooleanField(default=True)"), create, sql_migration("INSERT INTO player VALUES (1)")
    )
    shown = created(tmp_path, "--preview").stdout
    assert "player before: 1 row\n" in shown and "player after: 1 row\n" in shown
    created(tmp_path)
    assert "migrator.add_column('player', 'fit', BooleanField(default=True))" in new_source(tmp_path).replace('"', "'")
    project.apply()
    assert cells(project, "fit, typeof(fit)") == [(1, "integer")]
    project.database.close()
    assert created(tmp_path).stdout.startswith("nothing to do")


@pytest.fixture
def postgres(postgres_server: Any) -> Any:
    with place_on(postgres_server) as place:
        yield place


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("cast", "refused"),
    [
        ("NULL", ""),
        ("(null)", ""),
        ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", ""),
        ("(E'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')", ""),
        ("'no uuid'", "invalid input syntax for type uuid"),
        ("code", "makes no uuid of its"),
    ],
)
def test_postgresql_takes_a_literal_for_one_of_the_type(
    postgres: Place, tmp_path: Path, cast: str, refused: str
) -> None:
    create = sql_migration("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, code VARCHAR(40))")
    rows = sql_migration("INSERT INTO player VALUES (1, 'x'), (2, NULL)")
    declared = models("id = IntegerField(primary_key=True)", "code = UUIDField(null=True)")
    project = project_in(tmp_path, declared, create, rows, config=postgres.config)
    done = created(tmp_path, "--using", f"player.code={cast}", code=2 if refused else 0)
    assert refused in done.stderr
    if not refused:
        project.apply()
        (found,) = {code for (code,) in cells(project, "code")}
        assert (found is None) is ("null" in cast.lower())
    project.database.close()


# -- values for rows that hold NULL


REQUIRED = {
    "a value": ("a = IntegerField(default=9)", "", (5, 9)),
    "a truth": ("a = IntegerField(default=True)", "", (5, 1)),
    "a default of the database": ("a = IntegerField(constraints=[SQL('DEFAULT 8')])", "", (5, 8)),
    "both": ("a = IntegerField(default=9, constraints=[SQL('DEFAULT 8')])", "", (5, 8)),
    "said otherwise": ("a = IntegerField(default=9)", "3", (5, 3)),
    "with another type": ("a = BigIntegerField(default=2 ** 40)", "", (5, 2**40)),
}


@pytest.mark.parametrize("what", REQUIRED)
def test_a_default_fills_a_column_that_becomes_required(anywhere: tuple[str, Any], tmp_path: Path, what: str) -> None:
    config, key = anywhere
    field, fill, wanted = REQUIRED[what]
    create = sql_migration(f"CREATE TABLE player (id {key}, a INTEGER)", "DROP TABLE player")
    rows = sql_migration("INSERT INTO player (a) VALUES (5), (NULL)", "DELETE FROM player")
    project = project_in(tmp_path, models(field), create, rows, config=config)
    created(tmp_path, *(("--fill", f"player.a={fill}") if fill else ()))
    project.apply()
    assert tuple(value for (value,) in cells(project, "a")) == wanted
    assert created(tmp_path).stdout.startswith("nothing to do")
    project.revert()
    assert [value for (value,) in cells(project, "a")] == [5, None]
    project.database.close()


def test_a_function_fills_no_column_that_is_there(tmp_path: Path) -> None:
    create = sql_migration("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, c DATETIME, d TEXT)")
    rows = sql_migration("INSERT INTO player (c, d) VALUES (NULL, 'x')")
    now = "c = DateTimeField(default=__import__('datetime').datetime.now)"
    project_in(tmp_path, models(now, "d = TextField(default='y')"), create, rows)
    refused = created(tmp_path, code=2)
    assert "the default of player.c is a function, and fills new rows only" in refused.stderr
    assert "player.d" not in refused.stderr
    created(tmp_path, "--fill", "player.c=2024-01-02 03:04:05")
    assert run_cli(tmp_path, "migrate").returncode == 0
    assert 'migrator.backfill("player", {"d": "y"})' in new_source(tmp_path)


@pytest.mark.parametrize("word", ["true", "False", "yes", "NO", "1", "0"])
def test_a_truth_is_told_as_people_do(anywhere: tuple[str, Any], tmp_path: Path, word: str) -> None:
    config, key = anywhere
    create = sql_migration(f"CREATE TABLE player (id {key}, name VARCHAR(80) NOT NULL)", "DROP TABLE player")
    rows = sql_migration("INSERT INTO player (name) VALUES ('Tal')", "DELETE FROM player")
    project = project_in(tmp_path, models("name = CharField(80)", "e = BooleanField()"), create, rows, config=config)
    created(tmp_path, "--fill", f"player.e={word}")
    project.apply()
    assert [bool(e) for (e,) in cells(project, "e")] == [word.lower() in ("true", "yes", "1")]
    project.database.close()


# -- what is no table


def test_bases_make_no_table(tmp_path: Path) -> None:
    timed = "class Timed(Base):\n    at = DateTimeField()\n    class Meta:\n        abstract = True\n"
    create = sql_migration("CREATE TABLE player (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL)")
    declared = models("name = CharField(80)", more=timed)
    project_in(tmp_path, declared, create)
    assert created(tmp_path).stdout.startswith("nothing to do")
    (tmp_path / "db" / "models.py").write_text(declared.partition("class Player")[0] + timed)
    created(tmp_path)
    forward = new_source(tmp_path).partition("def migrate_backward")[0]
    assert 'drop_table("player"' in forward and "create_table" not in forward


@pytest.mark.mariadb
@pytest.mark.parametrize("usual", ["", "utf8mb4_bin", "utf8mb4_general_ci", "latin1_swedish_ci"])
def test_mariadb_is_told_no_collation_that_a_column_has_anyway(mariadb_server: Any, tmp_path: Path, usual: str) -> None:
    """Whether the database has the server's own or another one."""
    with place_on(mariadb_server) as place:
        if usual:
            charset = usual.partition("_")[0]
            place.database.execute_sql(f"ALTER DATABASE CHARACTER SET {charset} COLLATE {usual}")
        other = "class Other(Base):\n    own = CharField(9, collation='utf8mb4_icelandic_ci')\n    text = TextField()\n"
        declared = models("name = CharField(80)", "data = JSONField(null=True)", more=other).replace(
            "import *\n", "import *\nfrom playhouse.mysql_ext import JSONField\n", 1
        )
        project = Project.open(write_project(tmp_path, {}, config=place.config, models=declared))
        created(tmp_path)
        source = new_source(tmp_path)
        assert source.count("collation") == source.count("utf8mb4_icelandic_ci") == 1, source
        project.apply()
        assert created(tmp_path).stdout.startswith("nothing to do")
        found = project.schema().table("player")
        name = found.column("name") if found is not None else None
        assert name is not None and usual in ("", name.collation)
        (tmp_path / "db" / "models.py").write_text(declared.partition("class Player")[0] + other)
        created(tmp_path)
        project.apply()
        project.revert()
        assert project.schema().table("player") == found
        project.database.close()
