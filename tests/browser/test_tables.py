"""A table before and after in JupyterLab: what changed stays in view while the rest scrolls, at every width."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import HEAD, sql_migration, write_project

from browser.lab import LabPage, write_notebook
from pwmig.project import Project

OTHERS = tuple(f"fact_{number}" for number in range(14))
CREATE = sql_migration(
    f"CREATE TABLE player (id INTEGER PRIMARY KEY, name TEXT, bio TEXT, {', '.join(f'{name} TEXT' for name in OTHERS)})"
)
FILL = sql_migration(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) INSERT INTO player "
    f"SELECT i, 'player ' || i, printf('%.3000c', 'x') || i, {', '.join(['hex(i * 1000000)'] * len(OTHERS))} FROM n"
)
CHANGE = HEAD + (
    "def migrate_forward():\n"
    "    migrate(migrator.add_column('player', 'level', IntegerField(default=1)))\n"
    "    database.execute_sql(\"UPDATE player SET name = upper(name), bio = bio || ' end' WHERE id < 4\")\n"
)
CELL = "from pwmig import Project\n\nProject.open('.').rehearse()"

MEASURE = """(region) => {
    const heads = [...region.querySelectorAll('thead th')];
    const at = () => heads.map((head) => head.getBoundingClientRect().x - region.getBoundingClientRect().x);
    region.scrollLeft = 0;
    const before = at();
    region.scrollLeft = 10000;
    const after = at();
    return {
        names: heads.map((head) => head.innerText.replace(/\\s+/g, ' ').trim()),
        stays: heads.map((head, n) => after[n] >= 0 && (getComputedStyle(head).position === 'sticky')),
        moves: heads.map((head, n) => after[n] < before[n] - 1),
        right: heads.map((head, n) => after[n] + head.getBoundingClientRect().width),
        width: region.clientWidth,
        scrolled: region.scrollLeft,
        page: document.documentElement.scrollWidth <= window.innerWidth,
    };
}"""


@pytest.fixture
def wide(folder: Path) -> Path:
    """A notebook that rehearses a change of a wide table with long values."""
    root = write_project(folder / "players", {"create": CREATE, "fill": FILL, "change": CHANGE})
    project = Project.open(root)
    project.apply(steps=2)
    project.database.close()
    return write_notebook(root / "tables.ipynb", [CELL])


@pytest.mark.parametrize(("width", "theme"), [(900, "Dark"), (1280, "Light"), (1600, "Dark")])
def test_change_key_and_changed_columns_stay_in_view(
    wide: Path, lab: Callable[..., LabPage], shot: Callable[[Any, str], None], width: int, theme: str
) -> None:
    page = lab(wide, width=width, theme=theme)
    page.run_all()
    region = page.page.get_by_role("region", name="player: rows before and after")
    region.wait_for()
    region.scroll_into_view_if_needed()
    seen = region.evaluate(MEASURE)
    shot(page.page, f"tables-{width}")
    stays = [name for name, stays in zip(seen["names"], seen["stays"]) if stays]
    assert seen["scrolled"] > 100 and seen["page"], "the table scrolls, the page does not"
    wanted = ["change", "id", "+ level after", "~ name before", "~ name after", "~ bio before", "~ bio after"]
    assert seen["names"][:7] == wanted
    assert stays == wanted[: {900: 3, 1280: 5, 1600: 5}[width]], "as much of what changed as there is room for"
    assert not any(name in stays for name in OTHERS)
    assert max(right for right, stays in zip(seen["right"], seen["stays"]) if stays) < 0.7 * seen["width"]
    assert all(moves for name, moves in zip(seen["names"], seen["moves"]) if name in OTHERS)


def test_each_row_has_its_whole_line_and_ground(wide: Path, lab: Callable[..., LabPage]) -> None:
    page = lab(wide)
    page.run_all()
    region = page.page.get_by_role("region", name="player: rows before and after")
    region.wait_for()
    grounds = region.evaluate(
        """(region) => [...region.querySelectorAll('tbody td')].map((cell) => {
            const style = getComputedStyle(cell);
            return [style.borderBottomWidth, style.backgroundColor !== 'rgba(0, 0, 0, 0)', style.textAlign];
        })"""
    )
    assert {(line, ground) for line, ground, _ in grounds} == {("1px", True)}
    assert {"left", "right"} == {align for _, _, align in grounds}, "texts left, numbers right"
