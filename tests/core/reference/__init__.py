"""Templates held against Go's text/template itself, on random texts."""
