"""From a file to rows: one module per layout."""
