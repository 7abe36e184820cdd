"""HTTP for everyone: session, redirect rules, bodies that count their bytes."""
