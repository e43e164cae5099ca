from playhouse.migrate import *

from db.migrations_config import migrator


def migrate_forward():
    migrate(
        migrator.add_foreign_key_constraint("player", "country_id", "country", "id"),
    )


def migrate_backward():
    migrate(
        migrator.drop_foreign_key_constraint("player", "country_id"),
    )
