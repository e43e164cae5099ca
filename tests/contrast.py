"""The colours of a style sheet as a browser computes them in a theme of JupyterLab, and their contrast."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

THEMES = Path(sys.prefix, "share/jupyter/lab/themes/@jupyterlab")
NAMED = {"transparent": "#00000000", "white": "#ffffff", "black": "#000000", "green": "#008000"}

Colour = tuple[float, float, float, float]
"""Red, green, blue and opacity, each from 0 to 1."""


def theme_variables(theme: str) -> dict[str, str]:
    """The custom properties of a theme: ``light``, ``dark`` or ``dark-high-contrast``."""
    return variables((THEMES / f"theme-{theme}-extension" / "index.css").read_text(encoding="utf-8"))


def variables(sheet: str) -> dict[str, str]:
    return {name: value.strip() for name, value in re.findall(r"(--[\w-]+)\s*:\s*([^;{}]+)", sheet)}


def text_colours(sheet: str) -> list[str]:
    """Every colour that a sheet gives to text."""
    return _values(r"(?<![-\w])color\s*:\s*([^;{}]+)", sheet)


def backgrounds(sheet: str) -> list[str]:
    """Every plain background of a sheet."""
    return [value for value in _values(r"background(?:-color)?\s*:\s*([^;{}]+)", sheet) if "gradient" not in value]


def _values(pattern: str, sheet: str) -> list[str]:
    found = dict.fromkeys(value.removesuffix("!important").strip() for value in re.findall(pattern, sheet))
    return [value for value in found if value not in ("inherit", "none", "transparent")]


def colour(text: str, known: Mapping[str, str]) -> Colour:
    """A CSS colour: hexadecimal, rgb(), a name, var() or color-mix() of these."""
    text = NAMED.get(text.strip(), text.strip())
    if text.startswith("#"):
        digits = text[1:] if len(text) > 5 else "".join(2 * digit for digit in text[1:])
        parts = [int(digits[place : place + 2], 16) / 255 for place in range(0, len(digits), 2)]
        return (parts[0], parts[1], parts[2], parts[3] if len(parts) > 3 else 1.0)
    name, inside = text.split("(", 1)
    arguments = _split(inside.rsplit(")", 1)[0])
    if name == "var":
        return colour(_value(arguments, known), known)
    if name in ("rgb", "rgba"):
        red, green, blue = (float(part) / 255 for part in arguments[:3])
        return (red, green, blue, float(arguments[3]) if len(arguments) > 3 else 1.0)
    assert name == "color-mix" and arguments[0] == "in srgb", text
    first, share = arguments[1].rsplit(" ", 1)
    return _mixed(colour(first, known), colour(arguments[2], known), float(share.removesuffix("%")) / 100)


def _value(arguments: list[str], known: Mapping[str, str]) -> str:
    """What var() stands for: the property, or the fallback where there is none, or one that leads nowhere."""
    given = known.get(arguments[0])
    if given is not None and not _leads_nowhere(given, known):
        return given
    return arguments[1]


def _leads_nowhere(text: str, known: Mapping[str, str]) -> bool:
    if not text.startswith("var("):
        return False
    arguments = _split(text[4:-1])
    return len(arguments) == 1 and (arguments[0] not in known or _leads_nowhere(known[arguments[0]], known))


def _split(text: str) -> list[str]:
    """Arguments apart, those within parentheses together."""
    parts, depth = [""], 0
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Mixed as https://www.w3.org/TR/css-color-5/#color-mix says: by what each covers."""
    opacity = one[3] * share + other[3] * (1 - share)
    red, green, blue = (
        (a * one[3] * share + b * other[3] * (1 - share)) / (opacity or 1) for a, b in zip(one[:3], other[:3])
    )
    return (red, green, blue, opacity)


def over(front: Colour, back: Colour) -> Colour:
    """A colour that lets another one shine through."""
    return _mixed((*front[:3], 1.0), (*back[:3], 1.0), front[3])


def contrast(text: Colour, background: Colour) -> float:
    """The ratio of https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio: 4.5 is enough for text (AA)."""
    light, dark = sorted((_luminance(over(text, background)), _luminance(background)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(shown: Colour) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in shown[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
