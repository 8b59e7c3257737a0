"""T12: a tus client that is not ours, and a server killed in the middle of a chunk."""

import hashlib
import threading

import cv2
import numpy as np
import pytest
from requests.exceptions import RequestException
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.storage.filestorage import FileStorage

from tests.servers.workstation import Server, wait_for
from workflows.domain.document import DocumentFilter
from workflows.domain.unit import EVERYWHERE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CHUNK = 4 << 20


def arrived(server):
    """Bytes of unfinished uploads on the server's disk."""
    folder = server.settings.data_dir / "uploads"
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def test_an_upload_goes_on_where_the_server_was_killed(tmp_path):
    noise = np.random.default_rng(12).integers(0, 256, (3200, 2700, 3), np.uint8)
    paper = tmp_path / "anh.png"
    cv2.imwrite(str(paper), noise)
    assert paper.stat().st_size > 5 * CHUNK
    server = Server(tmp_path / "data")
    known = FileStorage(str(tmp_path / "known.json"))

    def uploader():
        client = TusClient(
            f"http://127.0.0.1:{server.port}/api/v1/uploads",
            headers={"Authorization": server.http.headers["authorization"]},
        )
        return client.uploader(
            str(paper),
            chunk_size=CHUNK,
            metadata={"filename": "ảnh.png"},
            store_url=True,
            url_storage=known,
        )

    try:
        server.start()
        server.sign_in("clerk")
        first, failed = uploader(), []

        def send():
            try:
                first.upload()
            except (TusCommunicationError, RequestException) as error:
                failed.append(error)

        sending = threading.Thread(target=send)
        sending.start()
        wait_for(lambda: arrived(server) > CHUNK, 60)
        server.kill()
        sending.join(60)
        assert failed, "the server died before the last byte"
        server.start()
        again = uploader()
        assert CHUNK <= again.offset < paper.stat().st_size, "it goes on, not from the start"
        again.upload()
        content = paper.read_bytes()
        wanted = hashlib.sha256(content).hexdigest()

        with server.wired.database.read() as tx:
            (hit,) = tx.documents.find(DocumentFilter(), EVERYWHERE).hits
        document = hit.document
        assert document.original.sha256 == wanted
        assert server.wired.objects.get(document.original) == content
    finally:
        server.end()
        known.close()
