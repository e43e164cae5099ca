"""CREATE TABLE and CREATE INDEX texts, read into parts that know their place in the text.

The grammar is SQLite's (https://www.sqlite.org/lang_createtable.html and ``parse.y``, which is
wider than the page). Nothing here asks a database.
"""

from __future__ import annotations

from dataclasses import replace

from pwmig.dialects.sqlite.texts.parts import ColumnDef, ConstraintDef, IndexDef, PartDef, Span, TableDef
from pwmig.dialects.sqlite.texts.tokens import Token, is_name, significant
from pwmig.errors import PwmigError

__all__ = [
    "ColumnDef",
    "ConstraintDef",
    "DDLError",
    "IndexDef",
    "PartDef",
    "Span",
    "TableDef",
    "parse_create_index",
    "parse_create_table",
]

_COLUMN_WORDS = (
    "CONSTRAINT", "DEFAULT", "NULL", "NOT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "COLLATE", "AS", "DEFERRABLE",
)  # fmt: skip
_TABLE_WORDS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
_LATER: Span = (0, 0)
"""Of a constraint whose caller knows its span, the name in front of it included."""


class DDLError(PwmigError):
    """A text that is not the statement it was taken for."""


def parse_create_table(sql: str) -> TableDef:
    """Read a CREATE TABLE text, as ``sqlite_master`` keeps it or as a person writes it.

    Raises DDLError for anything else: CREATE VIRTUAL TABLE and CREATE TABLE ... AS included
    (of the latter ``sqlite_master`` keeps a plain CREATE TABLE).
    """
    return _Reader(sql).table()


def parse_create_index(sql: str) -> IndexDef:
    """Read a CREATE INDEX text; DDLError for anything else."""
    return _Reader(sql).index()


class _Reader:
    """Walks over the significant tokens of one statement."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens = significant(sql)
        self.words = [token.text.upper() if token.kind in ("word", "operator") else "" for token in self.tokens]
        self.place = 0

    # -- walking

    def peek(self, ahead: int = 0) -> Token | None:
        place = self.place + ahead
        return self.tokens[place] if place < len(self.tokens) else None

    def take(self) -> Token:
        token = self.peek()
        if token is None:
            raise self.error("it ends too early")
        self.place += 1
        return token

    def at(self, *words: str) -> bool:
        """Whether the tokens from here on are these keywords or operators."""
        place = self.place
        return self.words[place : place + len(words)] == [*words]

    def accept(self, *words: str) -> bool:
        if not self.at(*words):
            return False
        self.place += len(words)
        return True

    def expect(self, *words: str) -> Token:
        if not self.accept(*words):
            raise self.error(f"{' '.join(words)} is missing")
        return self.tokens[self.place - 1]

    def name(self) -> Token:
        token = self.take()
        if not is_name(token):
            raise self.error("a name is missing", token)
        return token

    def error(self, problem: str, token: Token | None = None) -> DDLError:
        token = token or self.peek()
        where = f"at {token.text[:40]!r} (letter {token.start})" if token else "at the end of the text"
        return DDLError(f"{self.sql[:60]!r} can't be read", why=f"{problem}, {where}")

    @property
    def end(self) -> int:
        """Where the last token taken ends."""
        return self.tokens[self.place - 1].end if self.place else 0

    def parenthesised(self) -> Span:
        """Step over a pair of parentheses; what stands between them, as a span."""
        opening = self.expect("(")
        depth = 1
        while depth:
            token = self.take()
            if token.kind == "operator":
                depth += {"(": 1, ")": -1}.get(token.text, 0)
        return opening.end, token.start

    def text(self, span: Span) -> str:
        return self.sql[span[0] : span[1]]

    # -- CREATE TABLE

    def table(self) -> TableDef:
        self.expect("CREATE")
        if not self.accept("TEMP"):
            self.accept("TEMPORARY")
        self.expect("TABLE")
        name = self.qualified_name()
        opening = self.expect("(")
        columns = [self.column()]
        constraints: list[ConstraintDef] = []
        while self.accept(","):
            if self.words[self.place : self.place + 1] and self.words[self.place] in _TABLE_WORDS:
                constraints = self.table_constraints()
                break
            columns.append(self.column())
        closing = self.expect(")")
        options = self.options()
        body = (opening.end, closing.start)
        return TableDef(self.sql, name.name, (name.start, name.end), tuple(columns), tuple(constraints), options, body)

    def qualified_name(self) -> Token:
        """A name, the words IF NOT EXISTS and a schema in front of it stepped over."""
        self.accept("IF", "NOT", "EXISTS")
        name = self.name()
        return self.name() if self.accept(".") else name

    def options(self) -> tuple[str, ...]:
        found: list[str] = []
        while self.peek() is not None and not self.at(";"):
            if self.accept("WITHOUT", "ROWID"):
                found.append("WITHOUT ROWID")
            else:
                token = self.take()
                if token.kind != "word":
                    raise self.error("an option of the table is missing", token)
                found.append(token.text.upper())
            if not self.accept(","):
                break
        return tuple(found)

    # -- columns

    def column(self) -> ColumnDef:
        name = self.name()
        type_span = self.type_name(name.end)
        constraints = self.column_constraints()
        return ColumnDef(
            name.name,
            (name.start, name.end),
            self.text(type_span),
            type_span,
            tuple(constraints),
            (name.start, self.end),
        )

    def type_name(self, start: int) -> Span:
        """The words of a type and its numbers; an empty span behind the name where there is none."""
        first = None
        end = start
        while (token := self.peek()) is not None and is_name(token):
            if token.is_word(*_COLUMN_WORDS) or self.at("GENERATED", "ALWAYS"):
                break
            first = token.start if first is None else first
            end = self.take().end
        if first is None:
            return start, start
        if self.at("("):
            self.parenthesised()
            end = self.end
        return first, end

    def column_constraints(self) -> list[ConstraintDef]:
        found: list[ConstraintDef] = []
        while (token := self.peek()) is not None and not (token.kind == "operator" and token.text in (",", ")")):
            start, name = token.start, None
            while self.accept("CONSTRAINT"):
                name = self.name().name
            if self.at(",") or self.at(")"):
                break  # a name without its constraint is allowed, and means nothing
            self.add_column_constraint(found, start, name)
        return found

    def add_column_constraint(self, found: list[ConstraintDef], start: int, name: str | None) -> None:
        if self.at("DEFERRABLE") or self.at("NOT", "DEFERRABLE"):
            clause = self.deferrable() or ""
            for place in reversed(range(len(found))):
                if found[place].kind == "references":
                    found[place] = replace(found[place], deferrable=clause)
                    break
            made = ConstraintDef("deferrable", _LATER, deferrable=clause)
        else:
            made = self.column_constraint()
        found.append(replace(made, name=name, span=(start, self.end)))

    def column_constraint(self) -> ConstraintDef:
        if self.accept("NOT", "NULL"):
            return ConstraintDef("not null", _LATER, on_conflict=self.conflict())
        if self.accept("NULL"):
            return ConstraintDef("null", _LATER, on_conflict=self.conflict())
        if self.accept("PRIMARY", "KEY"):
            descending = self.order()
            conflict = self.conflict()
            return ConstraintDef(
                "primary key",
                _LATER,
                on_conflict=conflict,
                descending=descending,
                autoincrement=self.accept("AUTOINCREMENT"),
            )
        if self.accept("UNIQUE"):
            return ConstraintDef("unique", _LATER, on_conflict=self.conflict())
        if self.accept("DEFAULT"):
            return self.default()
        if self.accept("COLLATE"):
            token = self.name()
            return ConstraintDef("collate", _LATER, expression=token.name, expression_span=(token.start, token.end))
        if self.accept("REFERENCES"):
            return self.references("references")
        if self.at("CHECK"):
            return self.check()
        if self.accept("GENERATED", "ALWAYS", "AS") or self.accept("AS"):
            return self.generated()
        raise self.error("a constraint of the column is missing")

    def take_place(self) -> int:
        token = self.peek()
        return token.start if token else self.end

    def default(self) -> ConstraintDef:
        first = self.take_place()
        if self.at("("):
            self.parenthesised()
        else:
            if not self.accept("-"):
                self.accept("+")
            self.take()
        span = (first, self.end)
        return ConstraintDef("default", _LATER, expression=self.text(span), expression_span=span)

    def generated(self) -> ConstraintDef:
        span = self.parenthesised()
        stored = self.accept("STORED")
        if not stored:
            self.accept("VIRTUAL")
        return ConstraintDef("generated", _LATER, expression=self.text(span), expression_span=span, stored=stored)

    # -- constraints of the table

    def table_constraints(self) -> list[ConstraintDef]:
        """The constraints behind the columns; the commas between them may be left out."""
        found: list[ConstraintDef] = []
        while not self.at(")"):
            start, name = self.take_place(), None
            while self.accept("CONSTRAINT"):
                name = self.name().name
            if not (self.at(",") or self.at(")")):
                found.append(replace(self.table_constraint(), name=name, span=(start, self.end)))
            self.accept(",")
        return found

    def table_constraint(self) -> ConstraintDef:
        if self.accept("PRIMARY", "KEY"):
            return self.key("primary key")
        if self.accept("UNIQUE"):
            return self.key("unique")
        if self.at("CHECK"):
            return self.check()
        self.expect("FOREIGN", "KEY")
        columns = self.names()
        self.expect("REFERENCES")
        made = self.references("foreign key")
        return replace(made, columns=columns)

    def key(self, kind: str) -> ConstraintDef:
        parts, autoincrement = self.parts()
        columns = tuple(part.name or part.text for part in parts)
        conflict = self.conflict()
        return ConstraintDef(
            kind, _LATER, columns=columns, parts=parts, on_conflict=conflict, autoincrement=autoincrement
        )

    def check(self) -> ConstraintDef:
        self.expect("CHECK")
        span = self.parenthesised()
        return ConstraintDef(
            "check", _LATER, expression=self.text(span), expression_span=span, on_conflict=self.conflict()
        )

    # -- what both have

    def conflict(self) -> str | None:
        if not self.accept("ON", "CONFLICT"):
            return None
        return self.take().text.upper()

    def order(self) -> bool:
        if self.accept("DESC"):
            return True
        self.accept("ASC")
        return False

    def names(self) -> tuple[str, ...]:
        """Names in parentheses; what stands behind a name (a collation, an order) is stepped over."""
        parts, _ = self.parts()
        return tuple(part.name or part.text for part in parts)

    def references(self, kind: str) -> ConstraintDef:
        target = self.name()
        columns = self.names() if self.at("(") else ()
        actions: dict[str, str] = {}
        while True:
            if self.accept("ON"):
                event = self.take().text.upper()
                actions[event] = self.action()
            elif self.accept("MATCH"):
                self.name()
            else:
                break
        return ConstraintDef(
            kind,
            _LATER,
            ref_table=target.name,
            ref_table_span=(target.start, target.end),
            ref_columns=columns,
            on_delete=actions.get("DELETE"),
            on_update=actions.get("UPDATE"),
            deferrable=self.deferrable(),
        )

    def action(self) -> str:
        for words in (("SET", "NULL"), ("SET", "DEFAULT"), ("NO", "ACTION"), ("CASCADE",), ("RESTRICT",)):
            if self.accept(*words):
                return " ".join(words)
        raise self.error("an action of the foreign key is missing")

    def deferrable(self) -> str | None:
        """The DEFERRABLE clause from here on, in upper case with single spaces, or None."""
        words: list[str] = []
        if self.accept("NOT", "DEFERRABLE"):
            words = ["NOT", "DEFERRABLE"]
        elif self.accept("DEFERRABLE"):
            words = ["DEFERRABLE"]
        if not words:
            return None
        if self.accept("INITIALLY"):
            words += ["INITIALLY", self.take().text.upper()]
        return " ".join(words)

    def parts(self) -> tuple[tuple[PartDef, ...], bool]:
        """The parts of a key in parentheses, and whether AUTOINCREMENT stands behind the last."""
        self.expect("(")
        found: list[PartDef] = []
        while True:
            found.append(self.part())
            autoincrement = self.accept("AUTOINCREMENT")
            if not self.accept(","):
                break
        self.expect(")")
        return tuple(found), autoincrement

    def part(self) -> PartDef:
        tokens = self.part_tokens()
        if not tokens:
            raise self.error("a part of the key is missing")
        descending = False
        if len(tokens) > 2 and tokens[-2].is_word("NULLS") and tokens[-1].is_word("FIRST", "LAST"):
            tokens = tokens[:-2]
        if len(tokens) > 1 and tokens[-1].is_word("ASC", "DESC"):
            descending = tokens[-1].is_word("DESC")
            tokens = tokens[:-1]
        span = (tokens[0].start, tokens[-1].end)
        collation = tokens[-1].name if len(tokens) > 2 and tokens[-2].is_word("COLLATE") else None
        bare = tokens[:-2] if collation is not None else tokens
        name = bare[0].name if len(bare) == 1 and is_name(bare[0]) else None
        return PartDef(self.text(span), span, name, collation, descending)

    def part_tokens(self) -> list[Token]:
        """The tokens up to the next comma or closing parenthesis of this depth."""
        tokens: list[Token] = []
        while not (self.at(",") or self.at(")") or self.at("AUTOINCREMENT")):
            if self.at("("):
                first = self.place
                self.parenthesised()
                tokens.extend(self.tokens[first : self.place])
            else:
                tokens.append(self.take())
        return tokens

    # -- CREATE INDEX

    def index(self) -> IndexDef:
        self.expect("CREATE")
        unique = self.accept("UNIQUE")
        self.expect("INDEX")
        name = self.qualified_name()
        self.expect("ON")
        table = self.name()
        parts, _ = self.parts()
        predicate = None
        if self.accept("WHERE"):
            last = self.tokens[-1]
            end = last.start if last.text == ";" else last.end
            predicate = self.sql[self.take_place() : end].strip()
        return IndexDef(
            name.name, (name.start, name.end), table.name, (table.start, table.end), unique, parts, predicate
        )
