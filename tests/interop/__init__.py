"""Our turns beside those of programs that others wrote."""
