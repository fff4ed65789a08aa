"""The resource `/transcode`: a WAV in, an MP3 and its facts out."""
