"""A verb of a project in a process of its own, so that a person can go on, watch and cancel.

The child imports the project afresh, runs the verb and streams events and records back. It holds
nothing of its parent: no connection, no module, no re-pointed database. It dies with its parent,
and a SQLite transaction that dies with it is rolled back by whoever opens the file next.

Messages are pickles, each with its length before it; both ends are this module.
"""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from pwmig.errors import Cancelled, PwmigError, redact
from pwmig.plan import Event

__all__ = ["VERBS", "Worker", "interrupt_main", "serve"]

VERBS = (
    *("apply", "compare", "diff", "difference", "draft", "plan", "preview", "rehearse", "revert", "schema"),
    *("snapshot", "status"),
)
_HEARS_EVENTS = ("apply", "compare", "difference", "draft", "preview", "rehearse", "revert")
_GRACE_S = 5.0
_FOLDER_PREFIX = "pwmig-worker-"


class Worker:
    """One verb of the project at ``root``, run in a child process.

    ``options`` are the keyword arguments of :class:`pwmig.Project`'s method of that name.
    ``on_event`` is called on a thread of this object with each :class:`~pwmig.plan.Event`, and with
    ``Event("output", text=line)`` for what the migrations print; ``on_done`` once, at the end. ``memory`` is what
    :meth:`pwmig.Project.handed_over` gives: the child begins with a database in memory that holds the same.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        verb: str,
        options: Mapping[str, Any] | None = None,
        on_event: Callable[[Event], None] | None = None,
        on_done: Callable[[Worker], None] | None = None,
        *,
        memory: str = "",
    ) -> None:
        if verb not in VERBS:
            raise ValueError(f"a worker can't {verb!r}; it can {', '.join(VERBS)}")
        self.root = Path(root)
        self.verb = verb
        self.options = dict(options or {})
        self.memory = memory
        self.done = threading.Event()
        self._on_event = on_event
        self._on_done = on_done
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._result: Any = None
        self._error: BaseException | None = None
        self._answered = False
        self._sending = threading.Lock()
        self._cancelled = False
        self._at = ""

    @property
    def running(self) -> bool:
        return self._process is not None and not self.done.is_set()

    @property
    def process_id(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> Worker:
        """Start the child and return at once."""
        self._folder = tempfile.mkdtemp(prefix=_FOLDER_PREFIX)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pwmig.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(),
            start_new_session=True,  # Ctrl-C in a terminal is the parent's; the child is told by cancel().
        )
        self._send({"root": str(self.root), "verb": self.verb, "options": self.options, "memory": self.memory})
        output = threading.Thread(target=self._read_output, name="pwmig-worker-output", daemon=True)
        output.start()
        threading.Thread(target=self._read_messages, args=(output,), name="pwmig-worker", daemon=True).start()
        return self

    def _environment(self) -> dict[str, str]:
        package = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
        return os.environ | {"PYTHONPATH": path, "TMPDIR": self._folder, "TEMP": self._folder, "PYTHONUNBUFFERED": "1"}

    def wait(self, timeout: float | None = None) -> Any:
        """The verb's result; raises what it raised there, or TimeoutError after ``timeout`` seconds."""
        if not self.done.wait(timeout):
            raise TimeoutError(f"{self.verb} is still running after {timeout} s")
        if self._error is not None:
            raise self._error
        return self._result

    def cancel(self) -> None:
        """Ask the child to stop and roll back what it is in; after some seconds it is killed.

        Returns at once; ``wait()`` raises Cancelled, which says what stays. Killed or not, the
        database rolls back the migration that was under way.
        """
        if self.running and not self._cancelled:
            self._cancelled = True
            self._send("cancel")
            threading.Thread(target=self._kill_late, name="pwmig-worker-cancel", daemon=True).start()

    def _kill_late(self) -> None:
        if not self.done.wait(_GRACE_S) and self._process is not None:
            self._process.kill()

    def _send(self, message: Any) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            with self._sending:
                _write(process.stdin, message)
        except (OSError, ValueError):
            return  # The child has ended; the reader says how.

    def _read_messages(self, output: threading.Thread) -> None:
        process = self._process
        assert process is not None and process.stdout is not None and process.stdin is not None
        try:
            for kind, content in iter(lambda: _read(process.stdout), None):
                if kind == "event":
                    self._at = content.migration or self._at
                    self._tell(self._on_event, content)
                    continue
                self._answered = True
                if kind == "result":
                    self._result = content
                else:
                    self._error = content
            process.wait()
            self._judge_end(process.returncode)
            output.join(timeout=1)
            process.stdin.close()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
            self.done.set()
            self._tell(self._on_done, self)

    def _judge_end(self, code: int) -> None:
        if self._answered:
            return
        if self._cancelled:
            self._error = Cancelled(
                f"{self.verb} was stopped",
                why="it did not end by itself, so its process was killed",
                way_out="the database rolls back the migration under way; pwmig status shows what stays",
            )
        else:
            where = f" in {self._at}" if self._at else ""
            self._error = PwmigError(
                f"the process that should {self.verb} ended with code {code}{where}",
                why="something ended it from outside, or a module of the project did",
                way_out="pwmig status shows what took effect; then try again",
            )

    def _read_output(self) -> None:
        process = self._process
        assert process is not None and process.stderr is not None
        for line in process.stderr:
            self._tell(self._on_event, Event("output", text=line.decode(errors="replace").rstrip("\n")))

    def _tell(self, listener: Callable[[Any], None] | None, news: Any) -> None:
        """Call a listener; what is wrong with it must not lose what the child still has to say."""
        if listener is None:
            return
        try:
            listener(news)
        except Exception:
            print(redact(traceback.format_exc()), file=sys.stderr, end="")


def _write(stream: IO[bytes], message: Any) -> None:
    content = pickle.dumps(message)
    stream.write(len(content).to_bytes(8, "big") + content)
    stream.flush()


def _read(stream: IO[bytes] | None) -> Any:
    """The next message, or None at the end."""
    assert stream is not None
    head = stream.read(8)
    if len(head) < 8:
        return None
    content = stream.read(int.from_bytes(head, "big"))
    try:
        return pickle.loads(content)
    except Exception as error:
        return "error", _unexpected("reading a message", error)


# In the child


def serve() -> None:
    """The child's main: one request from standard input, messages to what was standard output."""
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # What migrations print must not stand between the messages.
    requests = os.fdopen(os.dup(0), "rb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and (name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN):
            signal.signal(number, signal.default_int_handler)
    request = _read(requests)
    if request is None:
        return
    lock = threading.Lock()

    def send(kind: str, content: Any) -> None:
        with lock:
            _write(messages, (kind, content))

    finished, orphaned = threading.Event(), threading.Event()
    threading.Thread(target=_hear, args=(requests, finished, orphaned), daemon=True).start()
    try:
        _answer(request, send)
    except BrokenPipeError:
        orphaned.set()
    finally:
        finished.set()
        if orphaned.is_set():
            _remove_folder()


def _answer(request: Mapping[str, Any], send: Callable[[str, Any], None]) -> None:
    from pwmig.project import Project

    options = dict(request["options"])
    if request["verb"] in _HEARS_EVENTS:
        options["listener"] = lambda event: send("event", event)
    try:
        project = Project.open(request["root"])
        if request["memory"]:
            project.dialect.take_over(project.database, request["memory"])
        send("result", getattr(project, request["verb"])(**options))
    except PwmigError as error:
        try:
            send("error", error)
        except BrokenPipeError:
            raise
        except Exception:  # A record that it carries can't be pickled: its words can.
            send("error", type(error)(error.what, why=error.why, way_out=error.way_out))
    except KeyboardInterrupt:
        # It may have come before the first step, or after the last one.
        what, way_out = f"{request['verb']} was stopped", "pwmig status shows what took effect"
        send("error", Cancelled(what, why="it was interrupted", way_out=way_out))
    except BrokenPipeError:
        raise
    except Exception as error:
        send("error", _unexpected(request["verb"], error))


def _unexpected(verb: str, error: Exception) -> PwmigError:
    return PwmigError(
        f"{verb} stopped: {type(error).__name__}",
        why=str(error),
        way_out="pwmig status shows what took effect; please report this with the text above",
    )


def _hear(requests: IO[bytes], finished: threading.Event, orphaned: threading.Event) -> None:
    """On a thread: a cancel, or the end of the parent, stops the main thread."""
    message = _read(requests)
    if message is None:
        orphaned.set()
    if finished.is_set():
        return
    interrupt_main()
    if message is None:
        # The parent is gone, so nobody waits for an answer: end for certain, and leave no copy behind.
        finished.wait(_GRACE_S)
        _remove_folder()
        os._exit(1)


def _remove_folder() -> None:
    """Remove this worker's folder for temporary files; its parent would, but is gone."""
    folder = os.environ.get("TMPDIR", "")
    if os.path.basename(folder).startswith(_FOLDER_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def interrupt_main() -> None:
    """Raise KeyboardInterrupt on the main thread, from any other."""
    main = threading.main_thread().ident
    if main is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, signal.SIGINT)
    else:
        import _thread

        _thread.interrupt_main()


if __name__ == "__main__":
    serve()
