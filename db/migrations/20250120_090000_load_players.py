"""World champions, those who played them for the title, and other great names.

Years of birth and death; None where no death was known when this was written.
"""

from peewee import Table

from db.migrations_config import database

PLAYERS = (
    # World champions
    ("Wilhelm Steinitz", 1836, 1900),
    ("Emanuel Lasker", 1868, 1941),
    ("José Raúl Capablanca", 1888, 1942),
    ("Alexander Alekhine", 1892, 1946),
    ("Max Euwe", 1901, 1981),
    ("Mikhail Botvinnik", 1911, 1995),
    ("Vasily Smyslov", 1921, 2010),
    ("Mikhail Tal", 1936, 1992),
    ("Tigran Petrosian", 1929, 1984),
    ("Boris Spassky", 1937, 2025),
    ("Bobby Fischer", 1943, 2008),
    ("Anatoly Karpov", 1951, None),
    ("Garry Kasparov", 1963, None),
    ("Vladimir Kramnik", 1975, None),
    ("Viswanathan Anand", 1969, None),
    ("Magnus Carlsen", 1990, None),
    ("Ding Liren", 1992, None),
    ("Gukesh Dommaraju", 2006, None),
    # Champions of FIDE alone, in the years of two titles
    ("Alexander Khalifman", 1966, None),
    ("Ruslan Ponomariov", 1983, None),
    ("Rustam Kasimdzhanov", 1979, None),
    ("Veselin Topalov", 1975, None),
    # Their opponents in title matches
    ("Johannes Zukertort", 1842, 1888),
    ("Mikhail Chigorin", 1850, 1908),
    ("Isidor Gunsberg", 1854, 1930),
    ("Frank Marshall", 1877, 1944),
    ("Siegbert Tarrasch", 1862, 1934),
    ("Dawid Janowski", 1868, 1927),
    ("Carl Schlechter", 1874, 1918),
    ("Efim Bogoljubov", 1889, 1952),
    ("David Bronstein", 1924, 2006),
    ("Viktor Korchnoi", 1931, 2016),
    ("Nigel Short", 1965, None),
    ("Gata Kamsky", 1974, None),
    ("Jan Timman", 1951, None),
    ("Peter Leko", 1979, None),
    ("Boris Gelfand", 1968, None),
    ("Sergey Karjakin", 1990, None),
    ("Fabiano Caruana", 1992, None),
    ("Ian Nepomniachtchi", 1990, None),
    ("Alexei Shirov", 1972, None),
    ("Vladimir Akopian", 1971, None),
    ("Vasyl Ivanchuk", 1969, None),
    ("Michael Adams", 1971, None),
    # Women's world champions
    ("Vera Menchik", 1906, 1944),
    ("Lyudmila Rudenko", 1904, 1986),
    ("Elisaveta Bykova", 1913, 1989),
    ("Olga Rubtsova", 1909, 1994),
    ("Nona Gaprindashvili", 1941, None),
    ("Maia Chiburdanidze", 1961, None),
    ("Xie Jun", 1970, None),
    ("Susan Polgar", 1969, None),
    ("Zhu Chen", 1976, None),
    ("Antoaneta Stefanova", 1979, None),
    ("Xu Yuhua", 1976, None),
    ("Alexandra Kosteniuk", 1984, None),
    ("Hou Yifan", 1994, None),
    ("Anna Ushenina", 1985, None),
    ("Mariya Muzychuk", 1992, None),
    ("Tan Zhongyi", 1991, None),
    ("Ju Wenjun", 1991, None),
    # Their opponents in title matches
    ("Sonja Graf", 1908, 1965),
    ("Kira Zvorykina", 1919, 2014),
    ("Alla Kushnir", 1941, 2013),
    ("Nana Alexandria", 1949, None),
    ("Irina Levitina", 1954, None),
    ("Elena Akhmilovskaya", 1957, 2012),
    ("Nana Ioseliani", 1962, None),
    ("Alisa Galliamova", 1972, None),
    ("Qin Kanying", 1974, None),
    ("Ekaterina Kovalevskaya", 1974, None),
    ("Ruan Lufei", 1987, None),
    ("Humpy Koneru", 1987, None),
    ("Natalia Pogonina", 1985, None),
    ("Anna Muzychuk", 1990, None),
    ("Kateryna Lagno", 1989, None),
    ("Aleksandra Goryachkina", 1998, None),
    ("Lei Tingjie", 1997, None),
    # Other great names
    ("Adolf Anderssen", 1818, 1879),
    ("Paul Morphy", 1837, 1884),
    ("Harry Pillsbury", 1872, 1906),
    ("Géza Maróczy", 1870, 1951),
    ("Aron Nimzowitsch", 1886, 1935),
    ("Richard Réti", 1889, 1929),
    ("Miguel Najdorf", 1910, 1997),
    ("Samuel Reshevsky", 1911, 1992),
    ("Reuben Fine", 1914, 1993),
    ("Paul Keres", 1916, 1975),
    ("Isaac Boleslavsky", 1919, 1977),
    ("Svetozar Gligorić", 1923, 2012),
    ("Efim Geller", 1925, 1998),
    ("Mark Taimanov", 1926, 2016),
    ("Lev Polugaevsky", 1934, 1995),
    ("Leonid Stein", 1934, 1973),
    ("Bent Larsen", 1935, 2010),
    ("Ulf Andersson", 1951, None),
    ("Judit Polgar", 1976, None),
    ("Levon Aronian", 1982, None),
    ("Hikaru Nakamura", 1987, None),
    ("Wesley So", 1993, None),
    ("Anish Giri", 1994, None),
    ("Alireza Firouzja", 2003, None),
)

PLAYER = Table("player", ("name", "born", "died")).bind(database)


def migrate_forward():
    PLAYER.insert(PLAYERS, columns=[PLAYER.name, PLAYER.born, PLAYER.died]).execute()


def migrate_backward():
    PLAYER.delete().where(PLAYER.name.in_([name for name, _, _ in PLAYERS])).execute()
