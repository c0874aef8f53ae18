"""What can go wrong with a benchmark."""

from crm.core.errors import CrmError


class BenchmarkError(CrmError):
    """A benchmark cannot be run, or something else was measured than was meant."""
