"""What packages carry besides the program."""
