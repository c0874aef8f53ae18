"""Which constants a template compares its parameters with: the values that lead into another branch."""

from collections.abc import Mapping

from jinja2 import nodes

from crm.mobiletech.template_language.values import Value


def list_compared(template: nodes.Template) -> Mapping[str, tuple[Value, ...]]:
    """Return parameter -> constants, in the order of the text."""
    found: dict[str, dict[Value, None]] = {}
    for comparison in template.find_all(nodes.Compare):
        sides = (_bare(comparison.expr), _bare(comparison.ops[0].expr))
        for name, constant in (sides, sides[::-1]):
            if isinstance(name, nodes.Name) and isinstance(constant, nodes.Const):
                found.setdefault(name.name, {})[constant.value] = None
    return {name: tuple(constants) for name, constants in found.items()}


def _bare(node: nodes.Node) -> nodes.Node:
    """Return what is under filters: in `language ?? 'sk' == 'en'` the parameter."""
    while isinstance(node, nodes.Filter) and node.node is not None:
        node = node.node
    return node
