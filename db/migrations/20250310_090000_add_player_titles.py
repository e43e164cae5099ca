from peewee import IntegerField
from playhouse.migrate import *

from db.migrations_config import migrator


def migrate_forward():
    migrate(
        migrator.add_column("player", "titles", IntegerField(default=0)),
    )


def migrate_backward():
    migrate(
        migrator.drop_column("player", "titles"),
    )
