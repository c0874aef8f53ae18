"""Sign-ins in words, for staff and for the owner: what came of a try, and from which browser or program."""

from collections.abc import Mapping

from flask_babel import gettext as _

from crm.core.errors import N_
from crm.mobiletech.words import Tone, Word
from crm.users.attempts import AttemptStatus
from crm.web.device_words import device_of

ATTEMPT_WORDS: Mapping[AttemptStatus, Word] = {
    AttemptStatus.OK: Word(N_("Signed in"), Tone.GOOD, "check"),
    AttemptStatus.API_OK: Word(N_("Signed in by a program"), Tone.GOOD, "check"),
    AttemptStatus.CODE_OK: Word(N_("Signed in by a code"), Tone.GOOD, "check"),
    AttemptStatus.ACCESS_TOKEN_OK: Word(N_("Signed in by a token"), Tone.GOOD, "check"),
    AttemptStatus.UNKNOWN: Word(N_("Broken off"), Tone.WAIT, "question"),
    AttemptStatus.NOT_FOUND_EMAIL: Word(N_("No such e-mail"), Tone.WARN, "cross"),
    AttemptStatus.NOT_FOUND_PHONE: Word(N_("No such number"), Tone.WARN, "cross"),
    AttemptStatus.NOT_FOUND_NAME: Word(N_("No such name"), Tone.WARN, "cross"),
    AttemptStatus.TOKEN_NOT_FOUND: Word(N_("No such token"), Tone.WARN, "cross"),
    AttemptStatus.UNCLAIMED_USER: Word(N_("Not registered yet"), Tone.WARN, "cross"),
    AttemptStatus.WRONG_PASS: Word(N_("Wrong password"), Tone.WARN, "cross"),
    AttemptStatus.WRONG_CODE: Word(N_("Wrong code"), Tone.WARN, "cross"),
    AttemptStatus.INACTIVE_USER: Word(N_("Account closed"), Tone.WARN, "stop"),
    AttemptStatus.NOT_APPROVED: Word(N_("Not allowed this way"), Tone.WARN, "stop"),
    AttemptStatus.RATE_LIMIT_EXCEEDED: Word(N_("Too many tries"), Tone.BAD, "stop"),
}


def attempt_word(status: str) -> Word:
    """Return what came of a try; one that this version does not know stands as it is."""
    known = ATTEMPT_WORDS.get(AttemptStatus(status)) if status in set(AttemptStatus) else None
    return Word(_(known.word), known.tone, known.icon) if known else Word(status, Tone.UNKNOWN, "question")


def describe_device(user_agent: str) -> str:
    """Return a browser as people know it; a program by its first word."""
    return device_of(user_agent) or user_agent.partition("/")[0][:40].strip() or str(_("Unknown device"))
