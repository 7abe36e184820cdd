"""Tests of ``dropship.hcl``."""
