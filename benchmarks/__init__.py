"""What the product does in a second, each figure beside a limit measured in the same run on the same machine.

`python -m benchmarks` (or `make benchmark`) starts servers of its own in var/bench, prints a table and writes
RESULTS.md.
"""
