"""In which language a page speaks: as the person has chosen, else the browser's owner, else the browser, else Slovak.

The catalogue is read from its .po file as it is, once per process. English is what the source says. Without a
catalogue, a session or a database pages still come, in English at worst: error pages are made here too.
"""

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import flask
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, has_request_context, request
from flask_babel import Babel, Domain, get_locale, gettext

from crm.core.config import Settings
from crm.core.errors import CrmError, Said
from crm.core.log import get_logger
from crm.users.languages import LANGUAGES
from crm.web.return_path import is_own_path
from crm.web.session import LANGUAGE, find_loaded

log = get_logger(__name__)

SOURCE = "en"
OTHERWISE = "sk"
LANGUAGE_NAMES = {"sk": "Slovensky", "en": "English"}  # each in itself, for whoever reads no other
FOLDER = Path(__file__).parent.parent / "translations"


class _Catalogues(Domain):
    """Flask-Babel's catalogues, from .po files that nobody has to compile."""

    def get_translations(self) -> NullTranslations:
        return read_translations(get_language())


def set_up(app: Flask, settings: Settings) -> None:
    """Let pages, forms and the web code speak."""
    babel = Babel()
    babel.domain_instance = _Catalogues()  # type: ignore[no-untyped-call]
    babel.init_app(
        app,
        default_locale=SOURCE,
        default_timezone=settings.timezone.key,
        locale_selector=_select,
    )
    app.jinja_env.globals.update(
        page_language=get_language, list_other_languages=list_other_languages, here=here
    )


def get_language() -> str:
    """Return the language of what is being made: that of the page, English where there is none."""
    locale = get_locale()
    return str(locale.language) if locale is not None else SOURCE


def list_other_languages() -> list[tuple[str, str]]:
    """Return (language, its own name) of those that the page is not in."""
    return [(language, name) for language, name in LANGUAGE_NAMES.items() if language != get_language()]


def here() -> str:
    """Return the path of this page, to come back to: without the host, and without a way on that is not ours.

    What was posted cannot be asked for again: it is the nearest page above it then.
    """
    if request.method != "GET":
        return _nearest_page(request.path)
    if not request.query_string:
        return request.path
    if is_own_path(request.args.get("next", "/")):
        return f"{request.path}?{request.query_string.decode('latin-1')}"
    rest = [(name, value) for name, value in request.args.items(multi=True) if name != "next"]
    return f"{request.path}?{urlencode(rest)}" if rest else request.path


def _nearest_page(path: str) -> str:
    adapter = current_app.create_url_adapter(request)
    while adapter is not None and path != "/" and not adapter.test(path, method="GET"):
        path = path.rpartition("/")[0] or "/"
    return path


def told(said: CrmError | Said | str) -> str:
    """Return a sentence of ours in the language of the page, what stands in its places too."""
    if isinstance(said, str):
        return gettext(said) if said else ""
    fields = {name: told(each) if isinstance(each, Said) else each for name, each in said.fields.items()}
    sentence = gettext(said.message)
    return sentence % fields if fields else sentence


def read_catalogue(language: str) -> Catalog:
    """Return what is in a language's .po file."""
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


@lru_cache
def read_translations(language: str) -> NullTranslations:
    """Return the translations into a language; none where the file cannot be read, which is told to the log."""
    if language == SOURCE:
        return NullTranslations()
    compiled = BytesIO()
    try:
        write_mo(compiled, read_catalogue(language))
    except (OSError, ValueError, PoFileError):
        log.exception("catalogue_unreadable", language=language)
        return NullTranslations()
    compiled.seek(0)
    return Translations(compiled)


def _select() -> str:
    """Choose by what is known already: an error page must not ask the database."""
    if not has_request_context():
        return SOURCE
    return _chosen() or request.accept_languages.best_match(LANGUAGES) or OTHERWISE


def _chosen() -> str | None:
    """Return the choice of the person, else of the browser; the first is kept as the second for error pages."""
    person = find_loaded()
    kept = flask.session.get(LANGUAGE)
    if person is not None and person.language is not None:
        if kept != person.language:
            flask.session[LANGUAGE] = person.language
        return person.language
    return kept if kept in LANGUAGES else None
