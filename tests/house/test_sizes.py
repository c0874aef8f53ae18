"""A file is one thought and says which; a function fits on a screen."""

import ast

from crm.core.config import ROOT
from tests.house.source import is_documented, list_modules

LONGEST_FILE = 300
LONGEST_FUNCTION = 40


def test_every_file_says_what_it_is() -> None:
    files = [*ROOT.glob("crm/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("migrations/**/*.py")]

    assert [
        str(path.relative_to(ROOT)) for path in files if path.read_text().strip() and not is_documented(path)
    ] == []


def test_no_file_is_longer_than_a_thought() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in ROOT.glob("crm/**/*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    functions = [
        (f"{path}:{node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path, tree in list_modules()
        if not path.startswith("migrations/")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]

    assert [(name, lines) for name, lines in functions if lines > LONGEST_FUNCTION] == []
