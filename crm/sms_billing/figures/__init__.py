"""Figures of what is billed by SMS: how each operator bills."""
