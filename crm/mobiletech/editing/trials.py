"""Send a text as a test: to numbers that are allowed, on the free key, whatever the template is for."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.errors import N_, InvalidInputError
from crm.core.phone import find_slovak_mobile, to_international
from crm.mobiletech.models import NotSent, OutboundMessage
from crm.mobiletech.notifications import notify_many
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.template_language.values import Value
from crm.mobiletech.wishes import Envelope, Wish
from crm.users.audit_log import record_act
from crm.users.phones import find_phones_of

CONTEXT = "template test"


class TrialNumberError(InvalidInputError):
    """Nobody has allowed tests to that number."""

    def __init__(self) -> None:
        super().__init__(
            N_("Tests go to your own number and to those of the setting mobiletech_test_numbers only.")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is to be tried: a saved template with values, or with `content` a text that is not saved yet.

    `key` names the page that asks: pressing the button twice sends one SMS, to another number or with another text two.
    """

    code: str
    language: str
    number: str
    key: str
    values: Mapping[str, Value]
    content: str | None = None


def list_trial_numbers(session: Session, user_id: int | None) -> Sequence[str]:
    """Return the numbers, local form: that of who asks first, then those of the setting."""
    own = find_phones_of(session, [user_id]) if user_id is not None else {}
    allowed = get_setting(session, "mobiletech_test_numbers").split(",")
    local = [find_slovak_mobile(each) for each in [*own.values(), *allowed]]
    return list(dict.fromkeys(each for each in local if each))


def send_trial(session: Session, trial: Trial, *, user_id: int | None) -> OutboundMessage | NotSent:
    """Queue the SMS, or store why there is none.

    Raises: TrialNumberError.
    """
    if find_slovak_mobile(trial.number) not in list_trial_numbers(session, user_id):
        raise TrialNumberError
    wish = Wish(
        Envelope(to=to_international(trial.number)),
        None,
        trial.code if trial.content is None else None,
        trial.values,
        purpose=OutboundPurpose.TEST,
        key=_key(trial),
        context=CONTEXT,
        content=trial.content,
        language=trial.language,
    )
    [result] = notify_many(session, [wish])
    is_made = isinstance(result, OutboundMessage)
    record_act(
        session,
        "template.test",
        f"template {trial.code}",
        after={"message": result.id if is_made else None, "language": trial.language},
    )
    return result


def _key(trial: Trial) -> str:
    asked = repr((trial.key, trial.number, trial.language, trial.content, sorted(trial.values.items())))
    return f"template-test:{hashlib.sha256(asked.encode()).hexdigest()[:32]}"
