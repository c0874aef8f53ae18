"""The sandbox attacked as a person could: through the service, the command and the page; it holds, and stays small.

Time and memory are bounded by the operating system, in a process of its own: no clock of the test can be wrong.
"""

import json
import resource
import subprocess
import sys

import pytest
from flask.testing import FlaskClient

from crm.core.config import ROOT
from crm.core.db import transaction
from crm.mobiletech.models import SmsTemplateVersion
from crm.mobiletech.sms_templates import create_template
from tests.cli.conftest import Run, run
from tests.factories.attacks import BOMBS, ESCAPES
from tests.pages import Page
from tests.stored import read
from tests.web.conftest import client, staff

__all__ = ["client", "run", "staff"]  # fixtures of other folders

SECONDS_OF_CPU = 30
ADDRESS_SPACE = 1_500_000_000
PEAK = 30_000_000
HARMLESS = "Prijali sme: {{ original_message }}"

# What the editor does with a text, as far as it needs no database.
TRY_ALL = """
import json, sys, tracemalloc
from crm.mobiletech.editing.differences import compare_texts
from crm.mobiletech.editing.longest import Longest
from crm.mobiletech.editing.paid_rules import judge
from crm.mobiletech.editing.samples import fill
from crm.mobiletech.editing.worst_case import find_worst
from crm.mobiletech.template_language import TemplateLanguageError, compile_template
from crm.mobiletech.template_language.literals import change_literals
from tests.factories.attacks import BOMBS, ESCAPES

longest = {"a": [Longest("a" * 10_000, "somewhere")]}
admitted, peaks = [], []
for source in (*ESCAPES, *BOMBS):
    tracemalloc.start()
    change_literals(source, str.upper)
    compare_texts(source[:2000], source[:2000][::-1])
    try:
        compiled = compile_template(source)
        admitted.append(source)
        find_worst(compiled, longest, "sk")
        judge({"sk": compiled, "en": compiled}, longest, frozenset())
        for value in ("a" * 20_000, "", "9" * 30):
            try:
                fill(compiled, {each.name: value for each in compiled.parameters}, "sk")
            except TemplateLanguageError:
                pass
    except TemplateLanguageError:
        pass
    peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
print(json.dumps({"admitted": admitted, "peak": max(peaks)}))
"""


def test_no_text_takes_much_time_or_memory_and_no_escape_is_admitted() -> None:
    tried = subprocess.run(
        [sys.executable, "-c", TRY_ALL], cwd=ROOT, preexec_fn=_bound, capture_output=True, text=True
    )

    assert (tried.returncode, tried.stderr) == (0, "")
    told = json.loads(tried.stdout)
    assert set(told["admitted"]) & set(ESCAPES) == set()
    assert len(told["admitted"]) >= 5  # or the bombs try nothing
    assert told["peak"] < PEAK


@pytest.mark.parametrize("purpose", ["service", "paid"])
def test_the_page_refuses_every_escape_and_keeps_it_typed(staff: FlaskClient, purpose: str) -> None:
    _make()
    form = Page(staff.get("/admin/templates/pong")).form().fields | {"purpose": purpose, "has_looked": "y"}

    let_in = []
    for source in ESCAPES:
        page = Page(staff.post("/admin/templates/pong", data=form | {"content": source}))
        kept = page.form().fields["content"].replace("\r\n", "\n")
        if page.status != 422 or kept != source:
            let_in.append((source, page.status))

    assert let_in == []
    assert read(SmsTemplateVersion.content) == [(HARMLESS,)]


@pytest.mark.parametrize("button", ["preview", "trial", "cheaper"])
def test_no_button_of_the_page_fails_on_what_is_written(staff: FlaskClient, button: str) -> None:
    _make()
    form = Page(staff.get("/admin/templates/pong")).form().fields | {button: "sk:fold"}

    statuses = {
        staff.post("/admin/templates/pong", data=form | {"content": source, "content_en": source}).status_code
        for source in (*ESCAPES, *BOMBS)
    }

    assert statuses <= {200, 422}
    assert read(SmsTemplateVersion.content) == [(HARMLESS,)]


def test_sample_values_are_no_templates_and_no_bombs(staff: FlaskClient) -> None:
    _make("Ahoj {{ name }}")
    form = Page(staff.get("/admin/templates/pong")).form().fields | {"preview": "1"}

    page = Page(staff.post("/admin/templates/pong", data=form | {"value-name": "{{ 7 * 7 }}"}))
    long = Page(staff.post("/admin/templates/pong", data=form | {"value-name": "x" * 40_000}))

    assert "Ahoj {{ 7 * 7 }}" in page.text
    assert long.form().fields["value-name"] == "x" * 500


@pytest.mark.parametrize("option", ["--content", "--content-en"])
def test_the_command_refuses_every_escape(run: Run, option: str) -> None:
    _make()

    let_in = [
        source
        for source in ESCAPES
        if "\0" not in source and run("template", "set", "pong", option, source).exit_code != 1
    ]

    assert let_in == []
    assert read(SmsTemplateVersion.content) == [(HARMLESS,)]


def _make(content: str = HARMLESS) -> None:
    with transaction() as session:
        create_template(session, "pong", content)


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_OF_CPU, SECONDS_OF_CPU))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
