"""Several runs over the same items: are they comparable, do they differ, and where."""
