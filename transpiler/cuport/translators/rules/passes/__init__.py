"""Rewrites of the IR, each a module with one reason to be."""
