"""What arrives at the webhook: rubbish is refused with a reason, an odd message is kept with what was odd."""

import base64
import random

import pytest

from crm.mobiletech.wire import xml_codec
from crm.mobiletech.wire.commands import Receive, Status
from crm.mobiletech.wire.problems import PROBLEM_SENTENCES, Problem
from crm.mobiletech.wire.xml_codec import MalformedMessageError, decode

RECEIVE = {
    "id": "25481979",
    "serv_id": "1703",
    "project_id": "76",
    "from": "+421908630549",
    "to": "8877",
    "content": "M9PFLF",
    "content_coding": "text",
    "dcs": "0",
    "esm": "0",
    "operator_type": "O",
    "receive_date": "2608191645251",
}


def body(*, prolog: str = "", extra: str = "", command: str = "receive", **elements: str | None) -> str:
    """Build a receive; an element given as None is left out, and `from_` stands for `from`."""
    changed = RECEIVE | {name.rstrip("_"): text for name, text in elements.items()}
    inside = "".join(f"<{name}>{text}</{name}>" for name, text in changed.items() if text is not None)
    return f'{prolog}<message command="{command}">{inside}{extra}</message>'


def received(*, raw: bytes | None = None, **elements: str | None) -> Receive:
    message = decode(raw or body(**elements).encode())
    assert isinstance(message, Receive)
    return message


LAUGHS = "<!DOCTYPE message [<!ENTITY a 'ha'>{}]>".format(
    "".join(f"<!ENTITY {new} '{f'&{old};' * 10}'>" for old, new in zip("abcdefgh", "bcdefghi", strict=True))
)
DOCTYPES = {
    "harmless": "<!DOCTYPE message>",
    "after a declaration": '<?xml version="1.0"?>\n<!DOCTYPE message>',
    "after a comment": "<!-- <message> --><!DOCTYPE message>",
    "after an instruction": "<?xml-stylesheet href='x'?>\n <!DOCTYPE message>",
    "internal entity": "<!DOCTYPE message [<!ENTITY a 'b'>]>",
    "billion laughs": LAUGHS,
    "quadratic": f"<!DOCTYPE message [<!ENTITY a '{'x' * 30_000}'>]>",
    "recursive": "<!DOCTYPE message [<!ENTITY a '&b;'><!ENTITY b '&a;'>]>",
    "parameter": "<!DOCTYPE message [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/p'>%p;]>",
    "external dtd": "<!DOCTYPE message SYSTEM 'http://127.0.0.1:9/x.dtd'>",
    "file": "<!DOCTYPE message [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>",
    "php": "<!DOCTYPE message [<!ENTITY a SYSTEM 'php://filter/resource=x'>]>",
}


@pytest.mark.parametrize("prolog", DOCTYPES.values(), ids=DOCTYPES)
def test_every_doctype_is_refused(prolog: str) -> None:
    with pytest.raises(MalformedMessageError, match="DOCTYPE"):
        decode(body(prolog=prolog, content="&a;").encode())


def test_a_doctype_in_the_customers_text_is_just_text() -> None:
    assert received(content="<![CDATA[<!DOCTYPE html>]]>").content == "<!DOCTYPE html>"


def declared(encoding: str, codec: str, **elements: str) -> bytes:
    return body(prolog=f'<?xml version="1.0" encoding="{encoding}"?>', **elements).encode(codec)


READABLE = {
    "UTF-8": declared("UTF-8", "utf-8", content="Čaj €"),
    "UTF-8 in small letters": declared("utf-8", "utf-8", content="Čaj €"),
    "UTF-8 undeclared": body(content="Čaj €").encode(),
    "UTF-8 with a mark": declared("UTF-8", "utf-8-sig", content="Čaj €"),
    "windows-1250": declared("windows-1250", "windows-1250", content="Čaj €"),
    "apostrophes": body(prolog="<?xml version='1.0' encoding='windows-1250'?>", content="Čaj €").encode(
        "cp1250"
    ),
}


@pytest.mark.parametrize("raw", READABLE.values(), ids=READABLE)
def test_declared_encodings_are_read(raw: bytes) -> None:
    assert received(raw=raw).content == "Čaj €"


def test_latin_2_is_read() -> None:
    assert received(raw=declared("ISO-8859-2", "iso-8859-2", content="Ťažký")).content == "Ťažký"


UNREADABLE = {
    "empty": b"",
    "white space": b" \r\n\t",
    "form": b"id=1&command=receive",
    "json": b'{"command": "receive", "id": 1}',
    "multipart": b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
    "html": b"<!doctype html><html></html>",
    "unknown encoding": declared("zip", "utf-8"),
    "utf-7": declared("utf-7", "utf-8"),
    "nonsense encoding": declared("\u2603", "utf-8"),
    "no encoding name": declared("", "utf-8"),
    "declared utf-16 that is not": declared("UTF-16", "utf-8"),
    "utf-16 with a mark": declared("UTF-16", "utf-16"),
    "utf-16 without a mark": declared("UTF-16", "utf-16-be"),
    "utf-16 undeclared": body().encode("utf-16-le"),
    "utf-32 with a mark": declared("UTF-32", "utf-32"),
    "utf-32 without a mark": body().encode("utf-32-be"),
    "latin-1": declared("ISO-8859-1", "latin-1"),
    "mark against declaration": declared("windows-1250", "utf-8-sig"),
    "not windows-1250": declared("windows-1250", "latin-1", content="\x81"),
    "invalid utf-8": body(content="@").encode().replace(b"@", b"\xff"),
    "overlong": body(content="@").encode().replace(b"@", b"\xc0\xaf"),
    "surrogate": body(content="@").encode().replace(b"@", b"\xed\xa0\x80"),
    "cut letter": body(content="@").encode().replace(b"@", b"\xc4"),
    "nul": body(content="\x00").encode(),
    "nul by reference": body(content="&#0;").encode(),
    "control character": body(content="\x01").encode(),
    "reference out of bounds": body(content="&#xFFFFFFFF;").encode(),
    "surrogate by reference": body(content="&#xD800;").encode(),
    "undefined entity": body(content="&euro;").encode(),
    "nul after the end": body().encode() + b"\x00",
    "second root": body().encode() * 2,
    "cut": body().encode()[:-3],
    "deep": b"<message command='receive'>" + b"<a>" * 20_000,
    "many attributes": b"<message " + b" ".join(b"a%d='1'" % n for n in range(6_000)) + b">",
    "one byte over the limit": body(content="x").encode() + b" " * (64 * 1024 + 1 - len(body(content="x"))),
    "another root": body().encode().replace(b"message", b"massage"),
    "a namespace": body().encode().replace(b"<message ", b"<message xmlns='urn:x' "),
    "no command": body().encode().replace(b' command="receive"', b""),
    "empty command": body(command="").encode(),
    "unknown command": body(command="deliver").encode(),
    "command in capitals": body(command="RECEIVE").encode(),
    "our own command": body(command="send").encode(),
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_message_is_refused_with_a_sentence(raw: bytes) -> None:
    with pytest.raises(MalformedMessageError) as refusal:
        decode(raw)

    assert refusal.value.reason[0].isupper()
    assert refusal.value.reason.endswith(".")


BAD_IDS = {
    "missing": None,
    "empty": "",
    "white space": " \n",
    "space inside": "1 2",
    "too long": "a" * 65,
    "a number of 401 digits": str(10**400),
    "full-width digits": "１２",
    "SQL": "1;drop table x",
    "quotes": "' or 1=1",
    "slash": "a/b",
    "letter with an accent": "é",
    "non-breaking space around": "\u00a01",
    "an element inside": "1<b/>2",
    "doubled": "1</id><id>2",
    "doubled with the same value": "1</id><id>1",
}


@pytest.mark.parametrize("command", ["receive", "status"])
@pytest.mark.parametrize("message_id", BAD_IDS.values(), ids=BAD_IDS)
def test_without_one_well_formed_id_it_is_no_message(command: str, message_id: str | None) -> None:
    with pytest.raises(MalformedMessageError, match="id "):
        decode(body(command=command, id=message_id).encode())


@pytest.mark.parametrize(
    "message_id",
    ["0", "-1", "007", "7", str(2**63), "1e3", "0x10", "a" * 64, "a.B_c-9", "<![CDATA[7]]>", "\n 7\t"],
)
def test_ids_are_text_and_never_numbers(message_id: str) -> None:
    expected = message_id.replace("<![CDATA[", "").replace("]]>", "").strip()

    assert received(id=message_id).id == expected


def test_an_id_deeper_down_is_not_the_messages_id() -> None:
    with pytest.raises(MalformedMessageError, match="id is missing"):
        decode(body(id=None, extra="<more><id>1</id></more>").encode())


def test_of_repeated_elements_the_first_counts() -> None:
    assert received(extra="<content>second</content>").content == "M9PFLF"


def test_unknown_elements_comments_and_instructions_are_ignored() -> None:
    message = received(
        content="a<!-- x -->b<?php echo?>c",
        extra="<new>1</new><!-- <id>2</id> --><?xml-stylesheet href='x'?>",
    )

    assert (message.content, message.problems) == ("abc", ())


def test_an_inclusion_is_not_followed() -> None:
    include = (
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
    )

    message = received(content=f"a{include}b")

    assert (message.content, message.problems) == ("ab", (Problem.MARKUP_INSIDE,))


def test_white_space_around_fields_goes_but_the_content_stays_exact() -> None:
    message = received(from_="\n +421908630549 ", operator_type=" O\n", content="  A  \n")

    assert (message.from_, message.operator_type, message.content) == ("+421908630549", "O", "  A  \n")
    assert message.problems == ()


CONTENTS = {
    "empty": "",
    "long": "á" * 10_000,
    "emoji": "😀👨‍👩‍👧",
    "right-to-left override": "a\u202eb",
    "line end and tab": "a\n\tb",
    "next line": "a\u0085b",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_any_content_is_kept_exactly(content: str) -> None:
    message = received(content=content)

    assert (message.content, message.problems) == (content, ())


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


CODED = {
    "base64 of UTF-8": (b64("Čo je nové?".encode()), "base64", "0", "Čo je nové?", None),
    "UCS-2": (b64("Čo je nové?".encode("utf-16-be")), "base64", "8", "Čo je nové?", None),
    "UCS-2 without a single Latin letter": (b64("čŠž".encode("utf-16-be")), "base64", "8", "čŠž", None),
    "UTF-8 although dcs is 8": (b64("Čo".encode()), "base64", "8", "Čo", None),
    "emoji in UCS-2": (b64("😀".encode("utf-16-be")), "base64", "8", "😀", None),
    "lines and spaces": (" QUhP\nSg== ", "base64", "0", "AHOJ", None),
    "capitals": ("QUhPSg==", "BASE64", "0", "AHOJ", None),
    "empty coding": ("AHOJ", "", "0", "AHOJ", None),
    "no base64": ("AHOJ!", "base64", "0", "AHOJ!", Problem.CONTENT_UNDECODABLE),
    "base64 cut off": ("QUhPSg=", "base64", "0", "QUhPSg=", Problem.CONTENT_UNDECODABLE),
    "base64 of letters outside ASCII": ("QUhPŠg==", "base64", "0", "QUhPŠg==", Problem.CONTENT_UNDECODABLE),
    "bytes that are no text": (
        b64(b"\xff\xfe\xfd"),
        "base64",
        "0",
        b64(b"\xff\xfe\xfd"),
        Problem.CONTENT_UNDECODABLE,
    ),
    "odd number of bytes in UCS-2": (
        b64(b"\x00A\x00"),
        "base64",
        "8",
        b64(b"\x00A\x00"),
        Problem.CONTENT_UNDECODABLE,
    ),
    "zero characters": (b64(b"A\x00B"), "base64", "0", "A\ufffdB", Problem.CONTENT_NUL),
    "unknown coding": ("AHOJ", "rot13", "0", "AHOJ", Problem.CODING_UNKNOWN),
}


@pytest.mark.parametrize(("raw", "coding", "dcs", "content", "problem"), CODED.values(), ids=CODED)
def test_content_is_decoded_or_kept_as_it_came(
    raw: str, coding: str, dcs: str, content: str, problem: Problem | None
) -> None:
    message = received(content=raw, content_coding=coding, dcs=dcs)

    assert (message.content, message.content_raw) == (content, raw)
    assert message.problems == (() if problem is None else (problem,))


def test_the_originals_name_of_the_coding_is_understood() -> None:
    message = received(
        content="QUhPSg==", content_coding=None, extra="<content_encoding>base64</content_encoding>"
    )

    assert message.content == "AHOJ"


ODD = {
    "local spelling": ("from_", "0908630549", Problem.FROM_SPELLING),
    "two zeros": ("from_", "00421908630549", Problem.FROM_SPELLING),
    "hard space": ("from_", "+421\u00a0908630549", Problem.FROM_SPELLING),
    "Czech": ("from_", "+420908123456", Problem.FROM_FOREIGN),
    "German": ("from_", "+49 159 08 123 456", Problem.FROM_FOREIGN),
    "short number as sender": ("from_", "8877", Problem.FROM_FOREIGN),
    "letters": ("from_", "Peter", Problem.FROM_FOREIGN),
    "30 digits": ("from_", "9" * 30, Problem.FROM_FOREIGN),
    "no sender": ("from_", "", Problem.FROM_FOREIGN),
    "long number as recipient": ("to", "+421908123456", Problem.TO_ODD),
    "no recipient": ("to", "", Problem.TO_ODD),
    "unknown operator": ("operator_type", "X", Problem.OPERATOR_UNKNOWN),
    "operator in small letters": ("operator_type", "o", Problem.OPERATOR_UNKNOWN),
    "no service": ("serv_id", "", Problem.ELEMENT_MISSING),
    "month 13": ("receive_date", "2613451645251", Problem.DATE_BAD),
}


@pytest.mark.parametrize(("element", "text", "problem"), ODD.values(), ids=ODD)
def test_an_odd_message_is_kept_as_it_came_with_what_was_odd(
    element: str, text: str, problem: Problem
) -> None:
    message = received(**{element: text})

    kept = message.receive_date_raw if element == "receive_date" else getattr(message, element)
    assert (kept, message.problems) == (text, (problem,))


@pytest.mark.parametrize("element", [name for name in RECEIVE if name != "id"])
def test_a_missing_element_is_noted_and_read_as_empty(element: str) -> None:
    message = received(**{element: None})

    assert Problem.ELEMENT_MISSING in message.problems


def test_a_message_with_nothing_but_an_id_is_still_a_message() -> None:
    message = decode(b"<message command='receive'><id>7</id></message>")

    assert isinstance(message, Receive)
    assert (message.id, message.content, message.receive_date) == ("7", "", None)


def test_a_field_that_no_index_would_take_is_cut() -> None:
    message = received(project_id="7" * 300)

    assert (message.project_id, message.problems) == ("7" * 255, (Problem.ELEMENT_CUT,))


def test_every_problem_has_a_sentence() -> None:
    assert set(PROBLEM_SENTENCES) == set(Problem)


STATUSES = ["A0", "a0", "A-1", "A99999999", "D1\n", " D1", "_OPERATOR_CHANGE", "", "1 OR 1=1"]


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_kept_exactly(status: str) -> None:
    message = decode(f'<message command="status"><id>7</id><status>{status}</status></message>'.encode())

    assert message == Status(id="7", status=status)


def test_a_status_without_a_code_is_kept_too() -> None:
    message = decode(b'<message command="status"><id>7</id></message>')

    assert message == Status(id="7", status="", problems=(Problem.ELEMENT_MISSING,))


def test_a_status_that_no_index_would_take_is_cut() -> None:
    message = decode(f'<message command="status"><id>7</id><status>{"A" * 999}</status></message>'.encode())

    assert message == Status(id="7", status="A" * 255, problems=(Problem.ELEMENT_CUT,))


def test_two_thousand_mutated_bodies_are_messages_or_refusals() -> None:
    chance = random.Random(20261123)
    seeds = [body().encode(), body(prolog=LAUGHS).encode(), *READABLE.values(), *UNREADABLE.values()]
    seeds = [seed for seed in seeds if len(seed) < 5_000]
    outcomes = {"message": 0, "refusal": 0}

    for _ in range(2_000):
        outcomes[outcome_of(mutated(chance, bytearray(chance.choice(seeds))))] += 1

    assert min(outcomes.values()) > 0


def mutated(chance: random.Random, octets: bytearray) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(octets))
        octets[at : at + chance.randint(0, 3)] = chance.choice(
            [
                b"",
                b"\x00",
                b"&#0;",
                b"<",
                b"]]>",
                b"<![CDATA[",
                b"<!--",
                bytes([chance.randint(0, 255)]),
                b"<id>1</id>",
            ]
        )
    return bytes(octets)


def outcome_of(raw: bytes) -> str:
    try:
        message = decode(raw)
    except MalformedMessageError as refusal:
        assert xml_codec.encode_error(refusal.reason)
        return "refusal"
    texts = [str(getattr(message, name)) for name in message.__slots__]
    assert not any("\x00" in text for text in texts)
    "".join(texts).encode()
    return "message"
