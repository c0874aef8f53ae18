"""The chain that lets people in: who is recognised by what, in which order, and what is told to others.

Source: behaviour.md 10.1 (authenticator) and 10.2 (UserAuthenticatorTest), with B46 mended.
"""

import importlib

import pytest
from flask import Flask

from crm.core.db import current_session, transaction
from crm.users import passwords
from crm.users.accounts import change_password, get_user
from crm.users.attempts import AttemptStatus, Tried
from crm.users.authentication import Claim, Credentials, Refusal, chain, enter, prove
from crm.users.client import Client
from crm.users.sessions import EndReason, Kind, begin_session, end_all
from crm.users.user_meta import mark_claimed, mark_unclaimed
from crm.wiring import AUTHENTICATORS
from tests.factories.users import make_user
from tests.hashing import CountingHasher, make_bcrypt
from tests.pages import PASSWORD
from tests.signing_in import HERE, change, come, list_attempts, make_reader

pytestmark = pytest.mark.usefixtures("app")

WRONG = "wrong horse battery"
SPELLINGS = [
    "0908123456", "0908 123 456", " 0908123456 ", "0908\u00a0123\u00a0456", "0908-123-456", "0908/123 456",
    "0908.123.456", "(0908) 123 456", "+421908123456", "+421 908 123 456", "+421 (0) 908 123 456", "00421908123456",
    "00421 908 123 456", "+421\u00a0908\u00a0123\u00a0456", "0908\u2011123\u2011456", "\u202d0908 123 456\u202c",
]  # fmt: skip


@pytest.mark.parametrize("number", SPELLINGS)
@pytest.mark.parametrize("field", ["username", "mobile_phone"])
def test_a_number_is_understood_in_any_spelling(field: str, number: str) -> None:
    eva = make_reader()

    outcome = come(**{field: number})

    assert (outcome.user_id, outcome.status) == (eva, "ok")


@pytest.mark.parametrize("email", ["eva@example.sk", "EVA@Example.SK", "  eva@example.sk\t"])
def test_an_e_mail_is_understood_however_it_is_capitalised(email: str) -> None:
    eva = make_reader()

    assert come(email).user_id == eva


@pytest.mark.parametrize(
    ("source", "status"), [("web", "ok"), ("api", "api_ok"), ("api+shop", "api_ok"), ("apple", "ok")]
)
def test_the_log_tells_programs_from_browsers(source: str, status: str) -> None:
    eva = make_reader()

    outcome = come("eva@example.sk", client=Client(ip="192.0.2.1", source=source))

    assert (outcome.user_id, outcome.status) == (eva, status)


ABSTAINS = [
    ("nothing", Credentials()),
    ("phone only", Credentials(mobile_phone="0908123456")),
    ("password only", Credentials(password=PASSWORD)),
    ("username only", Credentials(username="0908123456")),
    ("e-mail only", Credentials(username="eva@example.sk")),
]


@pytest.mark.parametrize(("label", "credentials"), ABSTAINS)
def test_without_a_name_and_a_password_every_link_abstains(label: str, credentials: Credentials) -> None:
    make_reader()

    with transaction() as session:
        assert [link.claim(session, credentials) for _, link in AUTHENTICATORS] == [None, None, None]


@pytest.mark.parametrize(
    ("label", "credentials", "names"),
    [
        ("e-mail", Credentials(username="eva@example.sk", password=PASSWORD), ["e-mail"]),
        ("number", Credentials(username="0908123456", password=PASSWORD), ["phone"]),
        ("unknown e-mail", Credentials(username="x@y", password=PASSWORD), ["e-mail"]),
        ("foreign number", Credentials(username="+420908123456", password=PASSWORD), []),
        ("something else", Credentials(username="eva", password=PASSWORD), []),
        ("token", Credentials(access_token="x"), ["access token"]),
    ],
)
def test_each_link_claims_only_what_it_understands(
    label: str, credentials: Credentials, names: list[str]
) -> None:
    make_reader()

    with transaction() as session:
        claims = [link.name for _, link in AUTHENTICATORS if link.claim(session, credentials) is not None]

    assert claims == names


REFUSALS = [
    # what was tried, password, reason, what the log says, what it shows of the name
    ("eva@example.sk", WRONG, "invalid_credential", "wrong_pass", "e***@example.sk"),
    ("0908123456", WRONG, "invalid_credential", "wrong_pass", "0908***456"),
    ("+421 908 123 456", WRONG, "invalid_credential", "wrong_pass", "0908***456"),
    ("nobody@example.sk", PASSWORD, "identity_not_found", "not_found_email", "n***@example.sk"),
    ("nobody@example.sk", WRONG, "identity_not_found", "not_found_email", "n***@example.sk"),
    ("0908654321", PASSWORD, "identity_not_found", "not_found_phone", "0908***321"),
    ("0908654321", WRONG, "identity_not_found", "not_found_phone", "0908***321"),
    ("+420 608 123 456", PASSWORD, "identity_not_found", "not_found_name", "***"),
    (PASSWORD, PASSWORD, "identity_not_found", "not_found_name", "***"),
    ("", PASSWORD, "identity_not_found", "not_found_name", ""),
    ("eva@example.sk", "", "identity_not_found", "not_found_name", "***"),
    ("closed@example.sk", WRONG, "invalid_credential", "wrong_pass", "c***@example.sk"),
    ("closed@example.sk", PASSWORD, "identity_not_found", "inactive_user", "c***@example.sk"),
    ("deleted@example.sk", PASSWORD, "identity_not_found", "inactive_user", "d***@example.sk"),
    ("unclaimed@example.sk", PASSWORD, "not_approved", "unclaimed_user", "u***@example.sk"),
    ("bare@example.sk", "!", "invalid_credential", "wrong_pass", "b***@example.sk"),
]


@pytest.mark.parametrize(("name", "password", "refusal", "status", "shown"), REFUSALS)
def test_the_reason_is_that_of_the_link_that_knew_the_name(
    name: str, password: str, refusal: str, status: str, shown: str
) -> None:
    make_reader()
    change(make_reader(email="closed@example.sk", phone=None), active=False)
    change(make_reader(email="deleted@example.sk", phone=None), deleted_at="2026-11-01T00:00Z")
    make_reader(email="bare@example.sk", phone=None, hashed="!")
    unclaimed = make_reader(email="unclaimed@example.sk", phone=None)
    with transaction() as session:
        mark_unclaimed(session, unclaimed)

    outcome = come(name, password)
    [attempt] = list_attempts()

    assert (outcome.user_id, outcome.refusal, outcome.status) == (None, refusal, status)
    assert (attempt.status, attempt.email, attempt.message) == (status, shown, refusal)


def test_who_claims_the_account_is_let_in() -> None:
    eva = make_reader()
    with transaction() as session:
        mark_unclaimed(session, eva)
        mark_claimed(session, eva)

    assert come("eva@example.sk").user_id == eva


def test_the_log_knows_whose_name_was_tried_and_from_where() -> None:
    eva = make_reader()

    come("eva@example.sk", WRONG, client=Client(ip="2001:db8::1", user_agent="Fire\0fox\n" + "x" * 999))
    come("nobody@example.sk", WRONG)
    known, unknown = list_attempts()

    assert (known.user_id, unknown.user_id) == (eva, None)
    assert (known.ip, known.place, known.user_agent[:8]) == ("2001:db8::1", "2001:db8::/64", "Firefoxx")
    assert len(known.user_agent) == 400


@pytest.mark.parametrize(
    "name",
    ["eva@example.sk", "0908 123 456", "eva", "+420 608 123 456", "p@ssw0rd-of-mine", "eva@ssw0rd.x y"],
)
def test_what_was_typed_stands_nowhere_in_clear(name: str) -> None:
    make_reader()

    come(name, WRONG)
    [attempt] = list_attempts()

    stored = " ".join(str(getattr(attempt, column.key)) for column in attempt.__table__.columns)
    assert not any(secret in stored for secret in (name, "0908123456", "608123456", "ssw0rd", WRONG))


def test_a_readers_token_lets_the_reader_in() -> None:
    eva = make_reader()

    outcome = come(access_token=issue(eva), password="")

    assert (outcome.user_id, outcome.status) == (eva, "access_token_ok")


@pytest.mark.parametrize(
    ("whose", "refusal", "status"),
    [
        ("unknown", "failure", "token_not_found"),
        ("ended", "failure", "token_not_found"),
        ("closed", "failure", "token_not_found"),
        ("a browser's", "failure", "token_not_found"),
        ("staff's", "not_approved", "not_approved"),
        ("unclaimed", "not_approved", "unclaimed_user"),
    ],
)
def test_no_other_token_lets_anybody_in(whose: str, refusal: str, status: str) -> None:
    user_id = make_user(role="admin" if whose == "staff's" else "customer", email="eva@example.sk")
    secret = issue(user_id, Kind.WEB if whose == "a browser's" else Kind.API)
    with transaction() as session:
        if whose == "ended":
            end_all(session, user_id, reason=EndReason.SIGNED_OUT)
        if whose == "unclaimed":
            mark_unclaimed(session, user_id)
    if whose == "closed":
        change(user_id, active=False)

    outcome = come(access_token="nonsense" if whose == "unknown" else secret, password="")

    assert (outcome.user_id, outcome.refusal, outcome.status) == (None, refusal, status)
    assert secret not in str(list_attempts()[0].email)


@pytest.mark.parametrize(
    ("password", "cost"),
    [(PASSWORD, 10), (PASSWORD, 12), ("heslo", 4), ("ľ" * 100, 4), ("x" * 256, 4)],
    ids=["cost 10", "cost 12", "shorter than ten", "longer than 72 bytes", "as long as we take"],
)
@pytest.mark.parametrize("name", ["eva@example.sk", "0908 123 456"])
def test_an_old_hash_is_argon2id_afterwards(name: str, password: str, cost: int) -> None:
    hashed = make_bcrypt(password, cost=cost)
    eva = make_reader(hashed=hashed)

    first, second = come(name, password), come(name, password)

    assert (first.user_id, second.user_id) == (eva, eva)
    assert read_hash(eva).startswith("$argon2id$")
    assert come(name, f"X{password[1:]}").refusal == "invalid_credential"


def test_a_wrong_password_replaces_nothing() -> None:
    old = make_bcrypt(PASSWORD, cost=4)
    eva = make_reader(hashed=old)

    come("eva@example.sk", WRONG)

    assert read_hash(eva) == old


@pytest.mark.parametrize("what", ["active", "unclaimed"])
def test_who_is_not_let_in_keeps_the_old_hash(what: str) -> None:
    old = make_bcrypt(PASSWORD, cost=4)
    eva = make_reader(hashed=old)
    if what == "active":
        change(eva, active=False)
    else:
        with transaction() as session:
            mark_unclaimed(session, eva)

    assert come("eva@example.sk").user_id is None
    assert read_hash(eva) == old


def test_a_hash_of_ours_is_left_as_it_is() -> None:
    eva = make_reader()
    before = read_hash(eva)

    come("eva@example.sk")

    assert read_hash(eva) == before


def test_our_links_stand_in_the_order_of_the_table() -> None:
    assert chain.list_names() == [(500, "e-mail"), (200, "phone"), (100, "access token")]


@pytest.mark.parametrize(("priority", "place"), [(900, 0), (500, 1), (300, 1), (200, 2), (1, 3)])
@pytest.mark.usefixtures("links")
def test_a_link_of_an_extension_is_asked_in_its_turn(priority: int, place: int) -> None:
    chain.add(Nickname(), priority=priority)

    assert [name for _, name in chain.list_names()].index("nickname") == place


@pytest.mark.usefixtures("links")
def test_a_link_of_an_extension_lets_in_whom_ours_do_not_know() -> None:
    eva = make_reader()
    chain.add(Nickname(evka=eva), priority=300)

    assert come("evka", "open sesame").user_id == eva


@pytest.mark.usefixtures("links")
def test_the_next_link_is_asked_when_one_is_not_satisfied() -> None:
    eva = make_reader()
    chain.add(Nickname(**{"eva@example.sk": eva}), priority=900)

    assert come("eva@example.sk", PASSWORD).user_id == eva
    assert come("eva@example.sk", "open sesame").user_id == eva


@pytest.mark.usefixtures("links")
def test_a_reason_of_a_link_that_knew_the_name_goes_before_that_of_one_that_did_not() -> None:
    make_reader()
    chain.add(Nickname(), priority=900)

    assert come("eva@example.sk", WRONG).refusal == "invalid_credential"
    assert come("nobody@example.sk", WRONG).refusal == "identity_not_found"


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize("status", ["closed", "unclaimed"])
def test_the_guards_of_the_chain_hold_for_every_link(status: str) -> None:
    eva = make_reader()
    chain.add(Nickname(evka=eva), priority=300)
    if status == "closed":
        change(eva, active=False)
    else:
        with transaction() as session:
            mark_unclaimed(session, eva)

    assert come("evka", "open sesame").user_id is None


@pytest.mark.parametrize(
    "name", ["eva@example.sk", "0908123456", "nobody@example.sk", "0908654321", "eva", ""]
)
@pytest.mark.parametrize("hashed", [None, "!"], ids=["a password", "none"])
def test_whatever_the_name_one_hash_is_checked(hasher: CountingHasher, name: str, hashed: str | None) -> None:
    make_reader(hashed=hashed)
    hasher.checked.clear()
    hasher.made = 0

    come(name, WRONG)

    assert (len(hasher.checked), hasher.made) == (1, 0)


def test_two_names_do_not_let_one_in_under_the_limits_of_the_other() -> None:
    mallory = make_reader(email="mallory@example.sk", phone=None)
    make_reader()

    outcome = come("mallory@example.sk", PASSWORD, mobile_phone="0908123456")
    change(mallory, password="!")
    refused = come("mallory@example.sk", PASSWORD, mobile_phone="0908123456")

    assert outcome.user_id == mallory
    assert (refused.user_id, refused.refusal) == (None, "invalid_credential")


def test_a_password_that_was_changed_meanwhile_opens_nothing() -> None:
    eva = make_reader()
    with transaction() as session:
        door = chain.open_door(session, Credentials(username="eva@example.sk", password=PASSWORD), HERE)
    proof = prove(door)
    with transaction() as session:
        change_password(session, get_user(session, eva), "another battery staple")

    with transaction() as session:
        entry = enter(session, door, proof)

    assert (entry.user, entry.refusal) == (None, Refusal.INVALID_CREDENTIAL)


def test_nothing_is_hashed_while_a_transaction_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    make_reader(hashed=make_bcrypt(PASSWORD, cost=4))
    is_open: list[bool] = []

    def watch(place: str, name: str) -> None:
        real = getattr(importlib.import_module(place), name)

        def watched(*arguments: object) -> object:
            is_open.append(bool(current_session().info.get("in_transaction_block")))
            return real(*arguments)

        monkeypatch.setattr(f"{place}.{name}", watched)

    watch("crm.users.passwords", "_fits")
    watch("crm.users.authentication", "rehash")
    come("eva@example.sk")
    come("eva@example.sk", WRONG)

    assert is_open == [False, False, False]  # checked and made anew; checked


class Nickname:
    """Lets people in by a nickname and the words of the cave."""

    name = "nickname"

    def __init__(self, **people: int) -> None:
        self.people = people

    def claim(self, session: object, credentials: Credentials) -> Claim | None:
        """Return whose nickname it is."""
        return Claim(
            tried=Tried(
                identity=f"nick:{credentials.username}",
                shown="a nickname",
                user_id=self.people.get(credentials.username),
            ),
            prove=lambda: credentials.password == "open sesame",
            not_found=AttemptStatus.NOT_FOUND_NAME,
        )


@pytest.fixture
def links(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take links of a test out of the chain again."""
    monkeypatch.setattr(chain, "_links", list(chain._links))


def issue(user_id: int, kind: Kind = Kind.API) -> str:
    """Return a token of the person."""
    with transaction() as session:
        return begin_session(session, get_user(session, user_id), kind=kind, client=HERE)


def read_hash(user_id: int) -> str:
    """Return what stands in the column."""
    with transaction() as session:
        return get_user(session, user_id).password


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    counting = CountingHasher()
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting
