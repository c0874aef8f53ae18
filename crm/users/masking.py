"""How names of people stand in logs: enough to recognise one's own, too little to learn another's."""


def mask_email(text: str) -> str:
    """Return `e***@example.sk` for `eva@example.sk`; what is no address becomes `***`."""
    local, at, domain = text.strip().rpartition("@")
    shown = "".join(sign for sign in f"{local[:1]}***{at}{domain}" if sign.isprintable())
    return shown[:120] if at and local and domain else "***"
