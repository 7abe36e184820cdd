"""Tests of the install engine."""
