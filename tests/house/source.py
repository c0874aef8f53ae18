"""The product's own source, as trees: for laws that a person would otherwise have to remember."""

import ast
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

from crm.core.config import ROOT

Finder = Callable[[ast.AST], bool]


@lru_cache(maxsize=1)
def list_modules() -> tuple[tuple[str, ast.Module], ...]:
    """Return (path from the top, tree) of every Python file that is shipped."""
    files = [*ROOT.glob("crm/**/*.py"), *ROOT.glob("migrations/**/*.py"), ROOT / "app.py", ROOT / "worker.py"]
    return tuple(
        (str(path.relative_to(ROOT)), ast.parse(path.read_text(), str(path))) for path in sorted(files)
    )


@lru_cache(maxsize=1)
def _list_nodes() -> tuple[tuple[str, tuple[ast.AST, ...]], ...]:
    return tuple((path, tuple(ast.walk(tree))) for path, tree in list_modules())


def find(finder: Finder, *, outside: tuple[str, ...]) -> list[str]:
    """Return `path:line` of what the finder sees, except in files that match a pattern of `outside`."""
    return [
        f"{path}:{getattr(node, 'lineno', 0)}"
        for path, nodes in _list_nodes()
        if not any(fnmatch(path, pattern) for pattern in outside)
        for node in nodes
        if finder(node)
    ]


def calls(*names: str) -> Finder:
    """See calls of a function or method by its last name."""
    return lambda node: isinstance(node, ast.Call) and _last_name(node.func) in names


def imports(*packages: str) -> Finder:
    """See imports of a package or of what is in it."""
    return lambda node: any(name.split(".")[0] in packages for name in _imported(node))


def attribute(text: str) -> Finder:
    """See the use of a dotted name, such as `os.environ`."""
    owner, _, name = text.rpartition(".")
    return lambda node: (
        isinstance(node, ast.Attribute) and node.attr == name and ast.unparse(node.value) == owner
    )


def catches_everything(node: ast.AST) -> bool:
    """See `except:`, `except Exception` and `except BaseException`."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    return node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")


def _last_name(function: ast.expr) -> str:
    return getattr(function, "attr", None) or getattr(function, "id", "")


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield node.module or ""


def is_documented(path: Path) -> bool:
    """Return whether the file opens with a docstring."""
    return ast.get_docstring(ast.parse(path.read_text())) is not None
