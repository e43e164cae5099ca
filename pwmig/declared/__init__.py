"""The schema that Peewee models declare, observed rather than imagined.

The models' tables are created in a scratch database of the same kind, and looked at with the same
introspection as the live one; so types, defaults and names compare exactly. The models stay bound
to the user's own database throughout: only their ``CREATE`` statements are asked for.
"""

from __future__ import annotations

from pwmig.declared.bases import Guess, is_named_in
from pwmig.declared.beside import compare, is_of_tables_alone
from pwmig.declared.creating import models_schema
from pwmig.declared.defaults import python_defaults
from pwmig.declared.finding import find_models, find_models_and_guesses
from pwmig.declared.worded import as_worded

__all__ = [
    "Guess",
    "as_worded",
    "compare",
    "find_models",
    "find_models_and_guesses",
    "is_named_in",
    "is_of_tables_alone",
    "models_schema",
    "python_defaults",
]
