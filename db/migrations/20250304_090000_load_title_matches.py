"""Matches for the world title that reached their end, and the final matches of knock-out events.

Year of the decision, champion after the match, opponent, and the points of the regular games.
With equal points the champion kept the title, or won the rapid games that followed.
"""

from peewee import Table

from db.migrations_config import database

POINTS, KEPT, RAPID = "points", "title kept", "rapid games"

WORLD = (
    (1886, "Wilhelm Steinitz", "Johannes Zukertort", 12.5, 7.5, POINTS),
    (1889, "Wilhelm Steinitz", "Mikhail Chigorin", 10.5, 6.5, POINTS),
    (1891, "Wilhelm Steinitz", "Isidor Gunsberg", 10.5, 8.5, POINTS),
    (1892, "Wilhelm Steinitz", "Mikhail Chigorin", 12.5, 10.5, POINTS),
    (1894, "Emanuel Lasker", "Wilhelm Steinitz", 12.0, 7.0, POINTS),
    (1897, "Emanuel Lasker", "Wilhelm Steinitz", 12.5, 4.5, POINTS),
    (1907, "Emanuel Lasker", "Frank Marshall", 11.5, 3.5, POINTS),
    (1908, "Emanuel Lasker", "Siegbert Tarrasch", 10.5, 5.5, POINTS),
    (1910, "Emanuel Lasker", "Carl Schlechter", 5.0, 5.0, KEPT),
    (1910, "Emanuel Lasker", "Dawid Janowski", 9.5, 1.5, POINTS),
    (1921, "José Raúl Capablanca", "Emanuel Lasker", 9.0, 5.0, POINTS),
    (1927, "Alexander Alekhine", "José Raúl Capablanca", 18.5, 15.5, POINTS),
    (1929, "Alexander Alekhine", "Efim Bogoljubov", 15.5, 9.5, POINTS),
    (1934, "Alexander Alekhine", "Efim Bogoljubov", 15.5, 10.5, POINTS),
    (1935, "Max Euwe", "Alexander Alekhine", 15.5, 14.5, POINTS),
    (1937, "Alexander Alekhine", "Max Euwe", 15.5, 9.5, POINTS),
    (1951, "Mikhail Botvinnik", "David Bronstein", 12.0, 12.0, KEPT),
    (1954, "Mikhail Botvinnik", "Vasily Smyslov", 12.0, 12.0, KEPT),
    (1957, "Vasily Smyslov", "Mikhail Botvinnik", 12.5, 9.5, POINTS),
    (1958, "Mikhail Botvinnik", "Vasily Smyslov", 12.5, 10.5, POINTS),
    (1960, "Mikhail Tal", "Mikhail Botvinnik", 12.5, 8.5, POINTS),
    (1961, "Mikhail Botvinnik", "Mikhail Tal", 13.0, 8.0, POINTS),
    (1963, "Tigran Petrosian", "Mikhail Botvinnik", 12.5, 9.5, POINTS),
    (1966, "Tigran Petrosian", "Boris Spassky", 12.5, 11.5, POINTS),
    (1969, "Boris Spassky", "Tigran Petrosian", 12.5, 10.5, POINTS),
    (1972, "Bobby Fischer", "Boris Spassky", 12.5, 8.5, POINTS),
    (1978, "Anatoly Karpov", "Viktor Korchnoi", 16.5, 15.5, POINTS),
    (1981, "Anatoly Karpov", "Viktor Korchnoi", 11.0, 7.0, POINTS),
    (1985, "Garry Kasparov", "Anatoly Karpov", 13.0, 11.0, POINTS),
    (1986, "Garry Kasparov", "Anatoly Karpov", 12.5, 11.5, POINTS),
    (1987, "Garry Kasparov", "Anatoly Karpov", 12.0, 12.0, KEPT),
    (1990, "Garry Kasparov", "Anatoly Karpov", 12.5, 11.5, POINTS),
    (1993, "Garry Kasparov", "Nigel Short", 12.5, 7.5, POINTS),
    (1995, "Garry Kasparov", "Viswanathan Anand", 10.5, 7.5, POINTS),
    (2000, "Vladimir Kramnik", "Garry Kasparov", 8.5, 6.5, POINTS),
    (2004, "Vladimir Kramnik", "Peter Leko", 7.0, 7.0, KEPT),
    (2006, "Vladimir Kramnik", "Veselin Topalov", 6.0, 6.0, RAPID),
    (2008, "Viswanathan Anand", "Vladimir Kramnik", 6.5, 4.5, POINTS),
    (2010, "Viswanathan Anand", "Veselin Topalov", 6.5, 5.5, POINTS),
    (2012, "Viswanathan Anand", "Boris Gelfand", 6.0, 6.0, RAPID),
    (2013, "Magnus Carlsen", "Viswanathan Anand", 6.5, 3.5, POINTS),
    (2014, "Magnus Carlsen", "Viswanathan Anand", 6.5, 4.5, POINTS),
    (2016, "Magnus Carlsen", "Sergey Karjakin", 6.0, 6.0, RAPID),
    (2018, "Magnus Carlsen", "Fabiano Caruana", 6.0, 6.0, RAPID),
    (2021, "Magnus Carlsen", "Ian Nepomniachtchi", 7.5, 3.5, POINTS),
    (2023, "Ding Liren", "Ian Nepomniachtchi", 7.0, 7.0, RAPID),
    (2024, "Gukesh Dommaraju", "Ding Liren", 7.5, 6.5, POINTS),
)

# In these years there were two titles; the one above is the line of those who beat the champion.
FIDE = (
    (1993, "Anatoly Karpov", "Jan Timman", 12.5, 8.5, POINTS),
    (1996, "Anatoly Karpov", "Gata Kamsky", 10.5, 7.5, POINTS),
    (1998, "Anatoly Karpov", "Viswanathan Anand", 3.0, 3.0, RAPID),
    (1999, "Alexander Khalifman", "Vladimir Akopian", 3.5, 2.5, POINTS),
    (2000, "Viswanathan Anand", "Alexei Shirov", 3.5, 0.5, POINTS),
    (2002, "Ruslan Ponomariov", "Vasyl Ivanchuk", 4.5, 2.5, POINTS),
    (2004, "Rustam Kasimdzhanov", "Michael Adams", 3.0, 3.0, RAPID),
)

WOMEN = (
    (1937, "Vera Menchik", "Sonja Graf", 11.5, 4.5, POINTS),
    (1953, "Elisaveta Bykova", "Lyudmila Rudenko", 8.0, 6.0, POINTS),
    (1958, "Elisaveta Bykova", "Olga Rubtsova", 8.5, 5.5, POINTS),
    (1960, "Elisaveta Bykova", "Kira Zvorykina", 8.5, 4.5, POINTS),
    (1962, "Nona Gaprindashvili", "Elisaveta Bykova", 9.0, 2.0, POINTS),
    (1965, "Nona Gaprindashvili", "Alla Kushnir", 8.5, 4.5, POINTS),
    (1969, "Nona Gaprindashvili", "Alla Kushnir", 8.5, 4.5, POINTS),
    (1972, "Nona Gaprindashvili", "Alla Kushnir", 8.5, 7.5, POINTS),
    (1975, "Nona Gaprindashvili", "Nana Alexandria", 8.5, 3.5, POINTS),
    (1978, "Maia Chiburdanidze", "Nona Gaprindashvili", 8.5, 6.5, POINTS),
    (1981, "Maia Chiburdanidze", "Nana Alexandria", 8.0, 8.0, KEPT),
    (1984, "Maia Chiburdanidze", "Irina Levitina", 8.5, 5.5, POINTS),
    (1986, "Maia Chiburdanidze", "Elena Akhmilovskaya", 8.5, 5.5, POINTS),
    (1988, "Maia Chiburdanidze", "Nana Ioseliani", 8.5, 7.5, POINTS),
    (1991, "Xie Jun", "Maia Chiburdanidze", 8.5, 6.5, POINTS),
    (1993, "Xie Jun", "Nana Ioseliani", 8.5, 2.5, POINTS),
    (1996, "Susan Polgar", "Xie Jun", 8.5, 4.5, POINTS),
    (1999, "Xie Jun", "Alisa Galliamova", 8.5, 6.5, POINTS),
    (2000, "Xie Jun", "Qin Kanying", 2.5, 1.5, POINTS),
    (2001, "Zhu Chen", "Alexandra Kosteniuk", 2.0, 2.0, RAPID),
    (2004, "Antoaneta Stefanova", "Ekaterina Kovalevskaya", 2.5, 0.5, POINTS),
    (2006, "Xu Yuhua", "Alisa Galliamova", 2.5, 0.5, POINTS),
    (2008, "Alexandra Kosteniuk", "Hou Yifan", 2.5, 1.5, POINTS),
    (2010, "Hou Yifan", "Ruan Lufei", 2.0, 2.0, RAPID),
    (2011, "Hou Yifan", "Humpy Koneru", 5.5, 2.5, POINTS),
    (2012, "Anna Ushenina", "Antoaneta Stefanova", 2.0, 2.0, RAPID),
    (2013, "Hou Yifan", "Anna Ushenina", 5.5, 1.5, POINTS),
    (2015, "Mariya Muzychuk", "Natalia Pogonina", 2.5, 1.5, POINTS),
    (2016, "Hou Yifan", "Mariya Muzychuk", 6.0, 3.0, POINTS),
    (2017, "Tan Zhongyi", "Anna Muzychuk", 2.0, 2.0, RAPID),
    (2018, "Ju Wenjun", "Tan Zhongyi", 5.5, 4.5, POINTS),
    (2018, "Ju Wenjun", "Kateryna Lagno", 2.0, 2.0, RAPID),
    (2020, "Ju Wenjun", "Aleksandra Goryachkina", 6.0, 6.0, RAPID),
    (2023, "Ju Wenjun", "Lei Tingjie", 6.5, 5.5, POINTS),
    (2025, "Ju Wenjun", "Tan Zhongyi", 6.5, 2.5, POINTS),
)

FIELDS = ("year", "title", "champion_id", "opponent_id", "champion_points", "opponent_points", "decided_by")
MATCH = Table("title_match", FIELDS).bind(database)
PLAYER = Table("player", ("id", "name")).bind(database)


def migrate_forward():
    ids = {row["name"]: row["id"] for row in PLAYER.select(PLAYER.name, PLAYER.id)}
    rows = [
        (year, title, ids[champion], ids[opponent], *points_and_reason)
        for title, matches in (("world", WORLD), ("FIDE", FIDE), ("women", WOMEN))
        for year, champion, opponent, *points_and_reason in matches
    ]
    MATCH.insert(rows, columns=[getattr(MATCH, name) for name in FIELDS]).execute()


def migrate_backward():
    for title, matches in (("world", WORLD), ("FIDE", FIDE), ("women", WOMEN)):
        years = [year for year, *_ in matches]
        MATCH.delete().where(MATCH.title == title, MATCH.year.in_(years)).execute()
