from peewee import SQL, AutoField, CharField, IntegerField
from playhouse.migrate import *

from db.migrations_config import migrator


def migrate_forward():
    migrate(
        migrator.create_table(
            "olympiad",
            {
                "id": AutoField(),
                "year": IntegerField(),
                "section": CharField(max_length=10),
                "city": CharField(max_length=40),
                "winner_id": IntegerField(index=True),
            },
            constraints=(SQL("FOREIGN KEY (winner_id) REFERENCES country (id)"),),
            indexes=((("section", "year"), True),),
        ),
    )


def migrate_backward():
    migrate(
        migrator.drop_table("olympiad"),
    )
