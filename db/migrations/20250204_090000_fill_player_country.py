"""Where each player was born, as the borders are today."""

from peewee import Table

from db.migrations_config import database

BORN_IN = {
    "AUT": ("Carl Schlechter",),
    "ARM": ("Levon Aronian",),
    "AZE": ("Garry Kasparov", "Vladimir Akopian"),
    "BLR": ("Boris Gelfand", "Dawid Janowski", "Lev Polugaevsky"),
    "BUL": ("Antoaneta Stefanova", "Veselin Topalov"),
    "CHN": (
        "Ding Liren",
        "Hou Yifan",
        "Ju Wenjun",
        "Lei Tingjie",
        "Qin Kanying",
        "Ruan Lufei",
        "Tan Zhongyi",
        "Xie Jun",
        "Xu Yuhua",
        "Zhu Chen",
    ),
    "CUB": ("José Raúl Capablanca",),
    "CZE": ("Wilhelm Steinitz",),
    "DEN": ("Bent Larsen",),
    "EST": ("Paul Keres",),
    "GBR": ("Michael Adams", "Nigel Short"),
    "GEO": ("Maia Chiburdanidze", "Nana Alexandria", "Nana Ioseliani", "Nona Gaprindashvili", "Tigran Petrosian"),
    "GER": ("Sonja Graf",),
    "HUN": ("Géza Maróczy", "Isidor Gunsberg", "Judit Polgar", "Susan Polgar"),
    "IND": ("Gukesh Dommaraju", "Humpy Koneru", "Viswanathan Anand"),
    "IRI": ("Alireza Firouzja",),
    "JPN": ("Hikaru Nakamura",),
    "LAT": ("Alexei Shirov", "Aron Nimzowitsch", "Mikhail Tal"),
    "NED": ("Jan Timman", "Max Euwe"),
    "NOR": ("Magnus Carlsen",),
    "PHI": ("Wesley So",),
    "POL": (
        "Adolf Anderssen",
        "Emanuel Lasker",
        "Johannes Zukertort",
        "Miguel Najdorf",
        "Samuel Reshevsky",
        "Siegbert Tarrasch",
    ),
    "RUS": (
        "Aleksandra Goryachkina",
        "Alexander Alekhine",
        "Alexander Khalifman",
        "Alexandra Kosteniuk",
        "Alisa Galliamova",
        "Alla Kushnir",
        "Anatoly Karpov",
        "Anish Giri",
        "Boris Spassky",
        "Ekaterina Kovalevskaya",
        "Elena Akhmilovskaya",
        "Elisaveta Bykova",
        "Gata Kamsky",
        "Ian Nepomniachtchi",
        "Irina Levitina",
        "Mikhail Botvinnik",
        "Mikhail Chigorin",
        "Natalia Pogonina",
        "Olga Rubtsova",
        "Vasily Smyslov",
        "Vera Menchik",
        "Viktor Korchnoi",
        "Vladimir Kramnik",
    ),
    "SRB": ("Peter Leko", "Svetozar Gligorić"),
    "SVK": ("Richard Réti",),
    "SWE": ("Ulf Andersson",),
    "UKR": (
        "Anna Muzychuk",
        "Anna Ushenina",
        "David Bronstein",
        "Efim Bogoljubov",
        "Efim Geller",
        "Isaac Boleslavsky",
        "Kateryna Lagno",
        "Kira Zvorykina",
        "Leonid Stein",
        "Lyudmila Rudenko",
        "Mariya Muzychuk",
        "Mark Taimanov",
        "Ruslan Ponomariov",
        "Sergey Karjakin",
        "Vasyl Ivanchuk",
    ),
    "USA": ("Bobby Fischer", "Fabiano Caruana", "Frank Marshall", "Harry Pillsbury", "Paul Morphy", "Reuben Fine"),
    "UZB": ("Rustam Kasimdzhanov",),
}

COUNTRY = Table("country", ("id", "code")).bind(database)
PLAYER = Table("player", ("name", "country_id")).bind(database)


def migrate_forward():
    for code, names in BORN_IN.items():
        country = COUNTRY.select(COUNTRY.id).where(COUNTRY.code == code)
        PLAYER.update({PLAYER.country_id: country}).where(PLAYER.name.in_(names)).execute()


def migrate_backward():
    PLAYER.update({PLAYER.country_id: None}).execute()
