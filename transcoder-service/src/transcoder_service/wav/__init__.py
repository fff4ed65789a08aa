"""RIFF/WAVE as a stream: what the header says and where the samples are. Trusts no size field."""
