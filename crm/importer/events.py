"""The events of imports: our own, for nobody else to publish."""

IMPORT_STEP = "import-step"  # payload: import_id, step
IMPORT_CHECK = "import-check"  # payload: rule
