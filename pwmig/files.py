"""Migration files: found, named, read and checked. The one owner of the file format."""

from __future__ import annotations

import hashlib
import os
import re
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from pwmig.errors import MigrationFileError
from pwmig.records import dataclass

__all__ = [
    "NAME_LIMIT",
    "MigrationFile",
    "compiled",
    "create",
    "find_files",
    "require_python",
    "rewrite",
    "slug",
    "template",
]

NAME_LIMIT = 100
"""The most letters that a person may give to a migration's name; the time in front comes on top."""

_FILE_NAME = re.compile(r"(?P<stamp>\d{8}_\d{6})_(?P<slug>[A-Za-z0-9_]+)\.[pP][yY]", re.ASCII)
_SLUG = r"[a-z0-9]+(?:_[a-z0-9]+)*"
_STRAY = r"\d{8}.*\.py"


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One file of the migrations folder; ``checksum`` is of its text, line endings aside.

    ``reversible`` says whether its text speaks of ``migrate_backward`` at all.
    """

    name: str
    path: str
    checksum: str
    reversible: bool = True


Known = dict[str, tuple[tuple[int, ...], MigrationFile]]
"""Files read before, by path, with what told them from later ones."""

_SETTLED_NS = 2_000_000_000
"""A file that changed within so short a time may change again unseen: clocks of file systems may tick so slowly."""


def find_files(folder: str | os.PathLike[str], known: Known | None = None) -> tuple[MigrationFile, ...]:
    """All migrations of a folder, in the order of their names.

    ``known`` is a memory for several looks: a file that has not been written since is not read again.
    Raises MigrationFileError for two files with the same time, and for a file that begins with a
    date but is not named ``YYYYMMDD_HHMMSS_name.py``. A folder that is not there holds none.
    """
    folder = os.fspath(folder)
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _unreadable(folder, error) from error
    found = []
    for file_name in names:
        if _FILE_NAME.fullmatch(file_name):
            found.append(_read(folder, file_name) if known is None else _read_again(folder, file_name, known))
        elif re.fullmatch(_STRAY, file_name, re.ASCII):
            raise MigrationFileError(
                f"{file_name} is not named as a migration",
                why="it begins with a date, but has not the form YYYYMMDD_HHMMSS_name.py (letters, digits and _)",
                way_out="rename it, or move it out of the migrations folder",
                path=os.path.join(folder, file_name),
            )
    _refuse_same_time(found)
    return tuple(found)


def _read(folder: str, file_name: str) -> MigrationFile:
    path = os.path.join(folder, file_name)
    text = _text(path)
    return MigrationFile(file_name[:-3], path, checksum(text), b"migrate_backward" in text)


def _read_again(folder: str, file_name: str, known: Known) -> MigrationFile:
    path = os.path.join(folder, file_name)
    now = time.time_ns()
    try:
        found = os.stat(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    look = (found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
    if path in known and known[path][0] == look:
        return known[path][1]
    read = _read(folder, file_name)
    if max(found.st_mtime_ns, found.st_ctime_ns) + _SETTLED_NS < now:
        known[path] = look, read
    return read


def _text(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as stream:
            return stream.read()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> MigrationFileError:
    return MigrationFileError(
        f"{os.path.basename(path)} can't be read",
        why=error.strerror or str(error),
        way_out="bring it back, or look at its permissions",
        path=path,
    )


def checksum(text: bytes) -> str:
    """SHA-256 of a file's text in hex, the same whether lines end with LF or CR LF."""
    return hashlib.sha256(text.replace(b"\r\n", b"\n")).hexdigest()


def _refuse_same_time(found: list[MigrationFile]) -> None:
    for first, second in pairwise(found):
        if first.name[:15] == second.name[:15]:
            raise MigrationFileError(
                f"{first.name} and {second.name} have the same time",
                why="their order would be a matter of spelling, not of time",
                way_out="give one of them a later time in its file name",
                path=second.path,
            )


def slug(name: str) -> str:
    """The name as it stands in a file name, or MigrationFileError saying why it can't.

    Letters, digits and underscores, at most NAME_LIMIT; capital letters are made small.
    """
    wanted = name.strip().lower()
    if not wanted:
        problem = "a migration needs a name"
    elif len(wanted) > NAME_LIMIT:
        problem = f"a migration's name has at most {NAME_LIMIT} letters, and this one has {len(wanted)}"
    elif not re.fullmatch(_SLUG, wanted, re.ASCII):
        problem = "a migration's name holds only letters a-z, digits and single underscores between them"
    else:
        return wanted
    shown = name if len(name) <= 60 else name[:57] + "..."
    raise MigrationFileError(
        f"{shown!r} can't name a migration", why=problem, way_out="choose a name such as add_player_level"
    )


def create(folder: str | os.PathLike[str], name: str, source: str, *, now: datetime | None = None) -> Path:
    """Write a new migration file and return its path; never overwrites, never shares a time.

    ``now`` (UTC) is the time to put in the name. Where a file has that second or a later one, the
    new file takes the second after the latest, so that it sorts last.
    """
    wanted = slug(name)
    text = _encoded(source, wanted)
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{_free_stamp(place, now or datetime.now(UTC))}_{wanted}.py"
        with open(path, "xb") as stream:
            stream.write(text)
    except OSError as error:
        raise MigrationFileError(
            f"no migration can be written to {place}",
            why=error.strerror or str(error),
            way_out="look whether that is a folder, and who may write to it",
            path=place,
        ) from error
    return path


def rewrite(path: str | os.PathLike[str], source: str, *, was: str | None = None) -> Path:
    """Replace the text of a migration file at once, or not at all; its line ends stay as they are.

    ``was`` is the checksum of the text that was read before. Raises MigrationFileError where the
    file has another one by now, and where it can't be written.
    """
    place = Path(os.path.realpath(path))
    there = _text(os.fspath(place))
    if was is not None and checksum(there) != was:
        raise MigrationFileError(
            f"{place.name} was not saved",
            why="its file has changed since it was opened, and saving would take that change away",
            way_out="keep your text elsewhere, open the migration again, and put it in there",
            path=place,
        )
    text = _encoded(source, place.stem)
    if b"\r\n" in there:
        text = text.replace(b"\n", b"\r\n")
    try:
        _replace(place, text)
    except OSError as error:
        raise MigrationFileError(
            f"{place.name} can't be written",
            why=error.strerror or str(error),
            way_out="look who may write to its folder; the file is as it was",
            path=place,
        ) from error
    return place


def _replace(path: Path, text: bytes) -> None:
    """Write a file beside it, whole and with its permissions, and put that in its place."""
    import shutil
    import tempfile

    number, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(path, name)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _encoded(source: str, name: str) -> bytes:
    """The text as bytes, in the encoding that its first lines name: UTF-8, where they name none."""
    import io
    import tokenize

    text = source.replace("\r\n", "\n")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(text.encode()).readline)
        return text.encode(encoding)
    except (SyntaxError, UnicodeEncodeError) as error:
        raise MigrationFileError(
            f"{name} can't be written as a file",
            why=str(error),
            way_out="take those letters, or the line that names an encoding, out of the text",
        ) from error


def _free_stamp(folder: Path, now: datetime) -> str:
    stamp = now.strftime("%Y%m%d_%H%M%S")
    taken = max((file.name[:15] for file in find_files(folder)), default="")
    if stamp > taken:
        return stamp
    return _next_stamp(taken)


def _next_stamp(stamp: str) -> str:
    try:
        moment = datetime.strptime(stamp, "%Y%m%d_%H%M%S") + timedelta(seconds=1)
    except ValueError as error:
        raise MigrationFileError(
            f"the time {stamp} of the latest migration is no time",
            why=str(error),
            way_out="rename that file with a real time",
        ) from error
    return moment.strftime("%Y%m%d_%H%M%S")


def template(config_module: str = "db.migrations_config") -> str:
    """The source of an empty migration, in the shape that the project's document shows."""
    return f"""from playhouse.migrate import *
from {config_module} import migrator
from peewee import IntegerField


def migrate_forward():
    migrate(
        # migrator.add_column('player', 'level', IntegerField(default=1)),
    )


def migrate_backward():
    migrate(
        # migrator.drop_column('player', 'level'),
    )
"""


def compiled(path: str, draft: bytes | None = None) -> tuple[object, str]:
    """The code object of a migration and the checksum of the text it was made from.

    ``draft`` is a text that is not saved yet and stands for the file's. Raises MigrationFileError with the
    line where Python can't read it.
    """
    from pwmig.bytecode import code_of

    text = _text(path) if draft is None else draft
    try:
        code = code_of(path, text) if draft is None else compile(text, path, "exec", dont_inherit=True)
        return code, checksum(text)
    except _NO_PYTHON as error:
        raise _invalid(os.path.basename(path), error, path) from error


def require_python(source: str, name: str) -> None:
    """MigrationFileError with the line where Python can't read a text that is no file yet; nothing is run."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of a text that is being typed; a run says them.
            compile(source, f"{name}.py", "exec", dont_inherit=True)
    except _NO_PYTHON as error:
        raise _invalid(f"{name}.py", error) from error


_NO_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What compiling a text can raise: the last two where it is nested too deeply."""


def _invalid(shown: str, error: BaseException, path: str | None = None) -> MigrationFileError:
    line = getattr(error, "lineno", None)
    place = f"line {line}: " if line else ""
    return MigrationFileError(
        f"{shown} is not valid Python",
        why=place + (getattr(error, "msg", None) or str(error) or "it is nested too deeply"),
        way_out="mend the file; nothing was run",
        path=path,
        line=line,
    )
