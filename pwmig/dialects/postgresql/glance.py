"""Whether the settings of a connection are what they were, at a glance: to list them takes longer than a migration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from pwmig.dialects.postgresql.quoting import literal
from pwmig.records import dataclass

if TYPE_CHECKING:
    from pwmig.dialects.server.asking import Execute

__all__ = ["Glance", "Seen"]


class Seen(NamedTuple):
    """What a glance saw; ``settings`` are the same letters as long as all settings are the same."""

    settings: str | None
    turn: str | None
    home: str | None


@dataclass(frozen=True, slots=True)
class Glance:
    """One question, of which ``was`` is the first answer."""

    sql: str
    was: Seen

    @classmethod
    def first(cls, execute: Execute, names: Iterable[str], role: str, session_user: str) -> Glance:
        """Of the settings of these names; they are those that this role may see, so they are read for no other."""
        user = session_user if role == "none" else role
        is_user = f"current_user = {literal(user)} AND session_user = {literal(session_user)}"
        value = f"CASE WHEN {is_user} THEN pg_catalog.current_setting(name) END"
        sql = (
            f"SELECT pg_catalog.hashtextextended(pg_catalog.string_agg({value}, chr(31)), 0)::text, "
            "pg_catalog.current_setting('pwmig.turn', true), pg_catalog.current_schema()::text "
            f"FROM unnest(string_to_array({literal(','.join(names))}, ',')) AS name"
        )
        return cls(sql, Seen(*execute(sql)[0]))

    def again(self, execute: Execute) -> Seen:
        """How it looks now."""
        return Seen(*execute(self.sql)[0])
