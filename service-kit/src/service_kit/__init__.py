"""Plumbing that the services share: settings, logs, request ids, problem details, health, serving, PostgreSQL.

Knows nothing of users, records or audio.
"""
