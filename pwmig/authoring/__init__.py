"""Migrations written from what two schemas differ in: changes -> operations -> source, there and back.

Pure: schemas and answers in, operations, questions and notes out. :func:`author` writes the way from what a database
holds to what the models declare, and the way back; both as :func:`pwmig.declared.compare` gives them.
"""

from __future__ import annotations

from pwmig.authoring.answers import Answers, Asked, Authored, Note, Question
from pwmig.authoring.writing import author, author_each

__all__ = ["Answers", "Asked", "Authored", "Note", "Question", "author", "author_each"]
