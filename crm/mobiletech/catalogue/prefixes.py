"""Which operator a prefix was given to: the table that we bring, and what people here know better.

The longest prefix wins; of two that are equal, ours. Messages tell more than any prefix: see operator_resolver.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_, NotFoundError
from crm.core.phone import find_slovak_mobile
from crm.mobiletech.catalogue.errors import InvalidEntryError
from crm.mobiletech.catalogue.models import OperatorPrefix
from crm.mobiletech.catalogue.places import checked_note
from crm.mobiletech.wire.operators import PREFIXES, Operator, find_operator
from crm.users.audit_log import record_act

SOURCE = "libphonenumber 9.0.43"  # of the table that we bring
PREFIX = re.compile(r"9[0-9]{2,4}", re.ASCII)
LENGTHS = (5, 4, 3)

Overrides = Mapping[str, Operator | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixLine:
    """A prefix, whose it is, and whose it is in the table that we bring; None: it tells nothing."""

    prefix: str
    operator: Operator | None
    default: Operator | None
    is_changed: bool
    note: str


def read_overrides(session: Session) -> Overrides:
    """Return what people here have said, in one statement: there are few, and most systems have none."""
    rows = session.execute(select(OperatorPrefix.prefix, OperatorPrefix.operator))
    return {prefix: find_operator(operator or "") for prefix, operator in rows}


def operator_by_prefix(number: str, overrides: Overrides) -> Operator | None:
    """Guess the operator of a Slovak mobile number in any spelling; None if its prefix tells nothing."""
    local = find_slovak_mobile(number)
    if local is None:
        return None
    for length in LENGTHS:
        prefix = local[1 : 1 + length]
        if prefix in overrides:
            return overrides[prefix]
        if prefix in PREFIXES:
            return PREFIXES[prefix]
    return None


def list_prefixes(session: Session) -> list[PrefixLine]:
    """Return every prefix that anybody has said something of, in order."""
    rows = {row.prefix: row for row in session.execute(select(OperatorPrefix)).scalars()}
    return [_line(prefix, rows.get(prefix)) for prefix in sorted({*rows, *PREFIXES})]


def get_prefix(session: Session, prefix: str) -> PrefixLine:
    """Return one prefix, whether or not anybody has said something of it.

    Raises: NotFoundError for what is no prefix.
    """
    if not PREFIX.fullmatch(prefix):
        raise NotFoundError(N_("There is no such prefix."))
    return _line(prefix, session.get(OperatorPrefix, prefix))


def set_prefix(session: Session, prefix: str, operator: str, *, note: str) -> bool:
    """Say whose a prefix is, an empty operator for "it tells nothing"; return whether that is news.

    Raises: InvalidEntryError.
    """
    prefix = prefix.strip().replace(" ", "").removeprefix("0")
    if not PREFIX.fullmatch(prefix):
        raise InvalidEntryError(
            N_("A prefix has 3 to 5 digits and begins with 9, such as 908."), field="prefix"
        )
    if operator and not find_operator(operator):
        raise InvalidEntryError(
            N_("%(letter)r is none of T, O, 2 and S."), letter=operator[:20], field="operator"
        )
    note = checked_note("note", note)
    row = session.get(OperatorPrefix, prefix, with_for_update=True)
    said = find_operator(operator)
    line = _line(prefix, row)
    if (line.operator, line.note) == (said, note):
        return False
    before = _told(prefix, row)
    if row is None:
        row = OperatorPrefix(prefix=prefix)
        session.add(row)
    row.operator, row.note = said, note
    session.flush()
    after = _told(prefix, row)
    record_act(session, "prefix.set", f"prefix {prefix}", before=before, after=after, reason=note)
    return True


def restore_prefix(session: Session, prefix: str) -> bool:
    """Forget what was said here; the table that we bring holds again. Return False if nothing was."""
    row = session.get(OperatorPrefix, prefix, with_for_update=True) if PREFIX.fullmatch(prefix) else None
    if row is None:
        return False
    before = _told(prefix, row)
    session.delete(row)
    session.flush()
    record_act(session, "prefix.restore", f"prefix {prefix}", before=before, after=_told(prefix, None))
    return True


def _line(prefix: str, row: OperatorPrefix | None) -> PrefixLine:
    default = PREFIXES.get(prefix)
    return PrefixLine(
        prefix=prefix,
        operator=find_operator(row.operator or "") if row else default,
        default=default,
        is_changed=row is not None,
        note=row.note if row else "",
    )


def _told(prefix: str, row: OperatorPrefix | None) -> dict[str, object]:
    line = _line(prefix, row)
    return {"operator": line.operator and line.operator.label, "note": line.note}
