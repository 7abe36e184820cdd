"""Dropship keeps software on servers up to date by itself."""

__version__ = "1.0.0.dev0"
