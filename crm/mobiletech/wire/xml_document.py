"""Bytes from outside become an XML tree here, and nowhere else: no DTD, no entities, no surprises."""

import re

from lxml import etree

from crm.core.errors import N_, InvalidInputError

MAX_BODY_BYTES = 64 * 1024

_UTF8_MARK = b"\xef\xbb\xbf"
_DECLARED_ENCODING = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([^"'>]*)["']""")
_CODECS = {b"utf-8": "utf-8", b"iso-8859-2": "iso-8859-2", b"windows-1250": "windows-1250"}

# A DOCTYPE can stand only before the root; the same letters inside a customer's SMS are just letters.
_DOCTYPE_IN_PROLOG = re.compile(rb"(?:\s+|<!--.*?-->|<\?.*?\?>)*+<!DOCTYPE", re.DOTALL)

# The encoding is fixed because we have already turned the body into UTF-8: the declaration is not believed.
_PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
    collect_ids=False,
)


class MalformedMessageError(InvalidInputError):
    """The bytes are no message of the protocol; `reason` is a sentence fit for the answer."""

    def __init__(self, message: str, /, **fields: object) -> None:
        super().__init__(message, **fields)
        self.reason = str(self)


def parse_message(body: bytes) -> etree._Element:
    """Parse a body whose root is `<message>`.

    Raises: MalformedMessageError for anything else, whatever the bytes are.
    """
    if len(body) > MAX_BODY_BYTES:
        raise MalformedMessageError(N_("The body is larger than 64 KiB."))
    octets = _to_utf8(body)
    if b"<!DOCTYPE" in octets and _DOCTYPE_IN_PROLOG.match(octets):
        raise MalformedMessageError(N_("A DOCTYPE is not allowed."))
    try:
        root = etree.fromstring(octets, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MalformedMessageError(N_("The body is not well-formed XML.")) from error
    if root.tag != "message":
        raise MalformedMessageError(N_("The root element is not <message>."))
    return root


def _to_utf8(body: bytes) -> bytes:
    if not body or body.isspace():
        raise MalformedMessageError(N_("The body is empty."))
    octets = body.removeprefix(_UTF8_MARK)
    declared = _DECLARED_ENCODING.match(octets)
    codec = _CODECS.get(declared[1].lower()) if declared else "utf-8"
    if codec is None or (octets is not body and codec != "utf-8"):
        raise MalformedMessageError(N_("The encoding is none of UTF-8, ISO-8859-2 and windows-1250."))
    if codec == "utf-8":
        return octets
    try:
        return body.decode(codec).encode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedMessageError(N_("The body is not valid %(codec)s."), codec=codec) from error
