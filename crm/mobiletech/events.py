"""The names of what happens, as outsiders know them (interface.md section 6), and lanes of the work they cause."""

from crm.core.phone import find_slovak_mobile

INBOUND = "mobiletech-inbound"  # payload: mobiletech_inbound_message_id
SEND = "mobiletech-send"  # payload: mobiletech_outbound_message_id
OUTBOUND_STATUS = "mobiletech-outbound-status"  # payload: mobiletech_outbound_message_id, status
# A message of a payment will not go out, or is held, or nobody knows: payload mobiletech_outbound_message_id, state.
OUTBOUND_ENDED = "mobiletech-outbound-ended"
PENDING_TIMEOUT = "mobiletech-pending-charge-timeout"  # payload: payment_id; published by the money above
RULE = "mobiletech-rule-"  # and the name of an extension; payload: mobiletech_inbound_message_id, rule_id
# ONE_TIME_CODE is the users' own (crm/users/codes.py): they ask, we send.


def lane_of(number: str) -> str:
    """Return the lane of a number: all spellings of one number share it, a foreign one has its own."""
    return find_slovak_mobile(number) or number


def rule_event(extension: str) -> str:
    """Return the event by which a rule gives an SMS to an extension."""
    return f"{RULE}{extension}"
