"""The countries that the other tables speak of, with the codes of the Olympic committee."""

from peewee import Table

from db.migrations_config import database

COUNTRIES = (
    ("ARM", "Armenia"),
    ("AUT", "Austria"),
    ("AZE", "Azerbaijan"),
    ("BLR", "Belarus"),
    ("BUL", "Bulgaria"),
    ("CHN", "China"),
    ("CUB", "Cuba"),
    ("CZE", "Czechia"),
    ("DEN", "Denmark"),
    ("EST", "Estonia"),
    ("GBR", "United Kingdom"),
    ("GEO", "Georgia"),
    ("GER", "Germany"),
    ("HUN", "Hungary"),
    ("IND", "India"),
    ("IRI", "Iran"),
    ("ISR", "Israel"),
    ("JPN", "Japan"),
    ("LAT", "Latvia"),
    ("NED", "Netherlands"),
    ("NOR", "Norway"),
    ("PHI", "Philippines"),
    ("POL", "Poland"),
    ("RUS", "Russia"),
    ("SRB", "Serbia"),
    ("SVK", "Slovakia"),
    ("SWE", "Sweden"),
    ("UKR", "Ukraine"),
    ("URS", "Soviet Union"),
    ("USA", "United States"),
    ("UZB", "Uzbekistan"),
    ("YUG", "Yugoslavia"),
)

COUNTRY = Table("country", ("code", "name")).bind(database)


def migrate_forward():
    COUNTRY.insert(COUNTRIES, columns=[COUNTRY.code, COUNTRY.name]).execute()


def migrate_backward():
    COUNTRY.delete().where(COUNTRY.code.in_([code for code, _ in COUNTRIES])).execute()
