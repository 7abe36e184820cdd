"""The disk edge: stage, fetch, unpack, activate, retention."""
