"""A run with its tables at hand as DataFrames."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from pwmig import frames
from pwmig.plan import Run
from pwmig.records import dataclass

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FramedRun"]


@dataclass(frozen=True, slots=True, repr=False)
class FramedRun(Run):
    """A :class:`~pwmig.plan.Run` that a person asks for the tables it touched."""

    @classmethod
    def of(cls, run: Run) -> FramedRun:
        return cls(**{field.name: getattr(run, field.name) for field in fields(Run)})

    def schema(self, table: str) -> pd.DataFrame:
        """What a table was made of before and after, as :func:`pwmig.frames.schema` gives it."""
        return frames.schema(self, table)

    def rows(self, table: str, *, changed_only: bool = False) -> pd.DataFrame:
        """A table's sample rows before and after, as :func:`pwmig.frames.rows` gives them."""
        return frames.styled_rows(self, table, changed_only=changed_only).frame
