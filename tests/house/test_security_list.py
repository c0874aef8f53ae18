"""The README's chapter on security names tests that exist."""

import re

import pytest

from crm.core.config import ROOT

CHAPTER = (ROOT / "README.md").read_text().partition("## Security\n")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"`(pytest [^`]+)`", CHAPTER.replace("`pytest` stands", ""))
NAMES = "\n".join(
    name
    for path in ROOT.glob("tests/**/test_*.py")
    for name in re.findall(r"def (test_\w+)", path.read_text())
)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_finds_tests(command: str) -> None:
    files = re.findall(r"tests/\S+\.py", command)
    words = re.findall(r'-k (?:"([^"]+)"|(\w+))', command)

    assert files or words
    assert [path for path in files if not (ROOT / path).exists()] == []
    for quoted, bare in words:
        assert [word for word in (quoted or bare).split(" or ") if word not in NAMES] == []


def test_the_chapter_is_found() -> None:
    assert len(COMMANDS) > 15
