"""A second look at a folder of migrations reads only what was written since, and says the same as a first one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pwmig import files
from pwmig.errors import MigrationFileError
from pwmig.files import Known, find_files


def write(path: Path, text: str, *, at_ns: int | None = None) -> None:
    path.write_text(text)
    if at_ns is not None:
        os.utime(path, ns=(at_ns, at_ns))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        write(tmp_path / f"20250101_00000{number}_a.py", f"x = {number}\n")
    return tmp_path


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once, so that a test need not wait."""
    monkeypatch.setattr(files, "_SETTLED_NS", -(10**12))


def same_length(path: Path) -> None:
    write(path, "x = 7\n")


def same_length_and_time(path: Path) -> None:
    before = path.stat().st_mtime_ns
    write(path, "x = 8\n", at_ns=before)


def replaced(path: Path) -> None:
    other = path.with_suffix(".new")
    write(other, "x = 9\n", at_ns=path.stat().st_mtime_ns)
    os.replace(other, path)


def gone(path: Path) -> None:
    path.unlink()


def new(path: Path) -> None:
    write(path.with_name("20260101_000000_new.py"), "def migrate_backward(): pass\n")


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("change", [same_length, same_length_and_time, replaced, gone, new])
def test_every_change_is_seen(folder: Path, change: Callable[[Path], None]) -> None:
    known: Known = {}
    before = find_files(folder, known)
    change(folder / "20250101_000001_a.py")
    after = find_files(folder, known)
    assert after == find_files(folder) != before


@pytest.mark.usefixtures("settled")
def test_what_was_not_written_is_not_read_again(folder: Path) -> None:
    known: Known = {}
    before = find_files(folder, known)
    assert len(known) == 3
    assert all(new is old for new, old in zip(find_files(folder, known), before, strict=True))


def test_a_file_that_was_just_written_is_read_again(folder: Path) -> None:
    known: Known = {}
    find_files(folder, known)
    assert known == {}


@pytest.mark.usefixtures("settled")
def test_a_file_that_can_not_be_found_is_told(folder: Path) -> None:
    (folder / "20260101_000000_nowhere.py").symlink_to(folder / "nothing")
    with pytest.raises(MigrationFileError, match=r"20260101_000000_nowhere\.py can.t be read"):
        find_files(folder, {})
