"""pydub's AudioSegment and the audioop module under it, imported without their warnings.

pydub 0.25.1 has invalid escape sequences (SyntaxWarning), looks for an ffmpeg that is not needed here
(RuntimeWarning) and imports audioop, which Python 3.11 and 3.12 call deprecated; from 3.13 on audioop-lts has it.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import audioop

    from pydub import AudioSegment
    from pydub.utils import ratio_to_db

__all__ = ["AudioSegment", "audioop", "ratio_to_db"]
