"""The recipes of the documentation, followed to the letter."""
