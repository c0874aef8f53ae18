"""Keys of other systems: shown once, kept as a hash, refused with a reason."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.core.errors import ConflictError, CrmError, InvalidInputError, NotFoundError
from crm.users.api_tokens import Scope, check_token, create_token, list_tokens, revoke_token
from crm.users.errors import TokenRefusedError
from crm.users.models import ApiToken
from tests.conftest import Clock
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")

PROXY = [Scope.SERVER_PROXY]


def test_a_token_opens_its_scope_and_its_use_is_noted() -> None:
    secret = make("one", scopes=PROXY)

    assert check(secret) == "one"
    assert read(ApiToken.last_used_at) != [(None,)]


def test_the_use_is_noted_at_most_once_a_minute(clock: Clock) -> None:
    secret = make("one", scopes=PROXY)
    check(secret)
    noted = read(ApiToken.last_used_at)

    clock.advance(timedelta(seconds=59))
    check(secret)
    within = read(ApiToken.last_used_at)
    clock.advance(timedelta(seconds=2))
    check(secret)

    assert within == noted
    assert read(ApiToken.last_used_at) > noted


@pytest.mark.parametrize("scope", Scope)
def test_a_token_opens_its_scopes_and_no_other(scope: Scope) -> None:
    secret = make("one", scopes=[scope])

    for asked in Scope:
        with transaction() as session:
            if asked == scope:
                check_token(session, secret, scope=asked, address=None)
            else:
                with pytest.raises(
                    TokenRefusedError, match=rf"^Token has no access to resource \[{asked}\]$"
                ):
                    check_token(session, secret, scope=asked, address=None)


def test_only_a_hash_is_kept() -> None:
    secret = make("one", scopes=PROXY)

    with transaction() as session:
        [token] = list_tokens(session)
        stored = {column.name: str(getattr(token, column.name)) for column in ApiToken.__table__.columns}
    assert len(secret) >= 40
    assert all(secret not in value for value in stored.values())


def test_two_tokens_differ() -> None:
    assert make("one", scopes=PROXY) != make("two", scopes=PROXY)


@pytest.mark.parametrize("secret", ["", "x", "' OR '1'='1", "\x00", "ž" * 100])
def test_what_is_no_token_is_refused(secret: str) -> None:
    make("one", scopes=PROXY)

    with pytest.raises(TokenRefusedError, match=r"^Token doesn't exists$"):
        check(secret)


def test_a_revoked_token_is_refused_at_once() -> None:
    secret = make("one", scopes=PROXY)
    with transaction() as session:
        revoke_token(session, "one")

    with pytest.raises(TokenRefusedError, match=r"^Token isn't active$"):
        check(secret)


def test_a_token_expires(clock: Clock) -> None:
    with transaction() as session:
        tomorrow = session.execute(select(db_now())).scalar_one() + timedelta(days=1)
    secret = make("one", scopes=PROXY, expires_at=tomorrow)

    clock.advance(timedelta(hours=23))
    assert check(secret) == "one"
    clock.advance(timedelta(hours=2))
    with pytest.raises(TokenRefusedError, match=r"^Token isn't active$"):
        check(secret)


ADDRESSES = [
    ([], "203.0.113.9", True),
    ([], None, True),
    (["192.0.2.0/24"], "192.0.2.9", True),
    (["192.0.2.0/24"], "::ffff:192.0.2.9", True),
    (["192.0.2.0/24"], "192.0.3.9", False),
    (["192.0.2.0/24", "2001:db8::/32"], "2001:db8::5", True),
    (["192.0.2.9"], "192.0.2.9", True),
    (["192.0.2.0/24"], None, False),
    (["192.0.2.0/24"], "unknown", False),
]


@pytest.mark.parametrize(("networks", "address", "is_let_in"), ADDRESSES)
def test_a_token_may_be_bound_to_networks(networks: list[str], address: str | None, is_let_in: bool) -> None:
    secret = make("one", scopes=PROXY, networks=networks)

    if is_let_in:
        assert check(secret, address=address) == "one"
    else:
        with pytest.raises(TokenRefusedError, match=r"^Invalid IP$"):
            check(secret, address=address)


REFUSED: list[tuple[dict[str, object], type[CrmError]]] = [
    ({"name": " ", "scopes": PROXY}, InvalidInputError),
    ({"name": "two\nlines", "scopes": PROXY}, InvalidInputError),
    ({"name": "x" * 65, "scopes": PROXY}, InvalidInputError),
    ({"name": "two", "scopes": []}, InvalidInputError),
    ({"name": "two", "scopes": ["everything"]}, InvalidInputError),
    ({"name": "two", "scopes": [*PROXY, "users:destroy"]}, InvalidInputError),
    ({"name": "two", "scopes": PROXY, "networks": ["gateway"]}, InvalidInputError),
    ({"name": "two", "scopes": PROXY, "networks": ["192.0.2.7/24"]}, InvalidInputError),
    ({"name": "one", "scopes": PROXY}, ConflictError),
]


@pytest.mark.parametrize(("fields", "error"), REFUSED, ids=[str(row[0]) for row in REFUSED])
def test_a_token_that_cannot_be_made_is_refused(fields: dict[str, object], error: type[CrmError]) -> None:
    make("one", scopes=PROXY)

    with pytest.raises(error):
        make(**fields)  # type: ignore[arg-type]

    assert read(ApiToken.name) == [("one",)]


def test_a_name_is_not_used_again_after_its_token_was_revoked() -> None:
    make("one", scopes=PROXY)
    with transaction() as session:
        revoke_token(session, "one")

    with pytest.raises(ConflictError):
        make("one", scopes=PROXY)


@pytest.mark.parametrize("name", ["nobody", "one"])
def test_only_an_open_token_can_be_revoked(name: str) -> None:
    make("one", scopes=PROXY)
    with transaction() as session:
        revoke_token(session, "one")

    with pytest.raises(NotFoundError, match=name), transaction() as session:
        revoke_token(session, name)


def make(name: str, **options: object) -> str:
    with transaction() as session:
        return create_token(session, name, **options)  # type: ignore[arg-type]


def check(secret: str, *, address: str | None = "192.0.2.1") -> str:
    with transaction() as session:
        return check_token(session, secret, scope=Scope.SERVER_PROXY, address=address).name
