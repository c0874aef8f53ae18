"""One-time codes as people get them: from an SMS."""

import re

from crm.core.db import transaction
from crm.events.drain import drain
from crm.mobiletech.sms_templates import create_template, find_template
from crm.seed.files import read_data
from crm.users.phones import link_phone
from crm.users.user_meta import mark_unclaimed
from tests.factories.messages import set_up_gateway
from tests.factories.users import make_user
from tests.fakes import FakeGateway

CODE_TEMPLATE = "one-time-code"


def set_up_codes() -> None:
    """Set what is needed to send a code, with the text that every publisher starts with."""
    set_up_gateway()
    texts = next(each for each in read_data("templates") if each["code"] == CODE_TEMPLATE)
    with transaction() as session:
        if find_template(session, CODE_TEMPLATE) is None:
            create_template(session, CODE_TEMPLATE, texts["content"], content_en=texts["content_en"])


def make_reader(
    phone: str | None = "0908630549",
    *,
    email: str = "eva@example.sk",
    active: bool = True,
    claimed: bool = True,
) -> int:
    """Add a reader with a number and return the id."""
    user_id = make_user(role="customer", email=email, active=active)
    with transaction() as session:
        if phone is not None:
            link_phone(session, phone, user_id)
        if not claimed:
            mark_unclaimed(session, user_id)
    return user_id


def read_code(gateway: FakeGateway) -> str:
    """Send what waits, and return the code of the last SMS."""
    drain(for_seconds=10)
    found = re.search(r"\b\d{6}\b", gateway.sent[-1].content)
    assert found, gateway.sent[-1].content
    return found[0]
