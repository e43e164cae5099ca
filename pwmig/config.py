"""What a project's ``pyproject.toml`` may say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pwmig.errors import ProjectError
from pwmig.history import DEFAULT_TABLE
from pwmig.records import dataclass
from pwmig.waits import MOST_RETRIES, MOST_S, USUAL_WAITS

__all__ = ["Config", "read_config"]


@dataclass(frozen=True, slots=True)
class Config:
    """What ``[tool.pwmig]`` in ``pyproject.toml`` may say.

    ``unmodelled`` is what a comparison with the models makes of tables that have no model: ``ignore`` or ``report``.
    ``ignore`` names tables and views that no comparison looks at, ``*`` standing for any letters. ``attic``: whether
    what migrations take away is kept; ``attic_limit``: how much of one thing at most, as ``500 MB`` or ``100000 rows``.
    ``lock_timeout`` and ``statement_timeout``: the seconds that a statement waits for a lock, and may take, 0
    for as long as the database lets it; ``lock_retries``: how often what got no lock is tried again. ``allow``: over
    what a plan always goes on, as if ``--allow`` named it each time.
    """

    config: str = "db.migrations_config"
    models: str = "db.models"
    migrations: str = "db/migrations"
    history_table: str = DEFAULT_TABLE
    unmodelled: str = "ignore"
    ignore: tuple[str, ...] = ()
    attic: bool = True
    attic_limit: str = "1 GB"
    lock_timeout: float = 0
    lock_retries: int = USUAL_WAITS.lock_retries
    statement_timeout: float = 0
    allow: tuple[str, ...] = ()


_CHOICES = {"unmodelled": ("ignore", "report")}
_LISTS = ("ignore", "allow")
_STANDING = ("changed", "missing", "out-of-order")
"""What may be allowed once and for all: to drop what was there before the first migration is asked for each time."""
_SWITCHES = ("attic",)
_SECONDS = ("lock_timeout", "statement_timeout")
_COUNTS = ("lock_retries",)


def read_config(root: Path) -> Config:
    """The project's ``[tool.pwmig]``; ProjectError for a file that can't be read, a key or a value that is none."""
    path = root / "pyproject.toml"
    try:
        text = path.read_bytes()
    except OSError:
        return Config()
    if b"tool.pwmig" not in text:
        return Config()  # Reading TOML costs more than the rest of a status.
    import tomllib

    try:
        tool = tomllib.loads(text.decode()).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} can't be read", why=str(error), way_out="mend the file") from error
    table = tool.get("pwmig", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise _wrong(path, "is no table", "the keys are " + ", ".join(Config.__slots__))
    unknown = sorted(set(table) - set(Config.__slots__))
    if unknown:
        raise _wrong(path, f"has the unknown key {unknown[0]!r}", "the keys are " + ", ".join(Config.__slots__))
    return Config(**{key: _value(path, key, value) for key, value in table.items()})


def _value(path: Path, key: str, value: Any) -> Any:
    if key in _LISTS:
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            if key == "allow" and (others := [item for item in value if item not in _STANDING]):
                raise _wrong(path, f"has allow = {value!r}", f"{others[0]} is none of {', '.join(_STANDING)}")
            return tuple(value)
        raise _wrong(path, f"has a value that is no list of texts: {key!r}", f'{key} is such as ["spatial_*", "log"]')
    if key in _SWITCHES:
        if isinstance(value, bool):
            return value
        raise _wrong(path, f"has {key} = {value!r}", f"{key} is true or false")
    if key in _SECONDS:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MOST_S:
            return float(value)
        raise _wrong(path, f"has {key} = {value!r}", f"{key} is a number of seconds, as {key} = 2.5, {MOST_S} at most")
    if key in _COUNTS:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_RETRIES:
            return value
        raise _wrong(path, f"has {key} = {value!r}", f"{key} is a number, 0 or more, {MOST_RETRIES} at most")
    if not isinstance(value, str) or not value:
        raise _wrong(path, f"has a value that is no text: {key!r}", f"{key} is a text that is not empty")
    choices = _CHOICES.get(key)
    if choices and value not in choices:
        raise _wrong(path, f"has {key} = {value!r}", f"{key} is " + " or ".join(map(repr, choices)))
    if key == "attic_limit":
        from pwmig.attic.settings import limit_of

        if limit_of(value) is None:
            raise _wrong(path, f"has attic_limit = {value!r}", 'attic_limit is such as "500 MB" or "100000 rows"')
    return value


def _wrong(path: Path, what: str, why: str) -> ProjectError:
    return ProjectError(f"[tool.pwmig] in {path} {what}", why=why, way_out="correct or remove it")
