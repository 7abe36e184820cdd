"""A store and a hook that are no part of Dropship."""
