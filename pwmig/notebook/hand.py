"""What a person clicks: each click is kept as the call that does the same, starts it and returns at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pwmig.errors import PwmigError
from pwmig.notebook.from_models import told
from pwmig.notebook.lines import call
from pwmig.plan import Direction, Plan

if TYPE_CHECKING:
    from pwmig.drafting import Wishes
    from pwmig.notebook.workbench import Workbench

__all__ = ["Hand"]


class Hand:
    """The clicks on one workbench. What they raise is shown, as nobody else waits for it.

    ``start`` begins something on a thread of its own.
    """

    def __init__(self, workbench: Workbench, start: Callable[[Callable[[], object]], None]) -> None:
        self._bench = workbench
        self._begin = start

    # Running

    def click_rehearse(self) -> None:
        workbench = self._bench
        forward, backward = workbench.screen.plans()
        plan = forward if forward or not backward else backward
        if isinstance(plan, Plan) and not plan:
            plan = PwmigError(
                "there is nothing to rehearse here",
                why="nothing up to the selected migration is pending, and nothing after it is applied",
                way_out="select another migration, or make a new one",
            )
        back = isinstance(plan, Plan) and plan.direction is Direction.BACKWARD
        line = call("rehearse", workbench.selected, **({"backward": True} if back else {}))
        self._start(plan, line, workbench.rehearse_plan)

    def click_apply(self) -> None:
        self._carry_out("apply", self._bench.screen.plans()[0], self._bench.selected)

    def click_revert(self) -> None:
        self._carry_out("revert", self._bench.screen.plans()[1], self._bench.selected)

    def click_yes(self) -> None:
        """Go on with the plan that was asked about, and no other."""
        plan = self._bench.asked
        self._bench.ask(None)
        if plan is not None:
            verb = "apply" if plan.direction is Direction.FORWARD else "revert"
            self._carry_out(verb, plan, self._bench.bench.end_of(plan), confirm=True)

    def click_no(self) -> None:
        self._bench.ask(None)

    def click_compare(self) -> None:
        start, end = self._bench.face.start.value, self._bench.face.end.value
        self._note(call("compare", start, end))
        self._in_background(lambda: self._bench.compare(start, end))

    def click_diff(self, before: str, after: str) -> None:
        self._note(call("diff", before, after))
        self._in_background(lambda: self._bench.diff(before, after))

    def click_cancel(self) -> None:
        self._note(call("cancel"))
        self._bench.cancel()

    def click_refresh(self) -> None:
        self._note(call("refresh"))
        self._in_background(self._bench.refresh)

    # Editing

    def click_new(self) -> None:
        self._note(call("new"))
        self._now(self._bench.new)

    def click_edit(self) -> None:
        name = self._bench.selected
        self._note(call("edit", name))
        self._now(lambda: self._bench.edit(name))

    def click_from_models(self, name: str | None, wishes: Wishes) -> None:
        self._note(call("from_models", *([] if name is None else [name]), **told(wishes)))
        self._in_background(lambda: self._bench.draft(name, wishes))

    # Looking

    def pick_migration(self, name: str) -> None:
        self._now(lambda: self._bench.select(name))

    def pick_schema_of(self, table: str) -> None:
        self._look_at(table, call("schema", table))

    def pick_rows_of(self, table: str) -> None:
        self._look_at(table, self._rows_call(table))

    def pick_changed_only(self, wanted: bool) -> None:
        table = self._bench.screen.table
        if table is not None:
            self._look_at(table, self._rows_call(table))

    def pick_tab(self, title: str) -> None:
        with self._bench.screen.showing:
            self._now(lambda: self._bench.screen.show_tab(title))

    def _rows_call(self, table: str) -> str:
        return call("rows", table, **({"changed_only": True} if self._bench.face.changed_only.value else {}))

    def _look_at(self, table: str, line: str) -> None:
        self._bench.screen.table = table
        self._note(line)
        self._now(self._bench.screen.show_tables)

    # How a click is answered

    def _carry_out(self, verb: str, plan: Plan | PwmigError, to: str, *, confirm: bool = False) -> None:
        line = call(verb, to, **({"confirm": True} if confirm else {}))
        self._start(plan, line, lambda chosen: self._bench.carry_out(chosen, confirm=confirm))

    def _start(self, plan: Plan | PwmigError, line: str, do: Callable[[Plan], object]) -> None:
        if isinstance(plan, PwmigError):
            self._now(self._bench.reread)  # Something is not as it was when it was shown.
            self._bench.show_error(plan)
            return
        self._note(line)
        self._in_background(lambda: do(plan))

    def _in_background(self, action: Callable[[], object]) -> None:
        screen = self._bench.screen

        def run() -> None:
            try:
                action()
            finally:
                screen.show_tools(busy=bool(screen.bench.busy))

        screen.show_tools(busy=True)
        self._begin(run)

    def _now(self, action: Callable[[], object]) -> None:
        """Do it here; a message that is there stays, since a look around is no answer to it."""
        try:
            action()
        except Exception as error:
            self._bench.show_error(error)

    def _note(self, line: str) -> None:
        self._bench.screen.lines.add(line)
        self._bench.screen.show_status()
