"""PWMIG_REQUIRE turns a skip into a failure, however the test skips: the pipeline's word that nothing was left out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from requirements import ROOT

SKIPS = {
    "by the helper": "from requirements import require_or_skip\ndef test_it(): require_or_skip('browser', 'none here')",
    "by the fixture": "def test_it(require_or_skip): require_or_skip('browser', 'none here')",
    "in the test": "import pytest\n@pytest.mark.browser\ndef test_it(): pytest.skip('none here')",
    "by a mark": "import pytest\n@pytest.mark.browser\n@pytest.mark.skip(reason='none here')\ndef test_it(): pass",
    "as a module": "import pytest\npytest.skip('none here', allow_module_level=True)",
}


def outcome(source: str, required: str, folder: Path) -> tuple[int, str]:
    """The exit code and output of pytest for a test module in tests/browser, under this suite's conftest."""
    tests = folder / "tests" / "browser"
    tests.mkdir(parents=True)
    for name in ("conftest.py", "requirements.py", "servers.py", "server_processes.py", "watchdog.py"):
        shutil.copy(ROOT / "tests" / name, tests.parent)
    settings = "[pytest]\npythonpath = tests\nmarkers =\n  browser: needs a browser\n  postgres: a server\n"
    (folder / "pytest.ini").write_text(settings, encoding="utf-8")
    (tests / "test_one.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", "-p", "no:nbval"],
        cwd=folder,
        env={**os.environ, "PWMIG_REQUIRE": required},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("way", SKIPS)
def test_a_skip_of_what_is_required_is_a_failure(way: str, tmp_path: Path) -> None:
    code, output = outcome(SKIPS[way], "network, browser", tmp_path)
    assert code != 0
    assert "none here (PWMIG_REQUIRE asks for browser)" in output


@pytest.mark.parametrize(("way", "required"), [("by the helper", ""), ("in the test", "network"), ("as a module", "")])
def test_a_skip_of_what_is_not_required_keeps_its_reason(way: str, required: str, tmp_path: Path) -> None:
    code, output = outcome(SKIPS[way], required, tmp_path)
    assert code in (0, 5), output
    assert "1 skipped" in output
    assert "none here" in output
