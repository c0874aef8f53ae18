"""Readers with more than one open renewal, those who pay twice for the same first."""

from dataclasses import dataclass

from flask import Blueprint

from crm.core.db import current_session
from crm.core.errors import N_
from crm.mobiletech.words import Tone, Word
from crm.payments.duplicates import list_duplicates
from crm.sms_billing.unproven import list_unproven
from crm.users.roles import Permission, may
from crm.web.guards import staff
from crm.web.page_tools import render_staff_page
from crm.web.renewal_rows import RenewalRow, as_row, read_surroundings
from crm.web.session import get_signed_in

renewal_duplicates = Blueprint("renewal_duplicates", __name__)

SHOWN = 100
TWICE = Word(N_("Pays twice for the same"), Tone.WARN, "alert")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One reader, and what they pay for."""

    name: str
    number: str
    href: str
    same_type: bool
    rows: list[RenewalRow]


@renewal_duplicates.get("/duplicates")
@staff(Permission.READ)
def show_duplicates() -> str:
    """List the readers and their renewals."""
    session = current_session()
    found = list_duplicates(session, limit=SHOWN)
    around = read_surroundings(session, [row for each in found for row in each.rows], list_unproven(session))
    readers = []
    for each in found:
        rows = [as_row(row, around) for row in each.rows]
        readers.append(
            Reader(
                name=rows[0].name,
                number=rows[0].number,
                href=f"/admin/recurrent-payments?user={each.user_id}",
                same_type=each.same_type,
                rows=rows,
            )
        )
    return render_staff_page(
        "renewals/duplicates.html",
        readers=readers,
        twice=TWICE,
        is_cut=len(readers) == SHOWN,
        may_stop=may(get_signed_in().role, Permission.STOP_RENEWALS),
    )
