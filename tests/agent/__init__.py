"""The supervisor, its workers, and the way between them."""
