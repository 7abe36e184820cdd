"""Updates struck at every point: killed, failed, out of room."""
