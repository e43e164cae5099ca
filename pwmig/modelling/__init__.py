"""The source of a ``db/models.py`` for a database that is there already, as a person would write it.

Law: the schema that the models declare has no difference to the one that they were written from. What no model can
say stands in the source as a comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pwmig.modelling.plan import plan
from pwmig.modelling.source import source

if TYPE_CHECKING:
    from pwmig.dialects.base import Dialect
    from pwmig.schema import Schema

__all__ = ["write_models"]


def write_models(schema: Schema, dialect: Dialect, *, config: str = "db.migrations_config") -> str:
    """The source of models for all tables of ``schema``, bound to the ``database`` of the module ``config``.

    It is set as ``ruff format`` sets it, and the same for the same schema.
    """
    terms = dialect.model_terms
    return source(schema, plan(schema, terms), terms, config)
