"""What should worry somebody about a template, as the list of them says it: a word, a colour and a drawing each."""

from collections.abc import Sequence
from enum import StrEnum

from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.editing.paid_rules import judge
from crm.mobiletech.editing.samples import find_sample
from crm.mobiletech.models import SmsTemplate
from crm.mobiletech.sms_templates import TemplatePurpose, check_texts
from crm.mobiletech.template_language.literals import literal_text
from crm.mobiletech.wire.sms_costs import CostKind, list_costs
from crm.mobiletech.words import Tone, Word


class Fault(StrEnum):
    """What is wrong, the worst first."""

    UNREADABLE = "unreadable"
    PAID_RULES = "paid_rules"
    PARTS = "parts"
    ALPHABET = "alphabet"
    COSTLY = "costly"
    NO_ENGLISH = "no_english"


FAULT_WORDS = {
    Fault.UNREADABLE: Word(N_("cannot be read"), Tone.BAD, "stop"),
    Fault.PAID_RULES: Word(N_("paid rules broken"), Tone.BAD, "stop"),
    Fault.PARTS: Word(N_("more than one part"), Tone.WARN, "alert"),
    Fault.ALPHABET: Word(N_("70 characters a part"), Tone.WARN, "alert"),
    Fault.COSTLY: Word(N_("costly characters"), Tone.WARN, "alert"),
    Fault.NO_ENGLISH: Word(N_("English missing"), Tone.WAIT, "info"),
}


def list_faults(template: SmsTemplate, short_numbers: frozenset[str]) -> Sequence[Fault]:
    """Return what is wrong, judged with sample values: quick enough for all templates at once."""
    try:
        texts = check_texts(template.content, template.content_en)
    except InvalidInputError:
        return [Fault.UNREADABLE]
    samples = [find_sample(compiled, language) for language, compiled in texts.items()]
    kinds = {cost.kind for each in texts.values() for cost in list_costs(literal_text(each.source))}
    is_paid = template.purpose == TemplatePurpose.PAID
    found = {
        Fault.PAID_RULES: is_paid and any(each.broken_in for each in judge(texts, {}, short_numbers)),
        Fault.PARTS: any(sample is not None and sample.parts > 1 for sample in samples),
        Fault.ALPHABET: CostKind.FOREIGN in kinds,
        Fault.COSTLY: CostKind.DOUBLE in kinds,
        Fault.NO_ENGLISH: template.content_en is None,
    }
    return [fault for fault, is_there in found.items() if is_there]
