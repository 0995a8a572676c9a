"""``python -m tests.bench``: what the console does per second, beside what others do with the same work."""
