from peewee import IntegerField
from playhouse.migrate import *

from db.migrations_config import migrator


def migrate_forward():
    migrate(
        migrator.add_column("player", "country_id", IntegerField(null=True, index=True)),
    )


def migrate_backward():
    migrate(
        migrator.drop_index("player", "player_country_id"),
        migrator.drop_column("player", "country_id"),
    )
