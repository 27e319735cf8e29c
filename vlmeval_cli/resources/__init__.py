"""Indexes and caches that metrics receive as loaded tables."""
