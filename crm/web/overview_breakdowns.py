"""The charts of the overview that part messages by a mark: how they were delivered, and why some were not."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.core.errors import N_
from crm.mobiletech.figures.counting import Alike
from crm.mobiletech.message_filter import NONE
from crm.mobiletech.message_log import Kind
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.wishes import Reason
from crm.mobiletech.words import REASON_WORDS, STATE_WORDS, MessageState
from crm.web.charts import Bar, lay_out_bar
from crm.web.count_words import spell, spell_share
from crm.web.overview_figures import DELIVERED, FAILED, FOR_READERS, Link, Measure, list_href
from crm.web.status_words import explain_code

MOST_ROWS = 8
MOST_CODE = 24  # characters; what the gateway writes is shown in full up to here
# What the list takes as a code; a name that an extension made up may be none.
_LISTED = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One line of a breakdown: whose messages, how many, and what became of them."""

    name: str
    href: str | None
    bar: Bar
    count: str
    share: str = ""
    delivered: Link | None = None
    failed: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Messages parted by one of their marks, the largest part first; `more` are small ones, `rest` counts them."""

    name: str
    title: str
    heading: str
    parts: Sequence[Part]
    size: str  # what the last column counts
    has_fates: bool = True  # of each part it is told what became of its messages
    more: Sequence[Part] = ()
    rest: str = ""


def list_breakdowns(rows: Sequence[Alike], first: date, last: date) -> list[Breakdown]:
    """Return how the messages for readers were delivered, parted by operator, template and billing key."""
    ours = [row for row in rows if not row.is_inbound]
    span = (first, last)
    # A message that was not made has no operator yet: the list by operator does not have it either.
    made = [row for row in ours if row.kind != Kind.NOT_SENT]
    return [
        _breakdown("operator", N_("By operator"), N_("Operator"), made, span, lambda row: row.operator),
        _breakdown("template", N_("By template"), N_("Template"), ours, span, lambda row: row.template),
        _breakdown("billkey", N_("By billing key"), N_("Key"), ours, span, lambda row: row.billkey),
    ]


def list_failures(rows: Sequence[Alike], first: date, last: date) -> Breakdown:
    """Return why messages did not arrive: the gateway's codes and refusals, and our own reasons not to send."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.state in _WHY:
            counts[row.state, row.code] += row.count
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    most = order[0][1] if order else 0
    parts = [
        Part(
            name=_WHY[MessageState(state)](code),
            href=_failure_href(state, code, first, last),
            bar=lay_out_bar(count, 0, most=most),
            count=spell(count),
        )
        for (state, code), count in order
    ]
    return Breakdown(
        name="failures",
        title=_("Why SMS did not arrive"),
        heading=_("Reason"),
        size=_("SMS"),
        has_fates=False,
        parts=parts[:MOST_ROWS],
        more=parts[MOST_ROWS:],
        rest=_rest([count for _why, count in order[MOST_ROWS:]]),
    )


def _breakdown(
    name: str,
    title: str,
    heading: str,
    rows: Sequence[Alike],
    span: tuple[date, date],
    mark: Callable[[Alike], str],
) -> Breakdown:
    parts: dict[str, list[Alike]] = {}
    for row in rows:
        parts.setdefault(mark(row), []).append(row)
    sizes = {value: sum(row.count for row in group) for value, group in parts.items()}
    order = sorted(parts, key=lambda value: (-sizes[value], value))
    most = sizes[order[0]] if order else 0
    return Breakdown(
        name=name,
        title=_(title),
        heading=_(heading),
        size=_("All"),
        parts=[_part(name, value, parts[value], span, most) for value in order[:MOST_ROWS]],
        more=[_part(name, value, parts[value], span, most) for value in order[MOST_ROWS:]],
        rest=_rest([sizes[value] for value in order[MOST_ROWS:]]),
    )


def _part(name: str, value: str, rows: Sequence[Alike], span: tuple[date, date], most: int) -> Part:
    count, delivered, failed = (measure.count(rows) for measure in (FOR_READERS, DELIVERED, FAILED))
    listed = value or NONE
    is_listed = _LISTED.fullmatch(listed) is not None

    def href(measure: Measure, number: int) -> str:
        return list_href(*span, {**measure.filters, name: listed}) if is_listed and number else ""

    return Part(
        name=_name(name, value),
        href=href(FOR_READERS, count) or None,
        bar=lay_out_bar(count, delivered, most=most),
        count=spell(count),
        share=spell_share(delivered, count),
        delivered=Link(text=spell(delivered), href=href(DELIVERED, delivered)),
        failed=Link(text=spell(failed), href=href(FAILED, failed)),
    )


def _name(name: str, value: str) -> str:
    if name == "operator":
        return Operator(value).label if value else _("Unknown")
    return value or {"template": _("Without a template"), "billkey": _("Without a key")}[name]


def _rest(counts: Sequence[int]) -> str:
    if not counts:
        return ""
    return ngettext(
        "and %(groups)s more, with %(count)s SMS",
        "and %(groups)s more, with %(count)s SMS together",
        len(counts),
        groups=len(counts),
        count=spell(sum(counts)),
    )


def _failure_href(state: str, code: str, first: date, last: date) -> str | None:
    if state == MessageState.FAILED:
        return list_href(first, last, {"state": state, "code": code or NONE})
    if state == MessageState.NOT_SENT:
        return list_href(first, last, {"state": state, "reason": code}) if code in set(Reason) else None
    return list_href(first, last, {"state": state})


def _why_failed(code: str) -> str:
    return f"{code[:MOST_CODE]}: {explain_code(code, None).meaning}" if code else _("Reported as failed")


def _why_not_sent(code: str) -> str:
    if not code:
        return _("Settled as not sent")
    return _(REASON_WORDS[Reason(code)]) if code in set(Reason) else code


_WHY: dict[str, Callable[[str], str]] = {
    MessageState.FAILED: _why_failed,
    MessageState.NOT_SENT: _why_not_sent,
    MessageState.REJECTED: lambda code: _(STATE_WORDS[MessageState.REJECTED].word),
    MessageState.EXPIRED: lambda code: _(STATE_WORDS[MessageState.EXPIRED].word),
}
