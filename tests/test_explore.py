"""Looking at tables without a browser: the method that every click calls, and what the widgets show of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as w
import pytest
from projects import open_project, sql_migration
from strategies import HOSTILE_NAMES, quoted

from pwmig.errors import PwmigError
from pwmig.frames.pages import page_note, styled_page
from pwmig.notebook.explore import MOST_OFFERED, Explore
from pwmig.project import Project
from pwmig.schema import OPERATORS, Column, Condition, Page, Query, Rows, Schema, Table

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45) "
MIGRATIONS = {
    "country": sql_migration("CREATE TABLE country (code TEXT PRIMARY KEY, name TEXT)"),
    "player": sql_migration(
        "CREATE TABLE player (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born INTEGER CHECK (born > 1000), "
        "country TEXT REFERENCES country)"
    ),
    "index": sql_migration("CREATE INDEX by_birth ON player (born)"),
    "view": sql_migration("CREATE VIEW young AS SELECT name, born FROM player WHERE born > 1930"),
    "fill": sql_migration(f"INSERT INTO player (name, born) {NUMBERS} SELECT 'name ' || i, 1900 + i FROM n"),
}


class Desk:
    """An Explore on a project, with what it started and what it told."""

    def __init__(self, project: Project, *, later: bool = False) -> None:
        self.project, self.later = project, later
        self.waiting: list[Callable[[], object]] = []
        self.errors: list[Exception] = []
        self.thread: threading.Thread | None = None
        self.used: list[str] = []
        self.explore = Explore(lambda: self.project, self.start, self.used.append)
        self.explore.offer(project.schema())

    def start(self, do: Callable[[], object]) -> None:
        """As the workbench does, on a thread; or when the test says so."""
        if self.later:
            self.waiting.append(do)
            return

        def run() -> None:
            try:
                do()
            except Exception as error:
                self.errors.append(error)

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def settle(self) -> None:
        """Wait for what a click began; raises what it raised."""
        if self.thread is not None:
            self.thread.join(60)
        if self.errors:
            raise self.errors.pop()

    def click(self, button: w.Button) -> None:
        button.click()
        self.settle()

    def pick(self, table: str) -> None:
        self.explore.tables.value = table
        self.settle()

    def enter(self, field: w.Text) -> None:
        """Press Enter in a field."""
        field._handle_custom_msg({"event": "submit"}, [])
        self.settle()

    @property
    def ids(self) -> list[Any]:
        assert self.explore.page is not None
        return [row[0] for row in self.explore.page.rows.rows]

    @property
    def state(self) -> str:
        return str(self.explore.state.value)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    project = open_project(tmp_path, MIGRATIONS)
    project.apply()
    return Desk(project)


def widgets(box: w.Widget) -> list[w.Widget]:
    return [box, *(inner for child in getattr(box, "children", ()) for inner in widgets(child))]


# -- choosing a table


def test_a_table_that_is_picked_shows_what_it_is_made_of_and_its_first_rows(desk: Desk) -> None:
    assert "Choose a table" in desk.state and desk.explore.query.fields.layout.display == "none"
    assert [name for _, name in desk.explore.tables.options] == ["country", "player", "young"]
    desk.pick("player")
    facts = desk.explore.facts.value
    assert all(
        word in facts for word in ("by_birth", "REFERENCES country", "born &gt; 1000", "primary key", "NOT NULL")
    )
    assert desk.ids == list(range(1, 21)) and "player: rows 1-20 of 45" in desk.state
    assert desk.explore.query.fields.layout.display is None
    assert desk.used == ["explore('player')"]


def test_a_view_is_looked_at_with_its_text(desk: Desk) -> None:
    desk.pick("young")
    assert "CREATE VIEW young" in desk.explore.facts.value and "rows 1-15 of 15" in desk.state
    assert ("young (view)", "young") in desk.explore.tables.options


def test_typing_narrows_the_list_and_enter_takes_the_first(desk: Desk) -> None:
    desk.explore.find.value = "Y"
    assert [name for _, name in desk.explore.tables.options] == ["country", "player", "young"]
    desk.explore.find.value = " LAY "
    assert [name for _, name in desk.explore.tables.options] == ["player"] and "1 of 3" in desk.explore.listed.value
    assert desk.used == [], "nothing is looked at while somebody types"
    desk.enter(desk.explore.find)
    assert desk.used == ["explore('player')"]
    desk.explore.find.value = "nothing"
    assert desk.explore.tables.options == () and desk.explore.page is not None
    desk.enter(desk.explore.find)
    desk.explore.find.value = ""
    assert desk.explore.tables.value == "player", "what is shown is chosen in the list"


def test_of_a_thousand_tables_some_are_listed_and_all_are_found(desk: Desk) -> None:
    tables = tuple(Table(f"t{number:04}", (Column("a", ""),)) for number in range(1_000))
    desk.explore.offer(Schema(tables))
    assert len(desk.explore.tables.options) == MOST_OFFERED
    assert "200 of 1,000 are listed" in desk.explore.listed.value
    desk.explore.find.value = "0987"
    assert [name for _, name in desk.explore.tables.options] == ["t0987"]


def test_a_table_that_is_gone_is_not_shown_any_more(desk: Desk) -> None:
    desk.pick("player")
    desk.explore.offer(Schema())
    assert (desk.explore.page, desk.explore.rows.value, desk.explore.facts.value) == (None, "", "")
    assert "player is not there any more" in desk.state and "holds no table" in desk.explore.listed.value


def test_a_table_that_changed_is_looked_at_again(desk: Desk) -> None:
    desk.pick("player")
    desk.project.database.execute_sql("ALTER TABLE player ADD COLUMN level INTEGER DEFAULT 7")
    desk.project.database.close()
    desk.explore.offer(desk.project.schema())
    desk.settle()
    assert "level" in desk.explore.facts.value and "level" in desk.explore.rows.value
    shown = desk.explore.page
    desk.explore.offer(desk.project.schema())
    desk.settle()
    assert desk.explore.page is shown, "and only then"
    desk.explore.refresh()
    desk.settle()
    assert desk.explore.page is not shown
    assert desk.used == ["explore('player')"], "a person clicked once"


# -- the rows


def test_the_fields_sort_and_filter_by_the_database(desk: Desk) -> None:
    desk.pick("player")
    query = desk.explore.query
    query.column.value, query.operator.value, query.value.value = "born", ">", "1940"
    query.order_by.value, query.descending.value = "name", True
    desk.click(query.show)
    assert desk.ids == [45, 44, 43, 42, 41]
    assert "player: rows 1-5 of 5 that match; 45 in the table" in desk.state
    assert desk.used[-1] == "explore('player', where=[('born', '>', '1940')], order_by='name', descending=True)"
    query.value.value = "1944"
    desk.enter(query.value)
    assert desk.ids == [45]
    query.operator.value = "is NULL"
    assert query.value.disabled
    desk.click(query.show)
    assert desk.ids == [] and "0 that match; 45 in the table" in desk.state
    assert "No row meets the conditions." in desk.explore.rows.value
    assert desk.used[-1].startswith("explore('player', where=[('born', 'is NULL')]")
    query.column.value = None
    desk.click(query.show)
    assert len(desk.ids) == 20


def test_pages_are_turned(desk: Desk) -> None:
    desk.pick("player")
    query = desk.explore.query
    assert (query.previous.disabled, query.next.disabled) == (True, False)
    desk.click(query.next)
    desk.click(query.next)
    assert desk.ids == [41, 42, 43, 44, 45] and "rows 41-45 of 45" in desk.state
    assert (query.previous.disabled, query.next.disabled) == (False, True)
    desk.click(query.previous)
    assert desk.ids == list(range(21, 41)) and desk.used[-1] == "explore('player', page=2)"
    desk.click(query.show)
    assert desk.used[-1] == "explore('player')", "another question begins at the first page"


def test_another_table_begins_without_the_conditions_of_the_last_one(desk: Desk) -> None:
    desk.explore.look("player", where=[("born", "<", 1910)], order_by="born")
    query = desk.explore.query
    assert (query.column.value, query.operator.value, query.value.value) == ("born", "<", "1910")
    assert query.order_by.value == "born"
    desk.pick("country")
    assert (query.column.label, query.operator.value, query.value.value) == ("(no filter)", OPERATORS[0], "")
    assert query.order_by.label == "(the key)" and "no rows" in desk.state


def test_a_look_as_code_takes_many_conditions_and_gives_the_frame(desk: Desk) -> None:
    styled = desk.explore.look(
        "PLAYER", where=[("born", ">=", 1910), Condition("name", "contains", "1")], size=3, page=2
    )
    assert list(styled.frame.index) == [13, 14, 15] and list(styled.frame.columns) == ["name", "born", "country"]
    assert desk.explore.page is not None and desk.explore.page.matching == 10 + 3
    desk.click(desk.explore.query.next)
    assert (
        desk.used[-1] == "explore('player', where=[('born', '>=', '1910'), ('name', 'contains', '1')], page=3, size=3)"
    )
    desk.explore.query.descending.value = True
    desk.click(desk.explore.query.show)
    assert len(desk.explore.page.query.where) == 2, "they stay until one is chosen in the field"


def test_every_call_that_is_told_does_the_same_again(desk: Desk) -> None:
    desk.explore.look("player", where=[("name", "=", 'it\'s "<b>" \\'), ("born", "is not NULL")], descending=True)
    page = desk.explore.page
    desk.click(desk.explore.query.show)
    assert desk.explore.page == page
    eval(desk.used[-1], {"explore": desk.explore.look})
    assert desk.explore.page == page


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_and_cells_are_shown_and_never_run(name: str, tmp_path: Path) -> None:
    project = open_project(tmp_path, {"a": sql_migration("SELECT 1")})
    project.database.execute_sql(f"CREATE TABLE {quoted(name)} (id INTEGER PRIMARY KEY, {quoted(name)} TEXT)")
    project.database.execute_sql(f"INSERT INTO {quoted(name)} VALUES (1, '<script>alert(1)</script>')")
    project.database.close()
    desk = Desk(project)
    desk.pick(name)
    desk.explore.look(name, where=[(name, "contains", "<script>")], order_by=name)
    shown = "".join(widget.value for widget in widgets(desk.explore.box) if isinstance(widget, w.HTML))
    assert "<script" not in shown and "<img" not in shown and "&lt;script&gt;" in shown
    desk.click(desk.explore.query.show)
    eval(desk.used[-1], {"explore": desk.explore.look})


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"table": "coach"}, "no table or view 'coach'"),
        ({"table": "player", "order_by": "age"}, "no column 'age' to sort by"),
        ({"table": "player", "where": [("age", "=", 1)]}, "no column 'age' to filter by"),
        ({"table": "player", "where": [("born", "~", 1)]}, "'~' is no condition"),
        ({"table": "player", "where": ("born", "=", "1")}, "'born' is no condition"),
        ({"table": "player", "where": [("born",)]}, r"\('born',\) is no condition"),
        ({"table": "player", "page": 4}, "no page 4"),
        ({"table": "player", "size": 10_000}, "can't have 10000 rows"),
    ],
)
def test_what_cannot_be_asked_is_raised_and_shown(desk: Desk, asked: dict[str, Any], says: str) -> None:
    desk.pick("country")
    with pytest.raises(PwmigError, match=says):
        desk.explore.look(**asked)
    assert desk.explore.page is not None and desk.explore.page.rows.table == "country", "what was shown stays"
    assert desk.used == ["explore('country')"]


def test_an_error_of_a_click_reaches_whoever_shows_it(desk: Desk) -> None:
    desk.pick("player")
    desk.project.database.execute_sql("DROP TABLE player")
    desk.project.database.close()
    with pytest.raises(PwmigError, match="no table or view 'player'"):
        desk.explore.refresh()
        desk.settle()
    assert "no table or view" in desk.state and 'role="alert"' in desk.state


# -- in the background


def test_a_click_returns_at_once_and_the_newest_wins(desk: Desk) -> None:
    desk.later = True
    desk.pick("player")
    assert "Looking at player ..." in desk.state and desk.explore.page is None
    desk.pick("country")
    assert "Looking at country ..." in desk.state
    older, newer = desk.waiting
    newer()
    assert desk.explore.page is not None and desk.explore.page.rows.table == "country"
    older()
    assert desk.explore.page.rows.table == "country" and desk.used == ["explore('country')"]


def test_an_answer_that_comes_too_late_is_dropped_and_its_error_too(desk: Desk) -> None:
    answers: list[Callable[[], object]] = []
    reader = desk.explore._reader

    def slow(table: str, query: Query) -> Callable[[], Any]:
        """While the first answer is read, the person picks another table."""
        if answers:
            return reader(table, query)
        answers.append(lambda: None)

        def read() -> Any:
            desk.explore.look("country")
            return reader(table, query)()

        return read

    desk.explore._reader = slow  # type: ignore[method-assign]
    desk.pick("player")
    assert desk.explore.page is not None and desk.explore.page.rows.table == "country"
    assert desk.used == [], "what was shown then is not what was clicked"
    answers.clear()
    desk.explore.query._asked(Query(order_by="nothing"))
    desk.settle()
    assert "country: no rows" in desk.state, "the error of what nobody waits for is told to nobody"


def test_a_database_in_memory_is_read_by_the_thread_that_has_it(tmp_path: Path) -> None:
    import peewee

    database = peewee.SqliteDatabase(":memory:")
    database.execute_sql("CREATE TABLE player (id INTEGER PRIMARY KEY)")
    database.execute_sql("INSERT INTO player VALUES (7)")
    desk = Desk(Project(database=database, migrations=tmp_path))
    desk.pick("player")
    assert desk.ids == [7]
    with pytest.raises(PwmigError, match="no column 'x'"):
        desk.explore.query._asked(Query(order_by="x"))
        desk.settle()


# -- for everybody


def test_each_field_has_a_name_and_no_widget_holds_more_than_is_shown(desk: Desk) -> None:
    desk.explore.look("player", size=3)
    for widget in widgets(desk.explore.box):
        if isinstance(widget, (w.Text, w.Dropdown, w.Select, w.Checkbox, w.Button)):
            assert widget.description
    held = sum(widget.value.count("name ") for widget in widgets(desk.explore.box) if isinstance(widget, w.HTML))
    assert held == 3


def page(shown: int, count: int, exact: bool = True, **others: Any) -> Page:
    query = Query(others.pop("where", ()), page=others.pop("page", 1))
    rows = Rows("t", ("id",), ("id",), tuple((number,) for number in range(shown)), count, exact)
    return Page(query, rows, others.pop("matching", count), **others)


SOME = (Condition("id", ">", "1"),)


@pytest.mark.parametrize(
    ("found", "note"),
    [
        (page(20, 31_689, page=2), "rows 21-40 of 31,689"),
        (page(20, 10_000_000, exact=False), "rows 1-20 of about 10,000,000"),
        (page(0, 0), "no rows"),
        (page(7, 90, where=SOME, matching=7), "rows 1-7 of 7 that match; 90 in the table"),
        (page(0, 90, where=SOME, matching=0), "0 that match; 90 in the table"),
        (
            page(20, 10_000_000, exact=False, where=SOME, matching=100_000, matching_exact=False),
            "rows 1-20 of at least 100,000 that match; about 10,000,000 in the table",
        ),
    ],
)
def test_a_note_says_which_rows_of_how_many_these_are(found: Page, note: str) -> None:
    assert page_note(found) == note and note in styled_page(found).html


def test_the_sorted_column_says_so() -> None:
    rows = Rows("t", ("id", "a"), ("id",), ((1, 2),), 1)
    text = repr(styled_page(Page(Query(order_by="A", descending=True), rows, 1)))
    assert "a descending" in text and "id descending" not in text
