"""Who may bind a number to whom: a number opens an account by a code, so support binds none to a colleague's."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.users import administration
from crm.users.accounts import get_user
from crm.users.audit_log import Actor, acting
from crm.users.client import Client
from crm.users.errors import NoNumberError, StaffNumberError
from crm.users.models import AccessToken, AuditEntry, MobilePhone, PhoneLink
from crm.users.phones import link_phone
from crm.users.roles import Role
from crm.users.sessions import Kind, begin_session
from tests.factories.users import make_user
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")
NUMBER = "0908630549"
# Who binds numbers of whom. Source: interface.md 7, and that nobody gets more rights by it.
MAY = {
    (by, of) for by in Role for of in Role if by is Role.ADMIN or (by is Role.SUPPORT and of is Role.CUSTOMER)
}
EVERYBODY = [(by, of) for by in Role for of in Role]


@pytest.mark.parametrize(("by", "of"), EVERYBODY)
def test_a_number_is_linked_by_who_may(by: Role, of: Role) -> None:
    user_id = make_user(role=of)

    done = try_to_link(user_id, by)

    assert done == ((by, of) in MAY)
    assert len(read(MobilePhone.id)) == len(read(PhoneLink.id)) == done


@pytest.mark.parametrize(("by", "of"), EVERYBODY)
def test_a_number_is_unlinked_by_who_may(by: Role, of: Role) -> None:
    user_id = make_user(role=of)
    try_to_link(user_id, Role.ADMIN)

    done = try_to_unlink(user_id, by)

    assert done == ((by, of) in MAY)
    assert read(MobilePhone.user_id) == ([] if done else [(user_id,)])


def test_what_is_refused_ends_no_sign_in_and_stands_in_no_log() -> None:
    user_id = make_user(role="admin")
    with transaction() as session:
        link_phone(session, NUMBER, user_id)
        begin_session(session, get_user(session, user_id), kind=Kind.WEB, client=Client())

    with acting(Actor(name="Samuel")):
        assert not try_to_unlink(user_id, Role.SUPPORT)

    assert read(AccessToken.end_reason) == [(None,)]
    assert read(AuditEntry.id) == []


def test_another_number_than_the_one_that_was_looked_at_stays() -> None:
    user_id = make_user(role="customer")
    try_to_link(user_id, Role.SUPPORT)

    with pytest.raises(NoNumberError), transaction() as session:
        user = get_user(session, user_id)
        administration.unlink_number(session, user, by_role="support", reason="why", phone="0908000001")

    assert read(MobilePhone.phone_number) == [(NUMBER,)]


def test_who_is_made_a_colleague_meanwhile_gets_no_number_from_support(app: Flask) -> None:
    user_id = make_user(role="customer")
    promoted, linked = threading.Event(), threading.Event()

    def promote() -> None:
        with app.app_context(), transaction() as session:
            administration.set_role(session, get_user(session, user_id), "admin")
            promoted.set()
            assert not linked.wait(0.5)  # it waits for this transaction, and sees what it has done

    def link() -> bool:
        promoted.wait(10)
        with app.app_context():
            done = try_to_link(user_id, Role.SUPPORT)
            linked.set()
            return done

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.submit(promote), threads.submit(link)
        first.result()
        assert second.result() is False

    assert read(MobilePhone.id) == []


def try_to_link(user_id: int, by: Role) -> bool:
    try:
        with transaction() as session:
            user = get_user(session, user_id)
            administration.link_number(session, user, NUMBER, by_role=by, reason="why")
    except StaffNumberError:
        return False
    return True


def try_to_unlink(user_id: int, by: Role) -> bool:
    try:
        with transaction() as session:
            administration.unlink_number(session, get_user(session, user_id), by_role=by, reason="why")
    except StaffNumberError:
        return False
    return True
