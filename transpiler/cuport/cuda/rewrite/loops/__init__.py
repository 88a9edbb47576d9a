"""Kernels as loops over their threads, where nothing tells the difference from threads that run at once."""
