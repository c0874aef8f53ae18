"""One function reads a phone number, whatever its spelling, and never takes a foreign one for ours."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.core.errors import InvalidInputError
from crm.core.phone import (
    InvalidPhoneError,
    find_slovak_mobile,
    mask,
    mask_in_text,
    to_international,
    to_local,
)

SPELLINGS = {
    "local": "0908123456",
    "local with spaces": "0908 123 456",
    "international": "+421908123456",
    "international with spaces": "+421 908 123 456",
    "two zeros": "00421908123456",
    "plus forgotten": "421908123456",
    "non-breaking spaces": "+421\u00a0908\u00a0123\u00a0456",
    "narrow spaces": "0908\u202f123\u2009456",
    "dashes": "0908-123-456",
    "typographic dashes": "0908–123‑456",
    "slash": "0908/123456",
    "dots": "0908.123.456",
    "brackets": "(0908) 123 456",
    "zero in brackets": "+421 (0)908 123 456",
    "country in brackets": "(+421) 908 123 456",
    "copied from a phone book": "\u202a+421 908 123 456\u202c",
    "surrounded by white space": "\t0908123456\n",
}

REFUSED = {
    "empty": "",
    "Czech with a plus": "+420 908 123 456",
    "Czech with two zeros": "00420908123456",
    "German whose end looks Slovak": "+49 159 08 123 456",
    "Turkish with two zeros": "00908123456",
    "nine bare digits, as Czech numbers are written": "908123456",
    "plus before a local number": "+0908123456",
    "plus in the middle": "0908+123456",
    "two pluses": "++421908123456",
    "fixed line": "0212345678",
    "premium line": "0900123456",
    "range that is given to nobody": "0913123456",
    "first digits of 909 that are not mobile": "0909012345",
    "one digit short": "090812345",
    "one digit long": "09081234567",
    "sixteen digits": "+421908123456789",
    "short number": "8877",
    "letters": "0908 CALL ME",
    "full-width digits": "０９０８１２３４５６",
    "Arabic digits": "٠٩٠٨١٢٣٤٥٦",
    "superscript": "090812345⁶",
    "two numbers": "0908123456, 0908123457",
    "nul": "0908123456\x00",
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_becomes_the_same_two_forms(text: str) -> None:
    assert (to_local(text), to_international(text)) == ("0908123456", "+421908123456")


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_not_a_slovak_mobile_number_is_refused(text: str) -> None:
    assert find_slovak_mobile(text) is None
    with pytest.raises(InvalidPhoneError):
        to_international(text)


def test_refusal_is_a_sentence_that_does_not_repeat_the_number() -> None:
    with pytest.raises(InvalidInputError, match="not a Slovak mobile number") as refusal:
        to_local("+420 601 777 888")

    assert "777" not in str(refusal.value)


@settings(max_examples=150)
@given(st.from_regex(r"\A9[0-9]{8}\Z"), st.sampled_from(["0", "+421", "00421"]))
def test_ranges_agree_with_libphonenumber(national: str, start: str) -> None:
    number = phonenumbers.parse(start + national, "SK")
    is_mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE

    assert find_slovak_mobile(start + national) == (f"0{national}" if is_mobile else None)


@settings(max_examples=150)
@given(st.from_regex(r"\A(\+|00)[1-9][0-9]{0,2}[ -]?(0?9[0-9]{2}[ -]?[0-9]{3}[ -]?[0-9]{3}|[0-9]{6,12})\Z"))
def test_foreign_numbers_are_never_taken_for_slovak_ones(text: str) -> None:
    found = find_slovak_mobile(text)

    if found is not None:
        number = phonenumbers.parse(text, "SK")
        assert (number.country_code, f"0{number.national_number}") == (421, found)


@settings(max_examples=150)
@given(st.text(max_size=30))
def test_any_text_is_either_a_clean_local_number_or_none(text: str) -> None:
    found = find_slovak_mobile(text)

    assert found is None or (len(found) == 10 and found.isascii() and found.startswith("09"))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+421908630549", "+421908***549"),
        ("0908 123 456", "0908***456"),
        ("+420908123456", "+420908***456"),
        ("8877", "8877"),
        ("", "***"),
        ("Eva Nováková", "***"),
        ("0" * 30, "***"),
    ],
)
def test_mask_keeps_the_start_and_the_last_three(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("event=sms_sent to=+421908630549 took_ms=84", "event=sms_sent to=+421908***549 took_ms=84"),
        (
            "Key (phone_number)=(0908123456) already exists.",
            "Key (phone_number)=(0908***456) already exists.",
        ),
        ("from 0908 123 456 and 00421908123457!", "from 0908***456 and 00421908***457!"),
        ("call +420 601 123 456", "call +420601***456"),
        ("msisdn=421908123456;", "msisdn=421908***456;"),
        ("/webhook?from=%2B421908123456", "/webhook?from=%2B421908***456"),
    ],
)
def test_numbers_inside_a_log_line_are_masked(line: str, masked: str) -> None:
    assert mask_in_text(line) == masked


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23 10:00:00 outbound_id=7 took_ms=84 to=8877",
        "2026-11-23T09:00:00.123456+01:00 id=25481979",
        "request_id=0192f0c8-6d3e-7c11-9f5e-0a1b2c3d4e5f",
        "amount=4.99 EUR of 300.00",
    ],
)
def test_log_lines_without_numbers_stay_as_they_are(line: str) -> None:
    assert mask_in_text(line) == line


@settings(max_examples=100)
@given(
    st.from_regex(r"\A9[0-9]{8}\Z"),
    st.sampled_from(["0", "+421", "00421", "421", "+421 ", "421 "]),
    st.text(alphabet="ab =;,\n", max_size=5),
)
def test_no_slovak_number_survives_masking(national: str, start: str, around: str) -> None:
    masked = mask_in_text(f"{around}{start}{national}{around}")

    assert national not in masked
