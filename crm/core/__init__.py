"""Ground floor: clock, settings, database, errors, log, metrics, phone numbers, paging."""
