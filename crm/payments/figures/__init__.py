"""Figures of the money: what came in, who has a subscription, what ended and why, what became of failed charges."""
