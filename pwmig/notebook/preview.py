"""What a draft does, from real rehearsals on a copy: begun a moment after the last change, and without a widget."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from enum import Enum
from typing import Any

from pwmig.errors import DatabaseUnsupported, PwmigError, redact
from pwmig.files import require_python
from pwmig.plan import Run
from pwmig.project import Project
from pwmig.records import dataclass
from pwmig.worker import Worker

__all__ = ["DELAY_S", "DRAFT", "MOST_BYTES", "Outlook", "Preview", "Request", "Stage"]

DELAY_S = 0.4
"""So long nothing must change before a rehearsal begins."""

MOST_BYTES = 200_000_000
"""A larger database is copied only when a person asks for it."""

DRAFT = "draft"
"""The name of a migration that is no file yet, in what a rehearsal says."""


class Stage(str, Enum):
    """How far the answer for the newest text is."""

    IDLE = "idle"
    WAITING = "waiting"
    RUNNING = "running"
    TOO_LARGE = "too large"
    DONE = "done"
    FAILED = "failed"


_ANSWERED = (Stage.TOO_LARGE, Stage.DONE, Stage.FAILED)


@dataclass(frozen=True, slots=True)
class Request:
    """A text to rehearse, in the place of the pending migration that it replaces, or after all of them."""

    source: str
    replaces: str | None = None

    @property
    def name(self) -> str:
        """The migration's name in what a rehearsal says of it."""
        return self.replaces or DRAFT


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of the newest text; ``size`` is that of the database in bytes, where it is too large."""

    stage: Stage = Stage.IDLE
    request: Request | None = None
    run: Run | None = None
    error: PwmigError | None = None
    size: int = 0

    @property
    def line(self) -> int | None:
        """The line of the draft's own text at which it failed, None where that isn't known."""
        if self.request is None or self.error is None:
            return None
        migration = getattr(self.error, "migration", "") or self.request.name
        path = str(getattr(self.error, "path", "") or f"{self.request.name}.py")
        elsewhere = migration != self.request.name or not path.endswith(f"{self.request.name}.py")
        return None if elsewhere else getattr(self.error, "line", None)


class Preview:
    """Rehearses the newest text that it is asked for, one at a time, each in a process of its own.

    What is outdated is cancelled at once, and its answer dropped. No call but :meth:`wait` waits. ``memory`` is
    the file that holds what the project's database does, where that is in memory (:meth:`Project.handed_over`).
    ``on_change`` is called, on any thread, whenever :attr:`outlook` is another one.
    """

    def __init__(
        self,
        project: Project,
        on_change: Callable[[], None],
        *,
        delay_s: float = DELAY_S,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.outlook = Outlook()
        self.memory = ""
        self._project = project
        self._on_change = on_change
        self._delay_s = delay_s
        self._most_bytes = most_bytes
        self._changed = threading.Condition()
        self._wanted: Request | None = None
        self._whatever_size = False
        self._due = 0.0
        self._worker: Worker | None = None
        self._thread: threading.Thread | None = None

    def ask(self, source: str, replaces: str | None = None) -> None:
        """Rehearse this text, a moment after the last such wish."""
        self._begin(Request(source, replaces), self._delay_s, False)

    def start(self, source: str, replaces: str | None = None) -> None:
        """Rehearse this text at once, however large the database is."""
        self._begin(Request(source, replaces), 0, True)

    def stop(self) -> None:
        """Forget the text, and cancel what runs."""
        with self._changed:
            self._wanted = None
            self._set(Outlook())
        self._on_change()

    def wait(self, timeout_s: float | None = None) -> Outlook:
        """The answer for the newest text; raises TimeoutError where it takes longer."""
        with self._changed:
            if not self._changed.wait_for(self._is_answered, timeout_s):
                raise TimeoutError(f"the preview is still {self.outlook.stage.value} after {timeout_s} s")
            return self.outlook

    def _is_answered(self) -> bool:
        return self.outlook.stage in (Stage.IDLE, *_ANSWERED)

    def _begin(self, request: Request, delay_s: float, whatever_size: bool) -> None:
        with self._changed:
            self._wanted, self._whatever_size = request, whatever_size
            self._due = time.monotonic() + delay_s
            self._set(Outlook(Stage.WAITING, request))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="pwmig-preview", daemon=True)
                self._thread.start()
        self._on_change()

    def _set(self, outlook: Outlook) -> None:
        """With the lock held: what is known now; a worker for another text is of no use any more."""
        if self._worker is not None and outlook.request is not self.outlook.request:
            self._worker.cancel()
        self.outlook = outlook
        self._changed.notify_all()

    def _serve(self) -> None:
        """On a thread of its own, which ends when nothing is wanted any more."""
        while (wish := self._next()) is not None:
            request, whatever_size = wish
            try:
                outlook = self._answer(request, whatever_size)
            except PwmigError as error:
                outlook = Outlook(Stage.FAILED, request, getattr(error, "run", None), error)
            except Exception as error:
                outlook = Outlook(Stage.FAILED, request, None, _unexpected(error))
            self._tell(outlook)

    def _next(self) -> tuple[Request, bool] | None:
        with self._changed:
            while self._wanted is not None and (left_s := self._due - time.monotonic()) > 0:
                self._changed.wait(left_s)
            wanted, self._wanted = self._wanted, None
            if wanted is None:
                self._thread = None
                return None
            return wanted, self._whatever_size

    def _tell(self, outlook: Outlook) -> bool:
        """Say what is known of a text, unless another is wanted by now."""
        with self._changed:
            if outlook.request is not self.outlook.request:
                return False
            self._set(outlook)
        try:
            self._on_change()
        except Exception:  # What is wrong with who listens must not end the previews.
            print(redact(traceback.format_exc()), file=sys.stderr, end="")
        return True

    def _answer(self, request: Request, whatever_size: bool) -> Outlook:
        require_python(request.source, request.name)
        project = self._project
        if not self.memory and not project.dialect.shared(project.database):
            raise DatabaseUnsupported(
                "the draft can't be rehearsed on a database in memory",
                why="it runs in a process of its own, and was not handed what this one has in memory",
                way_out="open the editor anew, on the thread that has the database open",
            )
        size = project.size()
        if size > self._most_bytes and not whatever_size:
            return Outlook(Stage.TOO_LARGE, request, size=size)
        if not self._tell(Outlook(Stage.RUNNING, request)):
            return Outlook()
        return Outlook(Stage.DONE, request, self._run(request))

    def _run(self, request: Request) -> Run:
        options: dict[str, Any] = {"source": request.source, "name": request.name, "replaces": request.replaces}
        worker = Worker(self._project.root, "preview", options, memory=self.memory).start()
        with self._changed:
            self._worker = worker
            if request is not self.outlook.request:
                worker.cancel()
        try:
            run: Run = worker.wait()
            return run
        finally:
            with self._changed:
                self._worker = None


def _unexpected(error: Exception) -> PwmigError:
    return PwmigError(
        f"the preview stopped: {type(error).__name__}", why=str(error), way_out="look whether the database can be read"
    )
