"""The README's two commands in fresh clones of HEAD, in three settings:

- as root (or whoever runs this) with the Python that ``python3`` is;
- as an ordinary user with the system's own Python, where a plain ``pip install`` is refused;
- inside a virtual environment.

In each, the first command has to serve the workbench on loopback, behind a token, with its usual port taken, and to
end at Ctrl-C with nothing left running; the second has to pass a part of the tests (all of them ran before).
Only the standard library: this runs before anything is installed. Exit code 1 where a setting fails or is missing.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
USER = "pwmig-ci"
SYSTEM_PATH = "/usr/bin:/bin"
SYSTEM_PYTHON = "/usr/bin/python3"
USUAL_PORT = 8888
LAB_START_S = 300.0
LAB_END_S = 30.0
PART = (
    "-q tests/test_floors.py tests/test_seed.py notebooks/workbench.ipynb"
    " tests/test_servers.py::test_a_database_is_new_and_empty"
)

# What a person's own shell would have too: certificates, proxies, where packages come from, the language.
PASSED_ON = re.compile(r"CERT|SSL|CA_BUNDLE|PROXY|^PIP_|^UV_INDEX|^LANG$|^TERM$|^CI$", re.IGNORECASE)
ADDRESS = re.compile(r"http://(?:127\.0\.0\.1|localhost):\d+/\S*token=\w+\S*")


@dataclass(frozen=True)
class Setting:
    """One way to have a Python: ``command`` starts a shell line as that person, in ``environment``."""

    name: str
    clone: Path
    environment: Mapping[str, str]
    command: tuple[str, ...] = ("bash", "-c")


class Failed(Exception):
    """A setting in which a command of the README does not do what it has to."""


def readme_line(verb: str) -> str:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.endswith(f"uv run {verb}"))


def clone(folder: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    return folder


def own_environment(**more: str) -> dict[str, str]:
    passed_on = {name: value for name, value in os.environ.items() if PASSED_ON.search(name)}
    return {**passed_on, "PWMIG_REQUIRE": "postgres", **more}


def as_it_is(scratch: Path) -> Setting:
    """The Python that ``python3`` is, pyenv's as a rule: a plain install works there."""
    environment = own_environment(HOME=str(Path.home()), PATH=os.environ["PATH"])
    return Setting("python3 as it is here", clone(scratch / "as-it-is"), environment)


def ordinary_user(scratch: Path) -> Setting:
    """The system's own Python: externally managed, and its folders belong to root."""
    runuser = shutil.which("runuser")
    if os.geteuid() != 0 or not runuser or not shutil.which("useradd"):
        raise Failed("only root can make an ordinary user, with useradd and runuser")
    try:
        home = Path(pwd.getpwnam(USER).pw_dir)
    except KeyError:
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", USER], check=True)
        home = Path(pwd.getpwnam(USER).pw_dir)
    shutil.rmtree(home / ".local", ignore_errors=True)
    shutil.rmtree(home / "clone", ignore_errors=True)
    folder = clone(home / "clone")
    subprocess.run(["chown", "-R", f"{USER}:", str(home)], check=True)
    environment = own_environment(HOME=str(home), USER=USER, PATH=SYSTEM_PATH)
    command = (runuser, "-u", USER, "--", "bash", "-c")
    setting = Setting("the system's Python as an ordinary user", folder, environment, command)
    if run(setting, f"{SYSTEM_PYTHON} -m pip install --quiet --dry-run uv").returncode == 0:
        print("note: a plain pip install is allowed here, so this setting proves less than it could")
    return setting


def virtual_environment(scratch: Path) -> Setting:
    """A virtual environment, entered: ``--user`` is refused there."""
    venv = scratch / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    path = f"{venv / 'bin'}:{os.environ['PATH']}"
    environment = own_environment(HOME=str(Path.home()), PATH=path, VIRTUAL_ENV=str(venv))
    return Setting("inside a virtual environment", clone(scratch / "inside"), environment)


def run(setting: Setting, line: str) -> subprocess.CompletedProcess[str]:
    """A shell line to its end, in the clone; its output, errors among it, is kept."""
    return subprocess.run(
        [*setting.command, line],
        cwd=setting.clone,
        env=dict(setting.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def try_tests(setting: Setting) -> str:
    done = run(setting, f"{readme_line('pytest')} {PART}")
    lines = done.stdout.strip().splitlines()
    if done.returncode:
        raise Failed("the test command failed:\n" + "\n".join(lines[-40:]))
    return lines[-1]


def try_lab(setting: Setting) -> str:
    mark = f"PWMIG_SETTING={uuid.uuid4().hex}"
    environment = {**setting.environment, **dict([mark.split("=")])}
    with tempfile.TemporaryFile("w+") as log, taken_port():
        started = subprocess.Popen(
            [*setting.command, readme_line("pwmig lab")],
            cwd=setting.clone,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            address = wait_for_address(started, log.fileno())
            look(address)
            os.killpg(started.pid, signal.SIGINT)
            code = started.wait(LAB_END_S)
        except (Failed, subprocess.TimeoutExpired, OSError) as error:
            raise Failed(f"{error}\n{read(log.fileno())[-4000:]}") from error
        finally:
            left = end_all(mark)
    if code or left:
        raise Failed(f"after Ctrl-C: exit code {code}, still running: {left}")
    return "served, and ended by Ctrl-C"


@contextmanager
def taken_port() -> Iterator[None]:
    """JupyterLab's usual port is in use meanwhile, as on a machine where another one runs."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", USUAL_PORT))
            taken.listen()
        except OSError:
            pass  # somebody has taken it already
        yield


def read(descriptor: int) -> str:
    return os.pread(descriptor, 10_000_000, 0).decode("utf-8", "replace")


def wait_for_address(started: subprocess.Popen[bytes], log: int) -> str:
    end = time.monotonic() + LAB_START_S
    while time.monotonic() < end:
        if found := ADDRESS.search(read(log)):
            return found[0]
        if started.poll() is not None:
            raise Failed(f"it ended at once, with exit code {started.returncode}")
        time.sleep(0.2)
    raise Failed(f"no address was printed within {LAB_START_S:g} s")


def look(address: str) -> None:
    """The page is there for whoever has the token, and the files for nobody else."""
    if "workbench.ipynb" not in address:
        raise Failed(f"{address} does not lead to the workbench")
    page = wait_until_served(address)
    if "jupyter-config-data" not in page:
        raise Failed(f"{address} does not show JupyterLab:\n{page[:500]}")
    base = address.split("/lab")[0].split("/tree")[0]
    try:
        urllib.request.urlopen(f"{base}/api/contents", timeout=10)
    except urllib.error.HTTPError as refused:
        if refused.code == 403:
            return
    raise Failed("the server shows its files without a token")


def wait_until_served(address: str) -> str:
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                text: str = answer.read().decode("utf-8", "replace")
                return text
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


def end_all(mark: str) -> list[str]:
    """The processes that carry ``mark`` in their environment and outlived the command; each is ended."""
    time.sleep(0.5)
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                left.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:
            continue  # ended meanwhile, or not ours to read
    return [line for line in left if line]


def main() -> int:
    passed = failed = 0
    # Started in the background, this would have Ctrl-C ignored, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as scratch:
        for make in (as_it_is, ordinary_user, virtual_environment):
            print(f"{make.__name__.replace('_', ' ')}:", flush=True)
            try:
                setting = make(Path(scratch))
            except (Failed, subprocess.CalledProcessError) as error:
                print(f"  this setting can't be made: {error}", flush=True)
                failed += 1
                continue
            for attempt in (try_lab, try_tests):
                began = time.monotonic()
                try:
                    outcome, good = attempt(setting), True
                except Failed as error:
                    outcome, good = f"FAILED: {error}", False
                passed, failed = passed + good, failed + (not good)
                print(f"  {attempt.__name__}: {outcome} ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
