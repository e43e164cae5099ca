"""The house's floors: imports run downward only, and what is heavy is loaded by whom it is for."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pwmig"

# A room may import the rooms that stand before it. A new room gets its place here, with its floor.
ROOMS = (
    *("errors", "records", "schema", "waits"),
    *("diff", "bytecode", "files", "columns", "fields", "operations"),
    *("codegen", "states", "taken", "plan", "retrying", "threads", "exits", "points", "sides", "history", "dialects"),
    *("modules", "loading", "recording", "apart", "watch", "declared", "modelling", "authoring", "attic"),
    *("journaling", "engine"),
    *("config", "rehearsal", "reading", "comparing", "checking", "baseline", "drafting", "resolving", "project"),
    *("scaffold",),
    *("text", "frames", "rich", "worker", "lab", "pytest_plugin"),
    *("cli", "__main__", "tether", "notebook"),
)

# The front door: `import pwmig` names rooms of every floor, and loads none.
FRONT_DOOR = "pwmig"

HEAVY = ("pandas", "numpy", "IPython", "ipywidgets", "jupyterlab")
HEAVY_ROOMS = {"frames", "notebook"}


def modules(package: Path = PACKAGE) -> Iterator[tuple[str, Path]]:
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        if "templates" in parts:
            continue  # the files of a new project: text to pwmig, not code of its own
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(modules())


def room(module: str) -> str:
    return module.split(".")[1]


def is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def running_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below ``node`` that can run: what stands under ``if TYPE_CHECKING`` can't."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and is_type_checking(child.test):
            for other in child.orelse:
                yield other
                yield from running_nodes(other)
        else:
            yield child
            yield from running_nodes(child)


def imported_by_name(call: ast.Call) -> str | None:
    """``a.b`` of ``import_module("a.b")``, None for any other call."""
    function = getattr(call.func, "attr", getattr(call.func, "id", ""))
    name = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    return name if function == "import_module" and isinstance(name, str) else None


def imports_of(source: str, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """(line, full name) of each import that can run, in functions too; ``from a import b`` gives ``a.b``."""
    for node in running_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".") if is_package else module.split(".")[:-1]
            above = base[: len(base) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and (name := imported_by_name(node)):
            yield node.lineno, name


def breaches(module: str, source: str, is_package: bool = False) -> list[str]:
    """What a module imports against the order of the rooms, a line each."""
    found: list[str] = []
    if room(module) not in ROOMS:
        return found  # that is said once, by the test above
    mine = ROOMS.index(room(module))
    for line, name in imports_of(source, module, is_package):
        if not name.startswith("pwmig.") or name.split(".")[1].startswith("__version"):
            continue
        other = room(name)
        if other not in ROOMS:
            found.append(f"{module}:{line} imports {name}, and {other} has no place in ROOMS")
        elif ROOMS.index(other) > mine:
            found.append(f"{module}:{line} imports {name}: {other} stands above {room(module)}")
    return found


def test_every_module_stands_in_a_named_room() -> None:
    homeless = sorted({room(name) for name in MODULES if name != FRONT_DOOR} - set(ROOMS))
    assert not homeless, f"give {homeless} a place in ROOMS (tests/test_floors.py) and a line in ARCHITECTURE.md"


@pytest.mark.parametrize("module", sorted(set(MODULES) - {FRONT_DOOR}))
def test_imports_run_downward_only(module: str) -> None:
    path = MODULES[module]
    assert breaches(module, path.read_text(encoding="utf-8"), path.name == "__init__.py") == []


@pytest.mark.parametrize(
    ("module", "source", "count", "why"),
    [
        ("pwmig.plan", "from pwmig.errors import PlanError", 0, "downward"),
        ("pwmig.plan", "from pwmig.engine import run", 1, "upward"),
        ("pwmig.plan", "def f():\n    import pwmig.cli", 1, "upward, in a function"),
        ("pwmig.plan", "from . import cli", 1, "upward, relative"),
        ("pwmig.dialects.sqlite.copy", "from ...cli import main", 1, "upward, relative over two folders"),
        ("pwmig.plan", "from pwmig import project", 1, "upward, through the front door"),
        ("pwmig.plan", "if TYPE_CHECKING:\n    from pwmig.engine import run", 0, "only for the type checker"),
        ("pwmig.plan", "if TYPE_CHECKING:\n    pass\nelse:\n    import pwmig.cli", 1, "the other branch runs"),
        ("pwmig.plan", "import_module('pwmig.notebook')", 1, "by name"),
        ("pwmig.cli", "import pwmig.attic_of_nowhere", 1, "a room that nobody placed"),
    ],
)
def test_a_breach_is_seen(module: str, source: str, count: int, why: str) -> None:
    assert len(breaches(module, source)) == count, why


DIALECTS = sorted(
    path.stem for path in (PACKAGE / "dialects").iterdir() if path.stem in ("sqlite", "postgresql", "mysql")
)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialect_imports_no_other_dialect(dialect: str) -> None:
    others = tuple(f"pwmig.dialects.{other}" for other in DIALECTS if other != dialect)
    for module, path in MODULES.items():
        if module.startswith(f"pwmig.dialects.{dialect}"):
            names = imports_of(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")
            assert [name for _, name in names if name.startswith(others)] == [], module


@pytest.mark.parametrize("module", sorted(name for name in MODULES if name != FRONT_DOOR))
def test_heavy_libraries_are_imported_in_the_rooms_that_show(module: str) -> None:
    if room(module) in HEAVY_ROOMS:
        return
    path = MODULES[module]
    names = imports_of(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")
    assert [name for _, name in names if name.split(".")[0] in HEAVY] == []


# Law 6, on the running program. A hand-made project, so that nothing but the command's own imports are seen.
PROJECT = {
    "db/__init__.py": "",
    "db/migrations_config.py": (
        "from pathlib import Path\n"
        "from peewee import SqliteDatabase\n"
        "from pwmig import Migrator\n"
        "database = SqliteDatabase(str(Path(__file__).with_name('app.sqlite')))\n"
        "migrator = Migrator.from_database(database)\n"
    ),
    "db/models.py": "",
    "db/migrations/20250101_090000_create_player.py": (
        "from playhouse.migrate import *\n"
        "from db.migrations_config import database\n"
        "def migrate_forward():\n    database.execute_sql('CREATE TABLE player (id INTEGER PRIMARY KEY)')\n"
        "def migrate_backward():\n    database.execute_sql('DROP TABLE player')\n"
    ),
}


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        pytest.param("import pwmig", 0, id="import pwmig"),
        pytest.param("from pwmig.cli import main; code = main(['status'])", 1, id="pwmig status"),
        pytest.param("from pwmig.cli import main; code = main(['migrate'])", 0, id="pwmig migrate"),
    ],
)
def test_law_6_nothing_heavy_is_loaded(code: str, exit_code: int, tmp_path: Path) -> None:
    for name, text in PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    program = (
        f"import sys\ncode = 0\ntry:\n    {code}\nexcept SystemExit as exit:\n    code = exit.code or 0\n"
        f"print('loaded:', [name for name in {HEAVY!r} if name in sys.modules])\nsys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (exit_code, ["loaded: []"]), done.stdout + done.stderr
