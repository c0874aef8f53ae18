"""Processes of ours are killed at every boundary; whatever was accepted must still happen once."""
