"""Forget the words of old messages: the search looks back 90 days, and the messages themselves stay."""

from datetime import timedelta

from sqlalchemy import delete

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.mobiletech.search.models import MessageWords

KEPT = timedelta(days=90)


def forget_old_words() -> None:
    """Remove the words of messages older than KEPT."""
    with transaction() as session:
        session.execute(delete(MessageWords).where(MessageWords.at < db_now() - KEPT))
