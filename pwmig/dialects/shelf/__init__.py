"""The shelf that a database gives to the attic: tables of pwmig's own, filled and emptied by the database itself.

A thing kept has a number, and its data stand in ``pwmig_attic_<number>``. Of a column these are the key of each row
(``k0``, ``k1``, ...), the values (``v0``), of one that was changed what they became (``n0``), and what the row is
recognised by (``p0``, ...: its print), and while something is put back, a state ``s``; ``o`` and ``r`` are of one
database alone. A table that was dropped is there as it was.
"""

from __future__ import annotations

from pwmig.dialects.shelf.giving import Giving

__all__ = ["Shelf"]


class Shelf(Giving):
    """The statements that keep and give back, on one connection of one database."""
