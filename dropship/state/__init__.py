"""What is kept on disk about a service: state, journal, history, lock."""
