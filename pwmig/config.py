"""What a project's ``pyproject.toml`` may say of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pwmig.errors import ProjectError
from pwmig.history import DEFAULT_TABLE

__all__ = ["Config", "read_config"]


@dataclass(frozen=True, slots=True)
class Config:
    """What ``[tool.pwmig]`` in ``pyproject.toml`` may say."""

    config: str = "db.migrations_config"
    models: str = "db.models"
    migrations: str = "db/migrations"
    history_table: str = DEFAULT_TABLE


def read_config(root: Path) -> Config:
    """The project's ``[tool.pwmig]``; ProjectError for a file that can't be read or a key that is none."""
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
    unknown = sorted(set(table) - set(Config.__slots__)) if isinstance(table, dict) else []
    if unknown or not isinstance(table, dict) or not all(isinstance(text, str) and text for text in table.values()):
        raise ProjectError(
            f"[tool.pwmig] in {path} has "
            + (f"the unknown key {unknown[0]!r}" if unknown else "a value that is no text"),
            why="the keys are " + ", ".join(Config.__slots__) + ", each a text that is not empty",
            way_out="correct or remove it",
        )
    return Config(**table)
