"""The schema that Peewee models declare, observed rather than imagined.

The models' tables are created in a scratch database of the same kind, and looked at with the same
introspection as the live one; so types, defaults and names compare exactly. The models stay bound
to the user's own database throughout: only their ``CREATE`` statements are asked for.
"""

from __future__ import annotations

from pwmig.declared.beside import compare, is_of_tables_alone
from pwmig.declared.creating import models_schema
from pwmig.declared.finding import find_models

__all__ = ["compare", "find_models", "is_of_tables_alone", "models_schema"]
