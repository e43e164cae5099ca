"""What holds for every test: reasoned skips that can be forbidden, and no leaning on the machine it runs on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import peewee
import pytest
import requirements
import servers
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from kill_grounds import Ground

# A shared machine is slow at times: a slow example is no failure, a wrong one is.
settings.register_profile(
    "pwmig",
    max_examples=int(os.environ.get("PWMIG_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("pwmig")


pytest.register_assert_rewrite("authored")


def pytest_configure() -> None:
    """A shell ignores Ctrl-C for what it starts in the background, and so would all that the tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_foreign_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person who runs the tests has set never leads them to a real database or another project, and no test
    leads the next one into its folder.
    """
    monkeypatch.chdir(Path.cwd())  # By which the folder is given back, however a test leaves it.
    for variable in ("DATABASE_URL", "PWMIG_PROJECT"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def require_or_skip() -> Callable[[str, str], NoReturn]:
    """``require_or_skip("browser", "there is no Chromium")``, for tests that like it as a fixture."""
    return requirements.require_or_skip


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """``real_data("chinook.sqlite")``: the path of a real database, to be read or copied only."""
    return requirements.real_data


# Databases


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> servers.Server:
    return requirements.server_of("postgres", pytestconfig)


@pytest.fixture(scope="session")
def mariadb_server(pytestconfig: pytest.Config) -> servers.Server:
    return requirements.server_of("mariadb", pytestconfig)


@pytest.fixture
def indexed_ground(postgres_server: servers.Server, tmp_path: Path) -> Ground:
    """A database to kill on, of PostgreSQL: a table with a row, and an index to be dropped concurrently."""
    from kill_grounds import ground_of

    made = ground_of("postgres", postgres_server, tmp_path)
    made.make(
        "base",
        "CREATE TABLE player (id INTEGER PRIMARY KEY, name VARCHAR(20), level INT);"
        "CREATE INDEX \"by%level\" ON player (level); INSERT INTO player VALUES (1, 'a', 1)",
    )
    return made


@pytest.fixture
def postgres(postgres_server: servers.Server) -> Iterator[peewee.Database]:
    """A connected database of PostgreSQL, new and empty, dropped afterwards."""
    with postgres_server.fresh() as database:
        yield database


@pytest.fixture
def mariadb(mariadb_server: servers.Server) -> Iterator[peewee.Database]:
    """A connected database of MariaDB, new and empty, dropped afterwards."""
    with mariadb_server.fresh() as database:
        yield database


SERVERS = [pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in servers.KINDS]


@pytest.fixture(params=SERVERS)
def server_database(request: pytest.FixtureRequest) -> Any:
    """A connected database of each kind of server, new and empty."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["sqlite", *SERVERS])
def any_database(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A connected database of each kind that there is, new and empty."""
    if request.param != "sqlite":
        yield request.getfixturevalue(request.param)
        return
    database = peewee.SqliteDatabase(request.getfixturevalue("tmp_path") / "any.sqlite")
    with database.connection_context():
        yield database


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for a server says so by its marker: `pytest -m "not postgres and not mariadb"`."""
    for item in items:
        for kind in servers.KINDS:
            if f"{kind}_server" in getattr(item, "fixturenames", ()):
                item.add_marker(kind)


def pytest_unconfigure() -> None:
    servers.end_servers()


# Skips that are failures


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """However a test was skipped: where its marker is named by PWMIG_REQUIRE, the skip is a failure."""
    report = yield
    kinds = requirements.required().intersection(mark.name for mark in item.iter_markers())
    if report.skipped and kinds and not hasattr(report, "wasxfail"):
        fail(report, kinds)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A whole module that skips itself, in a folder with the name of a kind (tests/browser), is no exception."""
    report = yield
    kinds = requirements.required().intersection(collector.nodeid.split("/"))
    if report.skipped and kinds:
        fail(report, kinds)
    return report


def fail(report: pytest.TestReport | pytest.CollectReport, kinds: Collection[str]) -> None:
    """Turn the report of a skip into that of a failure, for the same reason."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{reason} (PWMIG_REQUIRE asks for {', '.join(sorted(kinds))})"
