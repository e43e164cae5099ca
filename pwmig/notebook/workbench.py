"""The workbench: a thin face of widgets over a :class:`~pwmig.notebook.bench.Bench`.

Buttons start their method on a thread and return at once, so that the kernel stays free and Cancel
is heard; from a cell the same methods wait for their result. Both show what happened.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pwmig import frames
from pwmig.drafting import Draft, Wishes
from pwmig.drafting.records import Declined
from pwmig.errors import Cancelled, PwmigError
from pwmig.frames.diagram import Diagram, draw
from pwmig.frames.framed import FramedRun
from pwmig.frames.wording import plural
from pwmig.notebook import progress, static, views
from pwmig.notebook.bench import START, Bench, ConfirmationNeeded, nearest_project
from pwmig.notebook.diagram import DiagramView
from pwmig.notebook.differing import Differing
from pwmig.notebook.editor import Editor
from pwmig.notebook.explore import Asked, Explore
from pwmig.notebook.face import Face
from pwmig.notebook.from_models import came_to
from pwmig.notebook.hand import Hand
from pwmig.notebook.lines import Lines
from pwmig.notebook.panels import Background, repeating
from pwmig.notebook.preview import DRAFT
from pwmig.notebook.screen import Screen, rows_style
from pwmig.plan import Direction, Plan, Run, find
from pwmig.sides import Difference

if TYPE_CHECKING:
    import pandas as pd

    from pwmig.operations import Operation

__all__ = ["Workbench"]

_Done = TypeVar("_Done", FramedRun, Difference, Draft)
_PROGRESS_EVERY_S = 0.2


class Workbench:
    """See, rehearse, apply and take back the migrations of one project.

    ``path`` is the project's folder; without it, that of the environment variable PWMIG_PROJECT,
    or the nearest project upwards from the current folder. Raises ProjectError where there is none.

    ``last_run`` is the last rehearsal, run or comparison, with its rows before and after; ``failure``
    the last error that was shown; ``lines`` the calls that do what was clicked.
    """

    failure: BaseException | None = None

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.asked: Plan | None = None
        self._shown: BaseException | None = None
        self.bench = Bench(nearest_project(path))
        self._background = Background(self.show_error, at_once=not self.bench.shared)
        showing = threading.RLock()
        self.screen = Screen(self.bench, Lines(self), showing)
        hand = Hand(self, self._background.start)
        self.editor = Editor(
            self.bench,
            self._background.start,
            self._saved,
            self._editor_closed,
            from_models=hand.click_from_models,
            cancel=hand.click_cancel,
        )
        self.explorer = Explore(lambda: self.bench.project, self._background.start, self._note)
        diagram = DiagramView()
        differing = Differing(hand.click_diff)
        self.face = Face(
            hand, showing, diagram=diagram.box, explore=self.explorer.box, differing=differing, editor=self.editor.box
        )
        self.screen.build(self.face, self.explorer, diagram)
        self.guarded(self.bench.refresh)
        self.screen.select_last()
        self.screen.show()

    # The same as the buttons, for cells

    def rehearse(self, to: str | None = None, *, backward: bool = False, allow: Collection[str] = ()) -> FramedRun:
        """Run on a copy what is pending, up to ``to`` (or backward), and show what it does."""
        return self._run("rehearsal", lambda: self.bench.rehearse(to, backward=backward, allow=allow))

    def apply(self, to: str | None = None, *, confirm: bool = False, allow: Collection[str] = ()) -> FramedRun:
        """Apply what is pending, up to ``to``. Before it loses rows it raises ConfirmationNeeded,
        which counts them; ``confirm=True`` goes on."""
        return self._run("apply", lambda: self.bench.apply(to, confirm=confirm, allow=allow))

    def revert(self, to: str | None = None, *, confirm: bool = False, allow: Collection[str] = ()) -> FramedRun:
        """Take back the last applied migration, or all after ``to`` (``"zero"``: all). Asks as :meth:`apply`."""
        return self._run("revert", lambda: self.bench.revert(to, confirm=confirm, allow=allow))

    def compare(self, start: str, end: str = "now", *, allow: Collection[str] = ()) -> FramedRun:
        """Show what changed between two points of the history, on a copy that is taken to both.

        A point is a migration (the moment just after it), ``"zero"``, or ``"now"``.
        """
        return self._run("comparison", lambda: self.bench.compare(start, end, allow=allow))

    def diff(self, before: str = "live", after: str = "models") -> Difference:
        """What would have to change in one schema to make it another, and which of it may be a rename.

        A side is ``"live"``, ``"models"``, ``"history"`` (the applied migrations replayed), ``"zero"``, a migration
        (all up to it), or the URL of another database of the same kind. The tab *Diff* shows it too.
        """
        self.face.layout.turn_to("Diff")
        found = self._run("diff", lambda: self.bench.diff(before, after))
        self.face.differing.choose(*(side.text for side in found.sides))
        self.screen.stopped = f"Diff: {plural(len(found.changes), 'difference')}"
        self.screen.show_status()
        return found

    def cancel(self) -> bool:
        """Stop the run under way, which is rolled back; False where there is none."""
        return self.bench.cancel()

    def wait(self, timeout_s: float | None = None) -> FramedRun | None:
        """Wait for what a click began, at most so many seconds; the last run."""
        self._background.wait(timeout_s)
        return self.last_run

    def preview(self, *operations: Operation, source: str | None = None, replaces: str | None = None) -> FramedRun:
        """Rehearse a migration that is no file yet, of these operations or with this source, and show what it does.

        It runs after all that is pending, or in the place of the pending migration ``replaces``.
        """
        text = source if source is not None else self.bench.source_of(operations)
        return self._run("preview", lambda: self.bench.preview(text, name=replaces or DRAFT, replaces=replaces))

    def create(self, name: str, *operations: Operation, source: str | None = None) -> Path:
        """Write a new migration of these operations, or with this source (neither: the template), and select it."""
        text = source if source is not None else self.bench.source_of(operations)
        return self._written(lambda: self.bench.create(name, text))

    def edit(self, name: str, source: str | None = None) -> Path | None:
        """Open a pending migration in the editor; with ``source``, write that into its file."""
        if source is not None:
            return self._written(lambda: self.bench.edit(name, source))
        self.editor.open(name)
        self.face.turn_to_editor(True)
        return None

    def new(self) -> None:
        """Open the editor with an empty migration."""
        self.editor.new()
        self.face.turn_to_editor(True)

    def from_models(
        self,
        name: str | None = None,
        *,
        renames: Sequence[str] = (),
        table_renames: Sequence[str] = (),
        no_renames: bool = False,
        fills: Sequence[str] = (),
        casts: Sequence[str] = (),
        declined: Collection[Declined] = (),
        split: bool = False,
    ) -> Draft:
        """Write in the editor what makes the database what the models declare; ``editor.save()`` writes the file.

        Where something is open, the editor asks it, and what is returned has the ``questions``. Answers ahead are those
        of :class:`pwmig.drafting.Wishes`: ``renames=["player.name:title"]``, ``fills=["player.born=1900"]``, ...
        """
        wishes = Wishes(
            renames=tuple(renames),
            table_renames=tuple(table_renames),
            no_renames=no_renames,
            fills=tuple(fills),
            casts=tuple(casts),
            declined=frozenset(declined),
            split=split,
        )
        return self.draft(name, wishes)

    def draft(self, name: str | None, wishes: Wishes) -> Draft:
        """What :meth:`from_models` does, for wishes."""
        with self.editor.drafting():
            self.guarded(self.editor.require_free)
            draft = self._run("draft", lambda: self.bench.draft(name, wishes))
            self.guarded(lambda: self.editor.take(draft, name, wishes))
        if draft or draft.questions:
            self.face.turn_to_editor(True)
        self.screen.stopped = came_to(draft)
        self.screen.show_status()
        return draft

    def _written(self, write: Callable[[], Path]) -> Path:
        path: Path = self.guarded(write)
        self.select(path.stem)
        return path

    def select(self, name: str) -> None:
        """Select a migration of the timeline by its name, or a part of it that no other has; ``"zero"``: none."""
        self.screen.selected = START if name == START else find(name, self.bench.names())
        self.screen.show()

    def refresh(self) -> None:
        """Read files, history, schema and models again."""
        self.guarded(self.bench.refresh)
        self.screen.show()
        self._look_again()
        self.editor.refresh()

    def reread(self) -> None:
        """Read files, history and schema again, and show them; the models are not compared."""
        self.guarded(self.bench.read)
        self.screen.show()

    @property
    def last_run(self) -> FramedRun | None:
        return self.bench.last_run

    @property
    def selected(self) -> str:
        """The selected migration's name, or ``"zero"``."""
        return self.screen.selected

    @property
    def lines(self) -> tuple[str, ...]:
        """What was clicked so far, each as the call that does the same in a cell."""
        return self.screen.lines.all

    def explore(
        self,
        table: str,
        *,
        where: Sequence[Asked] = (),
        order_by: str | None = None,
        descending: bool = False,
        page: int = 1,
        size: int = 20,
    ) -> frames.Styled:
        """A page of a table as it is now, filtered and sorted by the database; the tab *Explore* shows it too.

        A condition is ``(column, operator, value)``, such as ``("name", "contains", "a")`` or ``("died", "is NULL")``.
        """
        self.face.layout.turn_to("Explore")
        look = partial(self.explorer.look, where=where, order_by=order_by, descending=descending, page=page, size=size)
        found: frames.Styled = self.guarded(lambda: look(table))
        return found

    def diagram(self, table: str | None = None) -> Diagram:
        """The tables and their references as they are after the last run, drawn by JupyterLab: all, or around one."""
        schema, changes = self.screen.drawn()
        return draw(schema, changes, table, distance=None if table is None else 1)

    # Frames, for cells

    def status(self) -> pd.DataFrame:
        """Each migration and its state, read now."""
        self.bench.read()
        return frames.status(self.bench.statuses)

    def changes(self) -> pd.DataFrame:
        """The changes of the schema that the last run made; empty where nothing ran yet.

        ``frames.changes`` gives the same of what :meth:`diff` returns.
        """
        return frames.changes(self.last_run or ())

    def schema(self, table: str) -> pd.DataFrame:
        """A table's schema before and after the last run; as it is now where that did not see it."""
        return self.screen.table_of(table, frames.styled_schema)[1].frame

    def rows(self, table: str, *, changed_only: bool = False) -> pd.DataFrame:
        """A table's rows before and after the last run; as they are now where that did not touch it."""
        return self.screen.table_of(table, rows_style(changed_only))[1].frame

    # How a notebook shows it

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        bundle = self.face.layout.root._repr_mimebundle_() or {}
        return {**bundle, "text/html": static.html(self.bench), "text/plain": repr(self)}

    def __repr__(self) -> str:
        counts = f"{len(self.bench.names())} migrations, {len(self.bench.pending)} pending"
        return f"Workbench({self.bench.project.name}: {counts})"

    # From the editor

    def _saved(self, path: Path, lines: Sequence[str]) -> None:
        """The editor wrote a file, or several: the last one is to be looked at now."""
        warning = self.editor.warning
        self.screen.stopped = "Saved " + (path.stem if len(lines) == 1 else plural(len(lines), "file"))
        for line in lines:
            self._note(line)
        self.editor.close()
        self.bench.read()
        self.select(path.stem)
        if warning:
            self.show_error(
                PwmigError(
                    f"{path.stem} is saved, but {warning}",
                    why="it was rehearsed on a copy while it was written",
                    way_out="mend it with Edit before it is applied",
                )
            )

    def _editor_closed(self) -> None:
        self.face.turn_to_editor(False)

    def _note(self, line: str) -> None:
        self.screen.lines.add(line)
        self.screen.show_status()

    # Running and showing

    def rehearse_plan(self, plan: Plan) -> FramedRun:
        """Run a plan on a copy, and show what it does."""
        return self._run("rehearsal", lambda: self.bench.rehearse_plan(plan))

    def carry_out(self, plan: Plan, *, confirm: bool = False) -> FramedRun:
        """Run a plan on the database, and show what it did; asks as :meth:`apply`."""
        verb = "apply" if plan.direction is Direction.FORWARD else "revert"
        return self._run(verb, lambda: self.bench.carry_out(plan, confirm=confirm))

    def _run(self, what: str, action: Callable[[], _Done]) -> _Done:
        """Do something that takes its time, with its progress on view, and show what there is then."""
        self.ask(None)
        self.face.error.hide()
        self.screen.stopped = ""
        changed = False
        self.screen.show_tools(busy=True)
        self.face.status.value = progress.progress_html(what, 0.0, ())
        try:
            with repeating(_PROGRESS_EVERY_S, self.screen.show_progress):
                done = action()
            changed = isinstance(done, Run) and done.target == "live"
            return done
        except Exception as error:
            changed = what in ("apply", "revert") and not isinstance(error, ConfirmationNeeded)
            self.show_error(error)
            self.screen.stopped = f"{what.capitalize()}: " + ("it asks first" if self.asked else "stopped")
            raise
        finally:
            self._after(changed)

    def _after(self, changed: bool) -> None:
        """Show what is there after a run; the models are compared anew only where the database changed."""
        try:
            self.bench.refresh() if changed else self.bench.read()
        except PwmigError as error:
            if not self.face.error.visible:  # What stopped the run says more.
                self.show_error(error)
        self.screen.choose_touched()
        self.screen.show()
        if changed:
            self._look_again()

    def _look_again(self) -> None:
        self.explorer.offer(self.bench.schema)  # A table that is gone is not looked at.
        self.explorer.refresh()

    def guarded(self, action: Callable[[], Any]) -> Any:
        """An action of the moment: what it raises is shown, and raised on."""
        try:
            done = action()
        except Exception as error:
            self.show_error(error)
            raise
        self.face.error.hide()
        return done

    def show_error(self, error: BaseException) -> None:
        """Show what was raised, once; a question is asked in its place, and what a person stopped is no fault."""
        if error is self._shown:
            return
        self._shown = error
        if isinstance(error, ConfirmationNeeded):
            self.ask(error)
            return
        self.failure = error
        label = "Stopped" if isinstance(error, Cancelled) else "Error"
        self.face.error.say(views.error_html(error), label=label)

    def ask(self, needed: ConfirmationNeeded | None) -> None:
        """Ask once more, or take the question back."""
        self.asked = needed.plan if needed else None
        if needed is None:
            self.face.question.hide()
            return
        verb = "Apply" if needed.plan.direction is Direction.FORWARD else "Revert"
        self.face.yes.description = f"{verb} all the same"
        self.face.question.say(views.question_html(needed), "alertdialog", "Go on?")
