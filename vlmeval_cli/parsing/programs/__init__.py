"""Programs in answers, the tests they belong to, and how those ended."""
