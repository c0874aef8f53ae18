"""The overview counts the day beside last week's and draws the last days; each figure leads to what it counts."""

import re
from collections.abc import Iterator
from datetime import timedelta

import lxml.html
import pytest
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.mobiletech.catalogue.status_codes import CodeDetails, describe_code
from crm.mobiletech.figures.housekeeping import count_days
from crm.mobiletech.sms_templates import create_template
from tests.conftest import Clock
from tests.factories.log import make_inbound, make_not_sent, make_outbound
from tests.factories.moments import on_the_wall, set_clock
from tests.factories.users import make_user
from tests.pages import Page, sign_in

OVERVIEW = "/admin/"
NOW = "2026-12-03 10:00"  # a Thursday
LIST = "/admin/messages?"


@pytest.fixture
def staff(clock: Clock, client: FlaskClient) -> FlaskClient:
    """Return a browser of staff, at ten on a Thursday."""
    set_clock(clock, NOW)
    make_user(role="support", email="eva@example.sk")
    assert sign_in(client, "eva@example.sk").status_code == 302
    return client


def test_nothing_has_happened_yet(staff: FlaskClient) -> None:
    page = Page(staff.get(OVERVIEW))

    assert "Today, Thursday 3 December" in page.text
    assert "Received 0 none last Thursday by now either" in page.text
    assert "No message in these days" in page.text
    assert '<svg class="chart' not in page.response.text


def test_today_stands_beside_last_week_by_the_same_time(staff: FlaskClient) -> None:
    for written in ("2026-12-03 00:00", "2026-12-03 09:59", "2026-12-02 23:59", "2026-11-26 23:59:59"):
        make_inbound(created_at=on_the_wall(written))
    for written in ("2026-11-26 00:00", "2026-11-26 10:05", "2026-11-25 23:59"):
        make_inbound(created_at=on_the_wall(written))
        make_outbound(created_at=on_the_wall(written))
    make_outbound(created_at=on_the_wall("2026-12-03 08:00"), state="rejected", billing="none")

    page = Page(staff.get(OVERVIEW))

    assert "Received 2 1 more than last Thursday by now 3 that whole day" in page.text
    assert "For readers 1 as many as last Thursday by now 2 that whole day" in page.text
    assert "Delivered 0 1 fewer than last Thursday by now 2 that whole day" in page.text
    assert "Failed 0 none last Thursday by now either Rejected 1" in page.text
    assert "Not sent 0 none last Thursday by now either" in page.text


@pytest.mark.parametrize("days", [7, 30])
@pytest.mark.parametrize("is_kept", [False, True], ids=["counted now", "kept"])
def test_every_figure_leads_to_a_list_of_that_many(staff: FlaskClient, days: int, is_kept: bool) -> None:
    _make_days()
    if is_kept:
        count_days()

    figures = list(_list_figures(staff, days))

    assert len({href for href, _count in figures}) > 30
    lengths = {href: _count_rows(staff, href) for href, _count in figures}
    assert [(href, count, lengths[href]) for href, count in figures if count != lengths[href]] == []


def test_the_table_says_what_the_columns_draw(staff: FlaskClient) -> None:
    _make_days()

    document = _open(staff, 30)

    drawn = [_first_number(title.text.split(": ")[1]) for title in document.xpath("//figure[1]//title")]
    told = [_first_number(cell.text_content()) for cell in document.xpath("//table[@class='days']//td[1]")]
    assert len(drawn) == 30
    assert drawn == told[::-1]
    assert sum(drawn) == _first_number(document.xpath("//figure[1]/figcaption/a")[0].text)
    heights = [float(bar.get("height")) for bar in document.xpath("//figure[1]//*[@class='chart__bar']")]
    assert [height > 0 for height in heights] == [count > 0 for count in drawn]


def test_a_chart_is_hidden_from_readers_and_keys_and_its_table_is_not(staff: FlaskClient) -> None:
    _make_days()

    document = _open(staff, 7)

    drawings = document.xpath("//svg[contains(@class, 'chart')]")
    assert len(drawings) == 2
    assert {drawing.get("aria-hidden") for drawing in drawings} == {"true"}
    assert {link.get("tabindex") for link in document.xpath("//svg//a")} == {"-1"}
    drawn = {
        link.get("href")
        for link in document.xpath("//figure[1]//svg//a")
        if "Received 0" not in link.text_content()
    }
    assert drawn <= {link.get("href") for link in document.xpath("//table[@class='days']//a")}


def test_why_messages_did_not_arrive_is_told_by_code_and_reason(staff: FlaskClient) -> None:
    at = on_the_wall("2026-12-02 09:00")
    for _number in range(3):
        make_outbound(created_at=at, billing="failed", status="A12")
    make_outbound(created_at=at, state="expired", billing="none")
    make_not_sent(created_at=at, reason="duplicate")
    make_not_sent(created_at=at, reason="a reason of an extension", template_code="no code!")

    page = Page(staff.get(OVERVIEW))

    told = page.text[page.text.index("Why SMS did not arrive") :]
    assert told.index("A12: billing refused 3") < told.index("Expired 1")
    assert "A repeated SMS gets no second paid answer 1" in told
    assert "a reason of an extension 1" in told
    assert not [link for link in page.links if "extension" in link or "no+code" in link]


def test_a_code_is_told_in_the_words_of_the_dictionary(staff: FlaskClient) -> None:
    make_outbound(created_at=on_the_wall("2026-12-02 09:00"), billing="failed", status="A12")
    with transaction() as session:
        words = {"meaning_sk": "málo kreditu", "meaning_en": "too little credit"}
        describe_code(session, "A12", CodeDetails(reason="no_credit", **words))

    assert "A12: too little credit 1" in Page(staff.get(OVERVIEW)).text


def test_messages_without_a_template_a_key_or_a_known_operator_are_a_list_too(staff: FlaskClient) -> None:
    at = on_the_wall("2026-12-02 09:00")
    make_outbound(created_at=at, operator_type="X", billing="failed", status=None)
    make_not_sent(created_at=at, template_code=None, billkey=None)
    make_outbound(created_at=at, operator_type="X")

    document = _open(staff, 7)

    named = {
        link.text_content(): link.get("href")
        for link in document.xpath("//a[@class='row-link']")
        if link.get("href").startswith(LIST)
    }
    wanted = {"Without a template": 3, "Without a key": 1, "Unknown": 2, "Reported as failed": 1}
    assert {name: _count_rows(staff, named[name]) for name in wanted} == wanted


def test_of_many_templates_the_largest_are_shown_and_the_rest_is_folded_away(staff: FlaskClient) -> None:
    at = on_the_wall("2026-12-02 09:00")
    for number in range(10):
        for _copy in range(10 - number):
            make_not_sent(created_at=at, template_code=f"code-{number}", reason="no_template")

    document = _open(staff, 7)

    [fold] = document.xpath("//details[contains(., 'and 2 more, with 3 SMS together')]")
    assert ["code-" in name for name in fold.xpath(".//th[@scope='row']/a/text()")] == [True, True]
    assert len(document.xpath("//tr[contains(., 'code-')]")) == 10
    assert {_count_rows(staff, href) for href in fold.xpath(".//th[@scope='row']/a/@href")} == {2, 1}


def test_when_nothing_failed_it_says_so(staff: FlaskClient) -> None:
    make_outbound(created_at=on_the_wall("2026-12-02 09:00"))

    assert "No SMS of these days failed, was refused or was left unsent." in Page(staff.get(OVERVIEW)).text


def test_days_that_are_kept_are_said_to_be(staff: FlaskClient) -> None:
    _make_days()
    before = Page(staff.get(OVERVIEW)).text

    count_days()

    assert "are counted each hour" not in before
    assert "Days up to Mon 30 Nov are counted each hour" in Page(staff.get(OVERVIEW)).text


@pytest.mark.parametrize("days", ["12", "thirty", "-7", "7 "])
def test_a_period_that_is_not_offered_is_refused_in_words_and_the_page_still_comes(
    staff: FlaskClient, days: str
) -> None:
    page = Page(staff.get(OVERVIEW, query_string={"days": days}))

    assert page.status == 400
    assert f"{days!r} is no number of days that is shown here; it may be 7 or 30." in page.text
    assert "Today, Thursday 3 December" in page.text


def _make_days() -> None:
    """Write every kind of message into a month, a few each day, so that each list fits one page."""
    with transaction() as session:
        templates = [create_template(session, code, "Text").id for code in ("pong", "vitajte")]
    now = on_the_wall(NOW)
    states = [("accepted", "billed"), ("accepted", "failed"), ("accepted", "none"), ("rejected", "none")]
    for number in range(20):
        at = now - timedelta(days=number * 29 // 19, minutes=number * 13 + 1)
        state, billing = states[number % 4]
        if number % 3:
            make_inbound(created_at=at, operator_type="TO2S"[number % 4])
        make_outbound(
            created_at=at,
            state=state,
            billing=billing,
            status=("A12", "D2")[number // 4 % 2] if billing == "failed" else None,
            operator_type="TO2SX"[number % 5],
            mobiletech_template_id=templates[number % 2] if number % 5 else None,
            billkey="AA99" if number % 6 == 0 else "AZ19",
        )
        if number % 4 == 1:
            make_not_sent(created_at=at, template_code="vitajte", billkey="AZ19", reason="duplicate")
    make_outbound(created_at=now - timedelta(days=6), state="expired", billing="none")
    make_outbound(created_at=now - timedelta(days=7), state="not_sent", billing="none")
    make_not_sent(created_at=now - timedelta(hours=1), template_code=None, reason="no_template")


def _open(client: FlaskClient, days: int) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(Page(client.get(OVERVIEW, query_string={"days": days})).response.text)


def _list_figures(client: FlaskClient, days: int) -> Iterator[tuple[str, int]]:
    """Give the address and the number of everything on the page that leads to a list of messages."""
    document = _open(client, days)
    for link in document.xpath("//main//a"):
        href = link.get("href")
        if href.startswith(LIST):
            yield href, _first_number(_words_of(link))


def _words_of(link: lxml.html.HtmlElement) -> str:
    """Return the words with the number: a link's own, its drawing's title, or its row's last cell."""
    title = link.find("title")
    if title is not None:
        return str(title.text).split(": ")[1]
    if link.get("class") != "row-link":
        return str(link.text)
    row = next(row for row in link.iterancestors("tr", "li"))
    return str(row.xpath(".//*[contains(@class, 'parts__all') or @class = 'figure__value']")[0].text)


def _first_number(words: str) -> int:
    found = re.search(r"[0-9]+", words.replace("\u202f", ""))
    assert found, words
    return int(found[0])


def _count_rows(client: FlaskClient, href: str) -> int:
    page = client.get(href)
    assert page.status_code == 200, href
    return len(lxml.html.fromstring(page.text).xpath("//main//table//tbody/tr"))
