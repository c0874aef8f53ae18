"""The first gate: which signs and tags may stand in a template at all, checked while it is read."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from crm.core.errors import N_, Said
from crm.mobiletech.template_language.errors import TemplateRefusedError, refuse
from crm.mobiletech.template_language.limits import MAX_NESTED_IFS, MAX_NESTING_IN_TAG

RawToken = tuple[int, str, str]
"""Line, kind and text, as Jinja's lexer yields them."""

COALESCE: Final = "coalesce"
UNKNOWN_SIGN: Final = "unknown_sign"

_TAGS: Final = frozenset({"if", "elif", "elseif", "else", "endif"})
_ALIASES: Final = {
    "null": "none", "NULL": "none", "NONE": "none", "TRUE": "true", "FALSE": "false",
}  # fmt: skip
_NESTING_WORDS: Final = frozenset({"and", "or", "not", "if", "is"})
_NESTING_SIGNS: Final = frozenset({"(", "{", "|", "-"})
_REFUSED_SIGNS: Final = {
    **dict.fromkeys(("+", "*", "/", "//", "%", "**"), N_("arithmetic (%(sign)s)")),
    "~": N_("joining texts with ~"),
    ".": N_("reading an attribute with a dot"),
    "[": N_("reading an element with [ ], or a list,"),
    "?": N_("the operator ? :"),
    **dict.fromkeys(("=", ";"), N_("the sign %(sign)s")),
}
_REFUSED_ESCAPE: Final = re.compile(r"""(?:[^\\]|\\[\\'"nrt])*(\\[^\\'"nrt])""", re.DOTALL)


def admit(tokens: Iterable[RawToken]) -> Iterator[RawToken]:
    """Pass on the tokens that the language has, Twig's words turned into Jinja's.

    Raises: TemplateRefusedError at the first token that it does not have, by name and line.
    """
    gate = _Gate()
    for line, kind, text in tokens:
        yield line, kind, gate.admit(line, kind, text)
    gate.finish()


class _Gate:
    def __init__(self) -> None:
        self._open_ifs: list[int] = []
        self._nesting = 0
        self._tag_name_is_next = False

    def admit(self, line: int, kind: str, text: str) -> str:
        match kind:
            case "block_begin" | "variable_begin":
                self._nesting = 0
                self._tag_name_is_next = kind == "block_begin"
            case "name":
                return self._name(line, text)
            case "operator" | "unknown_sign":
                self._sign(line, kind, text)
            case "coalesce":
                self._nest(line)
            case "string":
                self._string(line, text)
            case "raw_begin":
                raise refuse(line, N_("the tag {%% %(name)s %%}"), name="raw")
        return text

    def finish(self) -> None:
        if self._open_ifs:
            raise TemplateRefusedError(
                line=self._open_ifs[-1], reason=Said(N_("{% if %} without {% endif %}"))
            )

    def _name(self, line: int, name: str) -> str:
        if self._tag_name_is_next:
            self._tag_name_is_next = False
            return self._tag(line, name)
        if name in _NESTING_WORDS:
            self._nest(line)
        return _ALIASES.get(name, name)

    def _tag(self, line: int, name: str) -> str:
        if name not in _TAGS:
            raise refuse(line, N_("the tag {%% %(name)s %%}"), name=name)
        if name == "if":
            self._open_ifs.append(line)
        elif not self._open_ifs:
            reason = Said(N_("{%% %(name)s %%} without {%% if %%}"), name=name)
            raise TemplateRefusedError(line=line, reason=reason)
        if name == "endif":
            self._open_ifs.pop()
        if len(self._open_ifs) > MAX_NESTED_IFS:
            reason = Said(N_("more than %(most)s nested {%% if %%}"), most=MAX_NESTED_IFS)
            raise TemplateRefusedError(line=line, reason=reason)
        return "elif" if name == "elseif" else name

    def _string(self, line: int, literal: str) -> None:
        if literal.startswith('"') and "#{" in literal:
            raise refuse(line, N_('a value inside a text ("#{ }")'))
        if escape := _REFUSED_ESCAPE.match(literal):
            raise refuse(line, N_("the escape %(sign)s inside a text"), sign=escape.group(1))

    def _sign(self, line: int, kind: str, sign: str) -> None:
        if sign in ("'", '"'):
            raise TemplateRefusedError(line=line, reason=Said(N_("a quotation mark is not closed")))
        if sign in _REFUSED_SIGNS or kind == UNKNOWN_SIGN:
            raise refuse(line, _REFUSED_SIGNS.get(sign, N_("the sign %(sign)s")), sign=sign)
        if sign in _NESTING_SIGNS:
            self._nest(line)

    def _nest(self, line: int) -> None:
        self._nesting += 1
        if self._nesting > MAX_NESTING_IN_TAG:
            reason = N_("more than %(most)s brackets, filters and operators in one tag")
            raise TemplateRefusedError(line=line, reason=Said(reason, most=MAX_NESTING_IN_TAG))
