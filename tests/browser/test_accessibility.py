"""axe finds nothing on any page: of every route, for whoever may see it, light and dark, narrow and wide.

Pages are found in the application's map of routes, so a new page is visited by itself. One that cannot be
opened with the demo's data stands in NOT_VISITED with the reason, or the test fails.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page
from werkzeug.routing import Rule

from crm.core.db import transaction
from crm.seed import seed_demo, seed_standard
from crm.simulator import create_simulator, serving
from crm.users.api_tokens import create_token
from crm.users.audit_log import Actor, acting
from crm.web.guards import Guard
from tests.factories.money import make_type
from tests.factories.orders import subscribe_quietly
from tests.factories.uploaded import begin_dry, rows_of
from tests.factories.users import make_user
from tests.factories.work import make_work
from tests.pages import PASSWORD
from tests.routes import SAMPLES, list_routes
from tests.signing_in import make_reader

pytestmark = pytest.mark.browser

PEOPLE = {"nobody": "", "a reader": "reader@example.sk", "an administrator": "admin@example.sk"}
Theme = Literal["light", "dark"]
ALL_VIEWS: tuple[tuple[int, Theme], ...] = ((1280, "light"), (1280, "dark"), (360, "light"), (360, "dark"))
# endpoint -> why nobody of these can look at a page of it
NOT_VISITED: dict[str, str] = {
    "message_list.tell_newer": "no page: a few words for the bar above the list",
}
_AXE = Axe()


@pytest.mark.parametrize("who", PEOPLE)
def test_every_page_is_accessible(app: Flask, browser: Browser, web: str, demo: None, who: str) -> None:
    """Wide in the light and narrow in the dark; the other two are tried by make test-long."""
    _try_pages(app, browser, web, who, ((1280, "light"), (360, "dark")))


@pytest.mark.long
@pytest.mark.parametrize("who", PEOPLE)
def test_every_page_is_accessible_the_other_way_round(
    app: Flask, browser: Browser, web: str, demo: None, who: str
) -> None:
    _try_pages(app, browser, web, who, ((1280, "dark"), (360, "light")))


def test_every_page_is_visited_by_somebody(app: Flask, browser: Browser, web: str, demo: None) -> None:
    routes = [
        (rule, path) for rule, path in list_routes(app, method="GET") if not _is_for_programs(app, rule)
    ]
    visited = set()
    for who in PEOPLE:
        context = _enter(browser, web, who).context
        visited |= {rule.endpoint for rule, path in routes if _look(context, f"{web}{path}").status == 200}
        context.close()

    assert {rule.endpoint for rule, _ in routes} - visited == set(NOT_VISITED)


def test_the_phone_of_the_simulator_is_accessible(browser: Browser, web: str) -> None:
    with serving(create_simulator(f"{web}/api/v1/mobiletech/webhook")) as phone:
        page = browser.new_page()

        assert list(_list_faults(page, phone, ALL_VIEWS)) == []

        page.close()


def _try_pages(app: Flask, browser: Browser, web: str, who: str, views: Sequence[tuple[int, Theme]]) -> None:
    page = _enter(browser, web, who)
    pages = list(_list_pages(app, page.context, web))
    faults = [fault for path in pages for fault in _list_faults(page, f"{web}{path}", views)]

    assert faults == []
    assert len(pages) >= 2
    page.context.close()


def _list_pages(app: Flask, context: BrowserContext, web: str) -> Iterator[str]:
    """Give the path of every page that is shown to whoever is signed in; of refusals only the first."""
    yield "/nowhere"
    is_refused_once = False
    for _, path in list_routes(app, method="GET"):
        answer = _look(context, f"{web}{path}")
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        if answer.status == 200 or (answer.status == 403 and not is_refused_once):
            is_refused_once = is_refused_once or answer.status == 403
            yield path


def _is_for_programs(app: Flask, rule: Rule) -> bool:
    guard: Guard = app.view_functions[rule.endpoint].guard  # type: ignore[attr-defined]
    return guard.meaning.startswith(("API token", "user token"))


def _look(context: BrowserContext, address: str) -> APIResponse:
    """Ask without going anywhere: a download or a redirect is no page."""
    return context.request.get(address, max_redirects=0)


def _list_faults(page: Page, address: str, views: Sequence[tuple[int, Theme]]) -> Iterator[str]:
    """Load the page once and look at it in each of the widths and themes."""
    page.set_viewport_size({"width": views[0][0], "height": 800})
    page.goto(address)
    page.evaluate(_AXE.axe_script)
    for width, theme in views:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for fault in _run_axe(page):
            where = [node["target"] for node in fault["nodes"]]
            yield f"{address}, {width} px, {theme}: {fault['id']}: {fault['help']} {json.dumps(where)}"


def _run_axe(page: Page) -> list[dict[str, Any]]:
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    violations: list[dict[str, Any]] = page.evaluate(
        "options => axe.run(document, options).then(results => results.violations)", options
    )
    return violations


def _enter(browser: Browser, web: str, who: str) -> Page:
    """Open a browser in which the person is signed in, and has done what some pages come after."""
    page = browser.new_context().new_page()
    if PEOPLE[who]:
        page.goto(f"{web}/login")
        page.locator("[name=username]").fill(PEOPLE[who])
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(lambda address: "/login" not in address)
    if who == "a reader":
        page.goto(f"{web}/account/phone")
        page.locator("[name=phone]").fill("0908 777 666")
        page.locator("[name=phone]").press("Enter")
        page.wait_for_url("**/account/phone/confirm")
    return page


@pytest.fixture
def demo(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that there is to look at, an administrator and a reader, a token and the act of making it.

    Failed work is not of the demo, whose audit finds nothing.
    """
    with acting(Actor(name="command line")), transaction() as session:
        seed_standard(session)
        seed_demo(session, logins_file=tmp_path / "logins.txt", zone=ZoneInfo("Europe/Bratislava"))
        create_token(session, "shop", scopes=["users:create"])
    make_user(role="admin", email=PEOPLE["an administrator"])
    make_reader(email=PEOPLE["a reader"], phone="0908999888")
    make_type("readers-month")
    monkeypatch.setitem(SAMPLES, "chain_id", subscribe_quietly("readers-month", "0908999888"))
    monkeypatch.setitem(SAMPLES, "open_run_id", begin_dry(rows_of(good=1)))
    failed = [make_work(), make_work(event="order-paid", state="ready", attempts=2, due_in_minutes=5)]
    monkeypatch.setitem(SAMPLES, "ids", ",".join(map(str, failed)))
