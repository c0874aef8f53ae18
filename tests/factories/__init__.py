"""Makers of rows and bodies: `make_x(**overrides)` shows only what matters to the test."""
