"""How IPython shows the records of pwmig: it knows them by name, so that nothing is loaded before one is shown."""

from __future__ import annotations

from typing import Any

__all__ = ["RECORDS", "register"]

_CHANGES = (
    *("CreateTable", "DropTable", "RenameTable", "AlterTable", "AlterOptions", "AlterPrimaryKey"),
    *("AddColumn", "DropColumn", "RenameColumn", "AlterColumn", "AddIndex", "DropIndex", "AlterIndex"),
    *("AddUnique", "DropUnique", "AlterUnique", "AddForeignKey", "DropForeignKey", "AlterForeignKey"),
    *("AddCheck", "DropCheck", "AlterCheck", "AddTrigger", "DropTrigger", "AlterTrigger"),
    *("CreateView", "DropView", "AlterView"),
)

RECORDS = (
    ("pwmig.project", "Project"),
    ("pwmig.plan", "Plan"),
    ("pwmig.plan", "Run"),
    ("pwmig.sides", "Difference"),
    ("pwmig.checking.records", "CheckReport"),
    ("pwmig.states", "MigrationStatus"),
    *(("pwmig.diff.bases", name) for name in ("Change", "Added", "Dropped", "Altered")),
    *(("pwmig.diff.changes", name) for name in _CHANGES),
)
"""Module and name of each class that shows itself."""


def register(shell: Any) -> None:
    """Have an IPython shell show records as tables, and as readable text where there is no HTML."""
    formatters = shell.display_formatter.formatters
    for module, name in RECORDS:
        formatters["text/html"].for_type_by_name(module, name, _html)
        formatters["text/plain"].for_type_by_name(module, name, _pretty)


def _html(record: Any) -> str:
    from pwmig.frames import display

    return display.html(record)


def _pretty(record: Any, printer: Any, cycle: bool) -> None:
    from pwmig.frames import display

    printer.text(display.text(record))
