"""Recordings that have been stored: what is kept of them and how they are read."""
