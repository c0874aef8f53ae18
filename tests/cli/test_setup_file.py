"""The set-up file: whole or not at all, twice changes nothing, every fault at once with its place."""

from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from crm.core.business_settings import get_setting
from crm.core.db import transaction
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.sms_templates import get_template, list_templates
from crm.setup_file import PARTS, Change, apply_setup, export_setup
from crm.setup_yaml import MAX_BYTES, SetupFileError
from tests.cli.conftest import Run
from tests.factories.outbound import make_outbound
from tests.stored import read

FILE = """
settings: {mobiletech_billkey_free: AZ19, mobiletech_serv_id: 0177, vat_rate: 4.90}
templates:
  - {code: pong, purpose: service, content: "Prijali sme: {{ original_message }}",
     content_en: "We have received: {{ original_message }}"}
  - {code: month, purpose: paid, content: "Predlzene, {{ price }} EUR/mesiac. Zrusit: STOP na 8877"}
billkeys:
  - {code: AZ19, kind: free, price: "0.00", currency: EUR, short_number: "8877"}
  - {code: AA99, kind: paid, price: "4.99", operators: [O, T], valid_from: "2026-01-01T00:00+01:00", note: Mesačné}
"""


def apply(source: str | bytes) -> dict[Change, int]:
    with transaction() as session:
        return dict(apply_setup(session, source.encode() if isinstance(source, str) else source))


def test_applying_twice_changes_nothing(app: Flask) -> None:
    first, second = apply(FILE), apply(FILE)

    assert first == {Change.INSERTED: 7, Change.UPDATED: 0, Change.UNCHANGED: 0}
    assert second == {Change.INSERTED: 0, Change.UPDATED: 0, Change.UNCHANGED: 7}


def test_numbers_mean_what_they_say(app: Flask) -> None:
    apply(FILE)

    with transaction() as session:
        assert get_setting(session, "mobiletech_serv_id") == "0177"
        assert get_setting(session, "vat_rate") == "4.90"


def test_what_the_file_does_not_name_stays(app: Flask) -> None:
    apply(FILE)

    changed = apply('settings: {vat_rate: 5}\ntemplates: [{code: pong, content: "Ahoj"}]')

    assert changed == {Change.INSERTED: 0, Change.UPDATED: 2, Change.UNCHANGED: 0}
    with transaction() as session:
        assert get_setting(session, "mobiletech_serv_id") == "0177"
        assert [(each.code, each.version) for each in list_templates(session)] == [("month", 1), ("pong", 2)]


FAULTS = {
    "unknown part": ("prices: []", "prices: there is no such part"),
    "unknown key": ("settings: {nope: 1}", "settings.nope: There is no setting"),
    "impossible value": ("settings: {vat_rate: much}", "settings.vat_rate: must be an amount"),
    "empty value": ("settings: {vat_rate: }", "settings.vat_rate: must be one text"),
    "value of many": ("settings: {vat_rate: [1]}", "settings.vat_rate: must be one text"),
    "settings as a list": ("settings: [a]", "settings: must be keys"),
    "templates as keys": ("templates: {a: b}", "templates: must be a list"),
    "refused text": ("templates: [{code: a, content: '{% for %}'}]", "templates[0] a: Line 1"),
    "careless paid text": (
        "templates: [{code: a, purpose: paid, content: b}]",
        "templates[0] a: A paid text must also do this: Name the price",
    ),
    "refused English text": (
        "templates: [{code: a, content: b, content_en: '{{ c.d }}'}]",
        "templates[0] a: In English: Line 1",
    ),
    "no content": ("templates: [{code: a}]", "templates[0]: content is missing"),
    "unknown field": ("templates: [{code: a, content: b, color: red}]", "no field 'color'"),
    "unknown purpose": ("templates: [{code: a, content: b, purpose: c}]", "no purpose 'c'"),
    "code twice": ("templates: [{code: a, content: b}, {code: a, content: c}]", "templates[1]: the code 'a'"),
    "key without a kind": ("billkeys: [{code: AA99, price: 4.99}]", "billkeys[0]: kind is missing"),
    "impossible price": (
        "billkeys: [{code: AA99, kind: paid, price: 4.999}]",
        "billkeys[0] AA99: A price has at most two decimals.",
    ),
    "free at a price": ("billkeys: [{code: AA99, kind: free, price: 1}]", "A free key costs 0."),
    "billing key twice": (
        "billkeys: [{code: A, kind: free, price: 0}, {code: A, kind: free, price: 0}]",
        "billkeys[1]: the code 'A' stands here twice",
    ),
    "paid key named as free": (
        "settings: {mobiletech_billkey_free: AA99}\nbillkeys: [{code: AA99, kind: paid, price: 4.99}]",
        "billkeys[0] AA99: It is paid, and mobiletech_billkey_free names it as the free one",
    ),
    "no operator": ("billkeys: [{code: A, kind: free, price: 0, operators: [X]}]", "'X' is none of T, O, 2"),
    "operators as a text": ("billkeys: [{code: A, kind: free, price: 0, operators: O}]", "must be a list of"),
    "day without a zone": (
        "billkeys: [{code: A, kind: free, price: 0, valid_from: 2026-01-01}]",
        "valid_from must be a moment with its zone",
    ),
    "no day": (
        "billkeys: [{code: A, kind: free, price: 0, valid_until: soon}]",
        "valid_until must be a moment",
    ),
    "no template": ("templates: [7]", "templates[0]: must have"),
    "key twice": ("settings: {vat_rate: 1, vat_rate: 2}", "column 25: the key 'vat_rate' stands here twice"),
    "part twice": ("settings: {}\nsettings: {}", "line 2, column 1"),
    "empty": ("", "must have the parts"),
    "a text": ("hello", "must have the parts"),
    "no YAML": ("settings: {", "line 1"),
    "nested too deeply": ("[" * 600 + "]" * 600, "nested too deeply"),
    "in itself": ("settings: &a [*a]", "recursive"),
    "no UTF-8": (b"\xff", "not UTF-8"),
    "too large": (b"#" * (MAX_BYTES + 1), "larger than"),
    "key that is a list": ("{[a]: b}", "a key must be a text"),
}


@pytest.mark.parametrize(("source", "sentence"), FAULTS.values(), ids=FAULTS)
def test_fault_is_told_with_its_place(app: Flask, source: str | bytes, sentence: str) -> None:
    with pytest.raises(SetupFileError) as refused:
        apply(source)

    assert sentence in refused.value.faults[0]


def test_all_faults_are_told_at_once_and_nothing_is_applied(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "setup.yaml"
    file.write_text(
        "settings: {vat_rate: 20, nope: 1}\ntemplates: [{code: a, content: b}, 7]\nsubscription_types: [7]"
    )

    result = run("setup", "apply", str(file))

    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 3
    assert result.stderr == "Error: Nothing was applied: 3 faults, listed above\n"
    with transaction() as session:
        assert get_setting(session, "vat_rate") == "0"
        assert list_templates(session) == []


def test_an_english_text_is_kept_unless_the_file_takes_it_away(app: Flask) -> None:
    apply(FILE)

    apply('templates: [{code: pong, content: "Ahoj"}]')
    with transaction() as session:
        assert get_template(session, "pong").content_en == "We have received: {{ original_message }}"
    apply('templates: [{code: pong, content: "Ahoj", content_en: ""}]')

    with transaction() as session:
        assert get_template(session, "pong").content_en is None


def test_export_is_applied_without_a_change(run: Run) -> None:
    apply(FILE)

    exported = run("setup", "export").stdout

    assert run("setup", "apply", "-", stdin=exported).stdout == "inserted 0 updated 0 unchanged 7\n"


@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.text(st.characters(exclude_categories=["C"], exclude_characters="{}"), min_size=1))
def test_any_text_survives_export_and_apply(app: Flask, content: str) -> None:
    if not content.strip():
        return
    with transaction() as session:
        apply_setup(session, export_of(content))
        exported = export_setup(session)

        assert apply_setup(session, exported.encode())[Change.UNCHANGED] == 1
        assert [each.content for each in list_templates(session)] == [content]


def test_a_used_key_keeps_its_price(app: Flask) -> None:
    apply(FILE)
    make_outbound(billkey="AA99", is_queued=False)

    with pytest.raises(SetupFileError, match="its kind or price is changed only on its page"):
        apply("billkeys: [{code: AA99, kind: paid, price: 5.99}]")

    assert read(Billkey.code, Billkey.price) == [("AA99", Decimal("4.99")), ("AZ19", Decimal("0.00"))]


def test_what_a_file_leaves_out_of_a_key_is_nothing(app: Flask) -> None:
    apply(FILE)

    assert apply("billkeys: [{code: AA99, kind: paid, price: 5.99}]")[Change.UPDATED] == 1

    assert read(Billkey.operators, Billkey.note, Billkey.valid_from, order=Billkey.code)[0] == ([], "", None)


def test_the_help_names_every_part(run: Run) -> None:
    told = run("setup", "apply", "--help").stdout

    assert [part for part in PARTS if part not in told] == []


def export_of(content: str) -> bytes:
    import yaml

    return yaml.safe_dump({"templates": [{"code": "a", "content": content}]}).encode()
