"""Templates come in through the door of the editor: each change is a version, and what staff wrote since stays."""

import pytest
from flask import Flask
from sqlalchemy import select

from crm.core.db import transaction
from crm.importer.examples import read_example
from crm.mobiletech.models import SmsTemplate
from crm.mobiletech.sms_templates import get_template, list_versions, save_template
from crm.users.audit_log import Actor, acting, list_acts_on
from tests.factories.imports import change_cell, counts_of, faults_by_line, import_text, refusals_of

EXAMPLE = read_example("templates")
HEADER = "code,purpose,content,content_en\n"


def read(code: str) -> SmsTemplate:
    with transaction() as session:
        template = get_template(session, code)
        session.expunge(template)
        return template


def test_a_template_comes_in_with_its_purpose_and_its_old_id(app: Flask) -> None:
    run = import_text("templates", EXAMPLE)

    assert counts_of(run) == (2, 0, 0, 0)
    renewal = read("old-renewal")
    assert (renewal.purpose, renewal.version, renewal.external_id) == ("paid", 1, "1")
    assert renewal.content.startswith("{{ subscription_name }} sme predĺžili")


def test_the_same_file_again_changes_nothing(app: Flask) -> None:
    import_text("templates", EXAMPLE)

    run = import_text("templates", EXAMPLE)

    assert counts_of(run) == (0, 0, 2, 0)
    assert read("old-renewal").version == 1


def test_another_text_is_a_new_version_with_an_act(app: Flask) -> None:
    import_text("templates", EXAMPLE)

    run = import_text("templates", change_cell(EXAMPLE, 3, "content", "Dakujeme."))

    assert counts_of(run) == (0, 1, 1, 0)
    with transaction() as session:
        thanks = get_template(session, "old-thanks")
        assert list_versions(session, thanks)[0].content == "Dakujeme."
        acts = list_acts_on(session, "template old-thanks")
        assert [(act.action, act.reason) for act in acts] == [
            ("template.save", "Imported"),
            ("template.create", "Imported"),
        ]


def test_what_an_editor_wrote_since_the_import_stays(app: Flask) -> None:
    import_text("templates", EXAMPLE)
    with acting(Actor(name="Eva")), transaction() as session:
        save_template(session, "old-thanks", "Prijali sme vasu spravu.")

    run = import_text("templates", EXAMPLE)

    assert counts_of(run) == (0, 0, 2, 0)
    assert read("old-thanks").content == "Prijali sme vasu spravu."


def test_an_empty_english_text_takes_none_away(app: Flask) -> None:
    import_text("templates", f"{HEADER}thanks,service,Dakujeme,Thank you\n")

    run = import_text("templates", f"{HEADER}thanks,,Dakujeme,\n")

    assert counts_of(run) == (0, 0, 1, 0)
    assert read("thanks").content_en == "Thank you"


FAULTS = {
    "no code": ("code", "", "missing"),
    "a code that no address has": ("code", "Old Renewal", "code"),
    "no text": ("content", "", "missing"),
    "an unknown purpose": ("purpose", "advert", "choice"),
    "a construct of Latte": ("content", "{foreach $a as $b}{$b}{/foreach} {{ a | batch(2) }}", "template"),
    "a loop of Twig": ("content", "{% for a in b %}{{ a }}{% endfor %}", "template"),
    "a careless paid text": ("content", "Predlzili sme.", "paid_text"),
    "an impossible id": ("external_id", "a b", "external_id"),
}


@pytest.mark.parametrize(("column", "value", "code"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
def test_a_wrong_cell_is_refused_with_its_place(
    app: Flask, column: str, value: str, code: str, dry: bool
) -> None:
    run = import_text("templates", change_cell(EXAMPLE, 2, column, value), dry=dry)

    assert counts_of(run) == (1, 0, 0, 1)
    assert refusals_of(run) == [(2, column, code)]


def test_the_sentence_is_that_of_the_editor(app: Flask) -> None:
    run = import_text("templates", change_cell(EXAMPLE, 2, "content", "{% for a in b %}{% endfor %}"))

    (fault,) = faults_by_line(run)[2]
    assert str(fault).startswith("content: Line 1 of the template:")
    assert fault.value == "{% for a in b %}{% endfor %}"


def test_a_wrong_english_text_is_told_in_its_column(app: Flask) -> None:
    run = import_text("templates", HEADER + "thanks,service,Dakujeme,{{ a.b }}\n")

    assert refusals_of(run) == [(2, "content_en", "template")]


def test_a_code_and_an_id_stand_in_a_file_once(app: Flask) -> None:
    rows = EXAMPLE + "3,old-thanks,service,Iny text\n1,other,service,Text\n"

    dry, real = import_text("templates", rows, dry=True), import_text("templates", rows)

    assert counts_of(dry) == counts_of(real) == (2, 0, 0, 2)
    assert refusals_of(real) == [(4, "code", "duplicate"), (5, "external_id", "duplicate")]


def test_an_old_id_belongs_to_one_template(app: Flask) -> None:
    import_text("templates", EXAMPLE)

    run = import_text("templates", "external_id,code,content\n1,another,Text\n")

    assert refusals_of(run) == [(2, "external_id", "taken")]


def test_a_dry_run_writes_nothing(app: Flask) -> None:
    run = import_text("templates", EXAMPLE, dry=True)

    assert counts_of(run) == (2, 0, 0, 0)
    with transaction() as session:
        assert session.execute(select(SmsTemplate.id)).all() == []
        assert list_acts_on(session, "template old-thanks") == []
