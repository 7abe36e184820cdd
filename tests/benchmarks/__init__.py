"""Benchmarks: programs, not timed tests. ``python -m tests.benchmarks NAME`` prints a table."""
