"""Tests of ``dropship.cli``."""
