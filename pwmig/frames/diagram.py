"""Tables and references as a Mermaid diagram, and as plain sentences for who does not see it.

The text is an ``erDiagram`` (https://mermaid.js.org/syntax/entityRelationshipDiagram.html), the
same for the same schema. Entities have names of our own (``t1``); what a table is really called
stands in quotes, each letter that means something to Mermaid, Markdown or HTML as its number
(https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters). A column's name
has to be a word there: where it is none, a word is made of it, and the name stands in the remark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from pwmig.diff import Change
from pwmig.diff.case import Case
from pwmig.errors import PwmigError
from pwmig.frames.diagram_marks import DROPPED, Marks, marks_of
from pwmig.records import dataclass
from pwmig.schema import Column, ForeignKey, Schema, Table

__all__ = ["MOST_TABLES", "Diagram", "draw", "mermaid"]

MOST_TABLES = 25
"""So many tables can be taken in at a glance."""

MOST_COLUMNS = 12
"""A larger table shows so many of its columns."""

MOST_TEXT = 90_000
"""The most letters of a diagram: JupyterLab draws none of more than 100,000."""

_NAME_LETTERS = 40
_COLOURS = (
    "    classDef added stroke:#2e9d4f,stroke-width:3px",
    "    classDef dropped stroke:#d9534f,stroke-width:3px,stroke-dasharray:6 4",
    "    classDef changed stroke:#c98a00,stroke-width:3px",
)
_CLASS = {"+": ":::added", "-": ":::dropped", "~": ":::changed"}


@dataclass(frozen=True, slots=True)
class Diagram:
    """A picture of a schema: ``text`` is Mermaid's, ``note`` says which part of the whole is shown.

    ``sentences`` say the same in words: what changed, then each reference.
    """

    text: str
    note: str
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(filter(None, [self.note, *self.sentences])) or "no table refers to another"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """JupyterLab draws Mermaid's text by itself; elsewhere stands what it says in words."""
        return {"text/vnd.mermaid": self.text, "text/plain": str(self)}


def mermaid(
    schema: Schema, changes: Sequence[Change] = (), focus: str | None = None, most_tables: int = MOST_TABLES
) -> str:
    """The schema as the text of a Mermaid diagram; see :func:`draw`."""
    return draw(schema, changes, focus, most_tables).text


def draw(
    schema: Schema,
    changes: Sequence[Change] = (),
    focus: str | None = None,
    most_tables: int = MOST_TABLES,
    distance: int | None = None,
) -> Diagram:
    """Tables, columns and references of a schema as it is after ``changes``, which are marked in it.

    What was dropped is drawn as well. Where there are more than ``most_tables``, those are shown that are
    nearest to ``focus`` by their references (without one: to what changed, or to the table with the most
    references); with ``distance`` only those at most so many references away. Raises PwmigError where there
    is no table ``focus``.
    """
    marks = marks_of(changes, Case.of(schema))
    whole = _Whole(schema, marks)
    if focus is not None and whole.key(focus) not in whole.tables:
        raise PwmigError(
            f"there is no table {focus!r} to draw the neighbours of",
            why="the schema does not hold it",
            way_out="name a table of the schema, or draw the whole",
        )
    shown, note = whole.part(focus, most_tables, distance)
    for columns in (MOST_COLUMNS, MOST_COLUMNS // 2, 3, 1):
        text = _text(whole, shown, note, columns)
        if len(text) <= MOST_TEXT:
            return Diagram(text, note, _sentences(whole, shown))
    return draw(schema, changes, focus, max(1, min(most_tables, len(shown)) // 2), distance)


class _Whole:
    """All tables, dropped ones too, by folded name, and who refers to whom."""

    def __init__(self, schema: Schema, marks: Marks) -> None:
        self.marks = marks
        self.key = marks.case.table
        every = {self.key(table.name): table for table in (*marks.dropped_tables, *schema.tables)}
        self.tables = {name: every[name] for name in sorted(every)}
        self.near: dict[str, set[str]] = {name: set() for name in self.tables}
        for name in self.tables:
            for key in self.references(name):
                if (other := self.key(key.ref_table)) in self.near and other != name:
                    self.near[name].add(other)
                    self.near[other].add(name)

    def references(self, name: str) -> tuple[ForeignKey, ...]:
        """A table's references, and those that were dropped from it."""
        return (*self.tables[name].foreign_keys, *self.marks.dropped_references(name))

    def part(self, focus: str | None, most: int, distance: int | None) -> tuple[tuple[str, ...], str]:
        """The names of the tables to show, sorted, and which they are in words."""
        if len(self.tables) <= most and (focus is None or distance is None):
            return tuple(self.tables), ""
        starts, near = self.middle(focus)
        found = self.nearest(starts, distance)
        shown = tuple(sorted(found[:most]))
        return shown, f"{len(shown):,} of {len(self.tables):,} tables: those near {near}"

    def middle(self, focus: str | None) -> tuple[list[str], str]:
        """Where to start from, and what that is called."""
        if focus is not None:
            return [self.key(focus)], self.tables[self.key(focus)].name
        changed = [name for name in self.tables if self.marks.table(name)]
        if changed:
            return changed, "what changed"
        hub = min(self.tables, key=lambda name: (-len(self.near[name]), name))
        return [hub], f"{self.tables[hub].name}, which has the most references"

    def nearest(self, starts: Sequence[str], distance: int | None) -> list[str]:
        """The tables that can be reached, the nearest first, by name where equally near."""
        found = dict.fromkeys(starts)
        edge, steps = list(starts), 0
        while edge and (distance is None or steps < distance):
            edge = sorted({other for name in edge for other in self.near[name]} - found.keys())
            found.update(dict.fromkeys(edge))
            steps += 1
        return list(found)


# -- the text


def _text(whole: _Whole, shown: Sequence[str], note: str, most_columns: int) -> str:
    ids = {name: f"t{number}" for number, name in enumerate(shown, 1)}
    missing: dict[str, str] = {}

    def id_of(table: str) -> str | None:
        """The entity of a table; None for one that is not shown, a new one where there is no such table."""
        name = whole.key(table)
        if name in whole.tables:
            return ids.get(name)
        return missing.setdefault(table, f"m{len(missing) + 1}")

    lines = ["erDiagram", "    accTitle: Tables and references"]
    lines += [f"    accDescr: {_label(note)}", f"    %% {_label(note)}"] if note else []
    for name in shown:
        lines += _entity(ids[name], whole, name, most_columns)
    references = [line for name in shown for line in _references(whole, name, id_of)]
    lines += [f'    {id}["{_label(table)} (no such table)"]' for table, id in missing.items()]
    return "\n".join([*lines, *references, *_COLOURS]) + "\n"


def _entity(id: str, whole: _Whole, name: str, most_columns: int) -> list[str]:
    table, mark = whole.tables[name], whole.marks.table(name)
    title = _label(table.name) + (f" ({_label(mark)})" if mark else "")
    columns = (*table.columns, *whole.marks.dropped_columns(name))
    keys = _Keys(table)
    chosen = _chosen(columns, most_columns, lambda column: keys.rank(column, whole.marks.column(name, column.name)))
    lines = [_attribute(column, keys.text(column), whole.marks.column(name, column.name)) for column in chosen]
    if more := len(columns) - len(chosen):
        lines.append(f'        \N{HORIZONTAL ELLIPSIS} \N{HORIZONTAL ELLIPSIS} "{more} more columns"')
    return [f'    {id}["{title}"]{_CLASS.get(mark[:1], "")} {{', *lines, "    }"]


def _chosen(columns: Sequence[Column], most: int, rank: Callable[[Column], int]) -> list[Column]:
    """All columns, or of a large table the first by rank."""
    return list(columns) if len(columns) <= most else sorted(columns, key=rank)[:most]


class _Keys:
    """What a table's columns are keys of."""

    def __init__(self, table: Table) -> None:
        self.primary = _named(table, table.primary_key)
        self.foreign = {name for key in table.foreign_keys for name in _named(table, key.columns)}
        self.unique = {next(iter(names)) for names in unique_sets(table) if len(names) == 1} - self.primary

    def text(self, column: Column) -> str:
        name = column.name
        held = (("PK", self.primary), ("FK", self.foreign), ("UK", self.unique))
        return ", ".join(word for word, names in held if name in names)

    def rank(self, column: Column, mark: str) -> int:
        """Keys first, then what changed, then the rest."""
        name = column.name
        tests = (name in self.primary, name in self.foreign, bool(mark))
        return next((place for place, holds in enumerate(tests) if holds), len(tests))


def unique_sets(table: Table) -> list[frozenset[str]]:
    """The sets of columns of which no two rows have the same values."""
    indexes = [index for index in table.indexes if index.unique and index.predicate is None]
    sets = [table.primary_key, *(unique.columns for unique in table.uniques)]
    sets += [index.columns for index in indexes if all(part.column for part in index.parts)]
    return [_named(table, names) for names in sets if names]


def _attribute(column: Column, keys: str, mark: str) -> str:
    name = _word(column.name)
    remarks = [part for part in ("" if name == column.name else _shown(column.name), mark) if part]
    remark = f' "{_label("; ".join(remarks))}"' if remarks else ""
    return f"        {_word(column.type or 'untyped')} {name}{' ' + keys if keys else ''}{remark}"


def _references(whole: _Whole, name: str, id_of: Callable[[str], str | None]) -> list[str]:
    """A line of Mermaid for each reference between tables that are shown: ``parent ||--o{ child : "columns"``."""
    table, lines = whole.tables[name], []
    for key in whole.references(name):
        parent, child = id_of(key.ref_table), id_of(table.name)
        if parent is None or child is None:
            continue
        one, many = _crows_feet(table, key)
        mark = whole.marks.reference(name, key)
        line = ".." if DROPPED in (mark, whole.marks.table(name)) else "--"
        label = _label(", ".join(key.columns)) + (f" ({_label(mark)})" if mark else "")
        lines.append(f'    {parent} {one}{line}{many} {child} : "{label}"')
    return lines


def _crows_feet(table: Table, key: ForeignKey) -> tuple[str, str]:
    """How many rows stand at the parent's end, and how many at the child's."""
    columns = [table.column(name) for name in key.columns]
    required = all(column is not None and not column.nullable for column in columns)
    alone = any(names <= _named(table, key.columns) for names in unique_sets(table))
    return ("||" if required else "|o"), ("o|" if alone else "o{")


def _named(table: Table, names: Iterable[str]) -> frozenset[str]:
    """The columns as the table itself writes them, whatever their letter case is elsewhere."""
    return frozenset(column.name if (column := table.column(name)) else name for name in names)


# -- words


def _sentences(whole: _Whole, shown: Collection[str]) -> tuple[str, ...]:
    said = []
    for name in shown:
        table = whole.tables[name]
        if mark := whole.marks.table(name):
            said.append(f"{_shown(table.name)}: {mark}")
        for column in (*table.columns, *whole.marks.dropped_columns(name)):
            if mark := whole.marks.column(name, column.name):
                said.append(f"{_shown(table.name)}.{_shown(column.name)}: {mark}")
    for name in shown:
        for key in whole.references(name):
            mark = whole.marks.reference(name, key)
            columns = ", ".join(map(_shown, key.columns)) + (f"; {mark}" if mark else "")
            said.append(f"{_shown(whole.tables[name].name)} refers to {_shown(key.ref_table)} ({columns})")
    return tuple(said)


# -- escaping


def _shown(name: str) -> str:
    """A name on one line and of a length that can be read: control characters are escaped, the rest is cut."""
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in name)
    return text if len(text) <= _NAME_LETTERS else text[:_NAME_LETTERS] + "..."


def _label(text: str) -> str:
    """A text between quotes, where what means something to Mermaid, Markdown or HTML is coded."""
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
    shown = shown if len(shown) <= 3 * _NAME_LETTERS else shown[: 3 * _NAME_LETTERS] + "..."
    coded = "".join(_coded(before, char) for before, char in zip(" " + shown, shown))
    # Mermaid looks for `direction TB` anywhere in a line; Markdown makes code of an indented text.
    coded = re.sub("(?i)d(?=irection)", lambda found: f"#{ord(found[0])};", coded)
    return re.sub("^ |(?<= ) | $", "#32;", coded)


def _coded(before: str, char: str) -> str:
    """The letter, or its number; an underscore or a hyphen inside of a word is no Markdown."""
    inside = char in "_-" and before.isalnum()
    return char if char.isalnum() or char in " ()," or inside else f"#{ord(char)};"


def _word(text: str) -> str:
    """A word as Mermaid takes it for a column or a type, as much like the text as it can be."""
    word = re.sub(r"\s*,\s*", "\N{SINGLE LOW-9 QUOTATION MARK}", _shown(text))
    word = "".join(char if _in_words(char) else "_" for char in word)
    if not re.match("[A-Za-z_\u00c0-\uffff]", word):
        word = "_" + word
    if re.match(r"(?i)[pfu]k\b", word, re.ASCII):
        word = f"{word[:2]}_{word[2:]}"  # a key, in either case
    return "x" + word if re.fullmatch("_.*_|__.*", word) else word  # Markdown would take the marks away


def _in_words(char: str) -> bool:
    if char.isascii():
        return char.isalnum() or char in "_()"
    return (char.isalnum() and "\u00c0" <= char <= "\uffff") or char == "\N{SINGLE LOW-9 QUOTATION MARK}"
