from peewee import SQL, AutoField, CharField, FloatField, IntegerField
from playhouse.migrate import *

from db.migrations_config import migrator


def migrate_forward():
    migrate(
        migrator.create_table(
            "title_match",
            {
                "id": AutoField(),
                "year": IntegerField(),
                "title": CharField(max_length=10),
                "champion_id": IntegerField(index=True),
                "opponent_id": IntegerField(index=True),
                "champion_points": FloatField(),
                "opponent_points": FloatField(),
                "decided_by": CharField(max_length=20),
            },
            constraints=(
                SQL("FOREIGN KEY (champion_id) REFERENCES player (id)"),
                SQL("FOREIGN KEY (opponent_id) REFERENCES player (id)"),
            ),
        ),
    )


def migrate_backward():
    migrate(
        migrator.drop_table("title_match"),
    )
