"""LAME (https://lame.sourceforge.io) through its C API, and the MP3 frames that it writes.

Knows nothing of WAV, HTTP or scheduling.
"""
