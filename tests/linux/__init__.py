"""Tests of the calls into Linux."""
