"""Tests of the demo's parts; the story itself is in ``tests/e2e``."""
