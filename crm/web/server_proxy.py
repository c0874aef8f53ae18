"""Hand raw XML of another system to the test gateway and its answer back."""

from flask import Blueprint, Response, abort, request

from crm.core.business_settings import get_setting
from crm.core.db import transaction
from crm.core.log import get_logger
from crm.mobiletech.client_http import HttpGatewayClient
from crm.mobiletech.errors import GatewaySettingsError, GatewayUnreachableError
from crm.mobiletech.wire.xml_codec import MAX_BODY_BYTES
from crm.users.api_tokens import Scope
from crm.web.error_pages import Words, json_error
from crm.web.guards import api_token

log = get_logger(__name__)

server_proxy = Blueprint("server_proxy", __name__)

NOT_SET = "Set mobiletech_gateway_url_test: there is no test gateway to forward to."


@server_proxy.post("/server-proxy")
@api_token(Scope.SERVER_PROXY)
def forward() -> Response:
    """Forward the body; answer with the gateway's status, body and content type."""
    body = _read_body()
    # The transaction ends before the call: nothing is held while the gateway thinks.
    with transaction() as session:
        url = get_setting(session, "mobiletech_gateway_url_test")
    try:
        # Without our gateway token: the test address is none of those that it is meant for.
        answer = HttpGatewayClient().forward(body, url=url)
    except GatewaySettingsError:
        return json_error(503, Words("", NOT_SET))
    except GatewayUnreachableError as error:
        log.warning("proxy_unreachable", reason=str(error))
        return json_error(502, Words("", str(error)))
    return Response(
        answer.body, answer.status, content_type=answer.content_type or "application/octet-stream"
    )


def _read_body() -> bytes:
    """Read one byte more than is allowed: a chunked body tells no length, and must not be cut in silence."""
    request.max_content_length = None
    body = request.stream.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        abort(413)
    return body
