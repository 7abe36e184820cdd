"""The leash."""
