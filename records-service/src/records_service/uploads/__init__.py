"""Uploads: from a WAV that arrives to a recording that is stored."""
