"""What the console is measured against. Each is a process of its own, as small as its users would write it."""
