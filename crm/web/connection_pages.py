"""Test connection: whether the gateway's addresses can be reached, told step by step. No SMS is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint
from flask_babel import gettext as _

from crm.core.business_settings import get_setting
from crm.core.db import transaction
from crm.core.errors import N_
from crm.mobiletech.connection_check import Step, StepName, check_connection
from crm.mobiletech.words import Tone, Word
from crm.users.roles import Permission
from crm.web.forms import Form
from crm.web.guards import staff
from crm.web.page_tools import render_staff_page

connection_pages = Blueprint("connection_pages", __name__)

ADDRESSES = {
    "mobiletech_gateway_url_production": N_("Where messages are handed over"),
    "mobiletech_gateway_url_test": N_("Where the server proxy forwards"),
}
NAMES: Mapping[StepName, str] = {
    StepName.DNS: N_("Name found"),
    StepName.TCP: N_("Connection made"),
    StepName.TLS: N_("Encryption agreed"),
    StepName.HTTP: N_("Answer received"),
}
ADVICE: Mapping[StepName, str] = {
    StepName.DNS: N_("The name cannot be found. Is it spelled right, and does this machine ask a name server?"),
    StepName.TCP: N_("Nobody takes the connection. Is the port right, and does a firewall let us out?"),
    StepName.TLS: N_("The encryption fails. Is the certificate valid for this name, and is the port one for https?"),
    StepName.HTTP: N_("Something takes the connection and does not speak HTTP, or not in time."),
}  # fmt: skip
DONE = Word(N_("Done"), Tone.GOOD, "check")
FAILED = Word(N_("Failed"), Tone.BAD, "cross")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step in words."""

    name: str
    state: Word
    took: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One address and how far the way to it goes."""

    title: str
    url: str
    href: str
    rows: Sequence[StepRow]
    verdict: str
    is_open: bool


@connection_pages.get("")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def ask() -> str:
    """Show the addresses and the button."""
    return _page({}, is_tested=False)


@connection_pages.post("")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def test() -> str:
    """Try both ways; nothing is changed, so the answer is the page itself."""
    urls = _addresses()  # read and let go of before anything goes over the network
    return _page({key: check_connection(url) for key, url in urls.items() if url}, is_tested=True)


def _addresses() -> dict[str, str]:
    with transaction() as session:
        return {key: get_setting(session, key) for key in ADDRESSES}


def _page(steps: Mapping[str, Sequence[Step]], *, is_tested: bool) -> str:
    ways = [_way(key, url, steps.get(key, ())) for key, url in _addresses().items()]
    return render_staff_page("settings_pages/connection.html", form=Form(), ways=ways, is_tested=is_tested)


def _way(key: str, url: str, steps: Sequence[Step]) -> Way:
    is_open = bool(steps) and steps[-1].is_ok
    return Way(
        title=_(ADDRESSES[key]),
        url=url,
        href=f"/admin/settings/{key}",
        rows=[_row(step) for step in steps],
        verdict=_verdict(steps[-1]) if steps else "",
        is_open=is_open,
    )


def _row(step: Step) -> StepRow:
    return StepRow(
        name=_(NAMES[step.name]),
        state=DONE if step.is_ok else FAILED,
        took=f"{step.took_ms} ms",
        detail=step.detail,
    )


def _verdict(last: Step) -> str:
    """Return what the last step says: any status at all shows that something answers."""
    if not last.is_ok:
        return _(ADVICE[last.name])
    return _("HTTP %(status)s: something answers there. An SMS was not sent.", status=last.detail)
