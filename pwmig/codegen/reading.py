"""The source of a migration -> its operations, where it says nothing else; it is read, never run."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Sequence
from typing import Any

from pwmig.codegen.writing import text_of
from pwmig.errors import PwmigError
from pwmig.operations import OPERATIONS, Called, Operation
from pwmig.records import dataclass

__all__ = ["Written", "read", "read_operations", "same_code"]

_UNREADABLE = (
    *(SyntaxError, tokenize.TokenError, RecursionError, MemoryError),
    *(AttributeError, LookupError, TypeError, ValueError, PwmigError),
)
"""What a source that no codegen wrote may raise on its way: it parses, but holds other calls and values."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a migration's source says; ``backward`` is None where it has no way back."""

    forward: tuple[Operation, ...]
    backward: tuple[Operation, ...] | None
    config_module: str


def read_operations(text: str) -> tuple[Operation, ...] | None:
    """The operations of ``migrate_forward``; see :func:`read`."""
    written = read(text)
    return written.forward if written else None


def read(text: str) -> Written | None:
    """What the source says, where writing that anew gives the same source, line breaks and quotes aside.

    None for any other: one with a comment, another statement, a call that no operation makes.
    """
    try:
        written = _read(ast.parse(text))
        if not all(made.is_asked for made in (*written.forward, *(written.backward or ()))):
            return None  # A form would lose what it does not ask for.
        made = text_of(written.forward, written.backward, written.config_module)
        return written if same_code(text, made) else None
    except _UNREADABLE:
        return None


def same_code(text: str, other: str) -> bool:
    """Whether two sources are the same but for their line breaks and quotes; with a comment they never are."""
    try:
        return ast.dump(ast.parse(text)) == ast.dump(ast.parse(other)) and not (_commented(text) or _commented(other))
    except _UNREADABLE:
        return False


def _commented(text: str) -> bool:
    return any(token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(text).readline))


def _read(module: ast.Module) -> Written:
    functions = {node.name: node.body for node in module.body if isinstance(node, ast.FunctionDef)}
    (config,) = (node.module for node in module.body[1:2] if isinstance(node, ast.ImportFrom))
    backward = functions.get("migrate_backward")
    return Written(
        _operations(functions.get("migrate_forward", [])),
        None if backward is None else _operations(backward),
        config or "",
    )


def _operations(body: Sequence[ast.stmt]) -> tuple[Operation, ...]:
    (statement,) = body
    if isinstance(statement, ast.Pass):
        return ()
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        raise ValueError("it does more than migrate(...)")
    return tuple(map(_operation, statement.value.args))


def _operation(node: ast.expr) -> Operation:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        raise ValueError("it is no call of the migrator's")
    method = node.func.attr
    args, kwargs = _arguments(node)
    for kind in OPERATIONS.values():
        if kind.method == method:
            return kind.of_call(args, kwargs)
    raise ValueError(f"no operation makes {method}()")


def _arguments(call: ast.Call) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if any(keyword.arg is None for keyword in call.keywords):
        raise ValueError("it unpacks arguments")
    return tuple(map(_value, call.args)), {str(keyword.arg): _value(keyword.value) for keyword in call.keywords}


def _value(node: ast.expr) -> Any:
    """A literal, or a Called for a call in it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        args, kwargs = _arguments(node)
        return Called(node.func.id, args, kwargs)
    if isinstance(node, ast.Tuple):
        return tuple(map(_value, node.elts))
    if isinstance(node, ast.Dict):
        names = [ast.literal_eval(key) if key else None for key in node.keys]
        return dict(zip(names, map(_value, node.values), strict=True))
    return ast.literal_eval(node)
