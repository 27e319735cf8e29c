"""Boxes and how they are matched."""
