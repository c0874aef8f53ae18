"""The default client: sends nothing and reports every message delivered."""

from uuid import uuid4

from crm.core.errors import N_
from crm.mobiletech.client import Outcome, OutcomeKind
from crm.mobiletech.wire.commands import Send


class MockGatewayClient:
    """For development without a gateway; each message gets an id of its own and the status D1."""

    def send(self, message: Send, *, url: str, paid: bool) -> Outcome:
        """Accept the message, whatever it is."""
        return Outcome(
            kind=OutcomeKind.ACCEPTED,
            detail=N_("The mock client took it; nothing was sent."),
            mobiletech_id=str(uuid4()),
            statuses=("D1",),
        )
