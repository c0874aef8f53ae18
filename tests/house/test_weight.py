"""What a browser must load is little: style sheets and scripts together, as they go over the wire."""

import gzip

from crm.core.config import ROOT

LARGEST_BYTES = 60 * 1024


def test_style_sheets_and_scripts_together_stay_small() -> None:
    files = [path for folder in ("css", "js") for path in (ROOT / "crm/static" / folder).iterdir()]

    packed = {path.name: len(gzip.compress(path.read_bytes())) for path in files}

    assert packed
    assert sum(packed.values()) <= LARGEST_BYTES, packed
