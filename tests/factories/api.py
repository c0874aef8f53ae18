"""Keys to the API, and accounts as its callers meet them."""

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.api_tokens import create_token
from crm.users.client import Client
from crm.users.phones import link_phone
from crm.users.registration import Registration, register
from crm.users.sessions import Kind, begin_session
from tests.factories.users import make_user

EVA = "eva@example.sk"
PHONE = "0908123456"


def bearer(secret: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {secret}"}


def make_api_token(*scopes: str, name: str = "shop", **options: object) -> dict[str, str]:
    """Make a token of another system and return the header that shows it."""
    with transaction() as session:
        return bearer(create_token(session, name, scopes=scopes, **options))  # type: ignore[arg-type]


def make_reader(*, email: str = EVA, phone: str | None = None, active: bool = True, **fields: object) -> int:
    """Add a reader with the password of the tests and return the id."""
    user_id = make_user(role="customer", email=email, active=active)
    with transaction() as session:
        user = get_user(session, user_id)
        for name, value in fields.items():
            setattr(user, name, value)
        if phone:
            link_phone(session, phone, user_id)
    return user_id


def make_unclaimed(**names: str) -> int:
    """Add an account that waits for its owner and return the id."""
    with transaction() as session:
        return register(session, Registration(is_unclaimed=True, source="kiosk", **names)).id  # type: ignore[arg-type]


def make_user_token(user_id: int) -> dict[str, str]:
    """Sign a reader in over the API and return the header that shows the token."""
    with transaction() as session:
        user = get_user(session, user_id)
        return bearer(begin_session(session, user, kind=Kind.API, client=Client(source="api")))
