"""The gold medals of the official chess Olympiads that were played over the board."""

from peewee import Table

from db.migrations_config import database

OPEN = (
    (1927, "London", "HUN"),
    (1928, "The Hague", "HUN"),
    (1930, "Hamburg", "POL"),
    (1931, "Prague", "USA"),
    (1933, "Folkestone", "USA"),
    (1935, "Warsaw", "USA"),
    (1937, "Stockholm", "USA"),
    (1939, "Buenos Aires", "GER"),
    (1950, "Dubrovnik", "YUG"),
    (1952, "Helsinki", "URS"),
    (1954, "Amsterdam", "URS"),
    (1956, "Moscow", "URS"),
    (1958, "Munich", "URS"),
    (1960, "Leipzig", "URS"),
    (1962, "Varna", "URS"),
    (1964, "Tel Aviv", "URS"),
    (1966, "Havana", "URS"),
    (1968, "Lugano", "URS"),
    (1970, "Siegen", "URS"),
    (1972, "Skopje", "URS"),
    (1974, "Nice", "URS"),
    (1976, "Haifa", "USA"),
    (1978, "Buenos Aires", "HUN"),
    (1980, "Valletta", "URS"),
    (1982, "Lucerne", "URS"),
    (1984, "Thessaloniki", "URS"),
    (1986, "Dubai", "URS"),
    (1988, "Thessaloniki", "URS"),
    (1990, "Novi Sad", "URS"),
    (1992, "Manila", "RUS"),
    (1994, "Moscow", "RUS"),
    (1996, "Yerevan", "RUS"),
    (1998, "Elista", "RUS"),
    (2000, "Istanbul", "RUS"),
    (2002, "Bled", "RUS"),
    (2004, "Calvià", "UKR"),
    (2006, "Turin", "ARM"),
    (2008, "Dresden", "ARM"),
    (2010, "Khanty-Mansiysk", "UKR"),
    (2012, "Istanbul", "ARM"),
    (2014, "Tromsø", "CHN"),
    (2016, "Baku", "USA"),
    (2018, "Batumi", "CHN"),
    (2022, "Chennai", "UZB"),
    (2024, "Budapest", "IND"),
)

WOMEN = (
    (1957, "Emmen", "URS"),
    (1963, "Split", "URS"),
    (1966, "Oberhausen", "URS"),
    (1969, "Lublin", "URS"),
    (1972, "Skopje", "URS"),
    (1974, "Medellín", "URS"),
    (1976, "Haifa", "ISR"),
    (1978, "Buenos Aires", "URS"),
    (1980, "Valletta", "URS"),
    (1982, "Lucerne", "URS"),
    (1984, "Thessaloniki", "URS"),
    (1986, "Dubai", "URS"),
    (1988, "Thessaloniki", "HUN"),
    (1990, "Novi Sad", "HUN"),
    (1992, "Manila", "GEO"),
    (1994, "Moscow", "GEO"),
    (1996, "Yerevan", "GEO"),
    (1998, "Elista", "CHN"),
    (2000, "Istanbul", "CHN"),
    (2002, "Bled", "CHN"),
    (2004, "Calvià", "CHN"),
    (2006, "Turin", "UKR"),
    (2008, "Dresden", "GEO"),
    (2010, "Khanty-Mansiysk", "RUS"),
    (2012, "Istanbul", "RUS"),
    (2014, "Tromsø", "RUS"),
    (2016, "Baku", "CHN"),
    (2018, "Batumi", "CHN"),
    (2022, "Chennai", "UKR"),
    (2024, "Budapest", "IND"),
)

FIELDS = ("year", "section", "city", "winner_id")
OLYMPIAD = Table("olympiad", FIELDS).bind(database)
COUNTRY = Table("country", ("id", "code")).bind(database)


def migrate_forward():
    ids = {row["code"]: row["id"] for row in COUNTRY.select(COUNTRY.code, COUNTRY.id)}
    rows = [
        (year, section, city, ids[code])
        for section, medals in (("open", OPEN), ("women", WOMEN))
        for year, city, code in medals
    ]
    OLYMPIAD.insert(rows, columns=[getattr(OLYMPIAD, name) for name in FIELDS]).execute()


def migrate_backward():
    for section, medals in (("open", OPEN), ("women", WOMEN)):
        years = [year for year, _, _ in medals]
        OLYMPIAD.delete().where(OLYMPIAD.section == section, OLYMPIAD.year.in_(years)).execute()
