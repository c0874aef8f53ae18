"""Keyword rules: what a reader's text makes us do, without programming."""
