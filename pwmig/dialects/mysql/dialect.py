"""MariaDB's and MySQL's answers to the engine's questions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from pwmig.dialects.mysql.reach import REACH
from pwmig.dialects.server.asking import MARK, ask, on
from pwmig.dialects.server.dialect import ServerDialect
from pwmig.waits import USUAL_WAITS, Waits

if TYPE_CHECKING:
    import peewee

    from pwmig.codegen.kinds import Kinds
    from pwmig.dialects.base import Listener, Session
    from pwmig.dialects.evidence import Evidence
    from pwmig.dialects.migrated import MigrationTerms
    from pwmig.dialects.migrator import Migrator
    from pwmig.dialects.modelled import ModelTerms
    from pwmig.dialects.mysql.journal import MySQLJournal as Journal
    from pwmig.dialects.server.moving import Moving
    from pwmig.dialects.server.speech import Speech
    from pwmig.dialects.server.tokens import Lexer
    from pwmig.dialects.shelf import Shelf
    from pwmig.schema import Schema, Table

__all__ = ["MySQLDialect"]

# Of a table with more rows than a copy takes, the part that so many rows have of its bytes.
_SIZE = (
    f"SELECT COALESCE(SUM(DATA_LENGTH * LEAST(1, {MARK} / GREATEST(TABLE_ROWS, 1))), 0) "
    "FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
)


class MySQLDialect(ServerDialect):
    """MariaDB and MySQL: each DDL statement commits."""

    name = "mysql"
    title = "MariaDB/MySQL"
    transactional_ddl = False
    counted = "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY"
    # A name is a file's name: with the letters and the letter case of one, and no more than an index may hold.
    table_options = " ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    longest_name = "64 letters"
    reach = REACH

    @property
    def speech(self) -> Speech:
        from pwmig.dialects.mysql.speech import SPEECH

        return SPEECH

    @property
    def moving(self) -> Moving:
        from pwmig.dialects.mysql.moving import MOVING

        return MOVING

    @property
    def lexer(self) -> Lexer:
        from pwmig.dialects.server.tokens import MYSQL

        return MYSQL

    def describe(self, database: peewee.Database) -> str:
        from pwmig.dialects.mysql.reach import address

        return f"MariaDB/MySQL {address(database)}"

    def size(self, database: peewee.Database) -> int:
        from pwmig.dialects.server.filling import MOST_ROWS

        with self.reading(database) as reader:
            return int(ask(on(reader), _SIZE, (MOST_ROWS,))[0][0])

    def table_exists(self, database: peewee.Database, table: str, schema: str | None = None) -> bool:
        sql = (
            "SELECT 1 FROM information_schema.TABLES "
            f"WHERE TABLE_SCHEMA = COALESCE({MARK}, DATABASE()) AND TABLE_NAME = {MARK} AND TABLE_TYPE <> 'VIEW'"
        )
        return bool(ask(on(database), sql, (schema, table)))

    def migrator(self, database: peewee.Database, schema: str | None = None) -> Migrator:
        from pwmig.dialects.mysql.operations.migrator import MySQLMigrator

        return MySQLMigrator(database, schema)

    def shelf(self, database: peewee.Database) -> Shelf:
        from pwmig.dialects.mysql.attic import MySQLShelf

        return MySQLShelf(database)

    def session(
        self, database: peewee.Database, waits: Waits = USUAL_WAITS, listener: Listener | None = None
    ) -> AbstractContextManager[Session]:
        from pwmig.dialects.mysql.session import session

        return session(database, self.describe(database), waits, listener)

    def journal(self, database: peewee.Database, history: str) -> Journal:
        from pwmig.dialects.mysql.journal import MySQLJournal

        return MySQLJournal(database, history)

    def turn_holder(self, database: peewee.Database) -> str:
        from pwmig.dialects.mysql.turns import holder, lock_name

        execute = on(database)
        return holder(execute, lock_name(str(execute("SELECT DATABASE()")[0][0])))

    def lock_lost(self, error: BaseException) -> bool:
        from pwmig.dialects.mysql.operations.locks import is_about_lock

        return is_about_lock(error)

    def overran(self, error: BaseException) -> bool:
        from pwmig.dialects.mysql.operations.locks import has_overrun

        return has_overrun(error)

    def begins_anew(self, error: BaseException) -> bool:
        from pwmig.dialects.mysql.operations.locks import is_deadlock

        return is_deadlock(error)

    def commits(self, sql: str) -> bool:
        from pwmig.dialects.mysql.session import commits

        return commits(sql)

    def commits_failing(self, error: BaseException) -> bool | None:
        from pwmig.dialects.mysql.session import commits_failing

        return commits_failing(error)

    def harmless(self, database: peewee.Database) -> AbstractContextManager[Any]:
        return nullcontext()  # A statement that fails takes back itself alone.

    @contextmanager
    def streaming(self, database: peewee.Database, *, inside: bool = False) -> Iterator[Callable[[str], Iterable[Any]]]:
        from pwmig.dialects.mysql.streaming import stream

        yield lambda sql: stream(database.connection(), sql)

    @contextmanager
    def scratch_schemas(
        self, scratch: peewee.Database, like: peewee.Database, names: Sequence[str]
    ) -> Iterator[Mapping[str, str | None]]:
        """A schema is another database here, which stands for the one that must not be touched."""
        from pwmig.dialects.server.scratch import made

        with ExitStack() as stack:
            others = [name for name in names if name != like.database]
            yield dict.fromkeys(names) | {name: stack.enter_context(made(scratch, self.reach)) for name in others}

    def filled_from(self, database: peewee.Database, template: str) -> None:
        from pwmig.dialects.mysql.filling import filled_from

        filled_from(self, database, template)

    def write(self, schema: Schema) -> tuple[str, ...]:
        from pwmig.dialects.mysql.writing import write

        return write(schema)

    @property
    def kinds(self) -> Kinds:
        from pwmig.codegen.kinds import MYSQL

        return MYSQL

    @property
    def model_terms(self) -> ModelTerms:
        from pwmig.dialects.mysql.modelled import MySQLTerms

        return MySQLTerms()

    @property
    def evidence(self) -> Evidence:
        from pwmig.dialects.mysql.evidence import MySQLEvidence

        return MySQLEvidence()

    @property
    def migration_terms(self) -> MigrationTerms:
        from pwmig.dialects.mysql.migrated import MySQLMigrationTerms

        return MySQLMigrationTerms()

    @property
    def unseen(self) -> Mapping[str, str]:
        from pwmig.dialects.mysql.seeing.unseen import UNSEEN

        return UNSEEN

    def introspect(
        self,
        database: peewee.Database,
        tables: Collection[str] | None = None,
        known: dict[Any, Table] | None = None,
    ) -> Schema:
        from pwmig.dialects.mysql.seeing.introspect import introspect

        return introspect(on(database), tables, known)

    def require_seen(self, database: peewee.Database, schema: Schema, *, modelled: bool = False) -> Schema:
        from pwmig.dialects.mysql.seeing.hidden import require_seen

        require_seen(on(database), schema, modelled=modelled)
        return schema
