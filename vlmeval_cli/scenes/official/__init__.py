"""SPICE itself: its program and the parts that it runs with."""
