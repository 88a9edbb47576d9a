"""Whole files and folders: what to work on, in what order, and what is left behind."""
