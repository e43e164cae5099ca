"""Triggers, rules, policies, comments and grants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pwmig.dialects.postgresql.quoting import literal, quote
from pwmig.schema import Policy, Rule, Trigger

__all__ = ["comment_statement", "grant_statements", "policy_statement", "rule_statements", "trigger_statements"]

_ENABLING = {"DISABLED": "DISABLE", "REPLICA": "ENABLE REPLICA", "ALWAYS": "ENABLE ALWAYS"}


def trigger_statements(table: str, trigger: Trigger) -> Iterator[str]:
    """The trigger, and what enables it otherwise than usual; ``table`` is quoted."""
    yield trigger.sql
    if trigger.enabled:
        yield f"ALTER TABLE {table} {_ENABLING[trigger.enabled]} TRIGGER {quote(trigger.name)}"
    yield from comment_statement(f"TRIGGER {quote(trigger.name)} ON {table}", trigger.comment)


def rule_statements(table: str, rule: Rule) -> Iterator[str]:
    """The rule, and what enables it otherwise than usual; ``table`` is quoted."""
    yield rule.sql
    if rule.enabled:
        yield f"ALTER TABLE {table} {_ENABLING[rule.enabled]} RULE {quote(rule.name)}"
    yield from comment_statement(f"RULE {quote(rule.name)} ON {table}", rule.comment)


def policy_statement(table: str, policy: Policy) -> str:
    """A policy of row security; ``table`` is quoted, and so are the roles in the record."""
    words = [f"CREATE POLICY {quote(policy.name)} ON {table}"]
    words += [] if policy.permissive else ["AS RESTRICTIVE"]
    words += [f"FOR {policy.command}"] if policy.command != "ALL" else []
    words += [f"TO {', '.join(policy.roles)}"] if policy.roles else []
    words += [f"USING ({policy.using})"] if policy.using is not None else []
    words += [f"WITH CHECK ({policy.check})"] if policy.check is not None else []
    return " ".join(words)


def comment_statement(thing: str, comment: str | None) -> Iterator[str]:
    """COMMENT ON a thing, which is its kind and its quoted name; nothing where there is no comment."""
    if comment is not None:
        yield f"COMMENT ON {thing} IS {literal(comment)}"


def grant_statements(thing: str, grants: Iterable[str], column: str = "") -> Iterator[str]:
    """What roles may do with a thing beyond the defaults, and what was taken from them.

    ``thing`` is its kind and its quoted name, ``column`` a quoted column where it is about that alone.
    """
    for grant in grants:
        verb, text = ("REVOKE", grant.removeprefix("REVOKE ")) if grant.startswith("REVOKE ") else ("GRANT", grant)
        rights, word, roles = text.partition(" FROM " if verb == "REVOKE" else " TO ")
        if column:
            rights = ", ".join(f"{right} ({column})" for right in rights.split(", "))
        yield f"{verb} {rights} ON {thing}{word}{roles}"
