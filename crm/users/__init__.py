"""Second floor: who. Accounts, roles, phone numbers, passwords, API tokens."""
