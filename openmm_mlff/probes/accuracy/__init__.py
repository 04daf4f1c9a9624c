"""Comparisons with a reference."""
