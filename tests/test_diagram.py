"""The diagram as text: what it shows, what is marked, which part of a large schema, and that no name breaks it."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import HOSTILE_NAMES, names, quoted, scripts

from pwmig.dialects.sqlite.seeing.introspect import introspect
from pwmig.diff import AddForeignKey, AlterColumn, Change, DropForeignKey, RenameColumn, RenameTable, diff
from pwmig.errors import PwmigError
from pwmig.frames.diagram import MOST_TEXT, draw, mermaid
from pwmig.notebook.diagram import MIME, DiagramView
from pwmig.schema import Column, ForeignKey, Schema, Table


def schema(*statements: str) -> Schema:
    connection = sqlite3.connect(":memory:")
    for statement in statements:
        connection.executescript(statement)
    return introspect(lambda sql, params=(): connection.execute(sql, params).fetchall())


COUNTRY = "CREATE TABLE country (id INTEGER PRIMARY KEY, code VARCHAR(3) NOT NULL UNIQUE)"
PLAYER = (
    "CREATE TABLE player (id INTEGER PRIMARY KEY, name TEXT, rating DECIMAL(10, 2), "
    "country_id INTEGER NOT NULL REFERENCES country, trainer_id REFERENCES player)"
)
PASSPORT = "CREATE TABLE passport (player_id INTEGER PRIMARY KEY REFERENCES player, number)"

# What a line may be, so that no name has broken out of its quotes: the whole language that is written.
CODED = r"(?:[^\W_]|[ (),]|(?<=[^\W_])[_-]|#[0-9]+;)*"
WORD = r"[A-Za-z_\u00c0-\uffff][A-Za-z0-9_()\u00c0-\uffff]*"
LINES = (
    r"erDiagram",
    r"    accTitle: Tables and references",
    rf"    accDescr: {CODED}",
    rf"    %% {CODED}",
    rf'    t[0-9]+\["{CODED}"\](?::::(?:added|dropped|changed))? \{{',
    rf'        {WORD} {WORD}(?: (?:PK|FK|UK)(?:, (?:FK|UK))*)?(?: "{CODED}")?',
    r'        \u2026 \u2026 "[0-9]+ more columns"',
    r"    \}",
    rf'    m[0-9]+\["{CODED}"\]',
    rf'    [tm][0-9]+ (?:\|\||\|o)(?:--|\.\.)(?:o\||o\{{) t[0-9]+ : "{CODED}"',
    r"    classDef (?:added|dropped|changed) stroke:#[0-9a-f]{6},stroke-width:3px(?:,stroke-dasharray:6 4)?",
)


def is_sound(text: str) -> bool:
    """Whether each line is one of those, and none holds what Mermaid would take for an order of its own."""
    lines = text.rstrip("\n").split("\n")
    ours = all(any(re.fullmatch(line, one) for line in LINES) for one in lines)
    keys = [one for one in lines if re.match(r"        (\S+ )?([pfu]k)\b(?!$|,)", one, re.IGNORECASE | re.ASCII)]
    return ours and not keys and not re.search(r"direction\s+(TB|BT|LR|RL)", text, re.IGNORECASE)


def titles(text: str) -> list[str]:
    """What the entities are called, decoded."""
    return [decoded(title) for title in re.findall(r'^    [tm][0-9]+\["(.*?)"\]', text, re.MULTILINE)]


def decoded(text: str) -> str:
    return re.sub("#([0-9]+);", lambda code: chr(int(code[1])), text)


# -- what is shown


def test_tables_columns_keys_and_references() -> None:
    assert mermaid(schema(COUNTRY, PLAYER, PASSPORT)).split("classDef")[0].rstrip() == (
        """erDiagram
    accTitle: Tables and references
    t1["country"] {
        INTEGER id PK
        VARCHAR(3) code UK
    }
    t2["passport"] {
        INTEGER player_id PK, FK
        untyped number
    }
    t3["player"] {
        INTEGER id PK
        TEXT name
        DECIMAL(10‚2) rating
        INTEGER country_id FK
        untyped trainer_id FK
    }
    t3 ||--o| t2 : "player_id"
    t1 ||--o{ t3 : "country_id"
    t3 |o--o{ t3 : "trainer_id\""""  # noqa: RUF001 a comma that Mermaid takes in a word
    )


@pytest.mark.parametrize(
    ("child", "line"),
    [
        ("a REFERENCES p", "|o--o{"),
        ("a NOT NULL REFERENCES p", "||--o{"),
        ("a UNIQUE REFERENCES p", "|o--o|"),
        ("a, b, UNIQUE (a, b), FOREIGN KEY (a) REFERENCES p", "|o--o{"),
        ("a NOT NULL, b NOT NULL, UNIQUE (b), FOREIGN KEY (a, b) REFERENCES p (x, y)", "||--o|"),
        ("a NOT NULL, b, FOREIGN KEY (a, b) REFERENCES p (x, y)", "|o--o{"),
    ],
)
def test_the_ends_of_a_reference_say_how_many_rows_stand_there(child: str, line: str) -> None:
    text = mermaid(schema("CREATE TABLE p (id INTEGER PRIMARY KEY, x, y)", f"CREATE TABLE c ({child})"))
    assert f"    t2 {line} t1 : " in text


def test_a_reference_to_a_table_that_is_not_there_says_so() -> None:
    text = mermaid(schema("CREATE TABLE c (a REFERENCES ghost, b REFERENCES ghost)"))
    assert titles(text) == ["c", "ghost (no such table)"] and text.count("m1 |o--o{ t1") == 2


def test_a_partial_index_makes_no_column_unique() -> None:
    text = mermaid(
        schema("CREATE TABLE c (a, b)", "CREATE UNIQUE INDEX i ON c (a) WHERE b", "CREATE UNIQUE INDEX j ON c (b)")
    )
    assert "untyped a\n" in text and "untyped b UK\n" in text


def test_a_large_table_shows_its_keys_first_then_what_changed() -> None:
    many = ", ".join(f"c{number:02}" for number in range(30))
    before = schema(COUNTRY, f"CREATE TABLE t (id INTEGER, {many}, r REFERENCES country, PRIMARY KEY (id))")
    after = schema(COUNTRY, f"CREATE TABLE t (id INTEGER, {many}, r REFERENCES country, new, PRIMARY KEY (id))")
    shown = re.findall(r"^        (\S+) (\S+)", mermaid(after, diff(before, after)).split('["t')[1], re.MULTILINE)
    assert [name for _, name in shown][:4] == ["id", "r", "new", "c00"] and len(shown) == 12 + 1
    assert '"21 more columns"' in mermaid(after)


# -- what is marked


def test_what_changed_is_marked_by_sign_word_and_colour() -> None:
    before = schema(COUNTRY, PLAYER, "CREATE TABLE club (id INTEGER PRIMARY KEY, c REFERENCES country)")
    after = schema(
        COUNTRY,
        PLAYER.replace("name TEXT", "name TEXT NOT NULL, level INT").replace("rating DECIMAL(10, 2), ", ""),
        PASSPORT,
    )
    text = mermaid(after, diff(before, after))
    assert titles(text) == ["club (- dropped)", "country", "passport (+ added)", "player (~ changed)"]
    for line in (
        't1["club (#45; dropped)"]:::dropped {',
        't3["passport (#43; added)"]:::added {',
        't4["player (#126; changed)"]:::changed {',
        'INT level "#43; added"',
        'DECIMAL(10‚2) rating "#45; dropped"',  # noqa: RUF001
        'TEXT name "#126; nullable yes #45;#62; no"',
        't2 |o..o{ t1 : "c"',
    ):
        assert line in text


def test_references_that_came_and_went_are_marked() -> None:
    key, other = ForeignKey(("a",), "p", ("id",)), ForeignKey(("b",), "p", ("id",))
    parent = Table("p", (Column("id", "INTEGER"),), ("id",))
    after = Schema((Table("c", (Column("a", ""), Column("b", "")), foreign_keys=(key,)), parent))
    text = mermaid(after, (AddForeignKey("c", key), DropForeignKey("c", other)))
    assert 't2 |o--o{ t1 : "a (#43; added)"' in text and 't2 |o..o{ t1 : "b (#45; dropped)"' in text


def test_renamed_things_say_what_they_were() -> None:
    before = schema("CREATE TABLE person (id INTEGER PRIMARY KEY, born INT)")
    after = schema("CREATE TABLE player (id INTEGER PRIMARY KEY, birth_year INT NOT NULL)")
    old, new = before.tables[0].columns[1], after.tables[0].columns[1]
    changes: tuple[Change, ...] = (
        RenameTable("player", "person"),
        RenameColumn("player", "born", "birth_year"),
        AlterColumn("player", before=Column("birth_year", old.type), after=new),
    )
    text = draw(after, changes)
    assert titles(text.text) == ["player (~ renamed from person)"]
    assert text.sentences == (
        "player: ~ renamed from person",
        "player.birth_year: ~ renamed from born, nullable yes -> no",
    )


def test_the_same_is_said_in_words() -> None:
    assert draw(schema(COUNTRY, PLAYER)).sentences == (
        "player refers to country (country_id)",
        "player refers to player (trainer_id)",
    )


# -- a part of a large schema

CHAIN = tuple(f"CREATE TABLE t{n:03} (id INTEGER PRIMARY KEY, up REFERENCES t{max(n - 1, 0):03})" for n in range(100))


@pytest.mark.parametrize(
    ("asked", "shown", "note"),
    [
        ({"focus": "t050", "most_tables": 5}, range(48, 53), "5 of 100 tables: those near t050"),
        ({"focus": "T050", "most_tables": 4}, (48, 49, 50, 51), "4 of 100 tables: those near t050"),
        ({"focus": "t050", "distance": 1}, range(49, 52), "3 of 100 tables: those near t050"),
        ({"focus": "t050", "most_tables": 100}, range(100), ""),
        ({"most_tables": 3}, (0, 1, 2), "3 of 100 tables: those near t001, which has the most references"),
    ],
)
def test_of_a_large_schema_what_is_near_is_shown(asked: dict[str, Any], shown: Any, note: str) -> None:
    diagram = draw(schema(*CHAIN), **asked)
    assert (titles(diagram.text), diagram.note) == ([f"t{number:03}" for number in shown], note)
    assert (f"%% {note}" in decoded(diagram.text)) == bool(note)


def test_of_a_large_schema_what_changed_is_shown_with_its_neighbours() -> None:
    before, after = schema(*CHAIN), schema(*CHAIN, "ALTER TABLE t070 ADD new")
    diagram = draw(after, diff(before, after), most_tables=3)
    assert titles(diagram.text) == ["t069", "t070 (~ changed)", "t071"]
    assert diagram.note == "3 of 100 tables: those near what changed"


def test_there_is_no_neighbourhood_of_a_table_that_is_not_there() -> None:
    with pytest.raises(PwmigError, match="no table 'coach'"):
        draw(schema(COUNTRY), focus="coach")


def test_however_large_the_text_stays_what_jupyterlab_draws() -> None:
    columns = tuple(Column("💥" * 100 + str(number), "<>" * 50) for number in range(60))
    keys = tuple(ForeignKey((column.name,), "t0", ("a",)) for column in columns)
    tables = tuple(Table(f"t{number}", columns, foreign_keys=keys) for number in range(60))
    whole = draw(Schema(tables), most_tables=60)
    assert 10_000 < len(whole.text) <= MOST_TEXT and is_sound(whole.text)
    assert re.fullmatch(r"[0-9]+ of 60 tables: those near t0, which has the most references", whole.note)


# -- hostile names

WORST = (
    *(*HOSTILE_NAMES, "pk", "PK-1", "fk.", "uké", "direction TB", "DIRECTION  lr", "erDiagram", "classDef x fill:red"),
    *(
        "%%{init: {}}%%",
        "---",
        "#35;",
        "#quot;",
        "ﬂ°°35¶ß",
        "`a`",
        "_a_",
        "__a__",
        "*a*",
        "- a",
        "1. a",
        "    a",
        "$$a$$",
    ),
    *('"]', "}", "t1", "a]:::added {", "~a~", "accTitle: a", "\u202egnp", "\0", "www.example.com", "fa:fa-ban", ""),
)


@pytest.mark.parametrize("name", WORST)
def test_no_name_breaks_out_of_its_place(name: str) -> None:
    key = ForeignKey((name,), name, (name,), name=name)
    table = Table(name, (Column(name, name), Column("b" + name, "")), (name,), foreign_keys=(key,))
    ghost = Table("x" + name, (Column(name, "INT"),), foreign_keys=(ForeignKey((name,), "ghost" + name, ("a",)),))
    text = mermaid(Schema((table, ghost)), (RenameTable(name, name),))
    assert is_sound(text)
    visible = "".join(char if char.isprintable() else repr(char)[1:-1] for char in name)
    assert titles(text)[0].startswith(visible) or titles(text)[1].startswith(visible)


@given(scripts(1, 4), st.integers(1, 5))
def test_any_schema_makes_a_sound_text_and_always_the_same(script: tuple[str, ...], most: int) -> None:
    found = schema(*script)
    text = mermaid(found, diff(Schema(), found), most_tables=most)
    assert is_sound(text) and text == mermaid(found, diff(Schema(), found), most_tables=most)
    assert len(titles(text)) >= min(most, 1)


@given(names(), names())
def test_any_name_can_be_read_back(table: str, column: str) -> None:
    text = mermaid(schema(f"CREATE TABLE {quoted(table)} ({quoted(column)})"))
    visible = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in table)
    assert is_sound(text) and titles(text) == [visible]


# -- the widget


def text_of(view: DiagramView) -> str:
    (output,) = view.picture.outputs
    return str(output["data"][MIME])


def test_the_view_shows_the_whole_or_what_is_around_a_table() -> None:
    view = DiagramView()
    view.show(schema(COUNTRY, PLAYER, PASSPORT, "CREATE TABLE alone (id)"))
    assert view.around.options == ("alone", "country", "passport", "player")
    assert titles(text_of(view)) == ["alone", "country", "passport", "player"] and view.note.value == ""
    view.around.value = "PASSPORT"
    assert titles(text_of(view)) == ["passport", "player"] and "2 of 4 tables: those near passport." in view.note.value
    view.around.value = "<b>"
    assert len(titles(text_of(view))) == 4 and "There is no table &lt;b&gt;." in view.note.value
    view.around.value = ""
    assert len(titles(text_of(view))) == 4


def test_the_view_marks_changes_and_tells_them_in_escaped_words() -> None:
    before, after = schema(COUNTRY), schema(COUNTRY, 'CREATE TABLE "<b>" (a REFERENCES country)')
    view = DiagramView()
    view.show(after, diff(before, after))
    assert "&lt;b&gt;: + added" in view.words.value and "&lt;b&gt; refers to country (a)" in view.words.value
    assert view.picture.outputs[0]["data"]["text/plain"] == "<b>: + added\n<b> refers to country (a)"
    view.show(Schema())
    assert "No table refers to another" in view.words.value


def test_a_large_schema_is_shown_around_its_focus_and_the_picture_is_left_alone_where_it_is_the_same() -> None:
    view, large = DiagramView(), schema(*CHAIN)
    view.show(large, (), "t050")
    assert len(titles(text_of(view))) == 25 and "those near t050." in view.note.value
    sent: list[object] = []
    view.picture.observe(sent.append, names="outputs")
    view.show(large, (), "t050")
    view.show(large, (), "gone")
    assert len(sent) == 1 and "which has the most references" in view.note.value
