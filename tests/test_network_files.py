"""A SQLite file on a network file system: told once a run, with the reason, by the table of what is mounted."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import CREATE_PLAYER, open_project, write_project

from pwmig.cli import main
from pwmig.dialects.sqlite import network
from pwmig.dialects.sqlite.network import network_kind
from pwmig.plan import Event

TABLE = r"""/dev/vda / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
fileserver:/export /srv/shared nfs4 rw,vers=4.2 0 0
//nas/team /people/anna/team\040files cifs rw 0 0
anna@host:/data /mnt/ssh fuse.sshfs rw 0 0
drvfs /mnt/c 9p rw,aname=drvfs 0 0
/dev/sdb /srv/shared/local ext4 rw 0 0
tmpfs /srv/shared/memory tmpfs rw 0 0
fileserver:/two /srv/two nfs rw 0 0
/dev/sdc /srv/two ext4 rw 0 0
cut off
"""

KINDS = {
    "/srv/shared/app.sqlite": "nfs4",
    "/srv/shared/deep/er/app.sqlite": "nfs4",
    "/people/anna/team files/app.sqlite": "cifs",
    "/mnt/ssh/app.sqlite": "fuse.sshfs",
    "/mnt/c/app.sqlite": "9p",
    "/srv/shared/local/app.sqlite": None,
    "/srv/shared/memory/app.sqlite": None,
    "/srv/shared_too/app.sqlite": None,
    "/srv/two/app.sqlite": None,
    "/people/anna/app.sqlite": None,
}
"""What is mounted nearest counts, and of two in one place the later one."""


@pytest.mark.parametrize("path", KINDS)
def test_the_kind_is_that_of_what_is_mounted_nearest(path: str) -> None:
    assert network_kind(path, TABLE) == KINDS[path]


def test_where_no_table_is_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "MOUNTS", str(tmp_path / "none"))
    assert network_kind("/srv/app.sqlite") is None and network_kind("/srv/app.sqlite", "") is None
    assert network_kind("/app.sqlite", "none / 9p rw 0 0") is None, "a sandbox's own disk"
    assert network_kind("/app.sqlite", "fileserver:/ / nfs rw 0 0") == "nfs"


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "here").symlink_to(tmp_path / "there")
    assert network_kind(str(tmp_path / "here" / "app.sqlite"), f"x {tmp_path}/there nfs rw 0 0") == "nfs"


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mounts").write_text(f"/dev/vda / ext4 rw 0 0\nfileserver:/x {tmp_path}/project nfs rw 0 0\n")
    monkeypatch.setattr(network, "MOUNTS", str(tmp_path / "mounts"))


@pytest.mark.usefixtures("mounted")
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_it_is_told_once_a_run(tmp_path: Path, mode: str) -> None:
    twice = {"player": CREATE_PLAYER, "club": CREATE_PLAYER.replace("player", "club")}
    project = open_project(tmp_path / "project", twice)
    with project.database.connection_context():
        project.database.execute_sql(f"PRAGMA journal_mode = {mode}")
    events: list[Event] = []
    project.apply(listener=events.append)
    (text,) = [event.text for event in events if event.kind == "warning"]
    assert "app.sqlite is on a network file system (nfs)" in text and "locks" in text
    assert ("write-ahead log" in text and "journal_mode = DELETE" in text) is (mode == "wal")
    events.clear()
    project.rehearse(backward=True, listener=events.append)
    assert [event for event in events if event.kind == "warning"] == [], "a rehearsal runs on a copy"


@pytest.mark.usefixtures("mounted")
def test_the_command_line_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_project(tmp_path / "project", {"player": CREATE_PLAYER})
    assert main(["migrate", "--project", str(root)]) == 0
    told = capsys.readouterr()
    assert told.err.count("warning: ") == 1 and "(nfs)" in told.err
    assert told.out == "applied 20250101_000000_player\n"
