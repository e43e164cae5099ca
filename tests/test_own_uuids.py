"""Where the default of a new column is a UUID, each row there is gets one of its own."""

from __future__ import annotations

import uuid

import peewee
import pytest
from emptied import emptied
from server_projects import SERVERS

from pwmig import Migrator
from pwmig.dialects import migrate

FIELDS = {
    "a text": lambda unique: peewee.UUIDField(default=uuid.uuid4, unique=unique),
    "binary": lambda unique: peewee.BinaryUUIDField(default=uuid.uuid4, unique=unique),
    "by time": lambda unique: peewee.UUIDField(default=uuid.uuid1, unique=unique),
}


@pytest.mark.parametrize("unique", [False, True], ids=["plain", "unique"])
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("kind", ["sqlite", *SERVERS])
def test_each_row_gets_its_own(kind, field, unique, request, tmp_path):
    with emptied(kind, request, tmp_path) as database:
        migrator = Migrator.from_database(database)
        migrate(migrator.create_table("t", {"id": peewee.AutoField(), "a": peewee.IntegerField()}))
        for number in range(5):
            database.execute_sql(f"INSERT INTO t (a) VALUES ({number})")
        migrate(migrator.add_column("t", "k", FIELDS[field](unique)))

        class T(peewee.Model):
            k = FIELDS[field](unique)

            class Meta:
                table_name = "t"

        with database.bind_ctx([T]):
            found = {row.k for row in T.select()}
            assert len(found) == 5 and all(isinstance(value, uuid.UUID) for value in found)
            assert kind == "mariadb" or field != "a text" or {value.version for value in found} == {4}
            migrate(migrator.apply_default("t", "k", FIELDS[field](unique)))
            again = {row.k for row in T.select()}
            assert len(again) == 5 and not again & found
        with pytest.raises(peewee.DatabaseError):
            database.execute_sql("INSERT INTO t (a) VALUES (9)")  # The database itself has no default of it.
        if kind != "sqlite":
            database.rollback()
