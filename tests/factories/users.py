"""People, each with the password that the login form of the tests knows."""

from functools import lru_cache
from itertools import count

from crm.core.db import transaction
from crm.users.accounts import create_user
from crm.users.models import User
from crm.users.passwords import hash_password
from tests.pages import PASSWORD

_numbers = count(1)


def make_user(
    *, role: str = "admin", email: str | None = None, name: str = "Eva Nováková", active: bool = True
) -> int:
    """Add a person and return the id."""
    address = email or f"{role}{next(_numbers)}@example.sk"
    with transaction() as session:
        user: User = create_user(session, email=address, role=role, public_name=name)
        user.password, user.active = _hashed(), active
        session.flush()
        return user.id


@lru_cache(maxsize=1)
def _hashed() -> str:
    return hash_password(PASSWORD)
