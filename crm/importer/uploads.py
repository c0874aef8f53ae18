"""Files that people upload: unpacked and looked through on their way in, kept in pieces, read again from any place."""

from io import SEEK_CUR, SEEK_END, SEEK_SET, BufferedReader, RawIOBase
from typing import IO, BinaryIO, cast

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.importer.entities import get_entity
from crm.importer.errors import SourceError, UnknownImportError
from crm.importer.layouts import Layout, sniff_layout
from crm.importer.models import ImportChunk, ImportFile
from crm.importer.runs import shown_name
from crm.importer.sources.examining import Examination, Examined
from crm.importer.sources.packed import unpack
from crm.users.audit_log import find_actor

MEGABYTE = 1024 * 1024
LARGEST_FILE = 512 * MEGABYTE  # unpacked; what is larger is imported on the server
CHUNK = MEGABYTE  # never change it: files that are here are cut by it
BUFFER = 256 * 1024


def store_upload(session: Session, *, entity: str, name: str, file: IO[bytes]) -> ImportFile:
    """Keep a file, unpacked; all of it or nothing, in the caller's transaction.

    Raises: SourceError for what is no list of rows, or too large; UnknownEntityError.
    """
    kind = get_entity(entity)
    actor = find_actor()
    row = ImportFile(name=shown_name(name), entity=kind.name, size=0, sha256=b"", encoding="")
    row.uploaded_by = actor.user_id if actor else None
    session.add(row)
    session.flush()
    examined = _store_chunks(session, row.id, unpack(cast(BinaryIO, file)))
    row.size, row.sha256, row.encoding = examined.size, examined.sha256, examined.encoding
    session.flush()
    look_into(session, row)
    return row


def get_upload(session: Session, file_id: int) -> ImportFile:
    """Return a file that was uploaded. Raises: UnknownImportError."""
    row = session.get(ImportFile, file_id)
    if row is None:
        raise UnknownImportError(
            N_("This file is not here any more: it is kept for 7 days. Upload it once more.")
        )
    return row


def open_upload(session: Session, file_id: int | None) -> BinaryIO:
    """Return the bytes of an uploaded file, to be read from any place while the session is open.

    Raises: SourceError if the file is gone.
    """
    size = session.execute(select(ImportFile.size).where(ImportFile.id == file_id)).scalar_one_or_none()
    if file_id is None or size is None:
        raise SourceError(N_("The uploaded file is not here any more: it is kept for 7 days."))
    return cast(BinaryIO, BufferedReader(_Pieces(session, file_id, size), BUFFER))


def look_into(session: Session, row: ImportFile) -> Layout:
    """Return the layout of a file as far as it tells it. Raises: SourceError."""
    with open_upload(session, row.id) as stream:
        return sniff_layout(stream, row.encoding, get_entity(row.entity))


def examined_of(row: ImportFile) -> Examined:
    """Return what looking through the file has found."""
    return Examined(row.size, row.sha256, row.encoding)


def _store_chunks(session: Session, file_id: int, stream: BinaryIO) -> Examined:
    examination, number = Examination(), 0
    while piece := stream.read(CHUNK):
        examination.add(piece)
        if examination.size > LARGEST_FILE:
            told = N_(
                "The file is larger than %(most)s MB, unpacked: import it on the server, with crm import."
            )
            raise SourceError(told, most=LARGEST_FILE // MEGABYTE)
        session.execute(insert(ImportChunk).values(file_id=file_id, number=number, content=piece))
        number += 1
    return examination.result()


class _Pieces(RawIOBase):
    """The pieces as one stream; of them one is in memory."""

    def __init__(self, session: Session, file_id: int, size: int) -> None:
        self._session, self._file_id, self._size = session, file_id, size
        self._place = 0
        self._number, self._piece = -1, b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that reading can go on anywhere."""
        return True

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._place

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Go to a place."""
        start = {SEEK_SET: 0, SEEK_CUR: self._place, SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read up to the end of a piece. Raises: SourceError if the piece is gone."""
        if self._place >= self._size:
            return 0
        number, offset = divmod(self._place, CHUNK)
        if number != self._number:
            found = select(ImportChunk.content).where(
                ImportChunk.file_id == self._file_id, ImportChunk.number == number
            )
            piece = self._session.execute(found).scalar_one_or_none()
            if piece is None:
                raise SourceError(N_("The uploaded file is not here any more: it is kept for 7 days."))
            self._number, self._piece = number, piece
        part = self._piece[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)
