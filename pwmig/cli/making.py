"""The commands that make files, and the one that opens them: init, baseline, lab."""

from __future__ import annotations

import argparse

from pwmig.cli.showing import FINE, Progress, open_project, prints_aside, refuse_memory

__all__ = ["baseline", "init", "lab"]


def init(options: argparse.Namespace) -> int:
    import shlex
    from pathlib import Path

    from pwmig.scaffold import init_project

    folder = options.folder if options.folder is not None else options.project
    for path in init_project(Path(folder)):
        print(f"wrote {path}")
    where = "" if folder == "." else f" --project {shlex.quote(folder)}"
    print(f"a project with two migrations to try: pwmig status{where}, then pwmig migrate{where}")
    return FINE


def baseline(options: argparse.Namespace) -> int:
    project = open_project(options)
    refuse_memory(project)
    with Progress(quiet=True) as progress, prints_aside():
        made = project.baseline(options.name, models=options.models, listener=progress)
    print(f"wrote {made.path}")
    if made.models is not None:
        print(f"wrote {made.models}")
    count = f"{len(made.statements)} statement" + ("" if len(made.statements) == 1 else "s")
    print(f"{made.name} is recorded as applied here; its {count} made an equal schema of an empty database")
    if made.unsaid:
        from pwmig.cli.showing import print_lines
        from pwmig.text import Ink, change_lines

        print("what the models can't say of it, pwmig diff shows:")
        print_lines(change_lines(made.unsaid, Ink()))
    return FINE


def lab(options: argparse.Namespace) -> int:
    from pwmig.lab import open_lab

    return open_lab(open_project(options), port=options.port, browser=options.browser)
