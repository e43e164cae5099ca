"""Looking at the tables of a database: what they are made of, and their rows page by page.

A click asks the database in the background and returns at once. Each look has a number: an answer
that comes when a newer look has begun is dropped.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets as w

from pwmig import frames
from pwmig.errors import PwmigError
from pwmig.frames.facts import facts, facts_grid
from pwmig.frames.grid import grid_html
from pwmig.frames.pages import page_note, styled_page, view_grid
from pwmig.frames.wording import plural
from pwmig.notebook.panels import Choice, html, show
from pwmig.notebook.rows_query import RowsQuery, on_enter
from pwmig.project import Project
from pwmig.schema import OPERATORS, Condition, Page, Query, Schema, Table

__all__ = ["MOST_OFFERED", "Explore"]

MOST_OFFERED = 200
"""So many tables are listed at once; of more, those whose name holds what was typed."""

Asked = Condition | Sequence[Any]
"""A condition, or the same as ``(column, operator, value)``."""


class Explore:
    """A list of tables, and of the chosen one its parts and a page of its rows.

    ``project_of`` gives the project to read, ``background`` starts something on a thread and shows what it
    raises, ``used`` is told each look as code. ``page`` is the page that is shown.
    """

    def __init__(
        self,
        project_of: Callable[[], Project],
        background: Callable[[Callable[[], object]], None],
        used: Callable[[str], None],
    ) -> None:
        self._project_of, self._background, self._used = project_of, background, used
        self._showing = threading.RLock()
        self._schema, self._look, self._table = Schema(), 0, ""
        self.page: Page | None = None
        self._build()

    def offer(self, schema: Schema) -> None:
        """Renew what there is to choose from. A table that is shown and was changed is looked at again."""
        with self._showing:
            was, self._schema = self._schema, schema
            self._list()
            name = self._table
            if not name or was == schema:
                return
            if not self._knows(name):
                self._clear(f"{name} is not there any more.")
                return
        if was.table(name) != schema.table(name):
            self.refresh()

    def open(self, table: str) -> None:
        """Look at a table in the background, unless a person has chosen one already."""
        if self._look == 0 and self._knows(table):
            self._start(table, Query())

    def refresh(self) -> None:
        """Look again at what is shown, in the background: rows may have changed."""
        if self.page is not None:
            self._start(self._table, self.page.query)

    def look(
        self,
        table: str,
        *,
        where: Sequence[Asked] = (),
        order_by: str | None = None,
        descending: bool = False,
        page: int = 1,
        size: int = Query().size,
    ) -> frames.Styled:
        """Show a table or a view and a page of its rows, sorted and filtered by the database.

        ``where`` holds conditions that all hold, as ``("born", ">", 1900)``; the operators are those of
        ``pwmig.schema.OPERATORS``. Raises PwmigError for what is not there or can't be asked, and where the
        database takes too long.
        """
        query = Query(tuple(map(_condition, where)), order_by, descending, page, size)
        return self._answer(self._reader(table, query), self._begin(table))

    # Building

    def _build(self) -> None:
        self.find = w.Text(description="Find table", placeholder="a part of its name")
        self.tables = w.Select(description="Tables", options=(), rows=12)
        self._choice = Choice(self.tables, lambda name: self._click(name, Query()), self._showing)
        self.listed, self.state = html("pwmig-listed"), html("pwmig-looking")
        self.facts, self.rows = html("pwmig-facts"), html("pwmig-page")
        self.query = RowsQuery(lambda query: self._click(self._table, query))
        self.find.observe(lambda _: self._list(), names="value")
        on_enter(self.find, self._pick_first)
        left, right = w.VBox([self.find, self.tables, self.listed]), w.VBox()
        right.children = (self.state, self.facts, self.query.fields, self.rows)
        left.add_class("pwmig-tables")
        right.add_class("pwmig-looked")
        self.box = w.HBox([left, right])
        self.box.add_class("pwmig-explore")
        self._clear("Choose a table to look at it.")

    def _clear(self, said: str) -> None:
        self.page, self._table = None, ""
        self.facts.value = self.rows.value = ""
        self._say(said)
        show(self.query.fields, False)

    def _say(self, text: str, role: str = "status") -> None:
        self.state.value = f'<p class="pwmig-quiet" role="{role}">{escape(text)}</p>'

    # Choosing a table

    def _names(self) -> list[tuple[str, str]]:
        """What can be looked at, as (label, name)."""
        views = [(f"{view.name} (view)", view.name) for view in self._schema.views]
        return [(name, name) for name in self._schema.table_names] + views

    def _knows(self, name: str) -> bool:
        return any(other.lower() == name.lower() for _, other in self._names())

    def _list(self) -> None:
        """List the tables whose name holds what was typed, as many as can be looked over."""
        with self._showing:
            names, part = self._names(), self.find.value.strip().lower()
            found = [(label, name) for label, name in names if part in name.lower()]
            offered = found[:MOST_OFFERED]
            chosen = next((name for _, name in offered if name.lower() == self._table.lower()), None)
            self._choice.offer(offered, chosen)
            self.listed.value = (
                f'<p class="pwmig-quiet" role="status">{_listed(len(offered), len(found), len(names))}</p>'
            )

    def _pick_first(self) -> None:
        if self.tables.options:
            self.tables.value = self.tables.options[0][1]

    # Looking

    def _click(self, table: str, query: Query) -> None:
        self._start(table, query, told=True)

    def _start(self, table: str, query: Query, *, told: bool = False) -> None:
        """Look in the background; a database that only this thread can see is read at once."""
        look, read = self._begin(table), self._reader(table, query)
        project = self._project_of()
        if not project.dialect.shared(project.database):
            read = _outcome(read)
        self._background(lambda: self._answer_late(read, look, told))

    def _answer_late(self, read: Callable[[], tuple[Table, Page]], look: int, told: bool) -> None:
        """As :meth:`_answer`, and what was clicked is ``told``; of a look that a newer one has followed, nothing is."""
        if look != self._look:
            return
        try:
            self._answer(read, look)
        except Exception:
            if look == self._look:
                raise
            return
        if told and look == self._look and self.page is not None:
            self._used(_call(self.page))

    def _begin(self, table: str) -> int:
        with self._showing:
            self._look += 1
            self._say(f"Looking at {table} ...")
            return self._look

    def _reader(self, table: str, query: Query) -> Callable[[], tuple[Table, Page]]:
        return lambda: self._project_of().look(table, query)

    def _answer(self, read: Callable[[], tuple[Table, Page]], look: int) -> frames.Styled:
        """Read and show, unless a newer look has begun meanwhile."""
        try:
            table, page = read()
        except Exception as error:
            with self._showing:
                if look == self._look:
                    self._say(
                        error.what if isinstance(error, PwmigError) else f"{type(error).__name__}: {error}", "alert"
                    )
            raise
        styled = styled_page(page)
        with self._showing:
            if look == self._look:
                self._show(table, page, styled)
        return styled

    def _show(self, table: Table, page: Page, styled: frames.Styled) -> None:
        self.page, self._table = page, table.name
        self._list()
        self.facts.value = self._facts_html(table)
        self.rows.value = styled.html
        self.query.offer(page.rows.columns, page.query)
        self.query.turned(page)
        show(self.query.fields, True)
        self._say(f"{page.rows.table}: {page_note(page)}")

    def _facts_html(self, table: Table) -> str:
        """What a table is made of, which the reader can fold away; of a view its text."""
        view = next((view for view in self._schema.views if view.name == table.name), None)
        grid = facts_grid(f"{table.name}: schema", table) if view is None else view_grid(view)
        said = escape(f"What it is made of: {_parts(table) if view is None else 'a view'}")
        return f"<details><summary>{said}</summary>{grid_html(grid)}</details>"


def _parts(table: Table) -> str:
    """How many of what: ``6 columns, 3 indexes, 1 foreign key``."""
    counts = Counter(fact.what for fact in facts(table))
    return ", ".join(plural(count, what) for what, count in counts.items())


def _condition(asked: Asked) -> Condition:
    if isinstance(asked, Condition):
        return asked
    if isinstance(asked, str) or not 2 <= len(asked) <= 3:
        raise PwmigError(
            f"{asked!r} is no condition",
            why="a condition has a column, an operator and, for most of them, a value",
            way_out="write where=[('born', '>', 1900)]",
        )
    column, operator, *value = asked
    if operator in OPERATORS and not value and not str(operator).startswith("is"):
        raise PwmigError(
            f"{asked!r} compares with nothing",
            why=f"{operator!r} takes a value",
            way_out=f"write ({column!r}, {operator!r}, VALUE)",
        )
    if value and value[0] is None:
        raise PwmigError(
            f"{asked!r} compares with NULL, and nothing is equal to NULL",
            why="in SQL a comparison with NULL is never true",
            way_out=f"write ({column!r}, 'is NULL') or ({column!r}, 'is not NULL')",
        )
    return Condition(str(column), str(operator), str(value[0]) if value else "")


def _outcome(read: Callable[[], Any]) -> Callable[[], Any]:
    """Read now, on this thread; what comes back gives the answer, or raises the error."""
    try:
        answer = read()
    except Exception as error:
        raised = error

        def fail() -> Any:
            raise raised

        return fail
    return lambda: answer


def _call(page: Page) -> str:
    """The look as code: ``explore('player', where=[('born', '>', '1900')], order_by='name')``."""
    query, start = page.query, Query()
    words = [repr(page.rows.table)]
    if query.where:
        words.append("where=[" + ", ".join(map(_condition_code, query.where)) + "]")
    for name in ("order_by", "descending", "page", "size"):
        value = getattr(query, name)
        if value != getattr(start, name):
            words.append(f"{name}={value!r}")
    return f"explore({', '.join(words)})"


def _condition_code(condition: Condition) -> str:
    words = (condition.column, condition.operator, condition.value)
    return repr(words if condition.value or not condition.operator.startswith("is") else words[:2])


def _listed(offered: int, found: int, every: int) -> str:
    if not every:
        return "The database holds no table yet."
    if offered < found:
        return f"{offered:,} of {found:,} are listed: type a part of the name."
    return f"{found:,} of {every:,}" if found < every else f"{every:,} in all"
