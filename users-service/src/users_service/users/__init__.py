"""Accounts and their access tokens."""
