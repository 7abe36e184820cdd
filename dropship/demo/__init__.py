"""The demo: the life of one small service told on this machine, with nothing to configure.

It owns a folder and every process that it starts, and leaves neither a process nor a file outside
of that folder. What it tells is what the real commands say of a real agent, never what it believes
itself. It prints nothing: whoever runs it hands in a ``Tell``.
"""
