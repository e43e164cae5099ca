"""The schema as it is after all migrations have been applied."""

from peewee import CharField, FloatField, ForeignKeyField, IntegerField, Model

from db.migrations_config import database


class BaseModel(Model):
    class Meta:
        database = database
        legacy_table_names = False  # TitleMatch is title_match, and its indexes are named after it.


class Country(BaseModel):
    """A country on today's map, or one that played under its own flag once."""

    code = CharField(max_length=3, unique=True)
    name = CharField(max_length=60)


class Player(BaseModel):
    """``country`` is the one where the player was born, on today's map."""

    name = CharField(max_length=100, unique=True)
    birth_year = IntegerField(index=True)
    died = IntegerField(null=True)
    country = ForeignKeyField(Country, backref="players", constraint_name="fk_player_country_id_refs_country")
    titles = IntegerField(default=0)


class TitleMatch(BaseModel):
    """A match for a world title; ``champion`` is who held the title after it.

    Points are those of the regular games. Where they are equal, ``decided_by`` says whether the
    champion kept the title by the rules, or won the rapid games that followed.
    """

    year = IntegerField()
    title = CharField(max_length=10)
    champion = ForeignKeyField(Player, backref="matches_won")
    opponent = ForeignKeyField(Player, backref="matches_lost")
    champion_points = FloatField()
    opponent_points = FloatField()
    decided_by = CharField(max_length=20)


class Olympiad(BaseModel):
    """The gold medal of a chess Olympiad; ``section`` is open or women."""

    year = IntegerField()
    section = CharField(max_length=10)
    city = CharField(max_length=40)
    winner = ForeignKeyField(Country, backref="olympiads_won")

    class Meta:
        indexes = ((("section", "year"), True),)
