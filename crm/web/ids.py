"""Ids in addresses: one that is too large for the database is nobody's, not a fault."""

LARGEST_ID = 2**63 - 1
