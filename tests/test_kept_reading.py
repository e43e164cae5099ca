"""Readings that share a connection: they see what is there, and nobody notices that it is kept."""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import CONFIG, CREATE_PLAYER, open_project, sql_migration, write_project

from pwmig.dialects.sqlite import kept
from pwmig.errors import DatabaseUnavailable, PwmigError
from pwmig.project import Project
from pwmig.schema import Query

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to count open files")

ROWS = sql_migration("INSERT INTO player (name) VALUES ('Tal'), ('Hou')", "DELETE FROM player")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with two players, whose readings are kept."""
    made = open_project(tmp_path, {"create": CREATE_PLAYER, "rows": ROWS})
    made.apply()
    made.keep_reading()
    return made


def file_of(project: Project) -> Path:
    return project.root / "db/app.sqlite"


def open_files(path: Path) -> int:
    """How often this process has a file open, under whatever name it has by now."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found += os.readlink(descriptor).removesuffix(" (deleted)") == str(path.resolve())
        except FileNotFoundError:
            continue
    return found


def elsewhere(code: str, path: Path) -> str:
    """Run Python code in another process, with ``path`` and a connection ``c`` that waits for nobody."""
    head = "import os, sqlite3, shutil, sys\npath = sys.argv[1]\nc = sqlite3.connect(path, timeout=0)\n"
    done = subprocess.run(
        [sys.executable, "-c", head + code, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def seen(project: Project) -> list[object]:
    """What every kind of reading says now."""
    tables = project.schema().table_names
    pages = [project.page(table).rows for table in tables]
    states = [(status.name, status.state) for status in project.status()]
    return [project.schema(), project.snapshot(), pages, [project.look(table)[0] for table in tables], states]


def fresh(project: Project) -> list[object]:
    """The same by a project that keeps nothing."""
    return seen(Project.open(project.root))


def test_all_readings_share_one_connection_that_is_kept(project: Project) -> None:
    assert open_files(file_of(project)) == 0
    first = seen(project)
    assert open_files(file_of(project)) == 1
    assert seen(project) == first == fresh(project)
    assert open_files(file_of(project)) == 1


def test_whoever_does_not_ask_for_it_keeps_nothing(tmp_path: Path) -> None:
    project = open_project(tmp_path, {"create": CREATE_PLAYER, "rows": ROWS})
    project.apply()
    seen(project)
    assert open_files(file_of(project)) == 0


DELETED = "c.close(); os.remove(path)"
MEANWHILE = [
    ("c.execute(\"INSERT INTO player (name) VALUES ('Ding')\"); c.commit()", "a row"),
    ("c.execute('DELETE FROM player'); c.commit()", "no row any more"),
    ("c.execute('ALTER TABLE player ADD COLUMN level INTEGER'); c.commit()", "a column"),
    ("c.execute('CREATE TABLE club (id INTEGER PRIMARY KEY)'); c.commit()", "a table"),
    ("c.execute('DROP TABLE player'); c.commit()", "a table gone"),
    ("c.execute('DROP TABLE player'); c.execute('CREATE TABLE player (x)'); c.commit()", "a table made anew"),
    ("c.execute('DELETE FROM player'); c.commit(); c.execute('VACUUM')", "vacuumed"),
    ("c.execute('PRAGMA page_size = 1024'); c.execute('VACUUM')", "pages of another size"),
    ("c.execute('PRAGMA journal_mode = wal'); c.execute('DELETE FROM player'); c.commit()", "in WAL mode by now"),
    (
        "c.execute('PRAGMA journal_mode = wal'); c.execute('DELETE FROM player'); c.commit()\n"
        "c.execute('PRAGMA journal_mode = delete')",
        "in WAL mode for a while",
    ),
    ("c.execute('PRAGMA journal_mode = persist'); c.execute('DELETE FROM player'); c.commit()", "a journal that stays"),
    (DELETED + "; c = sqlite3.connect(path); c.execute('CREATE TABLE other (a)'); c.commit()", "another file"),
    (DELETED + "; open(path, 'w').close()", "an empty file"),
    (
        "c.execute('VACUUM INTO ?', (path + '2',)); c.close(); c = sqlite3.connect(path + '2')\n"
        "c.execute('DELETE FROM player'); c.commit(); c.close(); os.replace(path + '2', path)",
        "another one in its place",
    ),
]


@pytest.mark.parametrize(("code", "why"), MEANWHILE, ids=[why for _, why in MEANWHILE])
def test_others_are_in_nobodys_way_and_their_work_is_seen(project: Project, code: str, why: str) -> None:
    seen(project)
    assert open_files(file_of(project)) == 1
    elsewhere(code, file_of(project))
    for _ in range(2):
        assert seen(project) == fresh(project), why


def test_a_backup_copied_over_the_file_is_seen(project: Project) -> None:
    """The same file, and the same count of changes in it: SQLite would take it for what it has read."""
    path, backup = file_of(project), file_of(project).with_name("backup")
    backup.write_bytes(path.read_bytes())
    for where, name in ((path, "Ding"), (backup, "Gukesh")):
        connection = sqlite3.connect(where)
        connection.execute("UPDATE player SET name = ?", (name,))
        connection.commit()
        connection.close()
    assert {row[1] for row in project.page("player").rows.rows} == {"Ding"}
    path.write_bytes(backup.read_bytes())
    os.utime(path, ns=(1, 1))  # However coarse the file system's clock is.
    assert {row[1] for row in project.page("player").rows.rows} == {"Gukesh"}


JOURNALS = ("delete", "truncate", "persist", "wal", "memory", "off")
STATEMENTS = (
    "INSERT INTO player (name) VALUES ('x')",
    "UPDATE player SET name = name || 'y'",
    "DELETE FROM player WHERE id % 2",
    "CREATE TABLE IF NOT EXISTS club (id INTEGER PRIMARY KEY, a TEXT)",
    "DROP TABLE IF EXISTS club",
    "CREATE INDEX IF NOT EXISTS by_name ON player (name)",
    "DROP INDEX IF EXISTS by_name",
    "VACUUM",
    *(f"PRAGMA journal_mode = {mode}" for mode in JOURNALS),
)


@given(steps=st.lists(st.tuples(st.sampled_from(STATEMENTS), st.booleans()), max_size=8))
def test_whatever_is_done_between_readings_they_see_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bool]]
) -> None:
    project = open_project(tmp_path_factory.mktemp("kept"), {"create": CREATE_PLAYER, "rows": ROWS})
    project.apply()
    project.keep_reading()
    assert seen(project) == fresh(project)
    writer: sqlite3.Connection | None = None
    for sql, stays in steps:
        writer = writer or sqlite3.connect(file_of(project), timeout=0, isolation_level=None)
        writer.execute(sql).fetchall()
        if not stays:
            writer.close()
            writer = None
        assert seen(project) == fresh(project)
    if writer:
        writer.close()
    left = {path.name for path in file_of(project).parent.glob("app.sqlite*")}
    assert left <= {"app.sqlite", "app.sqlite-journal"}  # The journal is what `persist` leaves.


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_no_file_is_left_and_a_database_in_wal_mode_is_not_kept_open(project: Project, mode: str) -> None:
    connection = sqlite3.connect(file_of(project))
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.close()
    for read in (project.schema, project.snapshot, project.status, lambda: seen(project)):
        read()
        assert open_files(file_of(project)) == (mode == "delete")
    assert [path.name for path in file_of(project).parent.glob("app.sqlite*")] == ["app.sqlite"]


def test_no_lock_is_held_between_readings(project: Project) -> None:
    """After a reading of each kind, another process gets every lock at once."""
    readings: list[Callable[[], object]] = [
        project.schema,
        lambda: project.schema(["player"]),
        project.snapshot,
        project.status,
        lambda: project.look("player"),
        lambda: project.page("player", Query(size=1)),
    ]
    for read in readings:
        read()
        assert elsewhere("c.execute('BEGIN EXCLUSIVE'); print('locked')", file_of(project)) == "locked"


def test_reading_ends_no_lock_of_the_application(project: Project) -> None:
    """POSIX ends a process's locks on a file whenever the process closes that file once."""
    mine = sqlite3.connect(file_of(project))
    mine.execute("BEGIN IMMEDIATE")
    for reading in (project, Project.open(project.root)):
        reading.schema()
        code = "try: c.execute('BEGIN IMMEDIATE')\nexcept sqlite3.OperationalError as error: print(error)"
        assert elsewhere(code, file_of(project)) == "database is locked"
    mine.execute("DELETE FROM player")
    mine.commit()
    mine.close()
    assert project.snapshot().table_rows("player").rows == ()


@pytest.mark.parametrize(
    ("forward", "raised", "why"),
    [
        (lambda project: project.look("gone"), PwmigError, "no such table"),
        (lambda project: project.page("player", Query(order_by="gone")), PwmigError, "no such column"),
        (lambda project: project.page("player", deadline_s=-1.0), PwmigError, "too late"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_after_an_error_nothing_is_kept(
    project: Project, forward: Callable[[Project], object], raised: type[Exception], why: str
) -> None:
    if why == "too late":
        many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
        elsewhere(f'c.execute("{many} INSERT INTO player (name) SELECT i FROM n"); c.commit()', file_of(project))
    seen(project)
    with pytest.raises(raised):
        forward(project)
    assert open_files(file_of(project)) == 0
    assert seen(project) == fresh(project)
    assert open_files(file_of(project)) == 1


def test_a_database_that_is_gone_is_said_to_be_gone(project: Project) -> None:
    seen(project)
    elsewhere(DELETED, file_of(project))
    assert project.schema().tables == ()
    with pytest.raises(DatabaseUnavailable, match="there is no database"), project._reading():
        pass
    assert open_files(file_of(project)) == 0


def test_a_file_that_is_no_database_any_more_is_an_error_with_a_way_out(project: Project) -> None:
    seen(project)
    file_of(project).write_bytes(b"something else " * 1000)
    with pytest.raises(DatabaseUnavailable, match="is no SQLite database"):
        project.schema()
    assert open_files(file_of(project)) == 0


def test_a_journal_that_a_killed_program_left_is_rolled_back_first(project: Project) -> None:
    seen(project)
    before = project.snapshot()
    elsewhere(
        "c.execute('PRAGMA cache_size = 1'); c.execute('BEGIN')\n"
        'c.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) '
        'INSERT INTO player (name) SELECT hex(zeroblob(100)) FROM n")\n'
        "assert os.path.getsize(path + '-journal') > 512; os._exit(0)",
        file_of(project),
    )
    assert file_of(project).with_name("app.sqlite-journal").exists()
    assert project.snapshot() == before
    assert seen(project) == fresh(project)


def test_threads_read_side_by_side(project: Project) -> None:
    """One has the kept connection, the others their own; what they see is the same."""
    expected, found = seen(project), []
    inside = threading.Barrier(4)

    def read() -> None:
        with project._reading() as reader:
            inside.wait(60)
            rows = reader.connection().execute("SELECT name FROM player").fetchall()
            inside.wait(60)
        found.append((rows, seen(project)))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [([("Tal",), ("Hou",)], expected)] * 4
    assert open_files(file_of(project)) == 1


def test_a_reading_inside_another_one_has_a_connection_of_its_own(project: Project) -> None:
    with project._reading() as outer, project._reading() as inner:
        assert outer.connection() is not inner.connection()


def test_a_kept_connection_writes_nothing(project: Project) -> None:
    for _ in range(2):
        with pytest.raises(Exception, match="readonly"), project._reading() as reader:
            reader.execute_sql("DELETE FROM player")


def test_a_child_after_a_fork_reads_by_a_connection_of_its_own(project: Project) -> None:
    expected = seen(project)
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        answer = b"another"
        try:
            # Its parent's connection stays open, unused, beside its own.
            answer = b"the same" if seen(project) == expected and open_files(file_of(project)) == 2 else b"another"
        finally:
            os.write(send, answer)
            os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as stream:
        assert stream.read() == b"the same"
    os.waitpid(child, 0)
    assert seen(project) == expected


FUNCTIONS = CONFIG + (
    "database.register_function(lambda text: text and text[::-1], 'turned', 1, deterministic=True)\n"
    "database.register_collation(lambda a, b: (a > b) - (a < b), 'plain')\n"
)


def test_the_projects_functions_and_collations_are_there_also_those_registered_later(tmp_path: Path) -> None:
    view = "CREATE VIEW v AS SELECT turned(name) AS t FROM player ORDER BY name COLLATE plain"
    late = "CREATE VIEW w AS SELECT late(name) AS t FROM player"
    sources = {"create": CREATE_PLAYER, "rows": ROWS, "v": sql_migration(view), "w": sql_migration(late)}
    project = open_project(tmp_path, sources, config=FUNCTIONS)
    project.apply()
    project.keep_reading()
    assert [row[0] for row in project.page("v").rows.rows] == ["uoH", "laT"]
    project.database.register_function(lambda text: text.upper(), "late", 1)
    assert [row[0] for row in project.page("w").rows.rows] == ["TAL", "HOU"]
    assert [row[0] for row in project.page("v").rows.rows] == ["uoH", "laT"]


def test_a_rehearsal_in_this_process_reads_its_copy(project: Project) -> None:
    """And what is kept is neither put aside nor closed under another thread that reads."""
    seen(project)
    with project._reading() as reader:
        others: list[object] = []

        def rehearse() -> None:
            with project.dialect.copy(project.database):
                project.database.execute_sql("CREATE TABLE club (id INTEGER PRIMARY KEY)")
                others.append(project.schema().table_names)
                others.append(reader.is_closed())

        thread = threading.Thread(target=rehearse)
        thread.start()
        thread.join(60)
        assert others == [("club", "player"), True]
        assert reader.connection().execute("SELECT count(*) FROM player").fetchone() == (2,)
    with project.dialect.copy(project.database):
        project.database.execute_sql("CREATE TABLE club (id INTEGER PRIMARY KEY)")
        assert project.schema().table_names == ("club", "player")
    assert seen(project) == fresh(project)
    assert project.schema().table_names == ("player",)


def test_runs_in_this_process_are_not_disturbed(project: Project) -> None:
    seen(project)
    project.revert(to="zero")
    assert seen(project) == fresh(project)
    project.apply()
    assert seen(project) == fresh(project)


def test_a_database_in_memory_is_read_where_it_is(tmp_path: Path) -> None:
    config = CONFIG.replace('Path(__file__).parent / "app.sqlite"', '":memory:"')
    project = open_project(tmp_path, {"create": CREATE_PLAYER, "rows": ROWS}, config=config)
    project.keep_reading()
    project.apply()
    assert project.page("player").rows.row_count == 2
    assert not project.database.is_closed()
    project.database.close()


def test_the_connection_goes_with_the_project(project: Project) -> None:
    path = file_of(project)
    own = Project.open(project.root)
    own.keep_reading()
    seen(own)
    assert open_files(path) == 1
    del own
    gc.collect()
    assert open_files(path) == 0


def test_a_process_keeps_few_connections(tmp_path: Path) -> None:
    projects = []
    for number in range(kept.MOST_KEPT + 3):
        project = open_project(tmp_path / str(number), {"create": CREATE_PLAYER, "rows": ROWS})
        project.apply()
        project.keep_reading()
        seen(project)
        projects.append(project)
    for _ in range(2):
        assert [open_files(file_of(one)) for one in projects] == [0] * 3 + [1] * kept.MOST_KEPT
        assert all(seen(one) == fresh(one) for one in projects)


def test_the_end_of_the_process_is_quiet_and_leaves_no_file(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"create": CREATE_PLAYER})
    code = (
        "import sys, warnings\nwarnings.simplefilter('error')\nfrom pwmig import Project\n"
        "project = Project.open(sys.argv[1]); project.keep_reading(); project.apply(); project.schema()\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code, str(root)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in (root / "db").glob("app.sqlite*")] == ["app.sqlite"]
