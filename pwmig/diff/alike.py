"""Which values of a fact mean the same, and in which facts two records differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pwmig.diff.case import Case
from pwmig.diff.texts import same_default, same_text, same_type, words_of
from pwmig.schema import Column

__all__ = ["Alike", "Same", "by_name", "fields_of", "paired"]

_Thing = TypeVar("_Thing")
Same = Callable[[Any, Any], bool]
"""A test whether two values are the same."""

_NAMES = ("name", "ref_table", "partition_of", "primary_key_name", "collation")
_COLUMNS = ("columns", "ref_columns", "primary_key", "include")
_TEXTS = (
    *("sql", "expression", "predicate", "generated", "on_update", "definition", "using", "check"),
    *("partitioning", "partition_bound"),
)


class Alike:
    """Compares records by their fields, and by those of the records in them.

    Names are compared as the ``case`` says, texts by what they say, with the ``words`` that were renamed; a
    field that is nothing of it must be equal. Fields have the same meaning in all records that have them.
    ``again`` are old names, folded, that something else has by now: a text that has one says another thing than before.
    """

    def __init__(self, case: Case, words: Mapping[str, str], again: Collection[str] = ()) -> None:
        self.case = case
        self.words = words
        self.again = frozenset(name.lower() for name in again)
        exact = case.exact_texts
        self._tests: dict[str, Same] = {
            **dict.fromkeys(_NAMES, self.same_name),
            **dict.fromkeys(_COLUMNS, self._same_columns),
            **dict.fromkeys(_TEXTS, self.same_text),
            "inherits": lambda one, other: len(one) == len(other) and all(map(self.same_name, one, other)),
            "column": self._same_column,
            "options": self._same_options,
            "type": lambda one, other: same_type(one, other, exact=exact),
            "base": lambda one, other: same_text(one, other, exact=exact),
            "default": lambda one, other: same_default(one, other, exact=exact),
        }

    def differing(self, before: Any, after: Any, names: Collection[str] | None = None) -> tuple[str, ...]:
        """The names of the fields (all, or those named) in which two records of a kind differ."""
        if before == after and not self.again:
            return ()
        found = tuple(
            name
            for name in (names if names is not None else fields_of(type(after)))
            if not self._test(name, after)(getattr(before, name), getattr(after, name))
        )
        # The schema of a table that is another one is said by its name.
        return tuple(name for name in found if name != "ref_schema") if "ref_table" in found else found

    def same(self, *names: str) -> Same:
        """A test whether these fields are the same."""
        return lambda before, after: not self.differing(before, after, names)

    def same_but(self, kind: type, *names: str) -> Same:
        """A test whether all fields of a kind of record but these are the same."""
        return self.same(*(name for name in fields_of(kind) if name not in names))

    def same_name(self, before: str | None, after: str | None) -> bool:
        """Whether two names of anything but a column are the same."""
        return before == after or (
            before is not None and after is not None and self.case.table(before) == self.case.table(after)
        )

    def same_text(self, before: str | None, after: str | None) -> bool:
        if before is not None and before == after and self.again and not self.again.isdisjoint(words_of(before)):
            return False
        return same_text(before, after, self.words, exact=self.case.exact_texts)

    def both_named(self, before: Any, after: Any) -> bool:
        """Whether two things have one name."""
        return before.name is not None and self.same_name(before.name, after.name)

    def _test(self, name: str, record: Any) -> Same:
        if isinstance(record, Column) and name == "name":
            return self._same_column
        return self._tests.get(name, self._same_value)

    def _same_value(self, before: Any, after: Any) -> bool:
        if before == after and not self.again:
            return True
        if isinstance(before, tuple) and isinstance(after, tuple):
            return len(before) == len(after) and all(map(self._same_value, before, after))
        if type(before) is type(after) and dataclasses.is_dataclass(after):
            return not self.differing(before, after)
        return bool(before == after)

    def _same_column(self, before: str | None, after: str | None) -> bool:
        return before == after or (
            before is not None and after is not None and self.case.column(before) == self.case.column(after)
        )

    def _same_columns(self, before: Sequence[str], after: Sequence[str]) -> bool:
        return len(before) == len(after) and all(map(self._same_column, before, after))

    def _same_options(self, before: Sequence[str], after: Sequence[str]) -> bool:
        """The words behind a thing have no order; some of them are texts with names in them."""
        left = list(after)
        for option in before:
            found = next((one for one in left if self.same_text(option, one)), None)
            if found is None:
                return False
            left.remove(found)
        return not left


def fields_of(kind: Any) -> tuple[str, ...]:
    """The names of the fields of a kind of record."""
    return tuple(kind.__dataclass_fields__)


# -- pairs


def paired(
    before: Sequence[_Thing], after: Sequence[_Thing], *tests: Same
) -> tuple[list[tuple[_Thing, _Thing]], list[_Thing], list[_Thing]]:
    """Which things belong together, by the first test that says so, and what is left of each side."""
    gone, come = list(before), list(after)
    pairs: list[tuple[_Thing, _Thing]] = []
    for test in tests:
        for old in tuple(gone):
            new = next((one for one in come if test(old, one)), None)
            if new is not None:
                pairs.append((old, new))
                gone.remove(old)
                come.remove(new)
    return pairs, gone, come


def by_name(
    before: Iterable[_Thing], after: Iterable[_Thing], *keys: Callable[[_Thing], object]
) -> tuple[list[tuple[_Thing, _Thing]], list[_Thing], list[_Thing]]:
    """Things paired by the first of the keys that two of them share; and what is left of each side."""
    pairs: list[tuple[_Thing, _Thing]] = []
    gone, come = list(before), list(after)
    for key in keys:
        wanted = {key(new): new for new in come}
        found = [(old, wanted.pop(key(old))) for old in gone if key(old) in wanted]
        pairs += found
        olds, news = {id(old) for old, _ in found}, {id(new) for _, new in found}
        gone = [old for old in gone if id(old) not in olds]
        come = [new for new in come if id(new) not in news]
    return pairs, gone, come
