"""A migrated file for a test suite, copied for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import peewee

from pwmig.dialects.base import Template
from pwmig.dialects.sqlite.copy import folder_of_copies, standing_in

__all__ = ["template"]


@contextmanager
def template(database: peewee.SqliteDatabase) -> Iterator[Template]:
    """A template for ``database``, in a temporary folder."""
    with folder_of_copies() as folder:
        yield _SqliteTemplate(database, folder)


class _SqliteTemplate(Template):
    """A file in a folder of its own, copied for each test."""

    def __init__(self, original: peewee.SqliteDatabase, folder: str) -> None:
        self._original, self._folder = original, folder
        self._file = os.path.join(folder, "template.sqlite")

    def filling(self) -> AbstractContextManager[None]:
        return standing_in(self._original, self._file)

    @contextmanager
    def copied(self) -> Iterator[None]:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            copy = os.path.join(folder, "copy.sqlite")
            shutil.copyfile(self._file, copy)
            with standing_in(self._original, copy):
                yield
