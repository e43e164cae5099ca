"""Where no database may be created: schemas for a while, in a transaction that is rolled back.

The models' tables need an empty place to be seen in. An account without CREATEDB may still have the right to create
schemas in its own database: then they are made there, under names that nobody has, and nobody else ever sees them,
as the transaction that makes them never commits. So nothing stays, also when its process is killed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pwmig.dialects.postgresql.quoting import literal, quote
from pwmig.dialects.postgresql.reach import REACH, code_of
from pwmig.dialects.server.asking import Execute, executor, is_own, on
from pwmig.dialects.server.connecting import opened, twin
from pwmig.dialects.server.redirect import direct
from pwmig.dialects.server.tokens import POSTGRESQL
from pwmig.dialects.server.turn import ends_transaction
from pwmig.errors import DatabaseUnavailable, OperationRefused

if TYPE_CHECKING:
    import peewee

    from pwmig.schema import Schema

__all__ = ["lacks", "may_create_databases", "repeat_checks", "scratch_schema", "scratch_schemas", "within"]

_TWIN = "pwmig_said_"
"""How the names of checks begin that are made once more."""

_PREFIX = "scratch_pwmig_"
"""How such a schema's name begins: not as those of what is pwmig's own, and never looked at."""

_SCHEMA = "pwmig_schema"
"""The attribute of a scratch database that is a schema: its name, and that of the original's default schema."""


def may_create_databases(like: Any) -> bool:
    """Whether the account has the right to create databases."""
    with direct(), opened(twin(like, REACH)) as asked:
        sql = "SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
        return bool(on(asked)(sql)[0][0])


@contextmanager
def scratch_schema(like: Any) -> Iterator[peewee.Database]:
    """A connection to the same database, whose default schema is a new one that is gone afterwards."""
    name = _PREFIX + secrets.token_hex(4)
    with direct(), opened(twin(like, REACH)) as database:
        execute = on(database)
        default = execute("SELECT current_schema()")[0][0]
        path = execute("SELECT current_setting('search_path')")[0][0]
        # Outside of the transaction nothing can be written: should something end it, nothing is made elsewhere.
        execute("SET default_transaction_read_only = on")
        execute(f"SET search_path TO {quote(name)}, {path}" if path else f"SET search_path TO {quote(name)}")
        execute("BEGIN READ WRITE")
        try:
            _make(execute, name)
            _guard(database)
            vars(database)[_SCHEMA] = (name, default)
            yield database
        finally:
            with suppress(Exception):  # A connection that is gone has rolled back by itself.
                execute("ROLLBACK")


def scratch_schemas(scratch: Any, names: Sequence[str]) -> Mapping[str, str | None] | None:
    """Schemas in a scratch database that is a schema itself, by the names that they stand for; None for another one."""
    found = getattr(scratch, _SCHEMA, None)
    if found is None:
        return None
    own, default = found
    places: dict[str, str | None] = {}
    for number, name in enumerate(names):
        places[name] = None if name == default else f"{own}_{number}"
        if places[name] is not None:
            _make(on(scratch), f"{own}_{number}")
    return places


def lacks(scratch: Any) -> str:
    """What is not in a scratch database that is a schema: the schemas that SQL of the user's own names."""
    if getattr(scratch, _SCHEMA, None) is None:
        return ""
    user = on(scratch)("SELECT current_user::text")[0][0]
    return (
        "the schemas that SQL of the models names by itself, as REFERENCES does; it has them where the account may "
        f"create databases: ALTER ROLE {quote(user)} CREATEDB, by a superuser"
    )


def within(scratch: Any, seen: Schema) -> Schema:
    """What was seen by way of a scratch schema, without what the database holds beside it."""
    found = getattr(scratch, _SCHEMA, None)
    if found is None:
        return seen
    own = found[0]
    kinds = ("tables", "views", "sequences", "types", "routines")
    kept: dict[str, Any] = {"namespaces": ()}
    kept |= {kind: tuple(one for one in getattr(seen, kind) if _is_within(one.schema, own)) for kind in kinds}
    return replace(seen, **kept)


def _is_within(schema: str | None, own: str) -> bool:
    return schema is None or schema.startswith(own + "_")


def _make(execute: Execute, name: str) -> None:
    try:
        execute(f"CREATE SCHEMA {quote(name)}")
    except Exception as error:
        if code_of(error) != "42501":
            raise
        user, database = _who(execute)
        raise DatabaseUnavailable(
            "the models' tables can be created nowhere on this server to be seen",
            why="this account may create neither a database nor a schema",
            way_out=f"a superuser allows it with ALTER ROLE {quote(user)} CREATEDB, "
            f"or the database's owner with GRANT CREATE ON DATABASE {quote(database)} TO {quote(user)}",
        ) from error


def _who(execute: Execute) -> tuple[str, str]:
    """The account and the database, asked once the failed transaction is over."""
    execute("ROLLBACK")
    row = execute("SELECT current_user::text, current_database()::text")[0]
    return str(row[0]), str(row[1])


def _guard(database: Any) -> None:
    """Let each statement fail by itself, and none end the transaction."""
    connection = database.connection()
    execute = executor(connection)
    base: Any = connection.cursor_factory or type(connection.cursor())

    class Guarded(base):
        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            if is_own():
                return super().execute(query, *args, **kwargs)
            tried = ends_transaction(POSTGRESQL, str(query), several=True)
            if tried is not None:
                raise OperationRefused(f"{tried} would end the transaction of a scratch schema")
            execute("SAVEPOINT pwmig_each")
            try:
                return super().execute(query, *args, **kwargs)
            except BaseException:
                execute("ROLLBACK TO SAVEPOINT pwmig_each")
                raise

    connection.cursor_factory = Guarded
    database.push_transaction(database.transaction())


# -- what a model says of its checks


def repeat_checks(database: peewee.Database, address: Sequence[str], text: str) -> dict[str, str]:
    """What :meth:`pwmig.dialects.base.Dialect.repeat_checks` gives: PostgreSQL keeps no condition as it was written.

    https://www.postgresql.org/docs/current/catalog-pg-constraint.html
    """
    conditions = {f"{_TWIN}{place}": condition for place, condition in enumerate(_conditions(text))}
    if conditions:
        adds = ", ".join(f"ADD CONSTRAINT {name} CHECK ({condition})" for name, condition in conditions.items())
        statement = f"ALTER TABLE {'.'.join(map(quote, address))} {adds}"
        # What fails in a block with an EXCEPTION takes back no more than that block.
        body = f"BEGIN EXECUTE {literal(statement)}; EXCEPTION WHEN OTHERS THEN NULL; END"
        on(database)(f"DO {literal(body)}")
    return conditions


def _conditions(text: str) -> Iterator[str]:
    """What stands in the parentheses behind each CHECK of a CREATE TABLE, without comments at its ends."""
    tokens = POSTGRESQL.tokens(text)
    for place, token in enumerate(tokens[:-1]):
        if not token.is_word("CHECK") or tokens[place + 1].text != "(":
            continue
        depth = 0
        for last in range(place + 1, len(tokens)):
            depth += {"(": 1, ")": -1}.get(tokens[last].text, 0) if tokens[last].kind == "operator" else 0
            if depth == 0:
                if last > place + 2:
                    yield text[tokens[place + 2].start : tokens[last - 1].end]
                break
