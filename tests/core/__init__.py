"""Tests of ``dropship.core``."""
