"""Figures of the overview: how many messages, day by day, and how much waits for a person."""
