"""Hypothesis strategies for SQLite schemas: statements that SQLite accepts, with names it must quote.

``scripts()`` gives whole schemas as tuples of statements, ``names()`` single names, ``columns()`` lists of
column definitions. Everything that can stand in a CREATE TABLE stands in some example.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

HOSTILE_NAMES = (
    "player",
    "Player Of The Year",
    'say "hi"',
    "it's",
    "back`tick",
    "semi;colon",
    "per%cent",
    "brace{0}",
    "at@sign",
    "select",
    "order",
    "check",
    "naïve",
    "名前",
    "--",
    "t__tmp__",
    "1st",
    "\\",
    "line\nbreak",
    "<img src=x onerror=alert(1)>",
)
TYPES = ("INTEGER", "TEXT", "VARCHAR(40)", "REAL", "BLOB", "DECIMAL(10, 2)", "unsigned big int", "")
DEFAULTS = ("1", "-1.5", "'a, (b) NOT NULL'", "'it''s'", "NULL", "(1 + 2)", "CURRENT_TIMESTAMP", "x'00ff'")
ACTIONS = ("", " ON DELETE CASCADE", " ON UPDATE SET NULL ON DELETE RESTRICT", " DEFERRABLE INITIALLY DEFERRED")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class ColumnText:
    """A column's name, and its definition behind the name."""

    name: str
    definition: str
    generated: bool = False

    @property
    def sql(self) -> str:
        return f"{quoted(self.name)} {self.definition}".rstrip()


def names() -> st.SearchStrategy[str]:
    """A name that SQLite accepts in quotes and that is neither its own nor pwmig's."""
    letters = st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs",))
    made = st.text(letters, min_size=1, max_size=12)
    return st.one_of(st.sampled_from(HOSTILE_NAMES), made).filter(
        lambda name: not name.lower().startswith(("sqlite_", "pwmig_"))
    )


def distinct_names(minimum: int, maximum: int) -> st.SearchStrategy[list[str]]:
    return st.lists(names(), min_size=minimum, max_size=maximum, unique_by=str.lower)


@st.composite
def columns(draw: st.DrawFn, minimum: int = 1, maximum: int = 4) -> list[ColumnText]:
    """Columns without a primary key; a generated one refers to the first."""
    found: list[ColumnText] = []
    for name in draw(distinct_names(minimum, maximum)):
        if found and draw(st.integers(0, 5)) == 0:
            kind = draw(st.sampled_from(("VIRTUAL", "STORED")))
            found.append(ColumnText(name, f"TEXT GENERATED ALWAYS AS ({quoted(found[0].name)} || 'x') {kind}", True))
            continue
        words = [draw(st.sampled_from(TYPES))]
        if draw(st.booleans()):
            words.append("NOT NULL" + draw(st.sampled_from(("", " ON CONFLICT IGNORE"))))
        if draw(st.booleans()):
            words.append("DEFAULT " + draw(st.sampled_from(DEFAULTS)))
        if draw(st.integers(0, 3)) == 0:
            words.append("COLLATE " + draw(st.sampled_from(("NOCASE", "rtrim"))))
        if draw(st.integers(0, 3)) == 0:
            words.append(f"CHECK ({quoted(name)} <> 'no, (never) NOT NULL')")
        if draw(st.integers(0, 4)) == 0:
            words.append("UNIQUE")
        found.append(ColumnText(name, " ".join(word for word in words if word)))
    return found


@st.composite
def tables(draw: st.DrawFn, name: str, others: tuple[str, ...] = ()) -> tuple[str, ...]:
    """CREATE TABLE of that name, with its indexes and a trigger; foreign keys go to ``others`` or itself."""
    made = draw(columns())
    own = [column for column in made if not column.generated]
    key = "k__" + str(len(name))
    kind = draw(st.sampled_from(("rowid", "autoincrement", "composite", "without rowid", "none")))
    lines = [column.sql for column in made]
    if kind == "rowid":
        lines.insert(0, f"{key} INTEGER PRIMARY KEY")
    elif kind == "autoincrement":
        lines.append(f"{key} INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT")
    elif kind != "none":
        lines = [f"{key} INTEGER NOT NULL", *lines, f"PRIMARY KEY ({key}, {quoted(own[0].name)} DESC)"]
    if draw(st.booleans()):
        lines.append(f"CONSTRAINT {quoted('u ' + name)} UNIQUE ({', '.join(quoted(one.name) for one in own)})")
    if draw(st.booleans()):
        target = draw(st.sampled_from((*others, name)))
        lines.append(
            f"FOREIGN KEY ({quoted(own[0].name)}) REFERENCES {quoted(target)} (x){draw(st.sampled_from(ACTIONS))}"
        )
    options = " WITHOUT ROWID" if kind == "without rowid" else ""
    found = [f"CREATE TABLE {quoted(name)} ({', '.join(lines)}){options}"]
    found += draw(_indexes(name, made))
    if draw(st.booleans()):
        found.append(
            f"CREATE TRIGGER {quoted('tr ' + name)} AFTER DELETE ON {quoted(name)} "
            f"BEGIN DELETE FROM {quoted(name)} WHERE {quoted(own[0].name)} = OLD.{quoted(own[0].name)}; END"
        )
    return tuple(found)


@st.composite
def _indexes(draw: st.DrawFn, table: str, made: list[ColumnText]) -> list[str]:
    found = []
    for number in range(draw(st.integers(0, 2))):
        column = quoted(draw(st.sampled_from(made)).name)
        part = draw(st.sampled_from((column, f"{column} DESC", f"lower({column})", f"{column} COLLATE RTRIM")))
        where = draw(st.sampled_from(("", f" WHERE {column} IS NOT NULL")))
        unique = draw(st.sampled_from(("", "UNIQUE ")))
        found.append(f"CREATE {unique}INDEX {quoted(f'i{number} {table}')} ON {quoted(table)} ({part}){where}")
    return found


@st.composite
def scripts(draw: st.DrawFn, minimum: int = 1, maximum: int = 3) -> tuple[str, ...]:
    """A whole schema: tables with all they have, and a view now and then."""
    found: list[str] = []
    made: tuple[str, ...] = ()
    for name in draw(distinct_names(minimum, maximum)):
        found += draw(tables(name, made))
        made += (name,)
    if draw(st.booleans()):
        found.append(f"CREATE VIEW {quoted('v ' + made[0])} AS SELECT * FROM {quoted(made[0])} AS x")
    return tuple(found)
