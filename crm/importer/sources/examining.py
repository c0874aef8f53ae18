"""Look through a whole file once, before anything is done with it: what it is written in, and whether it is text."""

import hashlib
import re
from codecs import getincrementaldecoder
from dataclasses import dataclass, field
from typing import BinaryIO

from crm.core.errors import N_
from crm.importer.errors import SourceError
from crm.importer.sources.lines import LONGEST_LINE, too_long

BLOCK = 1024 * 1024
UTF_8, WINDOWS_1250 = "utf-8", "cp1250"

_ASCII = bytes(range(128))
# Two bytes that UTF-8 has for the letters of our languages, and that no word in Windows-1250 has side by side.
_LETTER_IN_UTF_8 = re.compile(rb"[\xc3-\xc5][\x80-\xbf]")
# Letters of ISO 8859-2 that Windows-1250 has elsewhere: here they would be read as other ones.
_OF_ISO_8859_2 = frozenset(b"\xa5\xa9\xab\xae\xb5\xb9\xbb")
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
    _letters: int = 0
    _broken_line: int | None = None
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _decoder: object = field(default_factory=lambda: getincrementaldecoder(UTF_8)())

    def add(self, block: bytes) -> None:
        """Look at the next block. Raises: SourceError for what no text has."""
        self._hash.update(block)
        zero = block.find(b"\0")
        if zero >= 0:
            line = self.lines + 1 + block.count(b"\n", 0, zero)
            raise SourceError(N_("Line %(line)s has a NUL byte in it: this is no text."), line=line)
        self._measure_line(block)
        high = block.translate(None, _ASCII)
        if high:
            self._high.update(high)
            self._high_count += len(high)
            self._letters += len(_LETTER_IN_UTF_8.findall(block))
        self._decode(block, final=False)
        self.size += len(block)
        self.lines += block.count(b"\n")

    def result(self) -> Examined:
        """Return what the file is. Raises: SourceError if it is written in nothing that we read."""
        self._decode(b"", final=True)
        return Examined(self.size, self._hash.digest(), self._find_encoding())

    def _measure_line(self, block: bytes) -> None:
        ends = block.find(b"\n")
        if self._line_bytes + (len(block) if ends < 0 else ends) > LONGEST_LINE:
            raise too_long(self.lines + 1)
        self._line_bytes = self._line_bytes + len(block) if ends < 0 else len(block) - block.rfind(b"\n") - 1

    def _decode(self, block: bytes, *, final: bool) -> None:
        if self._broken_line is not None:
            return
        try:
            self._decoder.decode(block, final)  # type: ignore[attr-defined]
        except UnicodeDecodeError as error:
            self._broken_line = self.lines + 1 + block.count(b"\n", 0, error.start)

    def _find_encoding(self) -> str:
        if self._broken_line is None:
            return UTF_8
        if self._letters * 2 > self._high_count // 2:
            told = N_("Line %(line)s is broken UTF-8: some bytes of it are missing or wrong.")
            raise SourceError(told, line=self._broken_line)
        if self._high & (_UNDEFINED | _OF_ISO_8859_2):
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
