"""The log of a verb that ended does no harm to who logs next in the same process."""

import contextlib
import io

import structlog

from service import logs


def test_a_standard_error_that_was_closed_meanwhile_is_not_written_to(capsys):
    log = structlog.get_logger()
    try:
        with contextlib.redirect_stderr(io.StringIO()) as verb:
            logs.configure("INFO")
            log.info("within the verb")  # from now on this logger is kept
        assert "within the verb" in verb.getvalue()
        verb.close()
        log.info("after it")
        assert "after it" in capsys.readouterr().err
    finally:
        structlog.reset_defaults()
