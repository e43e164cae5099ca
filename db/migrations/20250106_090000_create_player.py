from peewee import AutoField, CharField, IntegerField
from playhouse.migrate import *

from db.migrations_config import migrator


def migrate_forward():
    migrate(
        migrator.create_table(
            "player",
            {
                "id": AutoField(),
                "name": CharField(max_length=100, unique=True),
                "born": IntegerField(),
            },
        ),
    )


def migrate_backward():
    migrate(
        migrator.drop_table("player"),
    )
