"""A conversation as its page shows it: bubbles, thin lines between them, notes, and the days."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.mobiletech.conversations.entries import Entry
from crm.mobiletech.conversations.line import LineKind
from crm.mobiletech.conversations.words import INBOX_WORDS, InboxReason
from crm.mobiletech.words import Word
from crm.web.message_pages import as_row, operator_label, segments
from crm.web.page_tools import get_settings

SHOWN_CHARACTERS = 1000  # of an SMS from a reader; the whole of it stands on its own page


class LineShape(StrEnum):
    """How a line is drawn."""

    DAY = "day"
    BUBBLE = "bubble"
    MARK = "mark"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing on the page. A bubble without segments may not be shown; `made` is False for what was not sent."""

    shape: LineShape
    at: datetime
    id: int = 0
    text: str = ""
    icon: str = ""
    side: str = ""
    segments: Sequence[str] | None = None
    language: str = ""
    made: bool = True
    href: str | None = None
    state: Word | None = None
    foot: Sequence[str] = ()
    is_mine: bool = False


def as_lines(
    entries: Sequence[Entry], names: Mapping[int, str], *, reader_id: int, between: Sequence[Line] = ()
) -> list[Line]:
    """Return the lines; `reader_id` is who looks at them, whose own notes can be taken back.

    Shape: `between` are lines that others tell of the same time, in its order.
    """
    said = [line for entry in entries for line in _SHAPES[entry.kind](entry, names, reader_id)]
    lines: list[Line] = []
    zone, day = get_settings().timezone, None
    for line in sorted([*said, *between], key=lambda line: line.at):
        if (this_day := line.at.astimezone(zone).date()) != day:
            lines.append(Line(shape=LineShape.DAY, at=line.at))
            day = this_day
        lines.append(line)
    return lines


def list_people(entries: Iterable[Entry]) -> set[int]:
    """Return the ids of those whose names the lines say."""
    return {each for entry in entries for each in (entry.by_id, entry.person_id) if each is not None}


def _inbound(entry: Entry, _names: Mapping[int, str], _reader_id: int) -> list[Line]:
    text = entry.text or ""
    bubble = Line(
        shape=LineShape.BUBBLE,
        at=entry.at,
        side="in",
        segments=[text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} …"],
        language=entry.language,
        href=f"/admin/messages/inbound/{entry.id}",
        state=INBOX_WORDS[InboxReason(entry.waits_because)] if entry.waits_because else None,
        foot=[_("Repeated by the operator")] if entry.is_repeat else [],
    )
    if entry.operator_before is None:
        return [bubble]
    told = _(
        "The number is with %(operator)s now; it was with %(before)s",
        operator=operator_label(entry.operator),
        before=operator_label(entry.operator_before),
    )
    return [Line(shape=LineShape.MARK, at=entry.at, text=told, icon="retry"), bubble]


def _outbound(entry: Entry, names: Mapping[int, str], _reader_id: int) -> list[Line]:
    assert entry.row is not None
    row = as_row(entry.row)
    author = names.get(entry.by_id or 0) or row.template_code
    parts = ngettext("%(num)s part", "%(num)s parts", entry.parts) if entry.parts > 1 else ""
    return [
        Line(
            shape=LineShape.BUBBLE,
            at=entry.at,
            side="out",
            segments=None if entry.text is None else segments(entry.text, entry.encoding, entry.parts),
            language=entry.language,
            href=row.href,
            state=row.state,
            foot=[each for each in (author, parts, row.reason) if each],
        )
    ]


def _not_sent(entry: Entry, names: Mapping[int, str], _reader_id: int) -> list[Line]:
    assert entry.row is not None
    row = as_row(entry.row)
    author = names.get(entry.by_id or 0) or row.template_code
    return [
        Line(
            shape=LineShape.BUBBLE,
            at=entry.at,
            side="out",
            segments=[row.reason or row.text],
            made=False,
            href=row.href,
            state=row.state,
            foot=[each for each in (author, row.text if row.reason else None) if each],
        )
    ]


def _note(entry: Entry, names: Mapping[int, str], reader_id: int) -> list[Line]:
    return [
        Line(
            shape=LineShape.NOTE,
            at=entry.at,
            id=entry.id,
            text=entry.text or "",
            foot=[_name(entry.by_id, names)],
            is_mine=entry.by_id == reader_id,
        )
    ]


def _done(entry: Entry, names: Mapping[int, str], _reader_id: int) -> list[Line]:
    told = _("Marked as done by %(name)s", name=_name(entry.by_id, names))
    return [Line(shape=LineShape.MARK, at=entry.at, text=told, icon="check")]


def _linked(entry: Entry, names: Mapping[int, str], _reader_id: int) -> list[Line]:
    told = _("The number was linked to %(name)s", name=_name(entry.person_id, names))
    return [Line(shape=LineShape.MARK, at=entry.at, text=told, icon="phone", foot=_why(entry))]


def _unlinked(entry: Entry, names: Mapping[int, str], _reader_id: int) -> list[Line]:
    told = _("The number was taken from %(name)s", name=_name(entry.person_id, names))
    return [Line(shape=LineShape.MARK, at=entry.at, text=told, icon="minus", foot=_why(entry))]


def _why(entry: Entry) -> list[str]:
    return [each for each in (entry.by, entry.reason) if each]


def _name(user_id: int | None, names: Mapping[int, str]) -> str:
    return names.get(user_id or 0) or str(_("somebody"))


_SHAPES: Mapping[LineKind, Callable[[Entry, Mapping[int, str], int], list[Line]]] = {
    LineKind.INBOUND: _inbound,
    LineKind.OUTBOUND: _outbound,
    LineKind.NOT_SENT: _not_sent,
    LineKind.NOTE: _note,
    LineKind.DONE: _done,
    LineKind.LINKED: _linked,
    LineKind.UNLINKED: _unlinked,
}
