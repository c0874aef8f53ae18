"""API tokens: made once, shown once, refused with a reason."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_network

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.clock import db_now, time_since
from crm.core.errors import N_, ConflictError, InvalidInputError, NotFoundError
from crm.core.networks import is_inside
from crm.users.audit_log import record_act
from crm.users.errors import TokenNameError, TokenRefusedError
from crm.users.models import ApiToken


class Scope(StrEnum):
    """What a token opens."""

    SERVER_PROXY = "mobiletech:server-proxy"
    USERS_CREATE = "users:create"
    USERS_CONFIRM = "users:confirm"


LONGEST_NAME = 64
USE_IS_NOTED_EVERY = timedelta(minutes=1)


def create_token(
    session: Session,
    name: str,
    *,
    scopes: Sequence[str],
    networks: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> str:
    """Add a token and return its secret, which nobody can read again.

    Raises: TokenNameError, InvalidInputError for an unknown scope or network, ConflictError if the name is taken.
    """
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        told = N_("The name of a token has 1 to %(longest)s characters, none of them invisible.")
        raise TokenNameError(told, longest=LONGEST_NAME)
    unknown = [scope for scope in scopes if scope not in set(Scope)]
    if unknown or not scopes:
        no_such = N_("There is no scope %(scope)r. The scopes are: %(scopes)s.")
        none = N_("A token needs a scope. The scopes are: %(scopes)s.")
        raise InvalidInputError(
            no_such if unknown else none, scope=unknown[0] if unknown else "", scopes=", ".join(Scope)
        )
    secret = secrets.token_urlsafe(32)
    row = ApiToken(
        name=name,
        token_sha256=_digest(secret),
        scopes=list(dict.fromkeys(scopes)),
        networks=[_checked_network(network) for network in networks],
        expires_at=expires_at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        told = N_("A token named %(name)r exists already. Names are not used again.")
        raise ConflictError(told, name=name) from error
    after = {"scopes": row.scopes, "networks": row.networks, "expires_at": expires_at}
    record_act(session, "token.create", f"token {name}", after=after)
    return secret


def get_token(session: Session, token_id: int) -> ApiToken:
    """Return the token.

    Raises: NotFoundError.
    """
    token = session.get(ApiToken, token_id)
    if token is None:
        raise NotFoundError(N_("No token has the id %(token_id)s."), token_id=token_id)
    return token


def revoke_token(session: Session, name: str, *, reason: str = "") -> None:
    """Close a token at once.

    Raises: NotFoundError.
    """
    statement = update(ApiToken).where(ApiToken.name == name, ApiToken.revoked_at.is_(None))
    if session.execute(statement.values(revoked_at=db_now()).returning(ApiToken.id)).one_or_none() is None:
        raise NotFoundError(N_("No open token is named %(name)r."), name=name)
    record_act(session, "token.revoke", f"token {name}", reason=reason)


def list_tokens(session: Session) -> Sequence[ApiToken]:
    """Return all tokens, by name."""
    return session.execute(select(ApiToken).order_by(ApiToken.name)).scalars().all()


def check_token(session: Session, secret: str, *, scope: Scope, address: str | None) -> ApiToken:
    """Return the token that the secret opens and note its use, at most once a minute.

    Raises: TokenRefusedError with the reason, in the original's words: callers read them.
    Source: behaviour.md 5.1.
    """
    found = session.execute(
        select(
            ApiToken,
            (ApiToken.expires_at <= db_now()).label("expired"),
            time_since(ApiToken.last_used_at).label("unused_for"),
        ).where(ApiToken.token_sha256 == _digest(secret))
    ).one_or_none()
    if found is None:
        raise TokenRefusedError("Token doesn't exists")
    token, expired, unused_for = found
    if token.revoked_at is not None or expired:
        raise TokenRefusedError("Token isn't active")
    if token.networks and not is_inside(address, [ip_network(network) for network in token.networks]):
        raise TokenRefusedError("Invalid IP")
    if scope not in token.scopes:
        raise TokenRefusedError(f"Token has no access to resource [{scope}]")
    if unused_for is None or unused_for >= USE_IS_NOTED_EVERY:
        token.last_used_at = session.execute(select(db_now())).scalar_one()
    return token


def _checked_network(text: str) -> str:
    try:
        return str(ip_network(text.strip()))
    except ValueError as error:
        told = N_("%(network)r is no network; write 192.0.2.0/24 or 2001:db8::/32.")
        raise InvalidInputError(told, network=text) from error


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
