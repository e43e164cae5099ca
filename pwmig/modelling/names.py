"""Identifiers made of names that a database allows, which may be anything."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection
from unicodedata import normalize

import peewee

__all__ = ["CLASS_NAMES", "FIELD_NAMES", "camel", "free", "plain", "snake"]

FIELD_NAMES = frozenset((*keyword.kwlist, *dir(peewee.Model), "Meta"))
"""Names that no field may have: keywords, and what a model has already."""

CLASS_NAMES = frozenset((*keyword.kwlist, *dir(builtins), *dir(peewee), "BaseModel"))
"""Names that no class may have, since they mean something in the models' module, or may come to."""


def _words(name: str) -> list[str]:
    """The words of a name; Python takes identifiers in the form NFKC, so that is what they are made in."""
    letters = (letter if ("a" + letter).isidentifier() else "_" for letter in normalize("NFKC", name))
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", "".join(letters))
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text)
    return [word for word in text.split("_") if word]


def snake(name: str, otherwise: str) -> str:
    """``ReportsTo`` as ``reports_to``; a name that no identifier can be made of is ``otherwise``, with what it has."""
    return _identifier("_".join(word.lower() for word in _words(name)), otherwise, "_")


def camel(name: str, otherwise: str) -> str:
    """``playlist_track`` as ``PlaylistTrack``."""
    return _identifier("".join(word[:1].upper() + word[1:].lower() for word in _words(name)), otherwise, "")


def _identifier(text: str, otherwise: str, glue: str) -> str:
    text = normalize("NFKC", text)
    if text.isidentifier():
        return text
    longer = otherwise + glue + text
    return longer if text and longer.isidentifier() else otherwise


def plain(name: str, taken: Collection[str]) -> str:
    """The name with a line behind it where it means something else."""
    return name + "_" if name in taken else name


def free(name: str, taken: Collection[str], glue: str = "_") -> str:
    """The name, or the first of ``name_2``, ``name_3``, ... that is not taken."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}{glue}{number}"
    return found
