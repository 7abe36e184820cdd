"""What only Linux has, and the only room where ctypes lives."""
