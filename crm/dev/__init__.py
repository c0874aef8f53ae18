"""`crm dev`: everything on one machine with one command, and none of it left behind."""

from crm.dev.command import main

__all__ = ["main"]
