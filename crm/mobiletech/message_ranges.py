"""Which ranges of which indexes hold the messages that a filter asks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.mobiletech.message_filter import NONE, Direction, Kind, LogFilter, Position
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage, SmsTemplateVersion
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.sms_templates import find_template
from crm.mobiletech.wire.delivery_status import Billing, fold
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.words import MessageState

# A message is a little older than its version when a worker began before the version was saved. It is younger than
# the next version when it is sent once more, after its number was ported.
OLDER_THAN_VERSION, YOUNGER_THAN_NEXT = timedelta(hours=1), timedelta(days=1)

Conditions = tuple[ColumnElement[bool], ...]
Looks = tuple[tuple[InstrumentedAttribute[Any], Any], ...]

_TABLES: dict[Kind, Any] = {
    Kind.INBOUND: InboundMessage,
    Kind.NOT_SENT: NotSent,
    Kind.OUTBOUND: OutboundMessage,
}
_BILLING_OF = {
    MessageState.SENT: Billing.NONE,
    MessageState.BILLED: Billing.BILLED,
    MessageState.FAILED: Billing.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An index range (`served`), and columns of its rows that no index serves (`looked_at`)."""

    kind: Kind
    served: Conditions = ()
    looked_at: Looks = ()


def table_of(kind: Kind) -> Any:
    """Return the table that the rows of a kind are in."""
    return _TABLES[kind]


def list_ranges(session: Session, wanted: LogFilter) -> list[Range]:
    """Return the ranges that hold everything wanted, each in order of time."""
    return [*_inbound(wanted), *_outbound(session, wanted), *_not_sent(wanted)]


def rows_of(each: Range, wanted: LogFilter, *, start: Position | None, older: bool) -> Select[Any]:
    """Return the statement for the rows of a range, from a place on, without what is only looked at."""
    table = _TABLES[each.kind]
    conditions = [*each.served, *within(table, wanted)]
    if start is not None:
        conditions.append(_beyond(each.kind, start, older=older))
    return select(table.created_at, table.id).where(*conditions).order_by(*in_order(table, older=older))


def within(table: Any, wanted: LogFilter) -> Iterable[ColumnElement[bool]]:
    """Yield the bounds of time."""
    if wanted.since is not None:
        yield table.created_at >= wanted.since
    if wanted.until is not None:
        yield table.created_at < wanted.until


def is_like(column: ColumnElement[Any] | InstrumentedAttribute[Any], value: Any) -> ColumnElement[bool]:
    """Return the condition that a column, of a table or of a subquery, has the value; NONE is none that we know."""
    if value != NONE:
        same: ColumnElement[bool] = column == value
        return same
    return column.not_in(list(Operator)) if column.key == "operator_type" else column.is_(None)


def in_order(columns: Any, *, older: bool) -> Iterable[ColumnElement[Any]]:
    """Return the order of a table's rows, or of a subquery's."""
    return [column.desc() if older else column.asc() for column in (columns.created_at, columns.id)]


def _beyond(kind: Kind, start: Position, *, older: bool) -> ColumnElement[bool]:
    """Return what is beyond a position in one table: of one moment, only kinds on that side are."""
    table = _TABLES[kind]
    if kind == start.kind:
        here, there = tuple_(table.created_at, table.id), tuple_(literal(start.at), literal(start.id))
        return here < there if older else here > there
    same_moment_too = kind < start.kind if older else kind > start.kind
    at: ColumnElement[Any] = table.created_at
    if older:
        return at <= start.at if same_moment_too else at < start.at
    return at >= start.at if same_moment_too else at > start.at


def _inbound(wanted: LogFilter) -> Iterable[Range]:
    only_of_ours = (wanted.state, wanted.reason, wanted.template, wanted.version, wanted.billkey, wanted.code)
    if wanted.direction is Direction.OUT or any(only_of_ours):
        return []
    return [Range(kind=Kind.INBOUND, looked_at=_given((InboundMessage.operator_type, wanted.operator)))]


def _not_sent(wanted: LogFilter) -> Iterable[Range]:
    other_state = wanted.state not in (None, MessageState.NOT_SENT)
    if wanted.direction is Direction.IN or other_state or wanted.operator or wanted.code or wanted.version:
        return []
    looked_at = _given(
        (NotSent.reason, wanted.reason),
        (NotSent.template_code, wanted.template),
        (NotSent.billkey, wanted.billkey),
    )
    return [Range(kind=Kind.NOT_SENT, looked_at=looked_at)]


def _outbound(session: Session, wanted: LogFilter) -> Iterable[Range]:
    if wanted.direction is Direction.IN or wanted.reason:
        return []
    by_template = OutboundMessage.mobiletech_template_id
    has_none = wanted.template == NONE
    template = find_template(session, wanted.template) if wanted.template and not has_none else None
    if wanted.billkey == NONE or (wanted.template and not has_none and template is None):
        return []
    template_id = template.id if template else None
    bounds = _version_bounds(session, template_id, wanted.version) if template_id and wanted.version else ()
    if bounds is None:
        return []
    looked_at = _given(
        (OutboundMessage.billkey, wanted.billkey),
        (OutboundMessage.operator_type, wanted.operator),
        (OutboundMessage.template_version, wanted.version),
    )
    if (template_id or has_none) and wanted.state is None and wanted.code is None:
        served = (by_template == template_id, *bounds)  # without one: IS NULL, which the index serves as well
        return [Range(kind=Kind.OUTBOUND, served=served, looked_at=looked_at)]
    if wanted.billkey and (wanted.template, wanted.state, wanted.code) == (None, None, None):
        by_key = (OutboundMessage.billkey == wanted.billkey,)
        return [Range(kind=Kind.OUTBOUND, served=by_key, looked_at=looked_at[1:])]
    looked_at += _given((by_template, NONE if has_none else template_id))
    return [
        Range(kind=Kind.OUTBOUND, served=(*served, *bounds), looked_at=(*looked_at, *more))
        for served, more in _states(wanted.state, wanted.code)
    ]


def _given(*columns: tuple[InstrumentedAttribute[Any], Any]) -> Looks:
    return tuple((column, value) for column, value in columns if value is not None)


def _version_bounds(session: Session, template_id: int, version: int) -> Conditions | None:
    """Return between which moments messages of a version stand, with room on both sides; None: no such version."""
    versions = select(SmsTemplateVersion.version, SmsTemplateVersion.created_at).where(
        SmsTemplateVersion.template_id == template_id,
        SmsTemplateVersion.version.in_([version, version + 1]),
    )
    saved = {row.version: row.created_at for row in session.execute(versions)}
    if version not in saved:
        return None
    at = OutboundMessage.created_at
    # Nothing bounds the first: messages that moved in from elsewhere are older than their template is here.
    bounds = [at >= saved[version] - OLDER_THAN_VERSION] if version > 1 else []
    if version + 1 in saved:
        bounds.append(at < saved[version + 1] + YOUNGER_THAN_NEXT)
    return tuple(bounds)


def _states(state: MessageState | None, code: str | None) -> Iterable[tuple[Conditions, Looks]]:
    """Return what the indexes on state, billing and code serve; each is a range that is in order of time."""
    if code is not None and code != NONE:
        return _states_with(code, state)
    looks = _given((OutboundMessage.status, code))
    if state is None:
        return [((), looks)]
    if state in _BILLING_OF:
        pairs = [(OutboundState.ACCEPTED, _BILLING_OF[state])]
    else:
        pairs = [(OutboundState(state), billing) for billing in Billing]
    return [(_pair(way, billing), looks) for way, billing in pairs]


def _states_with(code: str, state: MessageState | None) -> Iterable[tuple[Conditions, Looks]]:
    """Return where messages with this code stand: its billing follows from it, and from the operator."""
    for billing in sorted({fold([code], operator).billing for operator in (*Operator, None)}):
        if state is not None and _BILLING_OF.get(state) is not billing:
            continue
        if billing is Billing.FAILED:
            # An index of its own: among all failures, those of one code may be few and far between.
            failed = OutboundMessage.billing == literal(str(billing), literal_execute=True)
            yield (failed, OutboundMessage.status == code), ()
        else:
            yield _pair(OutboundState.ACCEPTED, billing), ((OutboundMessage.status, code),)


def _pair(state: OutboundState, billing: Billing) -> Conditions:
    return OutboundMessage.state == state, OutboundMessage.billing == billing
