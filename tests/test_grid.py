"""Tables as they stand on a page: what is pinned in view, and whether every text can be read."""

from __future__ import annotations

import re

import pytest
from contrast import backgrounds, colour, contrast, over, text_colours, theme_variables, variables
from runs import NAME, rows, run_of, table

from pwmig import frames
from pwmig.frames.grid import PIN_STEPS, PINS, style_tag


def pins(html: str) -> list[tuple[str, str]]:
    """Of each pinned heading its text and the width from which on it is pinned."""
    found = re.findall(r'<th scope="col" class="[^"]*pwmig-pin pwmig-p\d+(?: pwmig-at-(\d+))?">(.*?)</th>', html)
    return [(re.sub("<[^>]*>", "", text), step) for step, text in found]


def test_change_key_and_changed_columns_are_pinned_and_no_other() -> None:
    columns = ("id", "name", "level", "note")
    before, after = rows((1, "a", 1, "x"), columns=columns), rows((1, "b", 2, "x"), columns=columns)
    shown = pins(frames.styled_rows(run_of(None, None, before, after), "player").html)
    assert [text for text, _ in shown] == [
        "change", "id", "~ name before", "~ name after", "~ level before", "~ level after",
    ]  # fmt: skip
    steps = [int(step) for _, step in shown]
    assert steps == sorted(steps) and set(steps) <= set(PIN_STEPS), "what stands further right needs more room"
    assert steps[1] == 320, "change and key are pinned wherever there is room for a table at all"


def test_where_all_columns_changed_only_change_and_key_are_pinned() -> None:
    run = run_of(None, table(NAME), None, rows((1, "a"), columns=("id", "name")))
    assert [text for text, _ in pins(frames.styled_rows(run, "player").html)] == ["change", "+ id after"]


def test_what_has_no_room_is_not_pinned_however_much_changed() -> None:
    names = tuple(f"c{number}" for number in range(30))
    before = rows((1, *("x" * 50 for _ in names), 0), columns=("id", *names, "same"))
    after = rows((1, *("y" * 50 for _ in names), 0), columns=("id", *names, "same"))
    shown = pins(frames.styled_rows(run_of(None, None, before, after), "player").html)
    assert len(shown) == PINS and [step for _, step in shown][-1] == ""


def test_the_style_sheet_knows_every_pin_and_every_step() -> None:
    sheet = style_tag()
    assert all(f".pwmig-p{place} {{" in sheet and f"var(--pwmig-l{place})" in sheet for place in range(PINS))
    assert all(f"(min-width: {step}px) {{ .pwmig-table .pwmig-at-{step} {{" in sheet for step in PIN_STEPS)


@pytest.mark.parametrize("theme", ["light", "dark", "dark-high-contrast"])
def test_every_text_can_be_read_on_every_background_of_the_tables(theme: str) -> None:
    """WCAG 2.1 AA, 4.5 to 1, in each of JupyterLab's themes, for all pairs that the sheet could make."""
    sheet = style_tag()
    known = variables(sheet) | theme_variables(theme)
    page = colour("var(--jp-layout-color1)", known)
    texts, grounds = text_colours(sheet), backgrounds(sheet)
    assert len(texts) > 1 and len(grounds) > 6
    ratios = {
        (text, ground): contrast(colour(text, known), over(colour(ground, known), page))
        for text in texts
        for ground in grounds
    }
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize(
    ("text", "ground", "ratio"),
    [("#000", "#fff", 21.0), ("#767676", "#fff", 4.54), ("rgba(0,0,0,.54)", "#fff", 4.59), ("#777", "#777", 1.0)],
)
def test_contrast_is_computed_as_the_standard_says(text: str, ground: str, ratio: float) -> None:
    assert contrast(colour(text, {}), colour(ground, {})) == pytest.approx(ratio, abs=0.05)
