"""The table of Peewee's Database classes that pwmig works on: the same is held of each, itself and behind a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import peewee
import pytest
import servers
from playhouse import db_url
from projects import open_project, states

from pwmig.dialects import dialect_of
from pwmig.errors import DatabaseUnsupported
from pwmig.project import Project
from pwmig.schema import Schema

pytestmark = pytest.mark.classes

POOL = "from playhouse.pool import *"
POSTGRES_EXT = "from playhouse.postgres_ext import *"
RECONNECT = "from playhouse.shortcuts import ReconnectMixin\nclass Reconnecting(ReconnectMixin, {}): pass"
URL = "from playhouse.db_url import connect"
OLD, NEW = {"prefer_psycopg3": False}, {"prefer_psycopg3": True}


@dataclass(frozen=True)
class Form:
    """A way to make a Database: lines before it, an expression of NAME, OPTIONS and URL, more options."""

    kind: str
    name: str
    lines: str = ""
    expression: str = "{name}(NAME, **OPTIONS)"
    options: dict[str, Any] = field(default_factory=dict)

    def config(self, name: str, options: dict[str, Any], url: str, proxied: bool = False) -> str:
        """The config of a project that has it as its ``database``."""
        values = f"NAME, OPTIONS, URL = {name!r}, {options | self.options!r}, {url!r}"
        made = self.expression.format(name=self.name)
        database = f"database = DatabaseProxy()\ndatabase.initialize({made})" if proxied else f"database = {made}"
        head = f"from peewee import *\nfrom pwmig import Migrator\n{self.lines}\n{values}\n"
        return f"{head}{database}\nmigrator = Migrator.from_database(database)\n"


def of_class(kind: str, name: str, lines: str = "", **options: Any) -> tuple[str, Form]:
    return name, Form(kind, name, lines, options=options)


def of_reconnecting(kind: str, name: str, lines: str = "", **options: Any) -> tuple[str, Form]:
    return f"{name} that reconnects", Form(kind, "Reconnecting", f"{lines}\n{RECONNECT.format(name)}", options=options)


def of_url(kind: str, scheme: str) -> tuple[str, Form]:
    return f"{scheme}://", Form(kind, scheme, URL, "connect('{name}' + URL[URL.index(':'):])")


def both_drivers(name: str, lines: str = "") -> Iterator[tuple[str, Form]]:
    for driver, options in (("psycopg2", OLD), ("psycopg", NEW)):
        yield f"{name} of {driver}", Form("postgres", name, lines, options=options)


FORMS: dict[str, Form] = dict(
    [
        of_class("sqlite", "SqliteDatabase"),
        of_class("sqlite", "PooledSqliteDatabase", POOL),
        ("a class of the user's", Form("sqlite", "Own", "class Own(SqliteDatabase): pass")),
        *(of_url("sqlite", scheme) for scheme in ("sqlite", "sqlite+pool")),
        *both_drivers("PostgresqlDatabase"),
        *both_drivers("PooledPostgresqlDatabase", POOL),
        *both_drivers("PostgresqlExtDatabase", POSTGRES_EXT),
        *both_drivers("PooledPostgresqlExtDatabase", POSTGRES_EXT),
        of_class("postgres", "Psycopg3Database", POSTGRES_EXT),
        of_class("postgres", "PooledPsycopg3Database", POSTGRES_EXT),
        (
            "PostgresqlExtDatabase with cursors of the server's",
            Form("postgres", "PostgresqlExtDatabase", POSTGRES_EXT, options={**NEW, "server_side_cursors": True}),
        ),
        (
            "a serializable PostgresqlDatabase",
            Form("postgres", "PostgresqlDatabase", options={**NEW, "isolation_level": "SERIALIZABLE"}),
        ),
        of_reconnecting("postgres", "PostgresqlDatabase", **NEW),
        of_reconnecting("postgres", "PooledPostgresqlDatabase", POOL, **NEW),
        *(
            of_url("postgres", scheme)
            for scheme in ("postgresql", "postgres+pool", "postgresqlext", "postgresext+pool")
        ),
        *(of_url("postgres", scheme) for scheme in ("psycopg3", "psycopg3+pool")),
        of_class("mariadb", "MySQLDatabase"),
        of_class("mariadb", "PooledMySQLDatabase", POOL),
        of_reconnecting("mariadb", "MySQLDatabase"),
        of_reconnecting("mariadb", "PooledMySQLDatabase", POOL),
        *(of_url("mariadb", scheme) for scheme in ("mysql", "mysql+pool")),
    ]
)
ROOMS = {"sqlite": "sqlite", "postgres": "postgresql", "mariadb": "mysql"}


@dataclass(frozen=True)
class Place:
    """A form, and an empty database for it; ``plain`` is the same database by its plain class, not connected."""

    form: Form
    options: dict[str, Any]
    url: str
    plain: peewee.Database

    def config(self, *, proxied: bool = False) -> str:
        return self.form.config(self.plain.database, self.options, self.url, proxied)


def cases() -> Iterator[Any]:
    for name, form in FORMS.items():
        yield pytest.param(form, id=name, marks=[] if form.kind == "sqlite" else [getattr(pytest.mark, form.kind)])


@pytest.fixture(params=cases())
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    form: Form = request.param
    if form.options.get("prefer_psycopg3") is False:
        pytest.importorskip("psycopg2")
    if form.kind == "sqlite":
        file = str(tmp_path / "classes.sqlite")
        plain = peewee.SqliteDatabase(file)
        with closing(plain):
            yield Place(form, {}, f"sqlite:///{file}", plain)
        return
    server: servers.Server = request.getfixturevalue(f"{form.kind}_server")
    with server.fresh() as database:
        url = server.url(database.database)
        options = {name: value for name, value in db_url.parse(url).items() if name not in ("database", *NEW)}
        yield Place(form, options, url, database)


MODELS = """
from peewee import *
from db.migrations_config import database, migrator

class Player(Model):
    name = CharField(max_length=80)
    level = IntegerField(null=True)

    class Meta:
        database = database
"""
CREATE = """
from playhouse.migrate import *
from peewee import *
from db.migrations_config import database, migrator


class Player(Model):
    name = CharField(max_length=80)

    class Meta:
        database = database


def migrate_forward():
    Player.create_table(safe=False)
    Player.create(name="100% Ünï")


def migrate_backward():
    Player.drop_table(safe=False)
"""
ADD = """
from playhouse.migrate import *
from peewee import *
from db.migrations_config import database, migrator


def migrate_forward():
    migrate(migrator.add_column("player", "level", IntegerField(null=True)))


def migrate_backward():
    migrate(migrator.drop_column("player", "level"))
"""


@pytest.fixture(params=[False, True], ids=["itself", "behind a proxy"])
def project(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> Iterator[Project]:
    """A project with such a database, of two migrations that are pending."""
    config = place.config(proxied=request.param)
    opened = open_project(tmp_path, {"create": CREATE, "add": ADD}, config=config, models=MODELS)
    with let_go(opened.database):
        yield opened


@contextmanager
def let_go(database: peewee.Database) -> Iterator[None]:
    """Afterwards, close a database and the connections that it has in reserve."""
    try:
        yield
    finally:
        getattr(database, "close_all", database.close)()


@pytest.fixture
def made(place: Place) -> Iterator[Any]:
    """The ``database`` of a config."""
    names: dict[str, Any] = {}
    exec(place.config(), names)
    with let_go(names["database"]):
        yield names["database"]


def seen(place: Place) -> tuple[Schema, list[Any]]:
    """What is in the database: its schema, and the players where there are any, by the plain class."""
    plain = place.plain
    plain.connect(reuse_if_open=True)
    schema = dialect_of(plain).introspect(plain)
    return schema, list(
        plain.execute_sql("SELECT * FROM player ORDER BY id").fetchall() if schema.table("player") else []
    )


def databases(place: Place) -> list[Any]:
    """The names of all databases beside this one."""
    if place.form.kind == "sqlite":
        return sorted(path.name for path in Path(place.plain.database).parent.glob("*.sqlite*"))
    listed = {"postgres": "SELECT datname FROM pg_database ORDER BY 1", "mariadb": "SHOW DATABASES"}
    return list(place.plain.execute_sql(listed[place.form.kind]).fetchall())


class Team(peewee.Model):
    name = peewee.CharField(max_length=40, unique=True)


class Member(peewee.Model):
    team = peewee.ForeignKeyField(Team, on_delete="CASCADE")
    born = peewee.DateField(null=True)
    worth = peewee.DecimalField(max_digits=12, decimal_places=3, default=0)

    class Meta:
        indexes = ((("team", "born"), True),)


# What is held of each


def test_a_class_has_the_room_of_its_database(place: Place, made: Any) -> None:
    proxy = peewee.DatabaseProxy()
    proxy.initialize(made)
    assert dialect_of(made) is dialect_of(proxy) is dialect_of(place.plain)
    assert dialect_of(made).name == ROOMS[place.form.kind]


def test_a_class_sees_what_the_plain_one_sees(place: Place, made: Any) -> None:
    with place.plain.bind_ctx([Team, Member]):
        place.plain.create_tables([Team, Member])
    with made.connection_context():
        found = dialect_of(made).introspect(made)
    assert found.table_names == ("member", "team")
    assert found == seen(place)[0]


def test_migrations_are_applied_once_and_taken_back(project: Project, place: Place) -> None:
    empty = seen(place)
    assert states(project) == {"create": "pending", "add": "pending"}
    assert project.diff() != ()
    project.apply()
    assert states(project) == {"create": "applied", "add": "applied"}
    assert [applied.name[16:] for applied in project.applied()] == ["create", "add"]
    assert seen(place)[1] == [(1, "100% Ünï", None)]
    assert project.diff() == ()
    assert len(project.apply().steps) == 0
    project.revert()
    assert states(project) == {"create": "applied", "add": "pending"}
    assert seen(place)[1] == [(1, "100% Ünï")]
    project.revert(to="zero")
    assert seen(place) == empty


def test_a_rehearsal_tells_what_an_apply_does_and_does_nothing(project: Project, place: Place) -> None:
    project.apply(steps=1)
    before, beside = seen(place), databases(place)
    rehearsed = project.rehearse()
    assert seen(place) == before
    assert databases(place) == beside
    assert states(project) == {"create": "applied", "add": "pending"}
    applied = project.apply(watch=True)
    assert rehearsed.changes == applied.changes != ()


# What is refused


STRANGERS = {
    "AsyncPostgresqlDatabase": peewee.PostgresqlDatabase,
    "AsyncSqliteDatabase": peewee.SqliteDatabase,
    "APSWDatabase": peewee.SqliteDatabase,
    "CockroachDatabase": peewee.PostgresqlDatabase,
    "CySqliteDatabase": peewee.SqliteDatabase,
    "MariaDBConnectorDatabase": peewee.MySQLDatabase,
    "MySQLConnectorDatabase": peewee.MySQLDatabase,
    "SqlCipherDatabase": peewee.SqliteDatabase,
    "SqliteQueueDatabase": peewee.SqliteDatabase,
}


@pytest.mark.parametrize("name", STRANGERS)
def test_another_class_is_refused_by_its_name_and_so_is_what_derives_from_it(name: str) -> None:
    """Some need a library of their own, so this makes a class of that name, as Peewee derives it."""
    stranger = type(name, (STRANGERS[name],), {})
    for kind in (stranger, type(f"Pooled{name}", (stranger,), {})):
        database = kind(None)
        with pytest.raises(DatabaseUnsupported) as refused:
            dialect_of(database)
        assert refused.value.what == f"pwmig does not work on {kind.__name__}"
        assert "SqliteDatabase, PostgresqlDatabase or MySQLDatabase" in str(refused.value.way_out)
