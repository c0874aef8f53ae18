"""From a wish to a message: the text, the number, the operator, the price; or the reason why not.

Fallbacks for service id, sender, recipient and billing key: behaviour.md 6.2 and 6.3, with defect B47 mended
(a system that has never sent anything takes them from the settings, and nothing is skipped in silence).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.errors import N_, Said
from crm.core.phone import find_slovak_mobile, to_international
from crm.mobiletech.catalogue.billkey_use import FREE_SETTING
from crm.mobiletech.catalogue.key_rules import KeyRule, find_refusal, is_free, read_key_rules
from crm.mobiletech.models import OutboundMessage, SmsTemplate
from crm.mobiletech.operator_resolver import resolve_operators
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.sms_templates import Rendered, render
from crm.mobiletech.template_language import MissingParameterError, TemplateLanguageError
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.wire.sms_text import measure
from crm.mobiletech.wishes import Reason, Wish
from crm.users.phones import find_phones_of
from crm.users.queries import read_languages

# Settings without which nothing of our own can be made.
NEEDED_TO_SEND = ("mobiletech_billkey_free", "mobiletech_serv_id", "mobiletech_short_number")
EXPIRATION_OF_REPLY = 100
EXPIRATION_OF_PUSH = 600
EXPIRATION_OF_CODE = 10  # a code that comes later is good for nothing


class RefusalError(Exception):
    """No message can be made of a wish; the detail is kept in English and told again by the pages."""

    def __init__(self, reason: Reason, message: str, /, **fields: object) -> None:
        self.reason = reason
        self.detail = str(Said(message, **fields))


@dataclass(frozen=True, slots=True)
class Known:
    """What was looked up for all wishes at once."""

    messages: Mapping[str, OutboundMessage]
    templates: Mapping[str, SmsTemplate]
    phones: Mapping[int, str]
    languages: Mapping[int, str | None]
    operators: Mapping[str, Operator | None]
    billkeys: Mapping[str, KeyRule]


def is_paid(session: Session, billkey: str) -> bool:
    """Return whether the key charges the reader: every key does that is not known as free."""
    return not is_free(session, billkey, read_key_rules(session, [billkey]).get(billkey))


def look_up(session: Session, wishes: Sequence[Wish]) -> Known:
    """Read what the wishes need, in a handful of statements for all of them."""
    keys = {wish.key for wish in wishes if wish.key}
    codes = {wish.template_code for wish in wishes if wish.template_code}
    users = {wish.user_id for wish in wishes if wish.user_id is not None and not _given_number(wish)}
    messages = session.execute(select(OutboundMessage).where(OutboundMessage.key.in_(keys))).scalars()
    templates = session.execute(select(SmsTemplate).where(SmsTemplate.code.in_(codes))).scalars().all()
    bilingual = {template.code for template in templates if template.content_en is not None}
    readers = {
        wish.user_id for wish in wishes if wish.template_code in bilingual and wish.user_id is not None
    }
    phones = find_phones_of(session, users) if users else {}
    given = [_given_number(wish) or phones.get(wish.user_id or 0, "") for wish in wishes]
    numbers = {to_international(number) for number in given if find_slovak_mobile(number)}
    billkeys = {_billkey(session, wish) for wish in wishes}
    return Known(
        messages={message.key: message for message in messages if message.key},
        templates={template.code: template for template in templates},
        phones=phones,
        languages=read_languages(session, readers),
        operators=resolve_operators(session, numbers),
        billkeys=read_key_rules(session, billkeys),
    )


def compose(session: Session, known: Known, wish: Wish) -> OutboundMessage:
    """Return the message, not stored yet.

    Raises: RefusalError with the reason.
    """
    rendered = _render(known, wish)
    address = _address(session, known, wish)
    _check_key(known, address)
    _check_price(address, rendered, wish)
    inbound, measured = wish.envelope.inbound, rendered.measured
    return OutboundMessage(
        key=wish.key,
        context=wish.context,
        user_id=wish.user_id,
        payment_id=wish.payment_id,
        charges_for=wish.charges_for,
        purpose=OutboundPurpose.PAID if wish.payment_id is not None else wish.purpose,
        mobiletech_template_id=rendered.template_id,
        template_version=rendered.version,
        language=rendered.language,
        params=None if wish.is_secret or wish.content is not None else as_stored(wish.params),
        paid=address.is_paid,
        serv_id=address.serv_id,
        project_id=(inbound.project_id or None) if inbound else None,
        rcv_msg_id=inbound.mobiletech_id if inbound else None,
        from_=address.from_,
        to=address.to,
        billkey=address.billkey,
        content=measured.text,
        is_secret=wish.is_secret,
        content_length=len(measured.text),
        encoding=measured.encoding,
        parts=measured.parts,
        expiration=_expiration(wish),
        operator_type=address.operator,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    to: str
    operator: Operator
    serv_id: str
    from_: str
    billkey: str
    is_paid: bool


def _expiration(wish: Wish) -> int:
    if wish.is_secret:
        return EXPIRATION_OF_CODE
    return EXPIRATION_OF_REPLY if wish.envelope.inbound else EXPIRATION_OF_PUSH


def as_stored(params: Mapping[str, object]) -> dict[str, object]:
    """Return the values that a template was filled with as JSON keeps them: amounts and days as texts."""
    return {
        name: value if isinstance(value, str | int | float) or value is None else str(value)
        for name, value in params.items()
    }


def _render(known: Known, wish: Wish) -> Rendered:
    if wish.content is not None:
        return _written(wish.content, wish.language)
    code = wish.template_code
    template = known.templates.get(code or "")
    if template is None:
        raise RefusalError(Reason.NO_TEMPLATE, N_("There is no SMS template %(code)r."), code=code)
    try:
        language = wish.language or known.languages.get(wish.user_id or 0)
        rendered = render(template, wish.params, language)
    except MissingParameterError as error:
        raise RefusalError(Reason.MISSING_PARAMETER, error.message, **error.fields) from error
    except TemplateLanguageError as error:
        raise RefusalError(Reason.BROKEN_TEMPLATE, error.message, **error.fields) from error
    if not rendered.measured.text.strip():
        raise RefusalError(Reason.EMPTY_TEXT, N_("The template %(code)r gave an empty text."), code=code)
    return rendered


def _written(content: str, language: str | None) -> Rendered:
    measured = measure(content)
    if not measured.text.strip():
        raise RefusalError(Reason.EMPTY_TEXT, N_("The text is empty."))
    return Rendered(template_id=None, version=None, measured=measured, language=language)


def _address(session: Session, known: Known, wish: Wish) -> _Address:
    envelope, inbound = wish.envelope, wish.envelope.inbound
    to = _recipient(known, wish)
    billkey = _billkey(session, wish)
    if not billkey:
        raise RefusalError(
            Reason.NO_BILLKEY,
            N_("Set mobiletech_billkey_free: no billing key for free messages is known."),
        )
    serv_id = (
        envelope.serv_id or (inbound.serv_id if inbound else "") or get_setting(session, "mobiletech_serv_id")
    )
    if not serv_id:
        raise RefusalError(
            Reason.NO_SERV_ID, N_("Set mobiletech_serv_id: a message that answers nothing needs it.")
        )
    from_ = (
        envelope.from_ or (inbound.to if inbound else "") or get_setting(session, "mobiletech_short_number")
    )
    if not from_:
        raise RefusalError(
            Reason.NO_SENDER, N_("Set mobiletech_short_number: a message that answers nothing needs it.")
        )
    operator = known.operators.get(to)
    if operator is None:
        raise RefusalError(
            Reason.UNKNOWN_OPERATOR, N_("Neither messages nor the prefix tell the operator of the number.")
        )
    return _Address(
        to=to,
        operator=operator,
        serv_id=serv_id,
        from_=from_,
        billkey=billkey,
        is_paid=not is_free(session, billkey, known.billkeys.get(billkey)),
    )


def _billkey(session: Session, wish: Wish) -> str:
    return wish.envelope.billkey or get_setting(session, FREE_SETTING)


def _given_number(wish: Wish) -> str:
    return wish.envelope.to or (wish.envelope.inbound.from_ if wish.envelope.inbound else "")


def _recipient(known: Known, wish: Wish) -> str:
    given = _given_number(wish) or known.phones.get(wish.user_id or 0, "")
    if not given:
        raise RefusalError(
            Reason.NO_RECIPIENT, N_("There is no number to send to: the user has none linked.")
        )
    if find_slovak_mobile(given) is None:
        raise RefusalError(Reason.BAD_RECIPIENT, N_("The recipient is no Slovak mobile number."))
    return to_international(given)


def _check_key(known: Known, address: _Address) -> None:
    rule = known.billkeys.get(address.billkey)
    refusal = find_refusal(rule, operator=address.operator, sender=address.from_)
    if refusal is not None:
        raise RefusalError(refusal.reason, refusal.message, **refusal.fields)


def _check_price(address: _Address, rendered: Rendered, wish: Wish) -> None:
    if not address.is_paid:
        return
    if wish.envelope.inbound is not None and wish.envelope.inbound.duplicate_of is not None:
        raise RefusalError(
            Reason.DUPLICATE, N_("The operator repeated an SMS; a second paid answer would charge twice.")
        )
    if wish.payment_id is None and wish.purpose is not OutboundPurpose.TEST:
        raise RefusalError(
            Reason.PAID_WITHOUT_PAYMENT,
            N_("The billing key %(billkey)s charges, and there is no payment."),
            billkey=address.billkey,
        )
    if rendered.measured.parts > 1:
        raise RefusalError(
            Reason.TOO_LONG_FOR_PAID,
            N_("The text takes %(parts)s parts; on a paid key each part can be a charge."),
            parts=rendered.measured.parts,
        )
