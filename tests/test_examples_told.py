"""The example of a refusal: a value that is whole where it is short enough, and seen to be cut where it is not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from test_evidence import kind_of, made, run

from pwmig import Migrator
from pwmig.dialects.asked import as_that_with, several
from pwmig.dialects.cells import MOST_LETTERS, example_text
from pwmig.errors import OperationRefused

KEY = UUID("0f5d9c5e-2f5b-4a51-9d3c-6b4b0e2f1a77")
MOMENT = datetime(2024, 2, 29, 10, 11, 12, 131415, tzinfo=UTC)

TOLD: dict[str, tuple[Any, str]] = {
    "a uuid": (KEY, "'0f5d9c5e-2f5b-4a51-9d3c-6b4b0e2f1a77'"),
    "a uuid as a text": (str(KEY), "'0f5d9c5e-2f5b-4a51-9d3c-6b4b0e2f1a77'"),
    "a moment": (MOMENT, "'2024-02-29 10:11:12.131415+00:00'"),
    "a number": (7, "7"),
    "a decimal": (Decimal("1.50"), "1.50"),
    "nothing": (None, "NULL"),
    "bytes": (memoryview(KEY.bytes), "x'0f5d9c5e2f5b4a519d3c6b4b0e2f1a77'"),
    "a quote": ("it's", '"it\'s"'),
    "a text on two lines": ("a\nb", r"'a\nb'"),
    "a long text": ("x" * 99, f"'{'x' * (MOST_LETTERS - 1)}…'"),
}


@pytest.mark.parametrize("what", TOLD)
def test_a_value_is_whole_or_seen_to_be_cut(what: str) -> None:
    value, text = TOLD[what]
    assert example_text(value) == text
    assert several(2, [value, 3]) == f"2 values are there more than once, as {text} in 3 rows"
    assert as_that_with(["id"], [value]) == f", as that with id = {text}"


def test_a_uuid_that_is_there_twice_is_named_whole(any_database: Any) -> None:
    type_ = {"postgresql": "UUID", "mysql": "UUID", "sqlite": "TEXT"}[kind_of(any_database)]
    made(any_database, type_, str(KEY), str(KEY))
    migrator = Migrator.from_database(any_database)
    with pytest.raises(OperationRefused, match=f"as '{KEY}' in 2 rows"):
        migrator.migrate(migrator.add_index("t", ("v",), True))
    if kind_of(any_database) == "postgresql":
        any_database.rollback()
    assert len(run(any_database, "SELECT * FROM t")) == 2
