from playhouse.migrate import *

from db.migrations_config import migrator


def migrate_forward():
    migrate(
        migrator.add_index("player", ("birth_year",)),
    )


def migrate_backward():
    migrate(
        migrator.drop_index("player", "player_birth_year"),
    )
