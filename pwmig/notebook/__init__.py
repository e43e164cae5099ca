"""The workbench for JupyterLab: ``from pwmig.notebook import Workbench; Workbench()`` in a cell."""

from __future__ import annotations

from pwmig.notebook.bench import ConfirmationNeeded
from pwmig.notebook.workbench import Workbench

__all__ = ["ConfirmationNeeded", "Workbench"]
