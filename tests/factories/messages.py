"""Messages as the gateway writes them, and settings to answer them."""

from itertools import count

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.mobiletech.sms_templates import create_template, find_template
from crm.mobiletech.wire.commands import Receive, Status
from crm.mobiletech.wire.xml_codec import encode_receive, encode_status

_ids = count(25481979)

WEBHOOK = "/api/v1/mobiletech/webhook"
SETTINGS = {
    "mobiletech_billkey_free": "AZ19",
    "mobiletech_serv_id": "1703",
    "mobiletech_short_number": "8877",
}


def make_receive(**overrides: str) -> bytes:
    """Return the body of a `receive` from a number of Orange, each with an id of its own."""
    values = {
        "id": str(next(_ids)),
        "serv_id": "1703",
        "project_id": "76",
        "from_": "+421908630549",
        "to": "8877",
        "content": "M9PFLF",
        "operator_type": "O",
        "receive_date_raw": "2611230730001",
    } | overrides
    return encode_receive(Receive(**values))


def make_status(mobiletech_id: str, status: str) -> bytes:
    """Return the body of a `status`."""
    return encode_status(Status(id=mobiletech_id, status=status))


def set_up_gateway(**settings: str) -> None:
    """Set what is needed to send, and more."""
    with transaction() as session:
        for key, value in (SETTINGS | settings).items():
            set_setting(session, key, value)


def turn_on_test_answer(billkey: str = "AZ19", content: str = "Prijali sme: {{ original_message }}") -> None:
    """Let every inbound message be answered with the template `pong`."""
    set_up_gateway(mobiletech_test_billkey=billkey, mobiletech_test_template_code="pong")
    with transaction() as session:
        if find_template(session, "pong") is None:
            create_template(session, "pong", content)
