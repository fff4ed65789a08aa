"""One recording's samples to one MP3, on every core. Knows nothing of WAV or HTTP."""
