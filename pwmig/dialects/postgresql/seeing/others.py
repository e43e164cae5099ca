"""What stands beside tables and views, from the catalog's rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pwmig.dialects.postgresql.seeing.columns import columns_of, further_sequences
from pwmig.dialects.postgresql.seeing.facts import Facts
from pwmig.dialects.postgresql.seeing.texts import bare, statement
from pwmig.schema import Check, Extension, Namespace, Routine, Sequence, Type

__all__ = ["extensions", "free_sequences", "namespaces", "routines", "types"]


def free_sequences(facts: Facts) -> list[Sequence]:
    return further_sequences(facts)


def namespaces(facts: Facts) -> Iterator[Namespace]:
    for name, comment, *grants in _all(facts, "namespace"):
        yield Namespace(name, comment, tuple(grants))


def extensions(facts: Facts) -> Iterator[Extension]:
    for name, version, schema in _all(facts, "extension"):
        yield Extension(name, version, schema)


def routines(facts: Facts) -> Iterator[Routine]:
    for schema, name, kind, text, arguments, comment, *grants in _all(facts, "routine"):
        yield Routine(name, kind, statement(text), arguments, comment, tuple(grants), schema)


def types(facts: Facts) -> Iterator[Type]:
    for kind in ("enum", "domain", "composite", "range", "collation"):
        for oid, found in facts.others.get(kind, {}).items():
            (schema, name, comment, *more) = found[0]
            grants = tuple(given for row in facts.of("type grants", oid) for given in row)
            yield Type(name, kind, comment=comment, grants=grants, schema=schema, **_kind(facts, kind, oid, more))


def _kind(facts: Facts, kind: str, oid: int, more: list[Any]) -> dict[str, Any]:
    """What a type of its kind has besides."""
    if kind == "enum":
        return {"values": tuple(more)}
    if kind == "domain":
        base, not_null, default, collation = more
        checks = tuple(sorted(_domain_checks(facts, oid), key=lambda check: check.name or ""))
        return {
            "base": base, "nullable": not_null is None, "default": default, "collation": collation, "checks": checks,
        }  # fmt: skip
    if kind == "composite":
        return {"attributes": columns_of(facts, facts.relations[int(more[0])])}
    return {"definition": f"({more[0]})"}


def _domain_checks(facts: Facts, oid: int) -> Iterator[Check]:
    for name, text, not_valid, comment in facts.of("domain check", oid):
        yield Check(bare(text) or "", name, validated=not_valid is None, comment=comment)


def _all(facts: Facts, kind: str) -> Iterator[list[Any]]:
    for found in facts.others.get(kind, {}).values():
        yield from found
