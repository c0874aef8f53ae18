"""What an e-mail address looks like: checked only so far that a message could be sent there."""

LONGEST_BYTES = 255


def is_email_address(text: str) -> bool:
    """Return whether the text has the shape of an address, with a dot in its domain."""
    local, _, domain = text.rpartition("@")
    is_plain = text.isprintable() and " " not in text  # no other space is printable
    return bool(local) and "." in domain.strip(".") and is_plain and not is_too_long(text)


def is_too_long(text: str) -> bool:
    """Return whether the text is longer than any address that we keep."""
    return len(text.encode(errors="surrogatepass")) > LONGEST_BYTES
