"""The attic: what migrations take away is kept in tables of pwmig's own, and going backward puts it back.

``pwmig_attic`` has a row for each thing that is kept, ``pwmig_attic_<id>`` its data. Within a run, which knows the
migration's name, a :class:`Keeper` hears of each operation ahead; the migrator used alone keeps nothing.
"""

from __future__ import annotations

from pwmig.attic.entries import TABLE, Attic, Entry
from pwmig.attic.keeper import Keeper
from pwmig.attic.settings import AtticSettings

__all__ = ["TABLE", "Attic", "AtticSettings", "Entry", "Keeper"]
