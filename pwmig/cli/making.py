"""The commands that make files, and the one that opens them: init, create, lab."""

from __future__ import annotations

import argparse

from pwmig.cli.showing import FINE, open_project

__all__ = ["create", "init", "lab"]


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


def create(options: argparse.Namespace) -> int:
    path = open_project(options).create(options.name)
    print(f"wrote {path}")
    print("edit migrate_forward() and migrate_backward() in it; then pwmig rehearse, pwmig migrate")
    return FINE


def lab(options: argparse.Namespace) -> int:
    from pwmig.lab import open_lab

    return open_lab(open_project(options), port=options.port, browser=options.browser)
