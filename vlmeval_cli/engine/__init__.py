"""Runs metrics over batches."""
