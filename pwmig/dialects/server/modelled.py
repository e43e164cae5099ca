"""What PostgreSQL and MariaDB share in how Peewee's models say a schema."""

from __future__ import annotations

from collections.abc import Callable

from pwmig.dialects.modelled import ModelTerms

__all__ = ["ServerTerms"]


class ServerTerms(ModelTerms):
    """Peewee hands its statements to the drivers with parameters, so a percent sign has to stand twice in them.

    Where somebody else reads the texts, ``written`` says how they have to be given.
    """

    def __init__(self, written: Callable[[str], str] | None = None) -> None:
        self._written = written

    def sql(self, text: str) -> str:
        return text.replace("%", "%%") if self._written is None else self._written(text)
