"""Which parameters a template uses, and which of them it cannot do without."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from jinja2 import nodes

from crm.mobiletech.template_language.syntax import COALESCE_FILTER

_Names = frozenset[str]
_Use = tuple[str, bool]
"""A parameter's name, and whether this use of it bears its absence."""

_NOTHING: Final[_Names] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    name: str
    required: bool
    """Some use of it is guarded by none of `??`, `default` and `is defined`: that use raises without it."""


def list_parameters(template: nodes.Template) -> tuple[Parameter, ...]:
    """Return the parameters in the order of their first use."""
    required: dict[str, bool] = {}
    for name, is_guarded in _uses(template, _NOTHING):
        required[name] = required.get(name, False) or not is_guarded
    return tuple(Parameter(name=name, required=needed) for name, needed in required.items())


def _uses(node: nodes.Node, given: _Names) -> Iterator[_Use]:
    """Yield every use, knowing that the parameters of `given` are there whenever the node is reached."""
    visit = _VISITS.get(type(node))
    return visit(node, given) if visit else _uses_of_all(node.iter_child_nodes(), given)


def _uses_of_all(parts: Iterable[nodes.Node], given: _Names) -> Iterator[_Use]:
    for part in parts:
        yield from _uses(part, given)


def _name(node: nodes.Name, given: _Names) -> Iterator[_Use]:
    yield node.name, node.name in given


def _test(node: nodes.Test, given: _Names) -> Iterator[_Use]:
    return _uses(node.node, given | _names_in(node.node) if node.name == "defined" else given)


def _filter(node: nodes.Filter, given: _Names) -> Iterator[_Use]:
    assert node.node is not None
    yield from _uses(node.node, given | _names_in(node.node) if _is_guard(node) else given)
    yield from _uses_of_all(node.args, given)


def _if(node: nodes.If, given: _Names) -> Iterator[_Use]:
    yield from _uses(node.test, given)
    yield from _uses_of_all(node.body, given | _given_if(node.test, True))
    otherwise = given | _given_if(node.test, False)
    for branch in node.elif_:
        yield from _uses(branch, otherwise)
        otherwise |= _given_if(branch.test, False)
    yield from _uses_of_all(node.else_, otherwise)


def _conditional(node: nodes.CondExpr, given: _Names) -> Iterator[_Use]:
    yield from _uses(node.expr1, given | _given_if(node.test, True))
    yield from _uses(node.test, given)
    if node.expr2 is not None:
        yield from _uses(node.expr2, given | _given_if(node.test, False))


def _and_or(node: nodes.And | nodes.Or, given: _Names, *, goes_on_if: bool) -> Iterator[_Use]:
    yield from _uses(node.left, given)
    yield from _uses(node.right, given | _given_if(node.left, goes_on_if))


_VISITS: Final[dict[type[nodes.Node], Callable[[Any, _Names], Iterator[_Use]]]] = {
    nodes.Name: _name,
    nodes.Test: _test,
    nodes.Filter: _filter,
    nodes.If: _if,
    nodes.CondExpr: _conditional,
    nodes.And: partial(_and_or, goes_on_if=True),
    nodes.Or: partial(_and_or, goes_on_if=False),
}


def _given_if(test: nodes.Node, outcome: bool) -> _Names:
    """Return the parameters that must be there for the test to have come out like this."""
    match test:
        case nodes.Test(name="defined"):
            return _names_in(test.node) if outcome else _NOTHING
        case nodes.Filter() if _is_guard(test):
            is_telling = outcome and not any(_may_be_true(argument) for argument in test.args)
            return _names_in(test.node) if is_telling else _NOTHING
        case nodes.Not():
            return _given_if(test.node, not outcome)
        case nodes.And() | nodes.Or():
            left, right = _given_if(test.left, outcome), _given_if(test.right, outcome)
            return left | right if isinstance(test, nodes.And) is outcome else left & right
        case _:
            return _NOTHING


def _is_guard(node: nodes.Filter) -> bool:
    return node.name in (COALESCE_FILTER, "default")


def _may_be_true(fallback: nodes.Expr) -> bool:
    return not (isinstance(fallback, nodes.Const) and fallback.value in (None, False, "", "0", 0))


def _names_in(node: nodes.Node | None) -> _Names:
    return frozenset({node.name}) if isinstance(node, nodes.Name) else _NOTHING
