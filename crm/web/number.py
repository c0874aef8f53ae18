"""One phone number."""

from flask import Blueprint

from crm.core.db import current_session
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.number_page import find_number_or_404, read_number
from crm.web.page_tools import render_staff_page

number = Blueprint("number", __name__)


@number.get("/<int:number_id>")
@staff(Permission.READ)
def show(number_id: int) -> str:
    """Show the number."""
    session = current_session()
    return render_staff_page(
        "number/show.html", **read_number(session, find_number_or_404(session, number_id))
    )
