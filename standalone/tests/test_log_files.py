"""Logs: kept small under a process that goes on writing, and read for what went wrong."""

from pathlib import Path

from standalone.log_files import put_aside, telling_line


class TestPutAside:
    def test_a_process_that_appends_goes_on_in_the_emptied_file(self, tmp_path: Path) -> None:
        log = tmp_path / "nginx.log"
        with log.open("ab", buffering=0) as writer:
            writer.write(b"first\n")
            put_aside(log)
            writer.write(b"second\n")
        assert log.read_text() == "second\n"
        assert (tmp_path / "nginx.log.1").read_text() == "first\n"

    def test_an_empty_log_does_not_replace_what_was_kept(self, tmp_path: Path) -> None:
        log = tmp_path / "nginx.log"
        log.touch()
        (tmp_path / "nginx.log.1").write_text("kept\n")
        put_aside(log)
        assert (tmp_path / "nginx.log.1").read_text() == "kept\n"


class TestTellingLine:
    def test_is_the_last_that_speaks_of_a_failure(self, tmp_path: Path) -> None:
        log = tmp_path / "postgres.log"
        log.write_text("LOG:  starting\nFATAL:  no space\nLOG:  database system is shut down\n")
        assert telling_line(log) == f"FATAL:  no space (see {log})"

    def test_of_a_silent_process_says_so(self, tmp_path: Path) -> None:
        assert telling_line(tmp_path / "none.log") == f"it wrote nothing to {tmp_path}/none.log"
