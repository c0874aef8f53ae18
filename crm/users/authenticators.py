"""The links of the chain: by e-mail, by phone number, by a person's API token. Their priorities stand in wiring."""

import hashlib

from sqlalchemy.orm import Session

from crm.core.phone import find_slovak_mobile, mask
from crm.users.attempts import AttemptStatus, Tried
from crm.users.authentication import Claim, Credentials, Refusal
from crm.users.masking import mask_email
from crm.users.models import User
from crm.users.passwords import verify_password
from crm.users.queries import find_by_email, find_by_phone
from crm.users.sessions import Kind, find_session


class EmailAuthenticator:
    """By `username` with an at sign, and the password."""

    name = "e-mail"

    def claim(self, session: Session, credentials: Credentials) -> Claim | None:
        """Return whose address it is; anything that is no address is none of ours."""
        name = credentials.username.strip()
        if "@" not in name or not credentials.password:
            return None
        return claim_by_password(
            credentials,
            identity=f"email:{name.lower()[:256]}",
            shown=mask_email(name),
            user=find_by_email(session, name),
            not_found=AttemptStatus.NOT_FOUND_EMAIL,
        )


class PhoneAuthenticator:
    """By `mobile_phone` or `username` in any spelling of a Slovak number, and the password."""

    name = "phone"

    def claim(self, session: Session, credentials: Credentials) -> Claim | None:
        """Return whose number it is."""
        local = find_slovak_mobile(credentials.mobile_phone) or find_slovak_mobile(credentials.username)
        if local is None or not credentials.password:
            return None
        return claim_by_password(
            credentials,
            identity=f"phone:{local}",
            shown=mask(local),
            user=find_by_phone(session, local),
            not_found=AttemptStatus.NOT_FOUND_PHONE,
        )


class AccessTokenAuthenticator:
    """By `access_token`: a reader's token of the API. Staff come in with their password only."""

    name = "access token"

    def claim(self, session: Session, credentials: Credentials) -> Claim | None:
        """Return whose token it is."""
        if not credentials.access_token:
            return None
        found = find_session(session, credentials.access_token, kind=Kind.API)
        user = found[1] if found else None
        digest = hashlib.sha256(credentials.access_token.encode(errors="surrogatepass")).hexdigest()
        return Claim(
            tried=Tried(
                identity=f"token:{digest}", shown="an access token", user_id=user.id if user else None
            ),
            prove=lambda: True,
            not_found=AttemptStatus.TOKEN_NOT_FOUND,
            refusal_when_not_found=Refusal.FAILURE,
            by_password=False,
            staff_may=False,
        )


def claim_by_password(
    credentials: Credentials,
    *,
    identity: str,
    shown: str,
    user: User | None,
    not_found: AttemptStatus = AttemptStatus.NOT_FOUND_NAME,
) -> Claim:
    """Claim to be the user, or somebody whom nobody knows, by the password.

    Shape: `identity` one spelling of the name, for the limits; `shown` what the log shows of it, masked.
    """
    hashed = user.password if user is not None else None
    return Claim(
        tried=Tried(identity=identity, shown=shown, user_id=user.id if user else None),
        hashed=hashed,
        prove=lambda: verify_password(credentials.password, hashed),
        not_found=not_found,
    )
