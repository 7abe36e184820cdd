"""A host whose power is cut while it updates: the real agent in a virtual machine, on a disk that forgets."""
