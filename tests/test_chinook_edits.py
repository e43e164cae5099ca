"""A real database whose models are edited time and again: each migration written from them, applied, and taken back."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import peewee
from projects import config_of, open_project, state
from test_real_data import fill_with_chinook

from pwmig.diff import diff
from pwmig.drafting import Wishes
from pwmig.project import Project
from pwmig.schema import Schema

Name = Callable[[str], str]
"""A name of the music shop's, such as ``MediaType``, as its database calls it."""
Cells = Mapping[str, Callable[[Any], Any]]


class Models:
    """The text of the models' module, edited by the names of its classes and fields as a person would."""

    def __init__(self, text: str) -> None:
        self.module = ast.parse(text)

    @property
    def text(self) -> str:
        return ast.unparse(ast.fix_missing_locations(self.module))

    def put(self, place: str, text: str) -> None:
        """``put("Track", "level = IntegerField()")``: a field, at the end of those that there are."""
        body = self._class(place).body
        body.insert(sum(isinstance(one, ast.Assign) for one in body), ast.parse(text).body[0])

    def put_class(self, before: str, text: str) -> None:
        self.module.body.insert(self.module.body.index(self._class(before)), ast.parse(text).body[0])

    def put_last(self, text: str) -> None:
        self.module.body += ast.parse(text).body

    def say(self, place: str, **options: Any) -> None:
        """``say("Track.composer", null=False)``: other options of a field."""
        call = self._field(place).value
        assert isinstance(call, ast.Call)
        call.keywords = [one for one in call.keywords if one.arg not in options]
        call.keywords += [ast.keyword(name, ast.parse(repr(value)).body[0].value) for name, value in options.items()]  # type: ignore[attr-defined]

    def become(self, place: str, text: str) -> None:
        """Another field in place of one: ``text`` is its class with what is to be said, the column's name aside."""
        assign = self._field(place)
        old, new = assign.value, ast.parse(text).body[0].value  # type: ignore[attr-defined]
        assert isinstance(old, ast.Call)
        new.keywords += [one for one in old.keywords if one.arg == "column_name"]
        assign.value = new

    def meta(self, place: str, text: str) -> None:
        """``meta("Track", "table_name = 'song'")``, in place of what is said of it, if anything is."""
        body = self._class(place).body
        metas = [one for one in body if isinstance(one, ast.ClassDef)]
        if not metas:
            body.append(ast.parse(f"class Meta:\n    {text}").body[0])
            return
        said = ast.parse(text).body[0]
        kept = [one for one in metas[0].body if ast.unparse(one).split(" =")[0] != text.split(" =")[0]]
        metas[0].body = [*kept, said]

    def drop(self, place: str) -> None:
        body = self._class(place.partition(".")[0]).body
        body.remove(self._field(place))

    def drop_class(self, name: str) -> None:
        """The class, and what is said of it below."""
        self.module.body = [one for one in self.module.body if not re.match(rf"(class )?{name}\b", ast.unparse(one))]

    def _class(self, name: str) -> ast.ClassDef:
        return next(one for one in self.module.body if isinstance(one, ast.ClassDef) and one.name == name)

    def _field(self, place: str) -> ast.Assign:
        owner, _, name = place.partition(".")
        found = [one for one in self._class(owner).body if isinstance(one, ast.Assign)]
        return next(one for one in found if ast.unparse(one.targets[0]) == name)


@dataclass(frozen=True)
class Edit:
    """``does`` edits the models; ``fills`` and ``renames`` are the answers, in the names of the shop.

    ``asked`` is whether questions are open without them. ``tables`` and ``columns`` are the new names of what is
    called otherwise, ``cells`` what becomes of cells.
    """

    does: Callable[[Models, Name], None]
    asked: bool = False
    fills: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    cells: Cells = field(default_factory=dict)
    lost: bool = False

    def wishes(self, name: Name) -> Wishes:
        return Wishes(
            renames=tuple(f"{_named(place, name)}:{new}" for place, new in self.columns.items()),
            table_renames=tuple(f"{name(old)}:{new}" for old, new in self.tables.items()),
            fills=tuple(f"{_named(place, name)}={value}" for place, value in self.fills.items()),
        )


def _named(place: str, name: Name) -> str:
    return ".".join(map(name, place.split(".")))


def split_labels_off(models: Models, name: Name) -> None:
    models.put_class("Album", "class Label(BaseModel):\n    title = CharField(max_length=60, unique=True)")
    models.put("Album", "label = ForeignKeyField(Label, null=True, on_delete='SET NULL')")


def award_tracks(models: Models, name: Name) -> None:
    models.put_last(
        "class Award(BaseModel):\n"
        "    track = ForeignKeyField(Track, on_delete='CASCADE')\n"
        "    year = IntegerField(constraints=[Check('year > 1900')])\n"
        "    class Meta:\n        primary_key = CompositeKey('track', 'year')"
    )


def check_prices(models: Models, name: Name) -> None:
    price = name("UnitPrice")
    models.meta("InvoiceLine", f"constraints = [Check('{price} >= 0', name='priced')]")


def drop_playlists(models: Models, name: Name) -> None:
    models.drop_class("PlaylistTrack")
    models.drop_class("Playlist")


def text_of(cell: Any) -> str:
    return str(cell)


EDITS = {
    "a column that may be empty": Edit(lambda models, name: models.put("Track", "rating = IntegerField(null=True)")),
    "a column that has to be filled": Edit(
        lambda models, name: models.put("Employee", "office = CharField(max_length=40)"),
        asked=True, fills={"Employee.office": "Calgary"},
    ),
    "a column becomes required": Edit(
        lambda models, name: models.say("Track.composer", null=False),
        asked=True, fills={"Track.Composer": "unknown"},
        cells={"Track.Composer": lambda cell: "unknown" if cell is None else cell},
    ),
    "a column gets another name": Edit(
        lambda models, name: models.say("Customer.company", column_name="firm"),
        asked=True, columns={"Customer.Company": "firm"},
    ),
    "a table that another refers to gets another name": Edit(
        lambda models, name: models.meta("MediaType", "table_name = 'format'"),
        asked=True, tables={"MediaType": "format"},
    ),
    "a column goes": Edit(lambda models, name: models.drop("Customer.fax"), lost=True),
    "a table comes, and another refers to it": Edit(split_labels_off),
    "a number becomes a text": Edit(
        lambda models, name: models.become("InvoiceLine.quantity", "CharField(max_length=20)"),
        cells={"InvoiceLine.Quantity": text_of},
    ),
    "a text gets more room": Edit(lambda models, name: models.say("Artist.name", max_length=200)),
    "an index of two columns": Edit(
        lambda models, name: models.meta("Invoice", "indexes = ((('billing_country', 'invoice_date'), False),)"),
    ),
    "a column becomes unique": Edit(lambda models, name: models.say("Employee.email", unique=True)),
    "a check": Edit(check_prices),
    "what becomes of the albums of an artist": Edit(
        lambda models, name: models.say("Album.artist", on_delete="CASCADE"),
    ),
    "a default of the database": Edit(
        lambda models, name: models.say("Track.milliseconds", constraints=[Default(0)]),
    ),
    "a table whose key has two columns comes": Edit(award_tracks),
    "tables go, with 8,715 rows under such a key": Edit(drop_playlists, lost=True),
}  # fmt: skip


class Default:
    """A default as the models say it."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"SQL('DEFAULT {self.value}')"


# -- what is there


@dataclass(frozen=True)
class Station:
    """All that the database holds: its schema, its rows as cells by column, and its letters where it keeps them."""

    schema: Schema
    rows: Mapping[str, list[dict[str, Any]]]
    texts: list[Any]


def station(project: Project, database: peewee.Database) -> Station:
    schema = project.schema()
    left, right = database.quote
    rows = {}
    for table in schema.tables:
        names = ", ".join(f"{left}{name}{right}" for name in table.column_names)
        keys = ", ".join(f"{left}{name}{right}" for name in table.primary_key)
        found = database.execute_sql(f"SELECT {names} FROM {left}{table.name}{right} ORDER BY {keys}").fetchall()
        rows[table.name] = [dict(zip(table.column_names, row, strict=True)) for row in found]
    if isinstance(database, peewee.SqliteDatabase):
        return Station(schema, rows, state(Path(database.database)))
    database.commit()  # which gives back the locks of reading
    return Station(schema, rows, [])


def carried(edit: Edit, before: Station, after: Station, name: Name) -> int:
    """Require each cell that has its column still to be in its row; how many there are."""
    cells = 0
    tables = {name(old): new for old, new in edit.tables.items()}
    columns = {_named(place, name): new for place, new in edit.columns.items()}
    changed = {_named(place, name): becomes for place, becomes in edit.cells.items()}
    for table, old_rows in before.rows.items():
        new_rows = after.rows.get(tables.get(table, table))
        if new_rows is None:
            assert edit.lost, f"{table} is gone"
            continue
        assert len(new_rows) == len(old_rows)
        for old, new in zip(old_rows, new_rows, strict=True):
            for column, cell in old.items():
                place = f"{table}.{column}"
                found = columns.get(place, column)
                assert found in new or edit.lost, f"{place} is gone"
                if found in new:
                    assert new[found] == changed.get(place, lambda same: same)(cell), place
                    cells += 1
    return cells


def names_of(database: peewee.Database) -> Name:
    if isinstance(database, peewee.PostgresqlDatabase):
        return lambda name: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return lambda name: name


def edited(project: Project, edit: Edit, name: Name) -> None:
    """Edit the models, and write the migration as ``pwmig create --from-models`` does."""
    file = project.root / "db" / "models.py"
    models = Models(file.read_text())
    edit.does(models, name)
    file.write_text(models.text)
    assert bool(project.draft().questions) is edit.asked
    draft = project.draft(wishes=edit.wishes(name))
    assert not draft.questions and len(draft.files) == 1
    assert any(note.lost for note in draft.notes) is edit.lost
    assert "db.models" not in draft.whole
    for one in draft.files:
        project.create(one.name, one.source)


def test_the_music_shop_edited_time_and_again_and_taken_back(
    tmp_path: Path, any_database: peewee.Database, real_data: Callable[[str], Path]
) -> None:
    if hasattr(any_database.connection(), "prepare_threshold"):
        any_database.connection().prepare_threshold = None  # A plan that psycopg keeps is one for the columns of then.
    fill_with_chinook(any_database, real_data)
    project = open_project(tmp_path, config=config_of(any_database))
    name = names_of(any_database)
    project.baseline("as_it_is", models=True)
    models = project.root / "db" / "models.py"
    models.write_text("from peewee import *\n" + models.read_text())

    stations = [station(project, any_database)]
    for what, edit in EDITS.items():
        edited(project, edit, name)
        project.apply()
        assert project.diff() == (), what
        assert not project.draft(), what
        stations.append(station(project, any_database))
        assert carried(edit, stations[-2], stations[-1], name) > 48_000, what
    assert sum(map(len, stations[0].rows.values())) == 15_607

    for what, before in zip(reversed(EDITS), reversed(stations[:-1]), strict=True):
        project.revert()
        now = station(project, any_database)
        assert now.rows == before.rows, what
        assert now.texts == before.texts, what
        assert diff(before.schema, now.schema) == (), what
        # PostgreSQL adds a column behind all others, where it stood in the middle too.
        assert now.schema == before.schema or isinstance(any_database, peewee.PostgresqlDatabase), what
