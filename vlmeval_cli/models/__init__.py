"""Loaded networks: they turn texts and images into vectors, and metrics do the arithmetic."""
