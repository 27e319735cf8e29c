"""Scenes without Java: spaCy's parses, read by rules like those of SPICE."""
