"""One box leads to a message, a number or a list of what is like it; what was typed stands in no address."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.mobiletech.search import finding
from crm.users.models import KnownNumber
from crm.users.numbers import note_numbers
from tests.factories.log import NUMBER, make_inbound, make_outbound
from tests.factories.messages import WEBHOOK, make_receive
from tests.outbox import run_all
from tests.pages import Page
from tests.stored import read

LIST = "/admin/messages"


@pytest.mark.parametrize("place", ["/admin/", LIST, "/admin/templates", "/admin/audit"])
def test_the_box_stands_on_every_page_of_the_staff(staff: FlaskClient, place: str) -> None:
    assert Page(staff.get(place)).form("/admin/search").fields["term"] == ""


@pytest.mark.parametrize("spelling", ["0908 630 549", "+421908630549", "00421 908 630 549"])
def test_a_number_in_full_leads_to_all_its_messages(staff: FlaskClient, spelling: str) -> None:
    number = _note(NUMBER)

    assert _search(staff, spelling).location == f"{LIST}?thread={number}"


def test_a_gateways_id_leads_to_its_message(staff: FlaskClient) -> None:
    inbound, outbound = make_inbound(mobiletech_id="25481979"), make_outbound(mobiletech_id="mt-9")

    assert _search(staff, " 25481979 ").location == f"{LIST}/inbound/{inbound}"
    assert _search(staff, "mt-9").location == f"{LIST}/outbound/{outbound}"


def test_the_end_of_a_number_lists_its_messages_and_names_the_number(staff: FlaskClient) -> None:
    wanted, _other = make_inbound(), make_inbound(from_="+421905000000")
    number = _note(NUMBER)

    response = _search(staff, "630 549")
    page = Page(staff.get(response.location))

    assert response.status_code == 303
    assert f"{LIST}/inbound/{wanted}" in page.links
    assert len([link for link in page.links if link.startswith(f"{LIST}/inbound")]) == 1
    assert "1 number ends in 630549." in page.text
    assert f"?thread={number}" in page.links
    assert page.form("/admin/search").fields["term"] == ""


def test_words_are_found_and_it_is_told_how_far_was_looked(staff: FlaskClient) -> None:
    staff.post(WEBHOOK, data=make_receive(content="Žiadam, prosím!"))
    staff.post(WEBHOOK, data=make_receive(content="Ahoj"))
    run_all()

    page = Page(staff.get(_search(staff, "ziadam prosim").location))

    assert f"{LIST}/inbound/1" in page.links
    assert f"{LIST}/inbound/2" not in page.links
    assert "Words are searched in the last 90 days." in page.text
    assert "Search: “ziadam prosim”" in page.text


def test_a_search_that_is_cut_off_says_so(staff: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST_MESSAGES", 2)
    monkeypatch.setattr(finding, "MOST_NUMBERS", 1)
    for number in ("+421905000549", NUMBER):
        _note(number)
    for _ in range(3):
        staff.post(WEBHOOK, data=make_receive(content="Ahoj 549"))
    run_all()

    page = Page(staff.get(_search(staff, "549").location))

    assert "numbers end in 549; these are the newest. Type more digits." in page.text
    assert "matches are here." in page.text


def test_what_was_typed_stands_in_no_address(staff: FlaskClient) -> None:
    _note(NUMBER)
    make_inbound()
    terms = ["0908630549", "630549", "630 549", "0908 630 540", "Nováková"]

    addresses = [_search(staff, term).location for term in terms]
    pages = [Page(staff.get(address)) for address in addresses]

    links = [link for page in pages for link in [*page.links, *(form.action for form in page.forms)]]
    for shown in [*addresses, *links]:
        assert "630" not in shown
        assert "Nov" not in shown


def test_a_search_goes_on_within_the_filters(staff: FlaskClient) -> None:
    make_inbound()
    outbound = make_outbound()
    _note(NUMBER)
    form = next(
        form
        for form in Page(staff.get(f"{LIST}?direction=out")).forms
        if form.action.startswith("/admin/search?")
    )

    response = staff.post(form.action, data=form.fields | {"term": "549"})
    page = Page(staff.get(response.location))

    assert "direction=out" in response.location
    assert [link for link in page.links if link.startswith(f"{LIST}/")] == [f"{LIST}/outbound/{outbound}"]
    kept = next(form for form in page.forms if form.method == "get")
    assert kept.fields["q"]
    assert page.form("/admin/search?direction=out").fields["term"] == "549"


def test_pages_of_what_was_found_lead_on_and_back(staff: FlaskClient) -> None:
    ids = [make_inbound() for _ in range(60)]
    _note(NUMBER)

    first = Page(staff.get(_search(staff, "549").location))
    second = Page(staff.get(LIST + next(link for link in first.links if "after=" in link)))
    back = Page(staff.get(LIST + next(link for link in second.links if "before=" in link)))

    assert "60 messages" in first.text
    assert _ids(first) + _ids(second) == ids[::-1]
    assert _ids(back) == _ids(first)


@pytest.mark.parametrize("term", ["", "   ", "\0"])
def test_a_search_for_nothing_shows_the_list(staff: FlaskClient, term: str) -> None:
    assert _search(staff, term).location == LIST


@pytest.mark.parametrize("term", ["x" * 5000, "😀" * 300, "' OR 1=1", "%%%", "{{ 7 }}", "<b>", "\x07"])
def test_odd_searches_are_no_fault(staff: FlaskClient, term: str) -> None:
    response = _search(staff, term)

    assert response.status_code in (303, 400)
    if response.status_code == 303:
        assert staff.get(response.location).status_code == 200


def test_filters_that_cannot_be_read_are_told_after_a_search(staff: FlaskClient) -> None:
    token = Page(staff.get(LIST)).form("/admin/search").fields

    response = staff.post("/admin/search?state=nonsense", data=token | {"term": "549"})

    assert Page(staff.get(response.location)).status == 400


def _search(client: FlaskClient, term: str) -> TestResponse:
    form = Page(client.get(LIST)).form("/admin/search")
    return client.post(form.action, data=form.fields | {"term": term})


def _ids(page: Page) -> list[int]:
    return [int(link.rsplit("/", 1)[1]) for link in page.links if link.startswith(f"{LIST}/inbound/")]


def _note(number: str) -> int:
    with transaction() as session:
        note_numbers(session, [number])
    numbers = dict(read(KnownNumber.number, KnownNumber.id))
    return int(numbers[number])
