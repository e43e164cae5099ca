"""What PostgreSQL and MariaDB share in how Peewee's models say a schema."""

from __future__ import annotations

from pwmig.dialects.modelled import ModelTerms

__all__ = ["ServerTerms"]


class ServerTerms(ModelTerms):
    """Peewee hands its statements to the drivers with parameters, so a percent sign has to stand twice in them."""

    def sql(self, text: str) -> str:
        return text.replace("%", "%%")
