"""Posts to the CRM's webhook: one request, no redirects, and an answer whatever happens."""

from base64 import b64encode
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Protocol
from urllib.parse import urlsplit

from crm.core.errors import InvalidInputError
from crm.mobiletech.wire.xml_codec import CONTENT_TYPE

TIMEOUT_SECONDS = 10.0
MAX_ANSWER_BYTES = 64 * 1024
_USER = "gateway"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the CRM said; `status` is None and `body` says why, if it said nothing."""

    status: int | None
    body: str

    @property
    def is_ok(self) -> bool:
        return self.status == 200

    @property
    def words(self) -> str:
        """The outcome in a few words."""
        return f"the CRM answered {self.status}" if self.status else f"no answer from the CRM: {self.body}"


class Webhook(Protocol):
    """Where the gateway's reports go."""

    def post(self, body: bytes) -> Answer:
        """Post one document; does not raise."""
        ...


class HttpWebhook:
    """The webhook at an address, with Basic auth if there is a password.

    Raises: InvalidInputError if the address is none.
    """

    def __init__(self, url: str, *, password: str = "", timeout: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidInputError("The webhook's address must begin with http:// or https:// and a host.")
        try:
            self._port = parts.port
        except ValueError as error:
            raise InvalidInputError("The port in the webhook's address is no port.") from error
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host = parts.hostname
        self._path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        self._timeout = timeout
        self._headers = {"Content-Type": CONTENT_TYPE, "User-Agent": "gateway-simulator"}
        if password:
            self._headers["Authorization"] = f"Basic {b64encode(f'{_USER}:{password}'.encode()).decode()}"

    def post(self, body: bytes) -> Answer:
        """Post one document; a failure is an answer without a status."""
        connection = self._connection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", self._path, body, self._headers)
            response = connection.getresponse()
            content = response.read(MAX_ANSWER_BYTES)
        except (OSError, HTTPException) as error:
            return Answer(status=None, body=type(error).__name__)
        finally:
            connection.close()
        return Answer(status=response.status, body=content.decode("utf-8", "replace"))
