"""Whether letter case tells names apart."""

from __future__ import annotations

from pwmig.records import dataclass
from pwmig.schema import Schema

__all__ = ["Case"]


@dataclass(frozen=True, slots=True)
class Case:
    """How the names of two schemas are compared: of tables (and all else but columns), and of columns.

    Where one of the schemas tells two names apart, the comparison does. A database that does so for any of its
    names writes its texts itself, always in the same words: so they are compared to the letter (``exact_texts``).
    SQLite keeps each text as it was written.
    """

    exact_tables: bool = False
    exact_columns: bool = False

    @classmethod
    def of(cls, *schemas: Schema) -> Case:
        return cls(any(one.exact_tables for one in schemas), any(one.exact_columns for one in schemas))

    @property
    def exact_texts(self) -> bool:
        return self.exact_tables or self.exact_columns

    def table(self, name: str) -> str:
        """What tells the name of a table, or of anything but a column, from others."""
        return name if self.exact_tables else name.lower()

    def column(self, name: str) -> str:
        """What tells the name of a column from others."""
        return name if self.exact_columns else name.lower()
