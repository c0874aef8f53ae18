"""Give the checked tree Twig's meaning: truth, comparison and `??` become filters no source can name."""

from typing import Final

from jinja2 import nodes

from crm.mobiletech.template_language.syntax import COALESCE_FILTER

TRUTH: Final = "as truth"
IS_GIVEN: Final = "is given"
COMPARE: Final = "compare with "
"""Followed by Jinja's name of the comparison."""


def lower(node: nodes.Node) -> nodes.Node:
    """Rewrite the tree from its leaves up and return it; the tree given is used up."""
    for field, value in node.iter_fields():
        if isinstance(value, list):
            setattr(node, field, [lower(part) if isinstance(part, nodes.Node) else part for part in value])
        elif isinstance(value, nodes.Node):
            setattr(node, field, lower(value))
    return _lowered(node)


def _lowered(node: nodes.Node) -> nodes.Node:
    match node:
        case nodes.If():
            node.test = _internal(TRUTH, node.test)
        case nodes.CondExpr():
            node.test = _internal(TRUTH, node.test)
            node.expr2 = node.expr2 or nodes.Const(None, lineno=node.lineno)
        case nodes.And() | nodes.Or():
            node.left, node.right = _internal(TRUTH, node.left), _internal(TRUTH, node.right)
        case nodes.Not():
            node.node = _internal(TRUTH, node.node)
        case nodes.Compare():
            return _internal(COMPARE + node.ops[0].op, node.expr, node.ops[0].expr)
        case nodes.Filter(name=name) if name == COALESCE_FILTER and isinstance(node.node, nodes.Name):
            return _coalesced(node.node, node.args[0], node.lineno)
    return node


def _coalesced(parameter: nodes.Name, fallback: nodes.Expr, line: int) -> nodes.CondExpr:
    """Only a name is repeated, so that nested fallbacks cannot double the code at every step."""
    return nodes.CondExpr(_internal(IS_GIVEN, parameter), parameter, fallback, lineno=line)


def _internal(name: str, value: nodes.Node, *others: nodes.Node) -> nodes.Filter:
    return nodes.Filter(value, name, list(others), [], None, None, lineno=value.lineno)
