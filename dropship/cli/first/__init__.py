"""A first configuration: what is asked, what becomes of the answers, how it is put in its place."""
