from playhouse.migrate import *

from db.migrations_config import migrator


def migrate_forward():
    migrate(
        migrator.add_not_null("player", "country_id"),
    )


def migrate_backward():
    migrate(
        migrator.drop_not_null("player", "country_id"),
    )
