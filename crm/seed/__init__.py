"""First data: what every publisher starts with, and people and messages to look at. Sends nothing."""

from crm.seed.demo import seed_demo
from crm.seed.standard import seed_standard

__all__ = ["seed_demo", "seed_standard"]
