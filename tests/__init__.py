"""Tests of Dropship."""
