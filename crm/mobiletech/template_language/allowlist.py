"""The second gate: every node of the tree is on this list, or the template is refused by the node's name."""

import re
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, Final

from jinja2 import nodes

from crm.core.errors import N_, Said
from crm.mobiletech.template_language.arguments import ArgumentCheck, wrong_argument
from crm.mobiletech.template_language.comparisons import COMPARISONS
from crm.mobiletech.template_language.errors import TemplateRefusedError, refuse
from crm.mobiletech.template_language.filters import FILTERS, FilterRule
from crm.mobiletech.template_language.syntax import COALESCE_FILTER
from crm.mobiletech.template_language.values import number_is_in_bounds

TESTS: Final = frozenset({"defined", "none"})

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
_RESERVED: Final = frozenset(
    {"and", "or", "not", "in", "is", "if", "elif", "elseif", "else", "endif",
     "self", "super", "loop", "caller", "varargs", "kwargs"}
)  # fmt: skip
_READABLE: Final[dict[type[nodes.Node], str]] = {
    nodes.Tuple: N_("a list of values"),
    nodes.List: N_("a list of values"),
    nodes.Dict: N_("a mapping { } outside the filter replace"),
}


def check(node: nodes.Node) -> None:
    """Raises: TemplateRefusedError at the first node that the language does not have."""
    checker = _CHECKS.get(type(node))
    if checker is None:
        raise refuse(node.lineno, _READABLE.get(type(node), type(node).__name__))
    for child in checker(node):
        check(child)


def _children(node: nodes.Node) -> Iterable[nodes.Node]:
    return node.iter_child_nodes()


def _name(node: nodes.Name) -> Iterable[nodes.Node]:
    if node.name in _RESERVED:
        raise refuse(node.lineno, N_('a parameter with the reserved name "%(name)s"'), name=node.name)
    if not _NAME.fullmatch(node.name):
        reason = N_('"%(name)s" is no parameter name (a letter, then at most 63 letters, digits and _)')
        raise TemplateRefusedError(line=node.lineno, reason=Said(reason, name=node.name[:64]))
    return ()


def _constant(node: nodes.Const) -> Iterable[nodes.Node]:
    if isinstance(node.value, int | float) and not number_is_in_bounds(node.value):
        raise TemplateRefusedError(line=node.lineno, reason=Said(N_("a number is too large or too fine")))
    return ()


def _comparison(node: nodes.Compare) -> Iterable[nodes.Node]:
    if len(node.ops) > 1:
        reason = Said(N_("two comparisons in a row need and between them"))
        raise TemplateRefusedError(line=node.lineno, reason=reason)
    operand = node.ops[0]
    if operand.op not in COMPARISONS:
        raise refuse(node.lineno, N_("the operator %(name)s"), name=operand.op.replace("notin", "not in"))
    return node.expr, operand.expr


def _call(node: nodes.Call) -> Iterable[nodes.Node]:
    if isinstance(node.node, nodes.Name):
        raise refuse(node.lineno, N_("calling a function, %(name)s(),"), name=node.node.name)
    raise refuse(node.lineno, N_("calling a function, ( ) after a value,"))


def _test(node: nodes.Test) -> Iterable[nodes.Node]:
    if node.name not in TESTS or _has_extras(node) or node.args:
        with_arguments, alone = N_('the test "is %(name)s" with arguments'), N_('the test "is %(name)s"')
        raise refuse(node.lineno, with_arguments if node.args else alone, name=node.name)
    if node.name == "defined" and not isinstance(node.node, nodes.Name):
        raise refuse(node.lineno, N_('"is defined" after anything but a parameter'))
    return (node.node,)


def _filter(node: nodes.Filter) -> Iterable[nodes.Node]:
    if node.name == COALESCE_FILTER:
        return _coalesce(node)
    rule = FILTERS.get(node.name)
    if rule is None or node.node is None:
        raise refuse(node.lineno, N_("the filter %(name)s"), name=node.name)
    if _has_extras(node):
        raise refuse(node.lineno, N_("a named or spread argument of the filter %(name)s"), name=node.name)
    if not rule.needed <= len(node.args) <= len(rule.arguments):
        takes = N_("the filter %(name)s takes %(counts)s, not %(given)s")
        reason = Said(takes, name=node.name, counts=_counts(rule), given=len(node.args))
        raise TemplateRefusedError(line=node.lineno, reason=reason)
    return (node.node, *_arguments(node, rule))


def _counts(rule: FilterRule) -> Said:
    """Return "no argument", "0 or 1 arguments" and so on."""
    if not rule.arguments:
        return Said(N_("no argument"))
    counts: Iterable[object] = range(rule.needed, len(rule.arguments) + 1)
    either = reduce(lambda one, other: Said(N_("%(one)s or %(other)s"), one=one, other=other), counts)
    return Said(N_("%(counts)s arguments"), counts=either)


def _coalesce(node: nodes.Filter) -> Iterable[nodes.Node]:
    if not isinstance(node.node, nodes.Name):
        raise refuse(node.lineno, N_("?? after anything but a parameter"))
    if isinstance(node.args[0], nodes.Test | nodes.Not):
        raise refuse(node.lineno, N_("a test after ??"))
    return node.node, node.args[0]


def _arguments(node: nodes.Filter, rule: FilterRule) -> Iterable[nodes.Node]:
    if node.name == "replace" and isinstance(node.args[0], nodes.Dict) is (len(node.args) != 1):
        reason = Said(N_("the filter replace takes a mapping {'old': 'new'} or two texts"))
        raise TemplateRefusedError(line=node.lineno, reason=reason)
    for check_argument, argument in zip(rule.arguments, node.args, strict=False):
        if isinstance(argument, nodes.Dict) and node.name == "replace":
            yield from _pairs(argument)
            continue
        _check_written_out(node, check_argument, argument)
        yield argument


def _check_written_out(node: nodes.Filter, check_argument: ArgumentCheck, argument: nodes.Expr) -> None:
    wrong = check_argument(argument.value) if isinstance(argument, nodes.Const) else None
    if wrong:
        raise TemplateRefusedError(line=node.lineno, reason=wrong_argument(node.name, wrong))


def _pairs(mapping: nodes.Dict) -> Iterable[nodes.Node]:
    for pair in mapping.items:
        if not (isinstance(pair.key, nodes.Const) and isinstance(pair.key.value, str) and pair.key.value):
            reason = Said(N_("the filter replace needs each text to be replaced in quotation marks"))
            raise TemplateRefusedError(line=pair.lineno, reason=reason)
        yield pair.value


def _has_extras(node: nodes.Filter | nodes.Test) -> bool:
    return bool(node.kwargs) or node.dyn_args is not None or node.dyn_kwargs is not None


_CHECKS: Final[dict[type[nodes.Node], Callable[[Any], Iterable[nodes.Node]]]] = {
    nodes.Template: _children,
    nodes.Output: _children,
    nodes.TemplateData: lambda node: (),
    nodes.If: _children,
    nodes.CondExpr: _children,
    nodes.And: _children,
    nodes.Or: _children,
    nodes.Not: _children,
    nodes.Name: _name,
    nodes.Const: _constant,
    nodes.Compare: _comparison,
    nodes.Test: _test,
    nodes.Filter: _filter,
    nodes.Call: _call,
}
