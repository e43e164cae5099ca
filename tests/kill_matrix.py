"""The kill matrix: migrations killed at each statement, and brought to their end by one command.

``uv run python tests/kill_matrix.py`` runs the whole of it and prints the tables of docs/reliability.md (``--help``
says how to run parts of it); tests/test_kill_matrix.py runs a sample.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from kill_cases import BASE, CASES, LONG, LONG_BASE, Case
from kill_grounds import Ground, State, ground_of, write_case
from killing import Ended, Stop, halting, program, recording, run

__all__ = ["Course", "Courses", "Failure", "Tally", "boundaries", "inside", "main", "under_way"]

KINDS = {"sqlite": "SQLite", "wal": "SQLite, WAL", "postgres": "PostgreSQL", "mariadb": "MariaDB"}
NAME = "change"
FORWARD, BACKWARD = ("migrate",), ("migrate", "--backward")
FRACTIONS = (0.1, 0.25, 0.4, 0.55, 0.7)
"""How far into a long statement it is killed."""
LONG_S = 0.02
"""A statement that takes longer is a long one."""
ABREAST = 12
"""Programs that one kill of the server stops."""

_QUIET = re.compile(r"\W*(SELECT|SHOW|PRAGMA|SET|EXPLAIN|WITH|VALUES|USE|DESCRIBE)\b|--", re.IGNORECASE)


class Failure(AssertionError):
    """A cell whose promise did not hold."""


@dataclass(slots=True)
class Tally:
    """What came of the cells of one course, or of many."""

    between: int = 0
    inside: int = 0
    server: int = 0
    by_migrate: int = 0
    by_resolve: int = 0
    failures: list[str] = field(default_factory=list)

    def __iadd__(self, other: Tally) -> Tally:
        for name in ("between", "inside", "server", "by_migrate", "by_resolve", "failures"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    @property
    def cells(self) -> int:
        return self.between + self.inside + self.server


@dataclass(slots=True)
class Course:
    """One case in one direction: where it starts, what it sends, and where it leads when nobody stops it.

    ``returned`` is what its opposite makes of that.
    """

    ground: Ground
    root: Path
    case: Case
    forward: bool
    start: str
    before: State
    wished: State
    returned: State | None
    sent: list[tuple[str, float]]

    @property
    def command(self) -> tuple[str, ...]:
        return FORWARD if self.forward else BACKWARD

    def run(self, name: str, *arguments: str, stop: Stop | None = None) -> Ended:
        return run(self.ground.kind, self.root, *arguments, stop=stop, **self.ground.environment(name))

    # The cells

    def kill_runner(self, stop: Stop, tally: Tally, back: bool = True) -> None:
        """Kill the program at a stop, and see what one command makes of what it left."""
        self.ground.copy("cell", self.start)
        ended = self.run("cell", *self.command, stop=stop)
        if stop.after_s is None:
            tally.between += 1
        else:
            tally.inside += 1
        self._see("cell", stop, tally, ended, killed=True, back=back)

    def kill_server(self, stops: Sequence[Stop], tally: Tally, back: bool = True) -> None:
        """Kill the server while a program stands at each of the stops, and see what one command makes of each."""
        names = [f"cell{number}" for number in range(len(stops))]
        for name in names:
            self.ground.copy(name, self.start)
        with ExitStack() as stack:
            halts = [stack.enter_context(halting(stop)) for stop in stops]
            programs = [
                program(self.ground.kind, self.root, self.command, sent, **self.ground.environment(name))
                for name, (sent, _, _) in zip(names, halts, strict=True)
            ]
            for (_, reached, _), one in zip(halts, programs, strict=True):
                reached(one)
            self.ground.kill()
            for _, _, go_on in halts:
                go_on()
            endings = [one.wait() for one in programs]
        self.ground.start()
        tally.server += len(stops)
        for name, stop, ended in zip(names, stops, endings, strict=True):
            self._see(name, stop, tally, ended, killed=False, back=back)
            self.ground.drop(name)

    def _see(self, name: str, stop: Stop, tally: Tally, ended: Ended, *, killed: bool, back: bool) -> None:
        try:
            self._require_end(ended, killed=killed)
            if killed:
                self.ground.settle(name)
            command, half = self._named(name)
            self._require_truth(self.ground.state(name, self.root), half=half)
            self._done(self.run(name, *command), command)
            by = command[0]
            self._require(self.ground.state(name, self.root), self.wished, f"after {by}")
            if back and self.returned is not None:
                opposite = BACKWARD if self.forward else FORWARD
                self._done(self.run(name, *opposite), opposite)
                self._require(self.ground.state(name, self.root), self.returned, "taken back again")
        except (AssertionError, TimeoutError, OSError) as error:
            text = self.sent[stop.number][0] if stop.number < len(self.sent) else "its end"
            whose = "program" if killed else "server"
            tally.failures.append(f"{whose} killed {stop} ({text[:120]}): {error}")
            return
        if by == "resolve":
            tally.by_resolve += 1
        else:
            tally.by_migrate += 1

    def _require_end(self, ended: Ended, *, killed: bool) -> None:
        """It was killed, or had come to its end; where the server was, it says so and is not surprised."""
        if ended.killed if killed else ended.code == 2 and "Traceback" not in ended.said:
            return
        if ended.code != 0:
            raise Failure(f"the program ended with {ended.code}: {ended.said}")

    def _require_truth(self, now: State, *, half: bool) -> None:
        """The history says "applied" if and only if the whole effect is there; ``half`` may be, where that is told."""
        if (NAME in dict(now.applied)) is self.forward and not half:
            self._require(now, self.wished, "though the history says that it was done")
        elif not half and self._is_told and now.effect != self.before.effect:
            raise Failure(f"though the history says that nothing was done: {now.differs(self.before)}")
        elif half and self.is_concurrent and now.effect == self.before.effect:
            raise Failure("it is told to be half-applied though nothing was done")

    @property
    def _is_told(self) -> bool:
        """Whether nothing stays that is not told: what commits by itself otherwise is gone on with silently."""
        return self.is_concurrent or not self.case.apart

    @property
    def is_concurrent(self) -> bool:
        """Whether it makes or drops an index outside of a transaction."""
        return any("INDEX CONCURRENTLY" in text for text, _ in self.sent)

    def _require(self, now: State, wished: State, when: str) -> None:
        if now.effect != wished.effect or dict(now.applied).keys() != dict(wished.applied).keys():
            raise Failure(f"{when}: {now.differs(wished)}")
        # `resolve` leaves rows of its own in the history: what was taken back, and what was finished.
        if self.ground.kind != "mariadb" and (now.applied, now.recorded) != (wished.applied, wished.recorded):
            raise Failure(f"{when}: {now.differs(wished)}")

    def _named(self, name: str) -> tuple[tuple[str, ...], bool]:
        """The command that is to be run: what ``pwmig status`` names, or the same again; and whether it names one."""
        if self.ground.kind == "mariadb" or self.is_concurrent:
            told = re.search(r"is half-applied: pwmig (.+?) ends it", self.run(name, "status").said)
            if told:
                return tuple(told[1].split()), True
        return self.command, False

    @staticmethod
    def _done(ended: Ended, command: Sequence[str]) -> None:
        if ended.code != 0:
            raise Failure(f"pwmig {' '.join(command)} ended with {ended.code}: {ended.said}")


class Courses:
    """The courses of cases on one ground, each made when it is wanted."""

    def __init__(self, ground: Ground, folder: Path, base: str | None = None) -> None:
        self.ground, self.folder = ground, folder
        ground.make("base", base or BASE[ground.kind])

    def of(self, title: str, case: Case) -> Iterator[Course]:
        """Its way there and, where it has one, its way back."""
        ground, root = self.ground, self.folder / re.sub(r"\W+", "_", title)
        write_case(ground, root, {NAME: case.source()})
        ground.copy("work", "base")
        before = ground.state("work", root)
        there, sent = self._run(root, FORWARD)
        make = partial(Course, ground, root, case)
        if case.backward is None:
            yield make(True, "base", before, there, None, sent)
            return
        ground.copy("there", "work")
        back, sent_back = self._run(root, BACKWARD)
        again, _ = self._run(root, FORWARD)
        yield make(True, "base", before, there, back, sent)
        yield make(False, "there", there, back, again, sent_back)

    def _run(self, root: Path, command: Sequence[str]) -> tuple[State, list[tuple[str, float]]]:
        ended, sent = recording(self.ground.kind, root, *command, **self.ground.environment("work"))
        if ended.code != 0:
            raise Failure(f"pwmig {' '.join(command)} ended with {ended.code} although nobody stopped it: {ended.said}")
        return self.ground.state("work", root), sent


# Where to stop


def boundaries(course: Course) -> list[Stop]:
    """Ahead of each statement, and at the end."""
    return [Stop(number) for number in range(len(course.sent))]


def under_way(course: Course) -> list[Stop]:
    """As each statement that writes, or ends a transaction, is on its way to the server."""
    if course.ground.kind == "sqlite":
        return []
    return [Stop(number, sent=True) for number, (text, _) in enumerate(course.sent) if not _QUIET.match(text)]


def committing(course: Course) -> list[Stop]:
    """As each statement that commits is on its way to the server."""
    every = course.ground.kind == "mariadb"
    return [stop for stop in under_way(course) if every or "COMMIT" in course.sent[stop.number][0].upper()]


def inside(course: Course) -> list[Stop]:
    """In the midst of each statement that takes long."""
    return [
        Stop(number, after_s=elapsed_s * fraction)
        for number, (_, elapsed_s) in enumerate(course.sent)
        if elapsed_s > LONG_S
        for fraction in FRACTIONS
    ]


def writing(course: Course) -> list[Stop]:
    """Ahead of and behind each statement that writes; what lies between are looks, which change nothing."""
    found = {0, len(course.sent) - 1}
    for number, (text, _) in enumerate(course.sent):
        if not _QUIET.match(text):
            found |= {number, min(number + 1, len(course.sent) - 1)}
    return [Stop(number) for number in sorted(found)]


# The whole


def kill_all(course: Course, *, long: bool, looks: bool = False, most: int | None = None) -> Tally:
    """Every cell of a course; with ``looks``, also those between two statements of which none writes.

    ``most``: no more than so many places, spread over all of them, the last one among them.
    """
    tally = Tally()
    stops = inside(course) if long else [*(boundaries if looks else writing)(course), *committing(course)]
    if most is not None and len(stops) > most:
        stops = [stops[(place + 1) * len(stops) // most - 1] for place in range(most)]
    for stop in stops:
        course.kill_runner(stop, tally)
    if course.ground.kind != "sqlite":
        for first in range(0, len(stops), 1 if long else ABREAST):
            course.kill_server(stops[first : first + (1 if long else ABREAST)], tally, back=False)
    return tally


@dataclass(slots=True)
class Table:
    """What came of all courses, for a person."""

    tallies: dict[tuple[str, str, bool], Tally] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        places = list(dict.fromkeys(place for place, _, _ in self.tallies))
        yield "| migration | " + " | ".join(f"{place}, {way}" for place in places for way in ("there", "back")) + " |"
        yield "|---|" + "---:|" * 2 * len(places)
        for title in dict.fromkeys(title for _, title, _ in self.tallies):
            cells = [self._cell(place, title, forward) for place in places for forward in (True, False)]
            yield f"| {title} | " + " | ".join(cells) + " |"
        yield ""
        yield "| database | way | between statements | inside | server | by `migrate` | by `resolve` | failures |"
        yield "|---|---|" + "---:|" * 6
        for place in places:
            for forward in (True, False):
                total = Tally()
                for (where, _, way), tally in self.tallies.items():
                    if (where, way) == (place, forward):
                        total += tally
                counts = (total.between, total.inside, total.server, total.by_migrate, total.by_resolve)
                figures = " | ".join(f"{count:,}" for count in (*counts, len(total.failures)))
                yield f"| {place} | {'there' if forward else 'back'} | {figures} |"

    def _cell(self, place: str, title: str, forward: bool) -> str:
        tally = self.tallies.get((place, title, forward))
        if tally is None:
            return ""
        bad = f", **{len(tally.failures)} failed**" if tally.failures else ""
        server = f" + {tally.server}" if tally.server else ""
        return f"{tally.between + tally.inside}{server}{bad}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill everywhere, print the tables; 1 where a promise did not hold."""
    options = _options(arguments)
    table, bad = Table(), 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # What was done until then is printed.
    with suppress(KeyboardInterrupt), tempfile.TemporaryDirectory(prefix="pwmig-killed-", dir=_memory()) as folder:
        for place, ground in _grounds(options.on, Path(folder)):
            for title, case, courses, long in _cases(ground, place, Path(folder) / place, options.case, options.rows):
                for course in courses(title, case):
                    started = time.monotonic()
                    tally = kill_all(course, long=long, looks=options.looks, most=options.most)
                    table.tallies[place, title, course.forward] = tally
                    bad += len(tally.failures)
                    took = time.monotonic() - started
                    way = "there" if course.forward else "back"
                    print(f"{place}: {title}, {way}: {tally.cells} cells in {took:.0f} s", file=sys.stderr, flush=True)
                    for failure in tally.failures:
                        print(f"  FAILED: {failure}", file=sys.stderr, flush=True)
    print("\n".join(table.lines()))
    return 1 if bad else 0


def _grounds(kinds: Sequence[str], folder: Path) -> Iterator[tuple[str, Ground]]:
    from servers import end_servers, serve

    for kind in kinds:
        place = KINDS[kind]
        (folder / place).mkdir()
        with_server = kind not in ("sqlite", "wal")
        yield place, ground_of(kind, serve(kind) if with_server else None, folder / place)
        if with_server:
            end_servers()


def _cases(
    ground: Ground, place: str, folder: Path, words: Sequence[str], rows: int
) -> Iterator[tuple[str, Case, Callable[[str, Case], Iterator[Course]], bool]]:
    folder.mkdir(exist_ok=True)
    sets: tuple[tuple[dict[str, Case], str, bool], ...] = (
        (CASES, BASE[ground.kind], False),
        (LONG, LONG_BASE[ground.kind].format(rows=rows), True),
    )
    for cases, base, long in sets:
        wanted = {
            title: one
            for title, one in cases.items()
            if any(one in title for one in words) and ground.kind in one.kinds
        }
        if wanted:
            courses = Courses(ground, folder, base)
            yield from ((title, one, courses.of, long) for title, one in wanted.items())


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _options(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(prog="python tests/kill_matrix.py", description=__doc__)
    parser.add_argument("--on", nargs="+", choices=KINDS, default=list(KINDS), help="these databases (default: all)")
    parser.add_argument("--looks", action="store_true", help="also between two statements that only look")
    parser.add_argument("--most", type=int, metavar="N", help="no more than so many places in each direction")
    parser.add_argument("--case", nargs="+", default=[""], metavar="WORDS", help="only with one of these in the name")
    parser.add_argument("--rows", type=int, default=200_000, help="of the table for long statements")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
