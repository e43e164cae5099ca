"""Where two texts part: of two that are too long to be shown whole, the place that differs."""

from __future__ import annotations

__all__ = ["common_start", "parted"]

_DOTS = "..."
_AHEAD = 0.4
"""This share of an excerpt stands ahead of the place that differs, so that it is known again."""


def common_start(one: str, other: str) -> int:
    """How many characters two texts begin with alike; by halves, since they may be long."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def parted(text: str, other: str, width: int) -> str:
    """At most ``width`` characters of a text: its beginning, or from where it is seen how it parts from another.

    Two texts that part have excerpts that differ, whichever of the two is asked for.
    """
    place = common_start(text, other)
    fits = len(text) <= width
    if text == other or place < width - 2 * len(_DOTS):
        return text if fits else text[: width - len(_DOTS)] + _DOTS
    if fits and len(other) <= width:
        return text
    start = _begun(text, place - int(_AHEAD * width), place)
    shown = _DOTS + text[start:]
    return shown if len(shown) <= width else shown[: width - len(_DOTS)] + _DOTS


def _begun(text: str, start: int, end: int) -> int:
    """The beginning of a word shortly behind ``start``, if one begins before ``end``: the same for both texts."""
    space = text.find(" ", start, (start + end) // 2)
    return start if space < 0 else space
