"""Triggers, rules and policies from the catalog's rows."""

from __future__ import annotations

from typing import Any

from pwmig.dialects.postgresql.seeing.texts import bare, statement
from pwmig.schema import Policy, Rule, Trigger

__all__ = ["policy", "rule", "trigger"]

_ENABLED = {"O": "", "D": "DISABLED", "R": "REPLICA", "A": "ALWAYS"}
_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


def trigger(facts: list[Any]) -> Trigger:
    name, text, enabled, comment = facts
    return Trigger(name, statement(text), _ENABLED[enabled], comment)


def rule(facts: list[Any]) -> Rule:
    name, text, enabled, comment = facts
    return Rule(name, statement(text), _ENABLED[enabled], comment)


def policy(facts: list[Any]) -> Policy:
    name, command, permissive, using, check, comment, *roles = facts
    return Policy(name, _COMMANDS[command], permissive is not None, tuple(roles), bare(using), bare(check), comment)
