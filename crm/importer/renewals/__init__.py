"""Renewals of the old system: whom each charges and what it follows, what of it is here already, and how it is kept."""
