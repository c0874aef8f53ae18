"""Bodies that a broken gateway, a proxy or an attacker might send: generated, and the same for the same seed."""

import random
import re
from collections.abc import Callable, Iterator

from tests.factories.messages import make_receive, make_status

Mutation = Callable[[random.Random, bytes], bytes]

ENCODINGS = (
    "utf-16",
    "utf-16-le",
    "utf-32",
    "utf-7",
    "cp1250",
    "iso8859-2",
    "cp037",
    "shift_jis",
    "utf-8-sig",
)
DECLARED = (
    "zip",
    "hex",
    "rot13",
    "utf-7",
    "UTF-16",
    "windows-1250",
    "ISO-8859-2",
    "",
    "\x00",
    "x" * 300,
    "idna",
    "base64",
)
ODD_TEXTS = (
    "&#0;",
    "&#xFFFF;",
    "&#xD800;",
    "&#x110000;",
    "&lol;",
    "&amp;amp;",
    "]]>",
    "<![CDATA[",
    "<![CDATA[x]]>",
    "<!-- - -- -->",
    "<?php system('id') ?>",
    "<?xml version='1.0'?>",
    "\x00",
    "\x08",
    "\x0b",
    "\x1f",
    "\x7f",
    "\x85",
    "\ufeff",
    "\ufffe",
    "\u202e",
    "😀" * 50,
    "' OR 1=1 --",
    "{{ 7 * 7 }}",
    "%s%n",
    "../../etc/passwd",
    "\r\n\r\nGET / HTTP/1.1",
    "=cmd()",
    "１２",
    "-1",
    "1e400",
)
FIELDS = (
    "id",
    "serv_id",
    "project_id",
    "from",
    "to",
    "content",
    "content_coding",
    "dcs",
    "operator_type",
    "receive_date",
    "status",
)


def list_bodies(count: int, *, seed: int) -> Iterator[bytes]:
    """Yield that many bodies: a valid message, broken one to four times."""
    chance = random.Random(seed)
    for number in range(count):
        name = f"fuzz-{seed}-{number}"
        body = make_status(name, "D1") if chance.random() < 0.25 else _receive(chance, name, number)
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
            body = chance.choice(MUTATIONS)(chance, body)
        yield body


def _receive(chance: random.Random, name: str, number: int) -> bytes:
    return make_receive(id=name, from_=f"+421908{number:06d}", content=_text(chance))


def _text(chance: random.Random) -> str:
    letters = "abcčdďeéí STOP start 0123456789 .,!?€žôň"
    return "".join(chance.choice(letters) for _ in range(chance.randrange(0, 200)))


def _flip_bytes(chance: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randrange(1, 6)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _drop_a_piece(chance: random.Random, body: bytes) -> bytes:
    start = chance.randrange(len(body) + 1)
    return body[:start] + body[start + chance.randrange(1, 60) :]


def _repeat_a_piece(chance: random.Random, body: bytes) -> bytes:
    start = chance.randrange(len(body) + 1)
    piece = body[start : start + chance.randrange(1, 60)]
    return body[:start] + piece * chance.choice((2, 3, 50)) + body[start:]


def _insert_odd_text(chance: random.Random, body: bytes) -> bytes:
    at = chance.choice([match.end() for match in re.finditer(rb">", body)] or [0])
    return body[:at] + chance.choice(ODD_TEXTS).encode("utf-8", "surrogatepass") + body[at:]


def _change_a_field(chance: random.Random, body: bytes) -> bytes:
    name = chance.choice(FIELDS)
    value = chance.choice(
        (
            *ODD_TEXTS,
            "",
            " ",
            "\t\n",
            "x" * 256,
            "x" * 5000,
            "<b>x</b>",
            "<id>9</id>",
            "base64",
            "8",
            "AAAA",
            "//79/w==",
        )
    )
    pattern = rf"<{name}>.*?</{name}>".encode()
    replacement = f"<{name}>{value}</{name}>".encode("utf-8", "surrogatepass")
    return re.sub(pattern, lambda _match: replacement, body, count=1, flags=re.DOTALL)


def _drop_a_field(chance: random.Random, body: bytes) -> bytes:
    name = chance.choice(FIELDS)
    return re.sub(rf"<{name}>.*?</{name}>".encode(), b"", body, flags=re.DOTALL)


def _double_a_field(chance: random.Random, body: bytes) -> bytes:
    name = chance.choice(FIELDS)
    return re.sub(rf"(<{name}>.*?</{name}>)".encode(), rb"\1\1", body, count=1, flags=re.DOTALL)


def _rename_a_tag(chance: random.Random, body: bytes) -> bytes:
    name = chance.choice(FIELDS).encode()
    other = chance.choice(
        (b"ID", b"x:id", b"content_encoding", b"a b", b"1", b"", b"message", "ž".encode(), b"id id")
    )
    return body.replace(b"<" + name + b">", b"<" + other + b">").replace(
        b"</" + name + b">", b"</" + other + b">"
    )


def _change_the_root(chance: random.Random, body: bytes) -> bytes:
    roots = (
        b'<Message command="receive">',
        b"<message command=receive>",
        b"<message>",
        b'<message command="receive" command="status">',
        b'<message xmlns="urn:x" command="receive">',
        b'<m:message xmlns:m="urn:x" command="receive">',
        b'<message command="send">',
        b'<message command="rcv_rsp">',
        b"<message command='&#114;eceive'>",
        b'<message command="receive" ' + b'a="1" ' * 3 + b">",
    )
    return re.sub(rb"<message[^>]*>", lambda _match: chance.choice(roots), body, count=1)


def _many_attributes(chance: random.Random, body: bytes) -> bytes:
    attributes = b" ".join(b'a%d="x"' % number for number in range(chance.choice((10, 1000, 6000))))
    return body.replace(b"<message ", b"<message " + attributes + b" ", 1)


def _nest(chance: random.Random, body: bytes) -> bytes:
    depth = chance.choice((3, 50, 300, 5000))
    return body.replace(b"<content>", b"<content>" + b"<a>" * depth + b"x" + b"</a>" * depth, 1)


def _many_children(chance: random.Random, body: bytes) -> bytes:
    return body.replace(b"</message>", b"<x/>" * chance.choice((10, 1000, 12000)) + b"</message>", 1)


def _huge(chance: random.Random, body: bytes) -> bytes:
    filler = chance.choice((b"x", b" ", b"&amp;", b"\xc3\xa9", b"\x00", b"<"))
    size = chance.choice((30_000, 65_000, 66_000, 200_000))
    return body.replace(b"<content>", b"<content>" + filler * (size // len(filler)), 1)


def _bomb(chance: random.Random, body: bytes) -> bytes:
    entities = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 12))
    types = (
        f'<!DOCTYPE message [<!ENTITY l0 "lol">{entities}]>',
        '<!DOCTYPE message [<!ENTITY a "' + "A" * 20_000 + '">]>',
        '<!DOCTYPE message [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
        '<!DOCTYPE message SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE message [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        "<!DOCTYPE message>",
        "<!doctype html><!DOCTYPE message [<!ELEMENT message ANY>]>",
    )
    with_type = re.sub(
        rb"(\?>\s*|^)<message", lambda m: m[1] + chance.choice(types).encode() + b"<message", body, count=1
    )
    return with_type.replace(
        b"</content>", chance.choice((b"&l11;", b"&a;&a;&a;", b"&x;", b"")) + b"</content>"
    )


def _recode(chance: random.Random, body: bytes) -> bytes:
    encoding = chance.choice(ENCODINGS)
    recoded = body.decode("utf-8", "replace").encode(encoding, "replace")
    if chance.random() < 0.5:
        recoded = recoded.replace(b'encoding="UTF-8"', f'encoding="{encoding}"'.encode())
    return recoded


def _declare(chance: random.Random, body: bytes) -> bytes:
    declared = chance.choice(DECLARED).encode()
    version = chance.choice((b"1.0", b"1.1", b"2.0", b"x" * 100))
    return b'<?xml version="' + version + b'" encoding="' + declared + b'"?>' + body.partition(b"?>")[2]


def _mark(chance: random.Random, body: bytes) -> bytes:
    marks = (
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\x00\x00\xfe\xff",
        b"\x00",
        b"\n\n",
        b" ",
        b"\x1a",
        b"\xef\xbb\xbf" * 2,
    )
    return chance.choice(marks) + body if chance.random() < 0.7 else body + chance.choice(marks)


def _append(chance: random.Random, body: bytes) -> bytes:
    return body + chance.choice(
        (body, b"<message/>", b"trailing", b"<!-- end -->", b"\x00", b"]]>", b"<?x y?>" * 500)
    )


def _noise(chance: random.Random, body: bytes) -> bytes:
    return chance.choice(
        (chance.randbytes(chance.randrange(0, 300)), b"", b" " * 100, b"a=1&b=2", b"{}", b"\x1f\x8b\x08\x00")
    )


MUTATIONS: tuple[Mutation, ...] = (
    _flip_bytes,
    _flip_bytes,
    _flip_bytes,
    _cut,
    _drop_a_piece,
    _repeat_a_piece,
    _insert_odd_text,
    _insert_odd_text,
    _change_a_field,
    _change_a_field,
    _change_a_field,
    _drop_a_field,
    _double_a_field,
    _rename_a_tag,
    _change_the_root,
    _many_attributes,
    _nest,
    _many_children,
    _huge,
    _bomb,
    _recode,
    _declare,
    _mark,
    _append,
    _noise,
)
