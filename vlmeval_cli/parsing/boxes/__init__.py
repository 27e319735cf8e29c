"""Boxes in the texts of models: syntaxes, coordinate frames, and references."""
