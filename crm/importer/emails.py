"""E-mails in small letters, as the database makes them: it says whether two are the same, and knows other letters."""

from collections.abc import Iterable, Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.copying import array_text

_FOLD = text("SELECT wanted, lower(wanted) FROM unnest(CAST(CAST(:emails AS text) AS text[])) AS wanted")


def fold_emails(session: Session, emails: Iterable[str | None]) -> Mapping[str, str]:
    """Return each e-mail in the small letters by which no two people have the same."""
    given = {email for email in emails if email}
    plain = {email: email.lower() for email in given if email.isascii()}  # of these everybody's are alike
    others = given - plain.keys()
    if not others:
        return plain
    folded = session.execute(_FOLD, {"emails": array_text(others)})
    return plain | {row[0]: row[1] for row in folded}
