"""The catalogue of translations: what the source says, and the Slovak file brought up to date with it.

`python -m tests.translations` (`make translations`) adds new messages without words and takes out old ones;
tests/house/test_translations.py fails until the words are there.
"""

import ast
from collections.abc import Callable, Collection, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from crm.core.config import ROOT

SLOVAK = ROOT / "crm/translations/sk/LC_MESSAGES/messages.po"
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
# The simulator is the outside world's desk, not a page of ours.
LEFT_OUT = ("simulator", "static", "translations")
METHODS = [("templates/**.html", "jinja2"), ("**.py", "tests.translations:extract_python")]
OPTIONS = {"templates/**.html": {"silent": "false", "newstyle_gettext": "true"}}
WIDTH = 110
# Without dates and names: those are in the history.
HEADER = r"""# Slovak. `make translations` brings it up to date with the source; words are written by hand.
msgid ""
msgstr ""
"Language: sk\n"
"Plural-Forms: nplurals=3; plural=((n==1) ? 0 : (n>=2 && n<=4) ? 1 : 2);\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""


def extract() -> Catalog:
    """Return every message of the source, with the files it stands in."""
    catalog = Catalog()
    for name, _line, message, comments, context in extract_from_dir(
        ROOT / "crm",
        METHODS,
        OPTIONS,
        KEYWORDS,
        comment_tags=("Translators:",),
        directory_filter=_is_ours,
    ):
        catalog.add(message, locations=[(f"crm/{name}", 0)], auto_comments=comments, context=context)
    return catalog


def extract_python(
    file: IO[bytes], keywords: Collection[str], comment_tags: object, options: object
) -> Iterator[tuple[int, str, tuple[str | None, ...], list[str]]]:
    """Yield the marked messages of a module, also those inside f-strings and other calls, which Babel's own misses.

    Raises: ValueError for an f-string that is marked: its places are filled before anybody could look it up.
    """
    for node in ast.walk(ast.parse(file.read())):
        name = _called(node)
        if not isinstance(node, ast.Call) or name not in keywords or not node.args:
            continue
        if isinstance(node.args[0], ast.JoinedStr):
            raise ValueError(f"line {node.lineno}: an f-string cannot be translated")
        yield node.lineno, name, tuple(_text(each) for each in node.args), []


def read_slovak() -> Catalog:
    """Return the Slovak catalogue as it is stored."""
    with SLOVAK.open("rb") as file:
        return read_po(file, locale="sk")


def update() -> list[str]:
    """Bring the Slovak file up to date; return what has no words yet."""
    catalog = read_slovak()
    catalog.update(extract(), no_fuzzy_matching=True, update_header_comment=False)
    catalog.obsolete.clear()
    for message in catalog:
        message.locations = sorted(set(message.locations))  # by these the file is ordered
    written = BytesIO()
    write_po(written, catalog, width=WIDTH, sort_by_file=True, include_lineno=False, omit_header=True)
    SLOVAK.write_bytes(HEADER.encode() + written.getvalue())
    return [str(message.id) for message in catalog if message.id and not is_translated(message.string)]


def is_translated(said: object) -> bool:
    """Return whether there are words, in every plural form."""
    return all(said) if isinstance(said, tuple | list) else bool(said)


def _called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return function.id if isinstance(function, ast.Name) else ""


def _text(argument: ast.expr) -> str | None:
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def _is_ours(folder: str) -> bool:
    return Path(folder).name not in LEFT_OUT


def main(tell: Callable[[str], None] = print) -> None:
    """Update, and say what a person has to do."""
    for message in update():
        tell(f"Not translated: {message}")


if __name__ == "__main__":
    main()
