"""WSGI entry: `gunicorn app:app`; `python app.py` serves for development."""

import os
import sys

from crm.cli import attach
from crm.core.config import Settings, SettingsError
from crm.core.errors import CrmError
from crm.factory import create_app

try:
    app = create_app(Settings.from_env(os.environ))
    attach(app)
except SettingsError as error:
    print(error, file=sys.stderr)  # noqa: T201 - there is no log yet
    raise SystemExit(2) from error
except CrmError as error:
    print(error, file=sys.stderr)  # noqa: T201
    raise SystemExit(1) from error

if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "8000")), threaded=True)
