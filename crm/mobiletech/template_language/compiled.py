"""Compile the source of an SMS text once, render it many times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, UndefinedError, nodes
from jinja2.lexer import Lexer
from jinja2.sandbox import ImmutableSandboxedEnvironment

from crm.core.errors import N_, Said
from crm.mobiletech.template_language import allowlist
from crm.mobiletech.template_language.compared import list_compared
from crm.mobiletech.template_language.comparisons import COMPARISONS, compare
from crm.mobiletech.template_language.errors import (
    MissingParameterError,
    TemplateRefusedError,
    TemplateRenderError,
)
from crm.mobiletech.template_language.filters import FILTERS, bound_filter
from crm.mobiletech.template_language.limits import CACHED_TEMPLATES, MAX_TEXT_CHARACTERS
from crm.mobiletech.template_language.lowering import COMPARE, IS_GIVEN, TRUTH, lower
from crm.mobiletech.template_language.missing import is_missing, touch
from crm.mobiletech.template_language.parameters import Parameter, list_parameters
from crm.mobiletech.template_language.syntax import TwigLexer, parse
from crm.mobiletech.template_language.values import Value, plain, printed, truth
from crm.mobiletech.template_language.written_numbers import write_number


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledTemplate:
    source: str
    parameters: tuple[Parameter, ...]
    """In the order of their first use."""
    compared: Mapping[str, tuple[Value, ...]] = field(compare=False)
    """The constants that a parameter is compared with."""
    _program: Template = field(repr=False, compare=False)

    def render(self, params: Mapping[str, object], language: str | None = None) -> str:
        """Return the text, never escaped; parameters that the template does not use are not looked at.

        Decimals are written as the language has it, `sk` or `en`; without one, with a point.
        Raises: MissingParameterError with the required parameters that are not given, TemplateRenderError
                if a value does not fit its use or the text is longer than 1,000 characters.
        """
        values = {
            parameter.name: plain(parameter.name, params[parameter.name])
            for parameter in self.parameters
            if parameter.name in params
        }
        if language is not None:
            values = {name: write_number(name, value, language) for name, value in values.items()}
        try:
            return self._render(values)
        except UndefinedError as error:
            raise MissingParameterError(names=self.missing(values)) from error

    def missing(self, params: Mapping[str, object]) -> tuple[str, ...]:
        """Return the required parameters that are not given, for a check before anything is rendered."""
        return tuple(p.name for p in self.parameters if p.required and p.name not in params)

    def _render(self, values: dict[str, Value]) -> str:
        chunks: list[str] = []
        room = MAX_TEXT_CHARACTERS
        for chunk in self._program.root_render_func(self._program.new_context(values)):
            room -= len(chunk)
            if room < 0:
                reason = N_("it would be longer than %(most)s characters")
                raise TemplateRenderError(Said(reason, most=MAX_TEXT_CHARACTERS))
            chunks.append(chunk)
        return "".join(chunks)


@lru_cache(maxsize=CACHED_TEMPLATES)
def compile_template(source: str) -> CompiledTemplate:
    """Raises: TemplateRefusedError with the line and the name of the first thing it does not have."""
    try:
        tree = parse(_ENVIRONMENT, source)
        allowlist.check(tree)
        parameters = list_parameters(tree)
        compared = list_compared(tree)
        program = _assemble(lower(tree))
    except (TemplateError, RecursionError) as error:
        reason = Said(N_("it is nested too deeply to be compiled"))
        raise TemplateRefusedError(line=1, reason=reason) from error
    return CompiledTemplate(source=source, parameters=parameters, compared=compared, _program=program)


def _assemble(tree: nodes.Node) -> Template:
    assert isinstance(tree, nodes.Template)
    tree.set_environment(_ENVIRONMENT)
    return Template.from_code(_ENVIRONMENT, _ENVIRONMENT.compile(tree), {})


class SmsEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox that is also empty: no globals, no tests and filters but ours, no escaping, no loader."""

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,  # as Twig: a newline directly after a tag is swallowed
            keep_trailing_newline=True,
            optimized=False,  # nothing is computed before rendering
            finalize=_finalize,
            cache_size=0,
        )
        self.globals = {}
        self.tests = {"defined": lambda value: not is_missing(value), "none": _is_none}
        self.filters = {name: bound_filter(name) for name in FILTERS} | _internal_filters()
        self._lexer = TwigLexer(self)

    @property
    def lexer(self) -> Lexer:
        return self._lexer


def _finalize(value: Any) -> str:
    touch(value)
    return printed(value)


def _is_none(value: Any) -> bool:
    touch(value)
    return value is None


def _truth(value: Any) -> bool:
    touch(value)
    return truth(value)


def _compare(name: str, left: Any, right: Any) -> bool:
    touch(left, right)
    return compare(name, left, right)


def _internal_filters() -> dict[str, Any]:
    comparisons = {COMPARE + name: partial(_compare, name) for name in COMPARISONS}
    return {TRUTH: _truth, IS_GIVEN: lambda value: not is_missing(value) and value is not None} | comparisons


_ENVIRONMENT: Final = SmsEnvironment()
