"""What a test may need beyond Python: a browser, a package index, the real data. Where it is missing, the test
is skipped with a reason; where ``PWMIG_REQUIRE`` names it (``PWMIG_REQUIRE=browser,network``), that is a failure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn

import pytest
import servers

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
"""Real databases that stand beside a checkout; they are no part of it."""


def required() -> frozenset[str]:
    """The kinds that must not be missing here, as ``PWMIG_REQUIRE`` lists them."""
    return frozenset(filter(None, (kind.strip() for kind in os.environ.get("PWMIG_REQUIRE", "").split(","))))


def require_or_skip(kind: str, reason: str) -> NoReturn:
    """End a test that lacks ``kind``: skipped because of ``reason``, or failed where it is required."""
    if kind in required():
        pytest.fail(f"{reason} (PWMIG_REQUIRE asks for {kind})", pytrace=False)
    pytest.skip(reason)


def real_data(name: str) -> Path:
    """The file ``name`` of the real data, which a test only reads or copies; skips where it is not there."""
    path = DATA / name
    if not path.is_file():
        require_or_skip("data", f"there is no {name} in shared/data beside the checkout")
    return path


def require_extension(database: Any, name: str) -> None:
    """Skip a test where this PostgreSQL comes without an extension: not every build brings the usual ones along."""
    available = "SELECT 1 FROM pg_available_extensions WHERE name = %s"
    if not database.execute_sql(available, (name,)).fetchone():
        require_or_skip("postgres", f"this PostgreSQL comes without {name}")


def server_of(kind: str, config: pytest.Config) -> servers.Server:
    """The server of a kind, started for its first test; where there can't be one, the test is skipped."""
    cache = getattr(config, "cache", None)
    try:
        return servers.serve(kind, cache and cache.mkdir)
    except servers.Missing as missing:
        require_or_skip(kind, str(missing))
