"""The elements of one message by name, read forgivingly, with what was odd about them."""

import re

from lxml import etree

from crm.core.errors import N_
from crm.mobiletech.wire.problems import Problem
from crm.mobiletech.wire.xml_document import MalformedMessageError

# A longer value would not fit an index of the database. Only the content may be long.
MAX_FIELD_CHARACTERS = 255

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_XML_SPACE = " \t\r\n"


class Elements:
    """The children of `<message>`; of equal names the first counts, except `id`, which must be alone.

    Raises: MalformedMessageError, at once, if `id` comes twice or has elements inside.
    """

    __slots__ = ("_problems", "_texts", "command")

    def __init__(self, root: etree._Element) -> None:
        self.command = root.get("command")
        self._problems: dict[Problem, None] = {}
        texts: dict[str, str] = {}
        self._texts = texts
        for child in root:
            name = str(child.tag)
            if name not in texts:
                texts[name] = self._join_text(child) if len(child) else child.text or ""
            elif name == "id":
                raise MalformedMessageError(N_("The id is given more than once."))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was odd about the elements read so far."""
        return tuple(self._problems)

    def note(self, problem: Problem) -> None:
        """Keep a problem once, however often it comes."""
        self._problems[problem] = None

    def has(self, name: str) -> bool:
        """Say whether the element is there, be it empty."""
        return name in self._texts

    def get_id(self) -> str:
        """Give the message's id, which is text and never a number.

        Raises: MalformedMessageError if it is missing or not well-formed.
        """
        message_id = self._texts.get("id", "").strip(_XML_SPACE)
        if not message_id:
            raise MalformedMessageError(N_("The id is missing."))
        if not _ID.fullmatch(message_id):
            raise MalformedMessageError(
                N_("The id is not 1 to 64 letters, digits, dots, dashes or underscores.")
            )
        return message_id

    def read_text(self, name: str) -> str:
        """Give a text exactly as it is, empty if the element is missing."""
        text = self._texts.get(name)
        if text is None:
            self.note(Problem.ELEMENT_MISSING)
            return ""
        return text

    def read_code(self, name: str) -> str:
        """Give a text exactly as it is, but no longer than a database index takes."""
        text = self.read_text(name)
        if len(text) <= MAX_FIELD_CHARACTERS:
            return text
        self.note(Problem.ELEMENT_CUT)
        return text[:MAX_FIELD_CHARACTERS]

    def read_field(self, name: str) -> str:
        """Give a short text without white space around it."""
        text = self._texts.get(name)
        if text is None or len(text) > MAX_FIELD_CHARACTERS:
            return self.read_code(name).strip()
        return text.strip()

    def _join_text(self, element: etree._Element) -> str:
        if element.tag == "id":
            raise MalformedMessageError(N_("The id has elements inside."))
        self.note(Problem.MARKUP_INSIDE)
        return "".join(str(text) for text in element.itertext())
