"""Moving in: a publisher's history from files, right or refused with the reason, and never anything sent."""
