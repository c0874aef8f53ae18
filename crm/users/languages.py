"""The languages that we speak, as people choose them: `users.locale` holds `sk_SK` or `en_US`."""

LOCALES = {"sk": "sk_SK", "en": "en_US"}
LANGUAGES = tuple(LOCALES)


def language_of(locale: str | None) -> str | None:
    """Return `sk` or `en` for a locale such as `sk_SK`, None if the person has not chosen one of ours."""
    language = (locale or "").replace("-", "_").partition("_")[0].lower()
    return language if language in LOCALES else None
