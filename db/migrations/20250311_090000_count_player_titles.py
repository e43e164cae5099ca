"""How many title matches each player came out of as the champion."""

from db.migrations_config import database

COUNT = """
UPDATE player SET titles = (SELECT COUNT(*) FROM title_match WHERE champion_id = player.id)
WHERE id IN (SELECT champion_id FROM title_match)
"""


def migrate_forward():
    database.execute_sql(COUNT)


def migrate_backward():
    database.execute_sql("UPDATE player SET titles = 0 WHERE titles <> 0")
