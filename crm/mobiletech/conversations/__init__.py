"""Everything between us and one number, what staff write about it, and what waits for an answer of theirs."""
