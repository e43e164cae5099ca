"""Migration files: how they are named, found, read and made."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import CREATE_PLAYER, open_project, sql_migration

from pwmig.errors import MigrationFileError, PlanError
from pwmig.files import (
    NAME_LIMIT,
    checksum,
    compiled,
    create,
    find_files,
    require_python,
    rewrite,
    slug,
    template,
)
from pwmig.project import Project

NOON = datetime(2025, 1, 1, 12, 0, 0, tzinfo=UTC)


def folder_with(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text("")
    return folder


GOOD_NAMES = [
    ("add_player_level", "add_player_level"),
    ("x", "x"),
    ("2fa", "2fa"),
    ("  add_level ", "add_level"),
    ("AddLevel", "addlevel"),
    ("a" * NAME_LIMIT, "a" * NAME_LIMIT),
]


@pytest.mark.parametrize(("name", "wanted"), GOOD_NAMES, ids=[name[:20] for name, _ in GOOD_NAMES])
def test_a_good_name_stands_in_the_file_name(name: str, wanted: str) -> None:
    assert slug(name) == wanted


BAD_NAMES = {
    "empty": "",
    "only spaces": "   ",
    "too long": "a" * (NAME_LIMIT + 1),
    "three hundred letters": "a" * 300,
    "leads out of the folder": "../evil",
    "holds a separator": "a/b",
    "holds a backslash": "a\\b",
    "holds a space": "add level",
    "holds a quote": "it's",
    "holds a double quote": 'say "x"',
    "holds a dash": "add-level",
    "holds a dot": "add.level",
    "ends with .py": "add_level.py",
    "holds a line end": "add\nlevel",
    "holds a zero byte": "add\0level",
    "holds a control character": "add\x1b[31m",
    "is not ASCII": "größe",
    "digits of another script": "niveau_٣",
    "begins with an underscore": "_level",
    "ends with an underscore": "level_",
    "two underscores": "add__level",
}


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES)
def test_a_bad_name_is_refused_and_makes_nothing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "migrations"
    with pytest.raises(MigrationFileError) as caught:
        create(folder, name, "")
    assert caught.value.why and caught.value.way_out
    assert len(caught.value.what) < 120
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=120))
def test_whatever_a_name_is_its_file_stays_in_the_folder_and_is_found(name: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        try:
            path = create(place, name, "", now=NOON)
        except MigrationFileError:
            assert os.listdir(place) == []
        else:
            assert path.parent == Path(place)
            assert [file.name for file in find_files(place)] == [path.stem]


def test_a_new_file_bears_the_time_in_utc(tmp_path: Path) -> None:
    assert create(tmp_path, "x", "pass\n", now=NOON).name == "20250101_120000_x.py"


TAKEN = [
    ("the same second", "20250101_120000_a.py", "20250101_120001_x.py"),
    ("a later second", "20250101_120105_a.py", "20250101_120106_x.py"),
    ("the last second of a year", "20251231_235959_a.py", "20260101_000000_x.py"),
    ("an earlier second", "20250101_115959_a.py", "20250101_120000_x.py"),
]


@pytest.mark.parametrize(("there", "made"), [row[1:] for row in TAKEN], ids=[row[0] for row in TAKEN])
def test_a_new_file_sorts_last(tmp_path: Path, there: str, made: str) -> None:
    folder_with(tmp_path, there)
    assert create(tmp_path, "x", "", now=NOON).name == made
    assert [file.name + ".py" for file in find_files(tmp_path)][-1] == made


def test_a_file_of_no_real_time_stops_create_and_names_it(tmp_path: Path) -> None:
    folder_with(tmp_path, "20259999_999999_a.py")
    with pytest.raises(MigrationFileError, match="20259999_999999"):
        create(tmp_path, "x", "", now=NOON)
    assert len(list(tmp_path.iterdir())) == 1


def test_many_files_made_at_once_never_share_a_time(tmp_path: Path) -> None:
    for number in range(5):
        create(tmp_path, f"x{number}", "", now=NOON)
    assert [file.name for file in find_files(tmp_path)] == [f"20250101_12000{n}_x{n}" for n in range(5)]


PASSED_BY = [
    "__init__.py",
    "helpers.py",
    "README.md",
    "20250101_120000_add.py~",
    ".20250101_120000_add.py.swp",
    "20250101_120000_add.pyc",
    "20250101_notes.md",
    "conftest.py",
]


@pytest.mark.parametrize("name", PASSED_BY)
def test_other_files_of_the_folder_are_passed_by(tmp_path: Path, name: str) -> None:
    assert find_files(folder_with(tmp_path, name)) == ()


STRAY = [
    "20250101_add.py",
    "20250101120000_add.py",
    "20250101_120000.py",
    "20250101_120000_.py.py",
    "20250101_120000_a b.py",
    "20250101_120000_a-b.py",
    "20250101_12000_add.py",
    "20250101_120000_größe.py",
]


@pytest.mark.parametrize("name", STRAY)
def test_a_file_that_seems_to_be_a_migration_is_never_left_out_silently(tmp_path: Path, name: str) -> None:
    folder_with(tmp_path, name)
    with pytest.raises(MigrationFileError) as caught:
        find_files(tmp_path)
    assert name in caught.value.what
    assert str(caught.value.path) == str(tmp_path / name)


@pytest.mark.parametrize("second", ["20250101_120000_b.py", "20250101_120000_A.py"])
def test_two_files_with_one_time_are_refused_by_name(tmp_path: Path, second: str) -> None:
    folder_with(tmp_path, "20250101_120000_a.py", second)
    with pytest.raises(MigrationFileError) as caught:
        find_files(tmp_path)
    assert "20250101_120000_a" in caught.value.what and second[:-3] in caught.value.what


def test_no_folder_holds_no_migrations(tmp_path: Path) -> None:
    assert find_files(tmp_path / "nowhere") == ()
    assert not (tmp_path / "nowhere").exists()


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "migrations").write_text("")
    with pytest.raises(MigrationFileError, match="migrations"):
        find_files(tmp_path / "migrations")


@pytest.mark.parametrize("kind", ["folder", "link to nowhere"])
def test_what_is_named_as_a_migration_but_can_t_be_read_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "20250101_120000_add.py"
    path.mkdir() if kind == "folder" else path.symlink_to(tmp_path / "gone")
    with pytest.raises(MigrationFileError, match="20250101_120000_add"):
        find_files(tmp_path)


def test_files_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    folder_with(tmp_path, "20250102_000000_a.py", "20250101_000001_c.py", "20250101_000000_z.py")
    assert [file.name[16:] for file in find_files(tmp_path)] == ["z", "c", "a"]


CHECKSUMS = [
    ("line ends of Windows", b"a\r\nb\r\n", b"a\nb\n", True),
    ("no line end at the end", b"a\nb", b"a\nb\n", False),
    ("a space more", b"a\n", b"a \n", False),
    ("an old Mac's line ends", b"a\rb\r", b"a\nb\n", False),
    ("not UTF-8", b"# \xff\r\n", b"# \xff\n", True),
]


@pytest.mark.parametrize(("one", "other", "same"), [row[1:] for row in CHECKSUMS], ids=[row[0] for row in CHECKSUMS])
def test_a_checksum_is_of_the_text_line_ends_aside(one: bytes, other: bytes, same: bool) -> None:
    assert (checksum(one) == checksum(other)) is same


def test_the_checksum_found_is_that_of_the_text_that_is_run(tmp_path: Path) -> None:
    path = create(tmp_path, "x", "a = 1\n", now=NOON)
    path.write_bytes(b"a = 1\r\n")
    assert compiled(str(path))[1] == find_files(tmp_path)[0].checksum == checksum(b"a = 1\n")


INVALID = [
    ("a syntax error", b"def f(:\n", 1),
    ("an error on a later line", b"a = 1\nb = 2\nreturn 3\n", 3),
    ("wrong indentation", b"def f():\npass\n", 2),
    ("a zero byte", b"a = '\0'\n", None),
    ("bytes that are not UTF-8", b"a = 1\nb = '\xff'\n", None),
    ("an unknown encoding", b"# -*- coding: klingon -*-\n", None),
]


@pytest.mark.parametrize(("text", "line"), [row[1:] for row in INVALID], ids=[row[0] for row in INVALID])
def test_what_python_cannot_read_is_told_with_its_line(tmp_path: Path, text: bytes, line: int | None) -> None:
    path = tmp_path / "20250101_120000_x.py"
    path.write_bytes(text)
    with pytest.raises(MigrationFileError) as caught:
        compiled(str(path))
    assert "20250101_120000_x.py is not valid Python" in caught.value.what
    assert caught.value.why and caught.value.way_out
    if line is not None:
        assert caught.value.line == line and f"line {line}" in caught.value.why


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(MigrationFileError, match=r"gone\.py can't be read"):
        compiled(str(tmp_path / "gone.py"))


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    first = create(tmp_path, "x", "first", now=NOON)
    second = create(tmp_path, "x", "second", now=NOON)
    assert (first.read_text(), second.read_text()) == ("first", "second")


def test_the_template_is_valid_and_holds_both_ways() -> None:
    names = compile(template("my.config"), "template", "exec").co_names
    assert {"migrate_forward", "migrate_backward", "migrator"} <= set(names)
    assert "from my.config import migrator" in template("my.config")


def test_an_edit_of_the_same_length_in_the_same_second_is_read(tmp_path: Path) -> None:
    path = tmp_path / "20250101_000000_a.py"
    seen = []
    for value in (1, 2, 2, 3):
        path.write_text(f"X = {value}\n")
        os.utime(path, (1_000_000_000, 1_000_000_000))
        names: dict[str, object] = {}
        exec(compiled(str(path))[0], names)
        seen.append(names["X"])
    assert seen == [1, 2, 2, 3]


def test_a_damaged_cache_is_passed_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "20250101_000000_a.py"
    path.write_text("X = 1\n")
    compiled(str(path))
    (cache,) = (tmp_path / "__pycache__").iterdir()
    whole = cache.read_bytes()
    for damaged in (b"", whole[:10], whole[:20], whole[:16] + b"\xff" * 40):
        cache.write_bytes(damaged)
        names: dict[str, object] = {}
        exec(compiled(str(path))[0], names)
        assert names["X"] == 1
    assert cache.read_bytes() == whole


# -- written anew


def opened(folder: Path, text: bytes) -> Path:
    path = folder / "20250101_000000_a.py"
    path.write_bytes(text)
    return path


REWRITTEN = [
    ("as it is", b"X = 1\n", "X = 2\n", b"X = 2\n"),
    ("line ends of Windows stay", b"X = 1\r\n", "X = 2\nY = 3\n", b"X = 2\r\nY = 3\r\n"),
    ("no line end is added", b"X = 1\n", "X = 2", b"X = 2"),
    ("UTF-8", b"X = 1\n", "X = 'na\u00efve'\n", "X = 'na\u00efve'\n".encode()),
    ("the encoding it names", b"# coding: latin-1\n", "# coding: latin-1\n# \u00ef\n", b"# coding: latin-1\n# \xef\n"),
]


@pytest.mark.parametrize(("there", "source", "text"), [row[1:] for row in REWRITTEN], ids=[row[0] for row in REWRITTEN])
def test_a_file_written_anew_holds_just_the_new_text(tmp_path: Path, there: bytes, source: str, text: bytes) -> None:
    path = opened(tmp_path, there)
    path.chmod(0o640)
    assert rewrite(path, source, was=checksum(there)) == path
    assert path.read_bytes() == text
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == [path.name]


def test_a_file_that_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = opened(tmp_path, b"X = 1\n")
    was = checksum(b"X = 0\n")
    with pytest.raises(MigrationFileError, match="was not saved") as caught:
        rewrite(path, "X = 2\n", was=was)
    assert caught.value.way_out and path.read_bytes() == b"X = 1\n"
    rewrite(path, "X = 2\n")
    assert path.read_bytes() == b"X = 2\n"


UNWRITABLE = {
    "half a letter": "X = '\ud800'\n",
    "an unknown encoding": "# coding: klingon\n",
    "a letter that latin-1 lacks": "# coding: latin-1\n# \u4e16\n",
}


@pytest.mark.parametrize("source", UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_can_not_be_written_leaves_everything_as_it_was(tmp_path: Path, source: str) -> None:
    path = opened(tmp_path, b"X = 1\n")
    with pytest.raises(MigrationFileError, match="can't be written"):
        rewrite(path, source)
    with pytest.raises(MigrationFileError, match="can't be written"):
        create(tmp_path, "b", source, now=NOON)
    assert path.read_bytes() == b"X = 1\n" and os.listdir(tmp_path) == [path.name]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "shared.py"
    real.write_text("X = 1\n")
    link = tmp_path / "20250101_000000_a.py"
    link.symlink_to(real)
    rewrite(link, "X = 2\n")
    assert link.is_symlink() and real.read_text() == "X = 2\n"


def test_a_file_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(MigrationFileError, match="can't be read"):
        rewrite(tmp_path / "20250101_000000_a.py", "X = 1\n")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("source", "line"), [("def f(:\n", 1), ("a = 1\nb = 2\nreturn 3\n", 3), ("a = '\0'\n", None), ("-" * 100_000, None)]
)
def test_a_text_that_is_no_python_is_told_with_its_line(source: str, line: int | None) -> None:
    with pytest.raises(MigrationFileError, match=r"draft\.py is not valid Python") as caught:
        require_python(source, "draft")
    assert caught.value.why and (line is None or caught.value.line == line)


# -- a pending migration's text


@pytest.fixture
def project(tmp_path: Path) -> Project:
    later = sql_migration("CREATE TABLE club (id INTEGER)", "DROP TABLE club")
    project = open_project(tmp_path, {"create_player": CREATE_PLAYER, "create_club": later})
    project.apply(to="create_player")
    return project


def test_a_pending_migration_can_be_written_anew(project: Project) -> None:
    path = project.rewrite("club", "X = 1\n", was=project.files()[1].checksum)
    assert path.name == "20250101_000001_create_club.py" and project.source("club") == "X = 1\n"


def test_an_applied_migration_is_not_written_anew(project: Project) -> None:
    before = project.source("player")
    with pytest.raises(PlanError, match="applied") as caught:
        project.rewrite("player", "X = 1\n")
    assert caught.value.why and caught.value.way_out
    assert project.source("player") == before
