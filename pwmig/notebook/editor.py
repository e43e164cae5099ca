"""The editor: a migration by a form, by code or by both, with what it does beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from html import escape
from pathlib import Path

from pwmig.drafting import Draft as Drafted
from pwmig.drafting import Wishes
from pwmig.errors import OperationRefused, PlanError, PwmigError
from pwmig.files import checksum, require_python, slug
from pwmig.frames.framed import FramedRun
from pwmig.notebook import draft as drafts
from pwmig.notebook.bench import Bench
from pwmig.notebook.draft import Draft, Write
from pwmig.notebook.editor_face import EditorFace
from pwmig.notebook.from_models import FromModels
from pwmig.notebook.operation_form import OperationForm
from pwmig.notebook.outlook_views import state_text
from pwmig.notebook.preview import DRAFT, MOST_BYTES, Preview, Stage
from pwmig.notebook.views import error_html
from pwmig.operations import Operation
from pwmig.plan import find
from pwmig.schema import Schema

__all__ = ["Editor"]


class Editor:
    """Write a migration, or change a pending one.

    Each control calls a method that a cell can call as well; a method raises what a click shows.
    ``on_saved`` gets the file's path and the calls that do the same in a cell (of several files the last one's path),
    ``on_close`` nothing; neither is called with a lock held. ``background`` starts what a click must not wait for.
    ``from_models`` begins a draft from the models, for a name and wishes, that comes by :meth:`take`; ``cancel`` stops
    it; both return at once.
    """

    def __init__(
        self,
        bench: Bench,
        background: Callable[[Callable[[], object]], None],
        on_saved: Callable[[Path, tuple[str, ...]], None],
        on_close: Callable[[], None],
        *,
        from_models: Callable[[str | None, Wishes], object],
        cancel: Callable[[], object],
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._bench = bench
        self._background = background
        self._on_saved = on_saved
        self._on_close = on_close
        self._from_models = from_models
        self._cancel = cancel
        self._drafting = False
        # Clicks are heard on the kernel's main thread, while a preview's thread may show what it found.
        self._showing = threading.RLock()
        self._before: Schema | None = None
        self._memory = ExitStack()
        self.active = False
        self.preview = Preview(bench.project, self._previewed, most_bytes=most_bytes)
        self.draft = drafts.new(self._write)
        self.form = OperationForm(lambda: self._heard(self._form_changed), self._showing)
        self.models = FromModels(self._ask_models, cancel, self._show, self._heard)
        self.face = EditorFace(self, self.form.box, self.models, self._showing)
        self.box = self.face.box
        self._show()

    # Beginning and ending

    def new(self) -> None:
        """Begin an empty draft; raises PwmigError while another one is not saved."""
        self._require_saved()
        self._begin(drafts.new(self._write))

    def open(self, name: str) -> None:
        """Open a pending migration by its name, or a part of it; raises PlanError for an applied one."""
        self._require_saved()
        project = self._bench.project
        files = {file.name: file for file in project.files()}
        file = files[find(name, list(files))]
        if any(row.name == file.name for row in project.applied()):
            raise PlanError(
                f"{file.name} can't be edited: it is applied",
                why="its file tells what the database holds",
                way_out="revert it before, or write a new migration for the change",
            )
        self._begin(drafts.opened(file.name, project.source(file.name), file.checksum, self._write))

    def close(self, *, discard: bool = False) -> None:
        """End editing; raises PwmigError where something is not saved, unless it may be discarded."""
        if not discard:
            self._require_saved()
        with self._showing:
            self.active = False
            self.draft = drafts.new(self._write)
            self.models.clear()
            self._hide_messages()
        self.preview.stop()
        self._memory.close()
        self._on_close()

    def refresh(self) -> None:
        """Take in what has changed in the database or in other files since: preview again."""
        if self.active:
            self._hand_over()
            self.form.offer(self._bench.schema)
            self.preview.ask(self.draft.code, self.draft.replaces)

    # From the models

    def take(self, made: Drafted, name: str | None, wishes: Wishes) -> None:
        """Take in what a draft from the models came to: questions to answer, code to look at, or nothing to do.

        Raises PwmigError where it would write over what a person typed.
        """
        self.require_free()
        if made:
            self._begin(drafts.authored(made, name, self._write, split=wishes.split))
        elif made.questions and not self.active:
            self._begin(drafts.new(self._write))
        with self._showing:
            self._hide_messages()
            self.models.take(made, wishes)
            self._show()

    def require_free(self) -> None:
        """Raise PwmigError where a person's own draft is not saved; what came from the models can come again."""
        if not self.draft.as_drafted:
            self._require_saved()

    @contextmanager
    def drafting(self) -> Iterator[None]:
        """While entered, a draft from the models is under way."""
        self._drafting = True
        self.models.show_busy(True)
        try:
            yield
        finally:
            self._drafting = False
            self.models.show_busy(False)

    def _ask_models(self, wishes: Wishes) -> None:
        self.require_free()
        self._from_models(self.draft.given_name, wishes)

    # The draft

    def add(self, operation: Operation | None = None) -> None:
        """Add an operation at the end: this one, or the one that the form holds."""
        wanted = operation or self.form.wanted()
        self._change(lambda draft: drafts.added(draft, wanted, self._write))
        if operation is None:
            self.face.choose(None)
            self.form.clear()

    def replace(self, place: int, operation: Operation | None = None) -> None:
        """Put this operation, or the one that the form holds, in the place (from 0) of another."""
        wanted = operation or self.form.wanted()
        self._change(lambda draft: drafts.replaced(draft, place, wanted, self._write))

    def move(self, place: int, by: int) -> None:
        """Move the operation of that place (from 0) some places down, or up where ``by`` is negative."""
        self._change(lambda draft: drafts.moved(draft, place, by, self._write))
        self.face.choose(place + by)

    def remove(self, place: int) -> None:
        """Remove the operation of that place (from 0)."""
        self._change(lambda draft: drafts.removed(draft, place, self._write))
        self.face.choose(min(place, len(self.draft.operations) - 1) if self.draft.operations else None)

    def set_name(self, name: str) -> None:
        """Name the migration; the empty name lets a name be suggested again."""
        self._change(lambda draft: drafts.named(draft, name))

    def set_code(self, text: str) -> None:
        """Write the code by hand. Code that says nothing but operations changes these."""
        self._change(lambda draft: drafts.coded(draft, text, self._write))

    def back_to_operations(self) -> None:
        """Drop what was edited by hand."""
        self._change(drafts.back_to_operations)

    def preview_now(self) -> FramedRun:
        """Rehearse the code on a copy and wait for it; raises what stops it, with its line."""
        self.preview.start(self.draft.code, self.draft.replaces)
        try:
            outlook = self.preview.wait()
        except KeyboardInterrupt:
            self.preview.stop()
            raise
        self._previewed()
        if outlook.error is not None:
            raise outlook.error
        if outlook.run is None:
            raise PwmigError("the preview was stopped", why="the editor was closed meanwhile", way_out="begin again")
        return FramedRun.of(outlook.run)

    def save(self) -> Path:
        """Write the migration's file and return its path; of several files, all or none, the last one's.

        Raises MigrationFileError for code that Python can't read (with its line), for a name that can't
        be, and where the file has changed since it was opened; PlanError where it was applied since.
        A rehearsal that fails does not stop it: see :attr:`warning`.
        """
        project = self._bench.project
        if self.draft.parts:
            return self._save_parts()
        with self._showing:
            draft = self.draft
            require_python(draft.code, draft.replaces or DRAFT)
            if draft.replaces is not None and draft.replaces not in {status.name for status in project.status()}:
                draft = drafts.orphaned(draft)  # Its file is gone: the text is written anew, and nothing is lost.
            if draft.replaces is None:
                draft = drafts.named(draft, slug(draft.name))
                path = project.create(draft.name, draft.code)
            else:
                path = project.rewrite(draft.replaces, draft.code, was=draft.was)
            self.draft = drafts.saved(draft, path.stem, checksum(path.read_bytes()))
            self._hide_messages()
            self._show()
            if draft.replaces is None:  # It is a pending file now, and must not run twice.
                self.preview.ask(self.draft.code, self.draft.replaces)
        self._on_saved(path, (drafts.code_line(draft),))
        return path

    def _save_parts(self) -> Path:
        """A file for each change."""
        written: list[Path] = []
        with self._showing:
            draft = self.draft
            try:
                for part in draft.parts:
                    written.append(self._bench.project.create(part.name, part.source))
            except PwmigError:
                for path in written:
                    path.unlink()
                raise
            self.draft = drafts.new(self._write)
            self._hide_messages()
            self._show()
        self._on_saved(written[-1], tuple(map(drafts.part_line, draft.parts)))
        return written[-1]

    @property
    def warning(self) -> str:
        """What the last rehearsal of the code says against it, "" where it says nothing."""
        outlook = self.preview.outlook
        return f"its rehearsal fails: {state_text(outlook)}" if outlook.stage is Stage.FAILED else ""

    # Clicks: each returns at once, and what goes wrong is shown

    def click_add(self) -> None:
        self._heard(self.add)

    def click_replace(self) -> None:
        self._at_chosen(self.replace)

    def click_move(self, by: int) -> None:
        self._at_chosen(lambda place: self.move(place, by))

    def click_remove(self) -> None:
        self._at_chosen(self.remove)

    def click_back(self) -> None:
        self._heard(self.back_to_operations)

    def click_preview(self) -> None:
        self._heard(lambda: self.preview.start(self.draft.code, self.draft.replaces))

    def click_save(self) -> None:
        self.face.save.disabled = True  # A second click must not write a second file.
        self._background(self._save_late)

    def _save_late(self) -> None:
        try:
            self._heard(self.save)
        finally:
            self.face.save.disabled = False

    def click_close(self) -> None:
        if self._drafting:
            self._heard(self._cancel)
        if self.draft.unsaved:
            what = self.draft.replaces or self.draft.name or "the new migration"
            said = f'<p class="pwmig-what">{escape(what)} is not saved; closing drops what was changed.</p>'
            self.face.question.say(said, "alertdialog", "Close without saving?")
        else:
            self._heard(self.close)

    def click_discard(self) -> None:
        self._heard(lambda: self.close(discard=True))

    def pick_operation(self, place: int) -> None:
        self._heard(lambda: self.form.load(self.draft.operations[place]))
        self.face.choose(place)

    def type_name(self, text: str) -> None:
        self._heard(lambda: self.set_name(text.strip()))

    def type_code(self, text: str) -> None:
        self._heard(lambda: self.set_code(text))

    def _at_chosen(self, do: Callable[[int], None]) -> None:
        place = self.face.place
        if place is not None:
            self._heard(lambda: do(place))

    def _heard(self, do: Callable[[], object]) -> None:
        """Do what a person asked for; show what it raises, as nobody else hears of it."""
        try:
            with self._showing:
                self.face.error.hide()
            do()
        except Exception as error:
            with self._showing:
                self.face.error.say(error_html(error))

    # Showing

    def _begin(self, draft: Draft) -> None:
        self._hand_over()
        with self._showing:
            self.active = True
            self._before = self._bench.schema
            self.draft = draft
            self.models.clear()
            self._hide_messages()
            self.face.choose(None)
            self.form.offer(self._bench.schema)
            self.form.clear()
            self._show()
        self.preview.ask(draft.code, draft.replaces)

    def _hand_over(self) -> None:
        """Let previews see a database in memory as it is now; only the thread that has it open can."""
        self._memory.close()
        self.preview.memory = self._memory.enter_context(self._bench.project.handed_over())

    def _change(self, change: Callable[[Draft], Draft]) -> None:
        with self._showing:
            self._become(change(self.draft))
            self.active = True

    def _become(self, draft: Draft) -> None:
        """Show another draft, and preview it where its code is another."""
        was, self.draft = self.draft, draft
        self._show()
        if draft.code != was.code:
            self.preview.ask(draft.code, draft.replaces)

    def _show(self) -> None:
        self.face.show_draft(self.draft)
        self._form_changed()

    def _form_changed(self) -> None:
        """Say what the form would add, or what it misses."""
        try:
            said, complete = f"<code>{escape(self.form.wanted().describe())}</code>", True
        except OperationRefused as problem:
            said, complete = error_html(problem), False
        self.face.show_form(said, complete=complete)

    def _previewed(self) -> None:
        """On any thread: the preview knows more. What it saw is what the form offers, and what a way back needs."""
        with self._showing:
            outlook = self.preview.outlook
            self.face.show_outlook(outlook, self.draft)
            run = outlook.run
            if outlook.stage is not Stage.DONE or run is None or run.before is None or run.after is None:
                return
            self._before = run.before.schema
            self.form.offer(run.after.schema)
            self._become(drafts.rewritten(self.draft, self._write))

    def _hide_messages(self) -> None:
        self.face.error.hide()
        self.face.question.hide()

    @property
    def _write(self) -> Write:
        project = self._bench.project
        return drafts.writer(project.config.config, self._before, project.dialect.kinds)

    def _require_saved(self) -> None:
        if self.draft.unsaved:
            raise PwmigError(
                f"{self.draft.replaces or self.draft.name or 'the new migration'} is not saved",
                why="to go on would drop what was changed",
                way_out="save it, or close it with discard=True",
            )
