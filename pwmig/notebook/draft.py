"""A migration that is being written: its operations, its code, and what it replaces; frozen, without a widget.

The code is made of the operations until a person edits it. Edits that say nothing but operations are
read back as such; any other leave the code as it was typed, and the operations at rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from pwmig.codegen import inverse, inverses, read, same_code, text_of
from pwmig.codegen.kinds import SQLITE, Kinds
from pwmig.drafting import Draft as Drafted
from pwmig.drafting import DraftFile
from pwmig.errors import PwmigError
from pwmig.files import template
from pwmig.frames.wording import short_name
from pwmig.operations import Operation
from pwmig.records import dataclass
from pwmig.schema import Schema

__all__ = [
    "Draft",
    "Pair",
    "Write",
    "added",
    "authored",
    "back_to_operations",
    "code_line",
    "coded",
    "moved",
    "named",
    "new",
    "opened",
    "orphaned",
    "part_line",
    "removed",
    "replaced",
    "rewritten",
    "saved",
    "suggested_name",
    "writer",
]

Pair = tuple[Operation, Operation]
"""An operation and what undoes it."""

Write = Callable[[Sequence[Operation], Sequence[Pair]], str]
"""Makes the code of operations; the pairs say what undoes some of them, where that was read from a file."""

_LONGEST_NAME = 60

_MOST_READ = 100_000
"""A longer text is not read for operations at each letter that is typed: it is by hand."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A migration that is being written.

    ``code`` is the text as it is now, ``made`` that of the operations; ``typed`` says that this was typed or read
    from a file, and is not renewed by itself. ``replaces`` is the pending migration that was opened, ``was`` the
    checksum of its file, ``saved`` the text that is safe: in the file, or the empty template. ``drafted`` is the text
    that was written from the models, ``files`` what of it is to be saved, each change in its own, where that is wished.
    """

    name: str = ""
    suggested: str = ""
    operations: tuple[Operation, ...] = ()
    ways_back: tuple[Pair, ...] = ()
    made: str = ""
    code: str = ""
    typed: bool = False
    replaces: str | None = None
    was: str | None = None
    saved: str = ""
    drafted: str = ""
    files: tuple[DraftFile, ...] = ()

    @property
    def by_hand(self) -> bool:
        """Whether the code says something else than the operations."""
        return self.code != self.made

    @property
    def unsaved(self) -> bool:
        return self.code != self.saved

    @property
    def as_drafted(self) -> bool:
        """Whether it is what was written from the models, and nothing that a person typed."""
        return bool(self.drafted) and self.code == self.drafted and self.replaces is None

    @property
    def parts(self) -> tuple[DraftFile, ...]:
        """The files to save in place of one, none where one is meant: code that was edited is one again."""
        return self.files if self.as_drafted else ()

    @property
    def given_name(self) -> str | None:
        """The name that a person gave."""
        return self.name if self.name not in ("", self.suggested) else None


def writer(config_module: str, schema: Schema | None, kinds: Kinds = SQLITE) -> Write:
    """How code is made in a project, where the database, of one of ``kinds``, holds ``schema`` before the migration."""

    def write(operations: Sequence[Operation], ways_back: Sequence[Pair]) -> str:
        if not operations:
            return template(config_module)
        return text_of(operations, inverses(operations, schema, ways_back, kinds), config_module)

    return write


def new(write: Write) -> Draft:
    """An empty draft: the template."""
    made = write((), ())
    return Draft(made=made, code=made, saved=made)


def opened(name: str, text: str, was: str, write: Write) -> Draft:
    """The draft of a pending migration's file; by hand where its text says more than operations."""
    empty = write((), ())
    draft = Draft(name, name, made=empty, code=text, replaces=name, was=was, saved=text)
    return replace(coded(draft, text, write), typed=True)


def authored(made: Drafted, name: str | None, write: Write, *, split: bool = False) -> Draft:
    """What was written from the models, under the name that a person gave, or the suggested one."""
    empty = write((), ())
    suggested = "" if name or split else made.files[0].name
    files = made.files if split else ()
    begun = Draft(made=empty, code=made.whole, saved=empty, drafted=made.whole, files=files)
    draft = coded(begun, made.whole, write)
    return replace(draft, name=name or suggested, suggested=suggested, typed=True)


def coded(draft: Draft, text: str, write: Write) -> Draft:
    """The draft with a text that was typed; where that is the code of operations, they are these from now on."""
    if text == draft.made:
        return replace(draft, code=text)
    written = read(text) if len(text) <= _MOST_READ else None
    if written is None or not written.forward:
        return replace(draft, code=text)
    back = tuple(reversed(written.backward or ()))
    pairs = tuple(zip(written.forward, back)) if len(back) == len(written.forward) else ()
    if not all(_is_undone(*pair) for pair in pairs):
        return replace(draft, code=text)
    made = write(written.forward, pairs)
    if not same_code(text, made):
        return replace(draft, code=text)
    typed = draft.typed or text != made
    read_back = replace(draft, operations=written.forward, ways_back=pairs, made=text, code=text, typed=typed)
    return _suggested(read_back)


def _is_undone(done: Operation, undo: Operation) -> bool:
    """Whether an operation may be what takes another one back: a way back that has an order of its own pairs others."""
    if inverse(done) == undo or inverse(undo) == done:
        return True
    names, others = _names(done), _names(undo)
    return not names or not others or bool(names & others)


def _names(operation: Operation) -> set[str]:
    """The things that an operation is about; none where nothing tells them, as with SQL."""
    table = getattr(operation, "table", None)
    found = [getattr(operation, field, None) for field in ("old_name", "new_name", "name", "columns", "column")]
    names = [name for each in found for name in (each if isinstance(each, tuple) else (getattr(each, "name", each),))]
    front = f"{table}." if table is not None else ""
    return {f"{front}{name}" for name in names if isinstance(name, str)}


def added(draft: Draft, operation: Operation, write: Write) -> Draft:
    """With one operation more, at the end."""
    return _with(draft, (*draft.operations, operation), write)


def replaced(draft: Draft, place: int, operation: Operation, write: Write) -> Draft:
    """With another operation in that place (from 0)."""
    _require_place(draft, place)
    return _with(draft, (*draft.operations[:place], operation, *draft.operations[place + 1 :]), write)


def moved(draft: Draft, place: int, by: int, write: Write) -> Draft:
    """With the operation of that place some places further down, or up where ``by`` is negative."""
    _require_place(draft, place)
    _require_place(draft, place + by)
    order = list(draft.operations)
    order.insert(place + by, order.pop(place))
    return _with(draft, tuple(order), write)


def removed(draft: Draft, place: int, write: Write) -> Draft:
    """Without the operation of that place."""
    _require_place(draft, place)
    return _with(draft, draft.operations[:place] + draft.operations[place + 1 :], write)


def rewritten(draft: Draft, write: Write) -> Draft:
    """The code made anew, now that more is known of the schema; a text that was typed stays."""
    if draft.by_hand or draft.typed:
        return draft
    made = write(draft.operations, draft.ways_back)
    return replace(draft, made=made, code=made)


def back_to_operations(draft: Draft) -> Draft:
    """The code of the operations, or what came from the models, again: without what was edited by hand."""
    return replace(draft, code=draft.made if draft.operations else draft.drafted or draft.made)


def named(draft: Draft, name: str) -> Draft:
    return replace(draft, name=name)


def orphaned(draft: Draft) -> Draft:
    """The draft of a file that is gone, as a new one of that name."""
    assert draft.replaces is not None
    return replace(draft, name=short_name(draft.replaces), replaces=None, was=None)


def saved(draft: Draft, name: str, was: str) -> Draft:
    """Now that its text is in the file of a migration, with that checksum."""
    return replace(draft, name=name, suggested=name, replaces=name, was=was, saved=draft.code, files=())


def _with(draft: Draft, operations: tuple[Operation, ...], write: Write) -> Draft:
    if draft.by_hand:
        raise PwmigError(
            "the operations can't be changed now",
            why="the code was edited by hand, and would be written over",
            way_out="go on in the code, or go back to the operations, which drops what was edited by hand",
        )
    made = write(operations, draft.ways_back)
    return _suggested(replace(draft, operations=operations, made=made, code=made, typed=False))


def _suggested(draft: Draft) -> Draft:
    """With a name for what it does, as long as a person has given none; an opened file keeps its own."""
    if draft.replaces is not None:
        return draft
    suggested = suggested_name(draft.operations)
    name = suggested if draft.name in ("", draft.suggested) else draft.name
    return replace(draft, name=name, suggested=suggested)


def _require_place(draft: Draft, place: int) -> None:
    count = len(draft.operations)
    if not 0 <= place < count:
        held = "it holds none" if not count else f"they are counted from 0 to {count - 1}"
        raise PwmigError(f"there is no operation {place}", why=held, way_out="give the place of one of them")


def suggested_name(operations: Sequence[Operation]) -> str:
    """A name for a migration of these operations: ``add_player_level``, ``create_table_club_and_more``."""
    if not operations:
        return ""
    end = "_and_more" if len(operations) > 1 else ""
    args, _ = operations[0].call()
    words = [operations[0].method.removesuffix("_column").removesuffix("_constraint")]
    for value in args:
        words += [value] if isinstance(value, str) else list(value) if isinstance(value, tuple) else []
    name = re.sub(r"[^a-z0-9]+", "_", "_".join(words).lower()).strip("_")
    return name[: _LONGEST_NAME - len(end)].strip("_") + end


def part_line(part: DraftFile) -> str:
    """The call that saves one file of several from a cell."""
    return f"create({part.name!r}, source={part.source!r})"


def code_line(draft: Draft) -> str:
    """The call that saves the draft from a cell: ``create('add_player_level', AddColumn(...))``."""
    if draft.replaces is not None:
        return f"edit({draft.replaces!r}, source={draft.code!r})"
    if draft.by_hand or draft.typed:
        return f"create({draft.name!r}, source={draft.code!r})"
    return f"create({', '.join([repr(draft.name), *map(repr, draft.operations)])})"
