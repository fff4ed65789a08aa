"""From a WAV's samples, however encoded, to 16-bit PCM of one or two channels, and what is learned on the way."""
