"""The program under a booted systemd."""
