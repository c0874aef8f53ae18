"""Keyword rules: what becomes of a reader's SMS without programming, and why."""
