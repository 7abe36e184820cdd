"""Real servers for the tests: ordinary processes on loopback, on ports of the moment.

``tests/servers/install`` puts them on a Debian machine. A test whose server is missing
skips by its name, and fails where ``DROPSHIP_REQUIRE_SERVERS=1``. ``fixtures`` holds a session
fixture for each.
"""
