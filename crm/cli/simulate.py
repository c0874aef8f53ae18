"""`crm mobiletech simulate …`: post to the webhook as the gateway would, and show the answer."""

import os
import secrets
from zoneinfo import ZoneInfo

import click
import requests

from crm.cli.refusals import Refusal
from crm.core.clock import now
from crm.core.phone import find_slovak_mobile, to_international
from crm.mobiletech.wire.commands import Receive, Status
from crm.mobiletech.wire.operators import Operator, operator_by_prefix
from crm.mobiletech.wire.receive_date import format_receive_date
from crm.mobiletech.wire.xml_codec import CONTENT_TYPE, GATEWAY_ZONE, encode_receive, encode_status

PATH = "/api/v1/mobiletech/webhook"
TIMEOUT_SECONDS = 30
BASE_URL = "http://127.0.0.1:8000"

url_option = click.option("--url", help=f"The webhook; {PATH} of CRM_BASE_URL ({BASE_URL}) when left out.")
password_option = click.option(
    "--password",
    envvar="CRM_MOBILETECH_WEBHOOK_PASSWORD",
    help="The webhook's password; CRM_MOBILETECH_WEBHOOK_PASSWORD when left out.",
)

simulate = click.Group("simulate", help="Post to the webhook as the gateway would.")


@simulate.command("receive")
@click.option(
    "--from", "from_", required=True, help="The reader's number; a Slovak mobile one in any spelling."
)
@click.option("--to", required=True, help="The short number, such as 8877.")
@click.option("--content", required=True, help="What the reader wrote.")
@click.option("--id", "message_id", help="The gateway's id; a fresh one when left out.")
@click.option(
    "--operator",
    type=click.Choice([operator.value for operator in Operator]),
    help="T, O, 2 or S; read from the number when left out.",
)
@click.option("--serv-id", default="1703", show_default=True)
@click.option("--project-id", default="76", show_default=True)
@click.option("--date", help="yymmddHHMMSSd in the gateway's time; now when left out.")
@url_option
@password_option
def receive(
    from_: str,
    to: str,
    content: str,
    message_id: str | None,
    operator: str | None,
    serv_id: str,
    project_id: str,
    date: str | None,
    url: str | None,
    password: str | None,
) -> None:
    """A reader's SMS comes in. Exit 1 unless the webhook answers 200."""
    message = Receive(
        id=message_id or f"sim-{secrets.token_hex(8)}",
        serv_id=serv_id,
        project_id=project_id,
        from_=to_international(from_) if find_slovak_mobile(from_) else from_,
        to=to,
        content=content,
        operator_type=operator or operator_by_prefix(from_) or Operator.ORANGE,
        receive_date_raw=date or format_receive_date(now(), _zone()),
    )
    _post(encode_receive(message), url, password)


@simulate.command("status")
@click.option("--id", "message_id", required=True, help="The gateway's id of our message.")
@click.option("--status", required=True, help="The code, such as D1 or A0.")
@url_option
@password_option
def status(message_id: str, status: str, url: str | None, password: str | None) -> None:
    """A report on a message of ours comes in. Exit 1 unless the webhook answers 200."""
    _post(encode_status(Status(id=message_id, status=status)), url, password)


def _post(body: bytes, url: str | None, password: str | None) -> None:
    base_url = os.environ.get("CRM_BASE_URL", "").strip() or BASE_URL
    address = url or base_url.rstrip("/") + PATH
    # While one password replaces the other both are in the environment; the first is as good as the second.
    first = (password or "").split(",")[0].strip()
    try:
        response = requests.post(
            address,
            data=body,
            headers={"Content-Type": CONTENT_TYPE},
            auth=("gateway", first) if first else None,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise Refusal(
            f"No answer from {address}: {type(error).__name__}. Does the web process run?"
        ) from error
    click.echo(f"HTTP {response.status_code}")
    click.echo(response.content.decode("utf-8", "replace"), nl=not response.content.endswith(b"\n"))
    if response.status_code != requests.codes.ok:
        raise Refusal(f"The webhook answered {response.status_code}, not 200.")


def _zone() -> ZoneInfo:
    name = os.environ.get("CRM_TIMEZONE", "").strip()
    try:
        return ZoneInfo(name) if name else GATEWAY_ZONE
    except (KeyError, ValueError, OSError) as error:
        raise Refusal(f"CRM_TIMEZONE is {name!r}; it must be a zone such as Europe/Bratislava.") from error
