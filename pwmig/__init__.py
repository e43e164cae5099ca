"""pwmig: see what a migration does to your schema and your rows before it does it; apply it exactly
once; take it back with nothing lost.

Importing this package imports neither pandas nor ipywidgets nor IPython, and hardly itself: each
name below is loaded when it is first used. Where IPython runs already, it learns to show records.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pwmig.dialects import Migrator as Migrator
    from pwmig.errors import PwmigError as PwmigError
    from pwmig.fields import StoredField as StoredField
    from pwmig.project import Project as Project

__version__ = "0.1.0"
__all__ = ["Migrator", "Project", "PwmigError", "StoredField", "__version__"]

_ROOMS = {
    "Migrator": "pwmig.dialects",
    "Project": "pwmig.project",
    "PwmigError": "pwmig.errors",
    "StoredField": "pwmig.fields",
}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return getattr(import_module(_ROOMS[name]), name)
    raise AttributeError(f"module 'pwmig' has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext pwmig``: gives the line magic ``%pwmig``, and shows records as tables."""
    import_module("pwmig.rich").register(shell)
    import_module("pwmig.notebook.magic").register(shell)


def _show_records() -> None:
    """In a notebook, have records shown as tables; anywhere else, nothing."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        import_module("pwmig.rich").register(shell)


_show_records()
