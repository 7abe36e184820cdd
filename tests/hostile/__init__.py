"""Hostile archives of the project's own making, and what becomes of each.

Every module holds the cases of one theme as ``CASES``; they are made in memory when they are run,
so none has to be kept. ``python -m tests.hostile`` runs them all by the real unpacker.
"""
