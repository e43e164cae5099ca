"""Ending a migration that stopped half-way: finish it, take it back, or record what was done by hand."""

from __future__ import annotations

from pwmig.resolving.ways import HOWS, resolve

__all__ = ["HOWS", "resolve"]
