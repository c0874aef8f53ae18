"""How names of people stand in logs: enough to recognise one's own, too little to learn another's."""

from crm.users.email_addresses import is_email_address


def mask_email(text: str) -> str:
    """Return `e***@example.sk` for `eva@example.sk`; what is no address becomes `***`.

    A password is typed into the field of the name at times, and many a password has an at sign.
    """
    local, _, domain = text.strip().rpartition("@")
    return f"{local[:1]}***@{domain}"[:120] if is_email_address(text.strip()) else "***"
