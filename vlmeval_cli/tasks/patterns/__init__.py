"""Patterns in the scores of each task: what is seen together, what it means, what to do.

Every task has a module that ends with ``PATTERNS``. They are data, from which both the diagnosis of
a run and docs/diagnosis.md are made.
"""
