from playhouse.migrate import *

from db.migrations_config import migrator


def migrate_forward():
    migrate(
        migrator.rename_column("player", "born", "birth_year"),
    )


def migrate_backward():
    migrate(
        migrator.rename_column("player", "birth_year", "born"),
    )
