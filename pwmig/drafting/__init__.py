"""Migrations drafted from the models: what differs, what a person has to say of it, and the files that come of it.

The way: :func:`~pwmig.drafting.sight.look` sees database and models, :mod:`~pwmig.drafting.wishes` reads what was
said, :mod:`~pwmig.drafting.asking` finds what was not, with the evidence for it, and :mod:`pwmig.authoring` writes.
Nothing is written to a file or to the database here.
"""

from __future__ import annotations

from pwmig.drafting.drafts import draft
from pwmig.drafting.records import Draft, DraftFile, OpenQuestion, Wishes

__all__ = ["Draft", "DraftFile", "OpenQuestion", "Wishes", "draft"]
