"""The common parts of all expressions: tokens, document paths, and the names and values of a request."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, Protocol

from tests.support.dynamodb.errors import Refusal, invalid
from tests.support.dynamodb.paths import Path, Steps, find, require_distinct
from tests.support.dynamodb.values import Item, Value, get_kind, normalise

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAX_EXPRESSION_BYTES = 4096
RESERVED_WORDS = frozenset(File(__file__).with_name("reserved_words.txt").read_text().split())

_TOKEN = re.compile(r"\s*([#:]?[A-Za-z0-9_]+|<>|<=|>=|\S)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ALIAS = re.compile(r"#[A-Za-z0-9_]+")
_REFERENCE = re.compile(r":[A-Za-z0-9_]+")
_END = ""


class Operand(Protocol):
    """A part that has a value, or none, for an item."""

    def get(self, item: Item, scope: Scope) -> Value | None: ...


@dataclass(frozen=True)
class PathOperand:
    """An attribute, or a part of one."""

    path: Path

    def get(self, item: Item, scope: Scope) -> Value | None:
        return find(item, scope.resolve(self.path))


@dataclass(frozen=True)
class Literal:
    """A value of the request."""

    name: str

    def get(self, item: Item, scope: Scope) -> Value:
        del item
        return scope.values[self.name]


@dataclass
class Expression:
    """A parsed expression: its kind, and what it refers to."""

    kind: str
    aliases: Collection[str]
    references: Collection[str]
    paths: Collection[Path]
    """The paths that may not overlap."""


@dataclass
class Projection(Expression):
    """The paths of a ProjectionExpression."""


class Scope:
    """The names and values that a request defines for its expressions. Every one must be used."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.names: Mapping[str, str] = body.get("ExpressionAttributeNames", {})
        self.values: dict[str, Value] = {}
        for name, value in body.get("ExpressionAttributeValues", {}).items():
            try:
                self.values[name] = normalise(value)
            except Refusal as refusal:
                message = (
                    f"ExpressionAttributeValues contains invalid value: {refusal.message} for key {name}"
                )
                raise invalid(message) from None
        for definitions, field_name in (
            (self.names, "ExpressionAttributeNames"),
            (self.values, "ExpressionAttributeValues"),
        ):
            if field_name in body and not definitions:
                raise invalid(f"{field_name} must not be empty")
        self._used: set[str] = set()
        self._has_expressions = False

    def admit(self, expression: Expression) -> None:
        """Raises Refusal if an expression uses what is not defined, or paths that overlap."""
        self._has_expressions = True
        for alias in expression.aliases:
            if alias not in self.names:
                raise invalid(
                    f"Invalid {expression.kind}: An expression attribute name used in the document path is"
                    f" not defined; attribute name: {alias}"
                )
        for reference in expression.references:
            if reference not in self.values:
                raise invalid(
                    f"Invalid {expression.kind}: An expression attribute value used in expression is not"
                    f" defined; attribute value: {reference}"
                )
        self._used.update(expression.aliases, expression.references)
        if len(expression.paths) > 1:
            require_distinct([self.resolve(path) for path in expression.paths], expression.kind)

    def close(self) -> None:
        """Raises Refusal if the request defines a name or a value that it does not use."""
        for definitions, field_name in (
            (self.names, "ExpressionAttributeNames"),
            (self.values, "ExpressionAttributeValues"),
        ):
            if definitions and not self._has_expressions:
                raise invalid(f"{field_name} can only be specified when using expressions")
            if unused := [name for name in definitions if name not in self._used]:
                raise invalid(
                    f"Value provided in {field_name} unused in expressions: keys: {{{', '.join(unused)}}}"
                )

    def resolve(self, path: Path) -> Steps:
        return path.resolve(self.names) if self.names else path.steps

    def get_kind(self, operand: Operand) -> str | None:
        """Return the type of a literal, None for anything that is not known before the item is."""
        return get_kind(self.values[operand.name]) if isinstance(operand, Literal) else None


@dataclass
class Parser:
    """Reads the tokens of one expression."""

    kind: str
    text: str
    aliases: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)
    paths: list[Path] = field(default_factory=list)
    _place: int = 0

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise invalid(f"Invalid {self.kind}: The expression can not be empty;")
        if (size := len(self.text.encode())) > MAX_EXPRESSION_BYTES:
            raise invalid(
                f"Invalid {self.kind}: Expression size has exceeded the maximum allowed size; expression"
                f" size: {size}"
            )
        self._tokens: list[str] = [*_TOKEN.findall(self.text), _END, _END]

    @property
    def next(self) -> str:
        return self._tokens[self._place]

    @property
    def place(self) -> int:
        return self._place

    def closes(self, place: int) -> bool:
        """Tell if the bracket that opens at this place closes right before the next token."""
        depth = 0
        for index, token in enumerate(self._tokens[place : self._place], place):
            depth += {"(": 1, ")": -1}.get(token, 0)
            if not depth:
                return index == self._place - 1
        return False

    @property
    def is_call(self) -> bool:
        """A word and an opening bracket follow."""
        return self._tokens[self._place + 1] == "(" and _WORD.fullmatch(self.next) is not None

    def take(self) -> str:
        token = self.next
        self._place += 1
        return token

    def accept(self, *tokens: str) -> str | None:
        """Take one of these words or signs if it follows, and return it in capitals."""
        if self.next.upper() in tokens:
            return self.take().upper()
        return None

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.make_error()

    def end(self) -> None:
        if self.next != _END:
            raise self.make_error()

    def make_error(self) -> Refusal:
        near = " ".join(self._tokens[max(self._place - 1, 0) : self._place + 2]).strip()
        token = self.next or "<EOF>"
        return invalid(f'Invalid {self.kind}: Syntax error; token: "{token}", near: "{near}"')

    def parse_path(self) -> Path:
        steps: list[str | int] = [self._parse_name()]
        while sign := self.accept(".", "["):
            if sign == ".":
                steps.append(self._parse_name())
                continue
            if not self.next.isdecimal():
                raise self.make_error()
            steps.append(int(self.take()))
            self.expect("]")
        self.paths.append(Path(tuple(steps)))
        return self.paths[-1]

    def parse_operand(self) -> PathOperand | Literal:
        return self.parse_literal() if self.next.startswith(":") else PathOperand(self.parse_path())

    def parse_literal(self) -> Literal:
        if not _REFERENCE.fullmatch(self.next):
            raise self.make_error()
        self.references.add(self.next)
        return Literal(self.take())

    def _parse_name(self) -> str:
        if _ALIAS.fullmatch(self.next):
            self.aliases.add(self.next)
        elif not _WORD.fullmatch(self.next):
            raise self.make_error()
        elif self.next.upper() in RESERVED_WORDS:
            raise invalid(
                f"Invalid {self.kind}: Attribute name is a reserved keyword; reserved keyword: {self.next}"
            )
        return self.take()


@cache
def parse_projection(text: str) -> Projection:
    parser = Parser("ProjectionExpression", text)
    parser.parse_path()
    while parser.accept(","):
        parser.parse_path()
    parser.end()
    return Projection(parser.kind, parser.aliases, parser.references, parser.paths)
