"""Every error that the transcoder answers with, as one table of status, code and title."""

from service_kit.problems import Problem


class NotAWav(Problem):
    status, code, title = 415, "not_a_wav", "The upload is not a RIFF/WAVE file"


class WavBigEndian(Problem):
    status, code, title = 415, "wav_big_endian", "Big-endian WAV files (RIFX) are not supported"


class UploadEmpty(Problem):
    status, code, title = 422, "upload_empty", "The upload has no bytes"


class WavChunkInvalid(Problem):
    status, code, title = 422, "wav_chunk_invalid", "A chunk of the WAV file is malformed"


class WavChunkRepeated(Problem):
    status, code, title = 422, "wav_chunk_repeated", "A chunk that a WAV file has once is there twice"


class WavTooManyChunks(Problem):
    status, code, title = 422, "wav_too_many_chunks", "The WAV file has too many chunks"


class WavHeaderTooLong(Problem):
    status, code, title = 422, "wav_header_too_long", "The WAV file has too many bytes before its samples"


class WavFormatMissing(Problem):
    status, code, title = 422, "wav_format_missing", "The WAV file does not describe its samples before they come"


class WavFormatInvalid(Problem):
    status, code, title = 422, "wav_format_invalid", "The WAV file's description of its samples is malformed"


class WavCodecUnknown(Problem):
    status, code, title = 422, "wav_codec_unknown", "The WAV file's samples are in a format that is not supported"


class WavChannelsUnsupported(Problem):
    status, code, title = 422, "wav_channels_unsupported", "The WAV file's number of channels is not supported"


class WavSampleRateUnsupported(Problem):
    status, code, title = 422, "wav_sample_rate_unsupported", "The WAV file's sample rate is not supported"


class WavBitDepthUnsupported(Problem):
    status, code, title = 422, "wav_bit_depth_unsupported", "The WAV file's bits per sample are not supported"


class WavBlockAlignWrong(Problem):
    status, code, title = 422, "wav_block_align_wrong", "The WAV file's block size does not fit its format"


class WavDataMissing(Problem):
    status, code, title = 422, "wav_data_missing", "The WAV file has no data chunk"


class WavTruncated(Problem):
    status, code, title = 422, "wav_truncated", "The WAV file ends before its declared end"


class WavNoSamples(Problem):
    status, code, title = 422, "wav_no_samples", "The WAV file has no samples"


class WavSamplesCorrupt(Problem):
    status, code, title = 422, "wav_samples_corrupt", "The WAV file's compressed samples cannot be decoded"


class UploadTooLarge(Problem):
    status, code, title = 413, "upload_too_large", "The upload is larger than this service takes"


class UploadTooSlow(Problem):
    status, code, title = 408, "upload_too_slow", "The upload stopped arriving"


class TranscoderBusy(Problem):
    status, code, title, retry_after_seconds = 503, "transcoder_busy", "Too many recordings are being converted", 2


class SpoolFull(Problem):
    status, code, title, retry_after_seconds = 503, "spool_full", "There is no room to convert the recording", 30
