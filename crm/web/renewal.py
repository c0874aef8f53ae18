"""The page of one renewal."""

from flask import Blueprint, abort
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.payments.models import RecurrentPayment
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.renewal_page import show_renewal

renewal = Blueprint("renewal", __name__)


@renewal.get("/<int:renewal_id>")
@staff(Permission.READ)
def show(renewal_id: int) -> str:
    """Show one charge of a renewal, and the line it stands in."""
    session = current_session()
    return show_renewal(session, get_row(session, renewal_id))


def get_row(session: Session, renewal_id: int) -> RecurrentPayment:
    """Return the row, or end with 404."""
    row = session.get(RecurrentPayment, renewal_id) if renewal_id <= LARGEST_ID else None
    if row is None:
        abort(404)
    return row
