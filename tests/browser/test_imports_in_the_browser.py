"""Moving in, in a browser: upload, columns, dry run, import, the refused rows; with and without JavaScript."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from crm.events.drain import drain
from crm.importer import working
from crm.mobiletech.models import InboundMessage
from tests.factories.uploaded import BAD, HEADER, begin_real, rows_of
from tests.factories.users import make_user
from tests.outbox import run_all
from tests.pages import PASSWORD
from tests.stored import read

pytestmark = pytest.mark.browser
ADMIN = "eva@example.sk"
LIST = "/admin/imports"
# as an old system wrote it: a name of its own for one column, one that is none of ours
FOREIGN = HEADER.replace("from", "od") + ",poznamka"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with 35 good rows and a bad one."""
    rows = rows_of(good=35).splitlines()[1:]
    path = tmp_path / "správy.csv"
    path.write_text(
        "\n".join([FOREIGN, *(f"{row},x" for row in [*rows, BAD % "odd"]), ""]), encoding="cp1250"
    )
    return path


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def has_scripts(request: pytest.FixtureRequest) -> bool:
    """Return whether the browser runs scripts."""
    return bool(request.param)


@pytest.fixture
def page(app: Flask, browser: Browser, web: str, has_scripts: bool) -> Iterator[Page]:
    """Return the page of imports with an administrator signed in; on a phone without JavaScript, or wide with it."""
    make_user(role="admin", email=ADMIN, name="Eva Nováková")
    context = browser.new_context(
        java_script_enabled=has_scripts,
        locale="en",
        viewport={"width": 1280 if has_scripts else 360, "height": 800},
    )
    page = context.new_page()
    page.goto(f"{web}/login?next={LIST}")
    page.locator("[name=username]").fill(ADMIN)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    yield page
    context.close()


def test_a_file_is_brought_in(
    page: Page, has_scripts: bool, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "BATCH_ROWS", 10)
    page.get_by_label("What the file holds").select_option("inbound-messages")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload, then look at its columns").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Columns of správy.csv")

    page.get_by_role("button", name="Begin the dry run").click()
    expect(page.get_by_role("alert")).to_contain_text("No column of the file is from, which must be there.")
    page.get_by_label("od", exact=True).select_option("from")
    page.get_by_role("button", name="Begin the dry run").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dry run 1")
    _watch(page, has_scripts=has_scripts)
    expect(page.locator(".outcome")).to_contain_text("would be refused1")

    page.get_by_role("link", name="Import for real").click()
    expect(page.locator(".note")).to_contain_text("36 rows: 35 new")
    page.get_by_role("button", name="Import 35 rows").click()
    _watch(page, has_scripts=has_scripts)
    expect(page.get_by_text("Done in part")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Refused rows as CSV").click()
    saved = tmp_path / "refused.csv"
    download.value.save_as(saved)

    assert len(read(InboundMessage.id)) == 35
    assert "1. septembra" in saved.read_text(encoding="utf-8")
    assert "import_errors" in saved.read_text(encoding="utf-8")
    page.goto(page.url.rpartition("/")[0])
    expect(page.locator("table")).to_contain_text("správy.csv")


def test_rules_are_checked(page: Page, has_scripts: bool) -> None:
    page.get_by_role("link", name="Checks").click()
    status, toggle = page.locator("#checks-state"), page.locator("[data-live-toggle]")

    page.get_by_role("button", name="Check now").click()
    expect(status).to_have_text("The rules are being checked.")
    expect(toggle).to_be_visible(visible=has_scripts)
    run_all()
    if not has_scripts:
        page.get_by_role("link", name="Look again").click()

    expect(status).to_have_text("All rules hold.", timeout=15_000)
    expect(toggle).to_be_hidden()


@pytest.mark.parametrize("has_scripts", [True])
def test_a_server_that_is_away_is_told_until_it_is_back(page: Page, has_scripts: bool) -> None:
    run_id = begin_real(rows_of(good=1))
    page.goto(f"{page.url.rpartition('?')[0] or page.url}/{run_id}")
    expect(page.locator("[data-live-toggle]")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)

    page.route("**", lambda route: route.abort())
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.", timeout=15_000)
    page.unroute("**")

    expect(page.get_by_role("alert")).to_have_count(0, timeout=30_000)
    assert has_scripts


@pytest.mark.parametrize("has_scripts", [True])  # axe is a script
def test_axe_finds_nothing_on_the_way(page: Page, file: Path) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    faults = [*_list_faults(page)]
    page.get_by_label("What the file holds").select_option("inbound-messages")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload, then look at its columns").click()
    page.get_by_role("button", name="Begin the dry run").click()
    expect(page.get_by_role("alert")).to_contain_text("No column of the file is from")
    faults += _list_faults(page)
    page.get_by_label("od", exact=True).select_option("from")
    page.get_by_role("button", name="Begin the dry run").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dry run 1")
    faults += _list_faults(page)
    run_all()
    page.reload()
    expect(page.locator(".outcome")).to_contain_text("would be refused1")
    faults += _list_faults(page)

    assert faults == []


def _watch(page: Page, *, has_scripts: bool) -> None:
    """Let a worker take a step, look, and let it go on to the end."""
    drain(for_seconds=0.000_1)
    if has_scripts:
        expect(page.locator("[data-live-toggle]")).to_be_visible()
        run_all()  # the page looks again by itself
        expect(page.locator("#cancel")).to_have_count(0, timeout=15_000)
        expect(page.get_by_role("status")).to_contain_text("It has ended: rows 36, refused 1.")
        expect(page.get_by_role("status")).to_have_count(1)  # what was said when it began has gone
        expect(page.locator("[data-live-toggle]")).to_be_hidden()
        return
    page.get_by_role("link", name="Look again").click()
    expect(page.locator("progress")).to_be_visible()
    run_all()
    page.get_by_role("link", name="Look again").click()


def _list_faults(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{page.url}: {fault['id']}: {[node['target'] for node in fault['nodes']]}" for fault in found]
