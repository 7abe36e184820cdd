"""One service driven over a real folder store and real state, orders given at will."""
