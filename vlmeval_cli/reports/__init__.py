"""From a result to bytes: table, JSON, CSV, Markdown."""
