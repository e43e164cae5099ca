from peewee import AutoField, CharField
from playhouse.migrate import *

from db.migrations_config import migrator


def migrate_forward():
    migrate(
        migrator.create_table(
            "country",
            {
                "id": AutoField(),
                "code": CharField(max_length=3, unique=True),
                "name": CharField(max_length=60),
            },
        ),
    )


def migrate_backward():
    migrate(
        migrator.drop_table("country"),
    )
