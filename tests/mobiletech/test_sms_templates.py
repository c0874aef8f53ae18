"""SMS templates: every save is a version, nobody overwrites unseen, and what is refused changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask

from crm.core.db import transaction
from crm.core.errors import CrmError, InvalidInputError
from crm.mobiletech.errors import (
    InvalidTemplateCodeError,
    StaleTemplateError,
    TemplateExistsError,
    TemplateNotFoundError,
)
from crm.mobiletech.models import SmsTemplateVersion
from crm.mobiletech.sms_templates import (
    create_template,
    get_template,
    list_templates,
    list_versions,
    render,
    save_template,
)
from crm.mobiletech.template_language import TemplateRefusedError
from tests.stored import read

PAID = "{{ subscription_name }} predlzene, {{ price }} EUR/mesiac. Zrusit: STOP na 8877"

pytestmark = pytest.mark.usefixtures("app")


def test_a_new_template_is_version_one_with_its_parameters() -> None:
    with transaction() as session:
        content = "{{ name }}: {{ price ?? '4,99' }} EUR/mesiac. STOP na 8877"
        create_template(session, "renewal", content, purpose="paid", reason="first")

    assert read(
        SmsTemplateVersion.version,
        SmsTemplateVersion.purpose,
        SmsTemplateVersion.reason,
        SmsTemplateVersion.parameters,
    ) == [(1, "paid", "first", [{"name": "name", "required": True}, {"name": "price", "required": False}])]


def test_each_save_is_a_version_and_the_old_ones_stay() -> None:
    make("welcome", "one")
    save("welcome", "two")
    save("welcome", "three", reason="because")

    with transaction() as session:
        template = get_template(session, "welcome")
        versions = [(each.version, each.content, each.reason) for each in list_versions(session, template)]
        assert (template.version, template.content) == (3, "three")
    assert versions == [(3, "three", "because"), (2, "two", ""), (1, "one", "")]


def test_saving_the_same_text_again_makes_no_version() -> None:
    make("welcome", "one")

    save("welcome", "one")

    assert len(read(SmsTemplateVersion.id)) == 1


def test_another_purpose_is_a_version() -> None:
    make("renewal", PAID)

    save("renewal", PAID, purpose="paid")

    assert read(SmsTemplateVersion.version, SmsTemplateVersion.purpose) == [(1, "service"), (2, "paid")]


REFUSED: list[tuple[str, str, str, type[CrmError]]] = [
    ("welcome", "", "service", InvalidInputError),
    ("welcome", " \n", "service", InvalidInputError),
    ("welcome", "{{ name", "service", TemplateRefusedError),
    ("welcome", "{% for x in y %}x{% endfor %}", "service", TemplateRefusedError),
    ("welcome", "{{ name.__class__ }}", "service", TemplateRefusedError),
    ("welcome", "two", "marketing", InvalidInputError),
    ("nobody", "two", "service", TemplateNotFoundError),
]


@pytest.mark.parametrize(("code", "content", "purpose", "error"), REFUSED)
def test_a_save_that_is_refused_changes_nothing(
    code: str, content: str, purpose: str, error: type[CrmError]
) -> None:
    make("welcome", "one")

    with pytest.raises(error):
        save(code, content, purpose=purpose)

    assert read(SmsTemplateVersion.version, SmsTemplateVersion.content) == [(1, "one")]


@pytest.mark.parametrize("code", ["", "A", "vitaj te", "ž", "-x", "_x", "x" * 65, "../x", "x\n", "x/y"])
def test_a_code_must_fit_into_an_address(code: str) -> None:
    with pytest.raises(InvalidTemplateCodeError):
        make(code, "one")


@pytest.mark.parametrize("code", ["a", "0", "renewal_2-b", "x" * 64])
def test_these_codes_do(code: str) -> None:
    make(code, "one")

    with transaction() as session:
        assert [template.code for template in list_templates(session)] == [code]


def test_a_code_is_given_once() -> None:
    make("welcome", "one")

    with pytest.raises(TemplateExistsError):
        make("welcome", "two")

    assert read(SmsTemplateVersion.content) == [("one",)]


def test_who_saw_an_older_version_is_told_and_overwrites_nothing() -> None:
    make("welcome", "one")
    save("welcome", "two", seen_version=1)

    with pytest.raises(StaleTemplateError, match="version 2"):
        save("welcome", "mine", seen_version=1)

    assert [content for (content,) in read(SmsTemplateVersion.content, order=SmsTemplateVersion.id)] == [
        "one",
        "two",
    ]


def test_of_two_who_save_at_once_one_is_told(app: Flask) -> None:
    make("welcome", "one")
    start = Barrier(2)

    def save_as(content: str) -> str:
        with app.app_context():
            start.wait(10)
            try:
                save("welcome", content, seen_version=1)
            except StaleTemplateError:
                return "told"
            return "saved"

    with ThreadPoolExecutor(2) as threads:
        results = sorted(threads.map(save_as, ["two", "deux"]))

    assert results == ["saved", "told"]
    assert [version for (version,) in read(SmsTemplateVersion.version)] == [1, 2]


def test_a_rendered_text_names_its_version_and_is_folded() -> None:
    make("welcome", "Dobrý deň, {{ name }}")

    with transaction() as session:
        rendered = render(get_template(session, "welcome"), {"name": "Žofia"})

    assert (rendered.version, rendered.measured.text, rendered.measured.encoding) == (
        1,
        "Dobry den, Zofia",
        "gsm7",
    )


def make(code: str, content: str) -> None:
    with transaction() as session:
        create_template(session, code, content)


def save(code: str, content: str, **options: object) -> None:
    with transaction() as session:
        save_template(session, code, content, **options)  # type: ignore[arg-type]
