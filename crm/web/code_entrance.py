"""Signing in by a one-time code, at the edge: one transaction, then a session."""

from math import ceil

from crm.core import metrics
from crm.core.db import transaction
from crm.core.log import get_logger
from crm.users.authentication import Refusal
from crm.users.client import Client
from crm.users.code_entry import enter_by_code, enter_by_name_and_code
from crm.users.roles import STAFF
from crm.users.sessions import Kind, begin_session
from crm.web.entrance import LetIn, SentAway

log = get_logger(__name__)


def let_in_by_code(
    code: str, client: Client, *, code_id: int | None, name: str = "", remembered: bool = False
) -> LetIn | SentAway:
    """Sign in whoever types the code of an asking, or of a name; or say why not."""
    with transaction() as session:
        if code_id is not None:
            outcome = enter_by_code(session, code_id, code, client)
        else:
            outcome = enter_by_name_and_code(session, name, code, client)
        entry = outcome.entry
        metrics.count("logins_total", status=entry.status)
        if entry.user is not None:
            is_staff = entry.user.role in STAFF
            remembered = remembered and not is_staff  # a working day, whatever they ticked
            secret = begin_session(session, entry.user, kind=Kind.WEB, client=client, remembered=remembered)
            log.info("login", user_id=entry.user.id, source=client.source)
            return LetIn(user_id=entry.user.id, is_staff=is_staff, secret=secret, remembered=remembered)
    log.warning("login_refused", status=entry.status, address=client.ip, source=client.source)
    wait = max(1, ceil(outcome.wait.total_seconds())) if outcome.wait is not None else None
    return SentAway(refusal=entry.refusal or Refusal.FAILURE, retry_after=wait)
