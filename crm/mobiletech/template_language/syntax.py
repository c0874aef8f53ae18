"""Read the source of a template into Jinja's tree, with Twig's `??` added to Jinja's expressions."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import TOKEN_BLOCK_BEGIN, TOKEN_VARIABLE_BEGIN, Lexer, Token
from jinja2.parser import Parser

from crm.core.errors import N_, Said
from crm.mobiletech.template_language.errors import TemplateRefusedError, refuse
from crm.mobiletech.template_language.limits import MAX_SOURCE_CHARACTERS
from crm.mobiletech.template_language.signs import COALESCE, UNKNOWN_SIGN, RawToken, admit

COALESCE_FILTER: Final = "??"
"""`a ?? b` is kept in the tree as a filter of this name, which no source can spell."""

_COMPARISONS: Final = frozenset({"eq", "ne", "lt", "lteq", "gt", "gteq"})


def parse(environment: Environment, source: str) -> nodes.Template:
    """Raises: TemplateRefusedError with the line of whatever cannot be read."""
    _check_characters(source)
    try:
        return TwigParser(environment, source).parse()
    except TemplateSyntaxError as error:
        reason = Said(N_("it cannot be read (%(cause)s)"), cause=(error.message or "").rstrip("."))
        raise TemplateRefusedError(line=error.lineno, reason=reason) from error


def _check_characters(source: str) -> None:
    if len(source) > MAX_SOURCE_CHARACTERS:
        line = source.count("\n", 0, MAX_SOURCE_CHARACTERS) + 1
        reason = N_("it is longer than %(most)s characters (%(given)s)")
        said = Said(reason, most=MAX_SOURCE_CHARACTERS, given=len(source))
        raise TemplateRefusedError(line=line, reason=said)
    if wrong := re.search("[\0\ud800-\udfff]", source):
        line = source.count("\n", 0, wrong.start()) + 1
        raise TemplateRefusedError(line=line, reason=Said(N_("it holds a character that is no text")))


class TwigLexer(Lexer):
    """Jinja's lexer, which knows `??`, names every other sign, and lets through what `admit` admits."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        for state in (TOKEN_BLOCK_BEGIN, TOKEN_VARIABLE_BEGIN):
            rules = self.rules[state]
            rules.append(rules[0]._replace(pattern=re.compile(r"\?\?"), tokens=COALESCE, command=None))
            rules.append(rules[0]._replace(pattern=re.compile(r"\S"), tokens=UNKNOWN_SIGN, command=None))

    def wrap(
        self, stream: Iterable[RawToken], name: str | None = None, filename: str | None = None
    ) -> Iterator[Token]:
        return super().wrap(admit(stream), name, filename)


class TwigParser(Parser):
    """Jinja's parser with Twig's precedence where the two differ."""

    def parse_not(self) -> nodes.Expr:
        """Refuse `not a == b`: Twig reads `(not a) == b`, Jinja `not (a == b)`."""
        if not self.stream.current.test("name:not"):
            return self.parse_compare()
        line = next(self.stream).lineno
        negated = nodes.Not(self.parse_not() if self._at_not() else self.parse_math1(), lineno=line)
        if self.stream.current.type in _COMPARISONS:
            reason = Said(N_("not before a comparison needs brackets: not (a == b)"))
            raise TemplateRefusedError(line=line, reason=reason)
        return negated

    def parse_math1(self) -> nodes.Expr:
        """Read `a ?? b ?? c` from the right; it binds closer than comparisons, and there is no arithmetic."""
        left = self.parse_unary()
        if self.stream.current.type == "sub":
            raise refuse(self.stream.current.lineno, N_("arithmetic (%(sign)s)"), sign="-")
        if self.stream.current.type != COALESCE:
            return left
        line = next(self.stream).lineno
        right = self.parse_math1()
        return nodes.Filter(left, COALESCE_FILTER, [right], [], None, None, lineno=line)

    def parse_unary(self, with_filter: bool = True) -> nodes.Expr:
        if self.stream.current.type != "sub":
            return super().parse_unary(with_filter)
        line = next(self.stream).lineno
        if self.stream.current.type not in ("integer", "float"):
            raise refuse(line, N_("a minus before anything but a number"))
        int_or_float: Any = next(self.stream).value
        number = nodes.Const(-int_or_float, lineno=line)
        return self.parse_filter_expr(number) if with_filter else number

    def _at_not(self) -> bool:
        return self.stream.current.test("name:not")
