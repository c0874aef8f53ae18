"""What js/sms_meter.js says, in the language of the page."""

from flask_babel import gettext as _
from flask_babel import ngettext


def meter_words() -> dict[str, str | list[str]]:
    """Return the words: `{}` is the place of a value, plurals are for 1, for 2 to 4, for 5."""
    return {
        "nothing": _("nothing"),
        "space": _("space"),
        "foreign": _(
            "%(signs)s cannot be sent in GSM-7, so a part holds 70 characters, not 160.", signs="{}"
        ),
        "sentAs": _("Sent as:"),
        "costly": _("Counts as two"),
        "units": _("%(units)s of %(room)s", units="{}", room="{}"),
        "parts": [ngettext("%(count)s part", "%(count)s parts", each, count="{}") for each in (1, 2, 5)],
    }
