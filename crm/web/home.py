"""The front door."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect
from flask.typing import ResponseReturnValue

from crm.core.business_settings import get_setting
from crm.core.db import current_session
from crm.web.guards import public
from crm.web.hosts import LOCAL
from crm.web.page_tools import get_settings, render_reader_page
from crm.web.session import find_signed_in

home = Blueprint("home", __name__)


@home.get("/")
@public("the front door: it says what this is and where to sign in")
def show() -> ResponseReturnValue:
    """Show strangers the door, readers their own page, staff the overview."""
    person = find_signed_in()
    if person is not None and person.is_staff:
        return redirect("/admin/")
    return render_reader_page("home.html", simulator_href=_find_simulator())


def _find_simulator() -> str | None:
    """Return the address of the phone: outside production, a gateway on this machine is the simulator."""
    if get_settings().is_production:
        return None
    gateway = urlsplit(get_setting(current_session(), "mobiletech_gateway_url_production"))
    return f"{gateway.scheme}://{gateway.netloc}/" if gateway.hostname in LOCAL else None
