"""From raw model text to the value that a task needs."""
