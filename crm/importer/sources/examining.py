"""Look through a whole file once, before anything is done with it: what it is written in, and whether it is text."""

import hashlib
import re
from codecs import getincrementaldecoder
from dataclasses import dataclass, field
from typing import BinaryIO

from crm.core.errors import N_
from crm.importer.errors import SourceError
from crm.importer.sources.lines import BOM, LONGEST_LINE, old_line_ends, too_long

BLOCK = 1024 * 1024
UTF_8, WINDOWS_1250 = "utf-8", "cp1250"

_ASCII = bytes(range(128))
# Letters of our languages, typographic signs and emoji in UTF-8; hardly a word in Windows-1250 has such bytes side
# by side (DĹŽKA has), and no file is full of them.
_SIGN_IN_UTF_8 = re.compile(rb"[\xc2-\xc5][\x80-\xbf]|\xe2[\x80-\xbf]{2}|\xf0\x9f[\x80-\xbf]{2}")
# Letters of ISO 8859-2 that Windows-1250 has elsewhere: here they would be read as other ones.
_OF_ISO_8859_2 = frozenset(b"\xa5\xa9\xab\xae\xb5\xb9\xbb")
# What Windows-1250 has where ISO 8859-2 has nothing, such as š, ť and ž: it can be nothing else.
_OF_WINDOWS_1250 = frozenset(range(0x80, 0xA0))
_UNDEFINED = frozenset(b"\x81\x83\x88\x90\x98")


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file is. Units: `size` in bytes, unpacked."""

    size: int
    sha256: bytes
    encoding: str


@dataclass(slots=True)
class Examination:
    """Looks at a file block by block; `result` says what it is."""

    size: int = 0
    lines: int = 0
    _line_bytes: int = 0  # of the line that the next block goes on with
    _high: set[int] = field(default_factory=set)
    _high_count: int = 0
    _sign_bytes: int = 0  # that stand side by side as in UTF-8
    _begins: bytes = b""
    _broken_line: int | None = None
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _decoder: object = field(default_factory=lambda: getincrementaldecoder(UTF_8)())

    def add(self, block: bytes) -> None:
        """Look at the next block. Raises: SourceError for what no text has."""
        self._hash.update(block)
        self._begins = self._begins or block[: len(BOM)]
        if b"\0" in block:
            raise self._no_text(block)
        self._measure_line(block)
        high = block.translate(None, _ASCII)
        if high:
            self._high.update(high)
            self._high_count += len(high)
            self._sign_bytes += sum(map(len, _SIGN_IN_UTF_8.findall(block)))
        self._decode(block, final=False)
        self.size += len(block)
        self.lines += block.count(b"\n")

    def result(self) -> Examined:
        """Return what the file is. Raises: SourceError if it is written in nothing that we read."""
        self._decode(b"", final=True)
        return Examined(self.size, self._hash.digest(), self._find_encoding())

    def _no_text(self, block: bytes) -> SourceError:
        if len(block) < 4 * block.count(b"\0") < 3 * len(block):  # every second one
            return SourceError(N_("This is UTF-16: save the file as UTF-8."))
        line = self.lines + 1 + block.count(b"\n", 0, block.find(b"\0"))
        return SourceError(N_("Line %(line)s has a NUL byte in it: this is no text."), line=line)

    def _measure_line(self, block: bytes) -> None:
        """Refuse a line that is too long; one within a block is not."""
        ends = block.find(b"\n")
        if self._line_bytes + (len(block) if ends < 0 else ends + 1) > LONGEST_LINE:
            raise old_line_ends() if not self.lines and b"\r" in block[:ends] else too_long(self.lines + 1)
        self._line_bytes = self._line_bytes + len(block) if ends < 0 else len(block) - block.rfind(b"\n") - 1

    def _decode(self, block: bytes, *, final: bool) -> None:
        if self._broken_line is not None:
            return
        try:
            self._decoder.decode(block, final)  # type: ignore[attr-defined]
        except UnicodeDecodeError as error:
            self._broken_line = self.lines + 1 + error.object.count(b"\n", 0, error.start)

    def _find_encoding(self) -> str:
        if self._broken_line is None:
            return UTF_8
        if self._begins == BOM or self._sign_bytes > self._high_count // 2:
            told = N_("Line %(line)s is broken UTF-8: some bytes of it are missing or wrong.")
            raise SourceError(told, line=self._broken_line)
        foreign = _UNDEFINED if self._high & _OF_WINDOWS_1250 else _OF_ISO_8859_2
        if self._high & foreign:
            told = N_("The file is neither UTF-8 (line %(line)s) nor Windows-1250: save it as UTF-8.")
            raise SourceError(told, line=self._broken_line)
        return WINDOWS_1250


def examine(stream: BinaryIO) -> Examined:
    """Read all of a stream, and say what it is.

    Raises: SourceError for NUL bytes, a line without an end, and what is neither UTF-8 nor Windows-1250.
    """
    examination = Examination()
    while block := stream.read(BLOCK):
        examination.add(block)
    return examination.result()
