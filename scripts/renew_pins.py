"""Write the newest allowed version of every package into pyproject.toml: ``uv run python -m scripts.renew_pins``.

The pins stand in ``[tool.uv]``: ``constraint-dependencies`` for what the project runs and is developed with,
transitive packages included, ``build-constraint-dependencies`` for what builds it. They hold for every Python
and platform that the project allows (a package with several versions has a marker on each) and name no address.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
TABLES = ("constraint-dependencies", "build-constraint-dependencies")

# What hatchling asks for in addition when it builds an editable install.
_EDITABLE = "editables"


def replace_pins(text: str, table: str, pins: Sequence[str]) -> str:
    """The text of pyproject.toml with the list ``table`` of ``[tool.uv]`` holding just ``pins``.

    Raises ValueError where the list does not stand there once, one line a pin.
    """
    lines = "".join(f'  "{pin}",\n' for pin in pins)
    pattern = rf"^({re.escape(table)} = \[\n)(?:  \"[^\n]*\n)*(\]\n)"
    made, count = re.subn(pattern, lambda found: found[1] + lines + found[2], text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"pyproject.toml holds {count} lists `{table} = [`, one line a pin, and there has to be one")
    return made


def pins_of(requirements: str) -> tuple[str, ...]:
    """The pinned lines of a requirements text, sorted, comments and blank lines left out."""
    lines = (line.split("#")[0].strip() for line in requirements.splitlines())
    return tuple(sorted(line.replace('"', "'") for line in lines if line and not line.startswith("-")))


def resolve(text: str) -> tuple[str, ...]:
    """The pins of everything that the project named in ``text`` (a pyproject.toml) may install."""
    for table in TABLES:
        text = replace_pins(text, table, ())
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(text, encoding="utf-8")
        _uv("lock", "--quiet", "--project", folder)
        wanted = ["--all-extras", "--all-groups", "--no-emit-project", "--no-hashes", "--no-annotate", "--no-header"]
        return pins_of(_uv("export", "--quiet", "--frozen", *wanted, "--project", folder))


def resolve_build(text: str) -> tuple[str, ...]:
    """The pins of the build backend named in ``text`` (a pyproject.toml) and of what it needs."""
    project = tomllib.loads(text)
    wanted = "\n".join([*project["build-system"]["requires"], _EDITABLE])
    oldest = project["project"]["requires-python"].removeprefix(">=")
    options = ["--universal", "--no-annotate", "--no-header", "--no-config", "--python-version", oldest]
    return pins_of(_uv("pip", "compile", "--quiet", *options, "-", stdin=wanted))


def _uv(*arguments: str, stdin: str = "") -> str:
    """What uv prints; it is started as a program or, where it is no command, as a module of this Python."""
    command = [shutil.which("uv") or ""] if shutil.which("uv") else [sys.executable, "-m", "uv"]
    done = subprocess.run([*command, *arguments], input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"uv {arguments[0]} failed:\n{done.stderr.strip()}")
    return done.stdout


def main() -> int:
    text = PYPROJECT.read_text(encoding="utf-8")
    made = replace_pins(text, TABLES[0], resolve(text))
    made = replace_pins(made, TABLES[1], resolve_build(text))
    PYPROJECT.write_text(made, encoding="utf-8")
    print("pyproject.toml: " + ("the pins were renewed" if made != text else "the pins are the newest already"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
