"""What the tests of the intakes share: an office, pages never the same, papers that came."""

import io
import os
import threading
import time
from email.message import EmailMessage

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from service.intakes.feeding import Feeder
from service.intakes.journal import Journal, read_record
from workflows.domain.document import DocumentFilter


def picture(shade: int = 255, size: tuple[int, int] = (700, 990), kind: str = "png") -> bytes:
    """A blank page; pages of two tests are never the same content."""
    out, text = io.BytesIO(), PngInfo()
    test = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0]
    text.add_text("test", test)
    options = {
        "png": {"pnginfo": text},
        "jpeg": {"comment": test.encode()},
        "tiff": {"description": test},
    }[kind]
    Image.new("L", size, shade).save(out, kind, dpi=(150, 150), **options)
    return out.getvalue()


class Came:
    """The papers that came into `office` since this was made."""

    def __init__(self, office):
        self.office = office
        self.before = {who: set(self._all(who)) for who in ("clerk", "stranger")}

    def names(self, who="clerk"):
        return sorted(d.file_name for i, d in self._all(who).items() if i not in self.before[who])

    def _all(self, who):
        shelf, actor = self.office.station.shelf, self.office.actor(who)
        hits = shelf.find(DocumentFilter(), by=actor, limit=200).hits
        return {hit.document.id: hit.document for hit in hits}


def feeder(office, room, *, kind="smtp", source="email", intake=None, stop=None):
    clock = office.station.intake.clock
    return Feeder(
        intake=intake or office.station.intake,
        database=office.station.database,
        clock=clock,
        journal=Journal(room, kind, "test", clock),
        source=source,
        stop=stop or threading.Event(),
        retry_s=0.01,
    )


def record_of(feeder):
    return read_record(feeder.journal._path)


def mail(*attachments, sender="may1@xa.example", html=None, inline=()):
    """A mail with (name, content, kind) attachments; `inline`: (content-id, content)."""
    made = EmailMessage()
    made["From"], made["To"] = sender, "so-hoa@xa.example"
    made["Subject"], made["Message-ID"] = "Giấy tờ", f"<{time.time_ns()}@xa.example>"
    made.set_content("Kính gửi bộ phận một cửa.")
    if html is not None:
        made.add_alternative(html, subtype="html")
        body = made.get_payload()[1]
        for identity, content in inline:
            body.add_related(content, "image", "png", cid=f"<{identity}>")
    for name, content, kind in attachments:
        main, _, sub = kind.partition("/")
        made.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return made


def eventually(check, seconds=60.0):
    """Wait until `check` gives something true; that."""
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)
    return found


def reopened(folder):
    """The workstation of an office made earlier, in another process."""
    from office import TruthReader

    from ocr.reader import Reader
    from service.config import Settings
    from service.wiring import assemble
    from storage.database import SqlDatabase
    from storage.engine import MemoryEngine
    from workflows.ports.clock import SystemClock

    settings, engine = Settings(data_dir=folder), MemoryEngine()
    database = SqlDatabase(settings.database, enqueue=engine.enqueue_in)
    return assemble(settings, database, engine, SystemClock(), Reader(TruthReader()))
