"""Let whoever may import send a large file, and nobody else: forms are read before the view's guard is asked."""

from flask import Flask, request

from crm.core.db import current_session
from crm.importer.uploads import LARGEST_FILE
from crm.users.roles import Permission, may
from crm.web.session import find_signed_in

ENDPOINT = "imports.upload"
BESIDE_THE_FILE = 64 * 1024  # the form's other fields, and what parts them


def set_up(app: Flask) -> None:
    """Register it; to stand before what reads the form's token."""
    app.before_request(_let_large_files_in)


def _let_large_files_in() -> None:
    if request.endpoint != ENDPOINT:
        return
    person = find_signed_in()
    # A slow upload takes minutes: no transaction waits for it.
    current_session().rollback()
    if person is not None and may(person.role, Permission.IMPORT):
        request.max_content_length = LARGEST_FILE + BESIDE_THE_FILE
