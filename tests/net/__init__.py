"""HTTP for everyone."""
