"""The neighbours, one module each."""
