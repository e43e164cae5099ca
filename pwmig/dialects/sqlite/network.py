"""Whether a SQLite file lies where its locks may not hold: on another machine's disk."""

from __future__ import annotations

import os
import re

__all__ = ["MOUNTS", "network_kind", "network_warning"]

MOUNTS = "/proc/self/mounts"
"""The table of what is mounted (https://man7.org/linux/man-pages/man5/proc_pid_mounts.5.html); Linux alone has it."""

_KINDS = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "lustre", "gpfs", "beegfs", "vboxsf"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.davfs2"),
    )
)
"""File systems whose files are on another machine, or in no file system at all."""


def network_kind(path: str, mounts: str | None = None) -> str | None:
    """The kind of the network file system that holds a file; None where it is on none, as far as this machine tells.

    ``mounts`` is the text of :data:`MOUNTS`, which is read where it is not given.
    """
    kind = _kind_of(os.path.realpath(path), mounts if mounts is not None else _mounts())
    return kind if kind in _KINDS else None


def network_warning(path: str, kind: str, *, wal: bool) -> str:
    """What to know of a database on a network file system of a kind.

    SQLite keeps writers apart by the locks of the file system, which on a network may be missing or wrong
    (https://www.sqlite.org/useovernet.html), and a write-ahead log by memory that two machines don't share
    (https://www.sqlite.org/wal.html).
    """
    harm, way_out = "where these don't hold, two programs write at once and damage it", ""
    if wal:
        harm, way_out = (
            "two machines can't share its write-ahead log at all",
            ", leave it by PRAGMA journal_mode = DELETE",
        )
    return (
        f"warning: {path} is on a network file system ({kind}), and SQLite keeps its users apart by that one's locks: "
        f"{harm}; let nobody else use it meanwhile{way_out}, or move it to a disk of this machine"
    )


def _mounts() -> str:
    try:
        with open(MOUNTS, encoding="utf-8", errors="surrogateescape") as table:
            return table.read()
    except OSError:
        return ""  # Another system than Linux, or one that hides it.


def _kind_of(path: str, mounts: str) -> str:
    """The kind of the file system that holds a path: of what is mounted nearest to it, the latest."""
    found = ("", "")
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point, kind = _plain(fields[1]), fields[2]
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(found[0]):
            found = (point, kind)
    point, kind = found
    # A sandbox may give a machine's own disk to what runs in it by this protocol.
    return "" if (point, kind) == ("/", "9p") else kind


def _plain(field: str) -> str:
    """A name of the table with its spaces, tabs, line ends and backslashes, which stand there as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)
