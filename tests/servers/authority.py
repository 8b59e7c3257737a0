"""A certificate authority with CRL, OCSP and time stamping over HTTP, on loopback: certomancer.

Independent of our own development authority. `Authority.calls` are the paths that were asked.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from certomancer.integrations.animator import Animator, AnimatorArchStore
from certomancer.registry import ArchLabel, CertLabel, CertomancerConfig, KeyLabel
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

CONFIG = Path(__file__).with_suffix(".yml")


@dataclass
class Authority:
    """`host` is what an office lists as allowed; `trust` a folder with the root."""

    url: str
    host: str
    trust: Path
    arch: object
    calls: list[str] = field(default_factory=list)
    down: bool = False

    @property
    def tsa(self) -> str:
        return f"{self.url}/office/tsa/tsa"

    def key_of(self, who: str) -> SimpleSigner:
        chain = [self.arch.get_cert(CertLabel(name)) for name in ("middle", "ca")]
        return SimpleSigner(
            signing_cert=self.arch.get_cert(CertLabel(who)),
            signing_key=self.arch.key_set.get_private_key(KeyLabel(who)),
            cert_registry=SimpleCertificateStore.from_certs(chain),
        )


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running_authority(folder: Path) -> Iterator[Authority]:
    """Made anew in `folder` and served until the block ends."""
    (folder / "keys").mkdir()
    for name in ("ca", "middle", "ocsp", "tsa", "clerk", "gone"):
        command = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
        subprocess.run(
            [*command, "-out", str(folder / "keys" / f"{name}.pem")],
            check=True,
            capture_output=True,
        )
    server: WSGIServer = make_server("127.0.0.1", 0, lambda *_: [], handler_class=_Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    config = CertomancerConfig.from_file(
        str(CONFIG), key_search_dir=str(folder), external_url_prefix=url
    )
    label = ArchLabel("office")
    arch = config.get_pki_arch(label)
    made = Authority(
        url=url, host=f"127.0.0.1:{server.server_port}", trust=folder / "trust", arch=arch
    )
    made.trust.mkdir()
    (made.trust / "root.der").write_bytes(arch.get_cert(CertLabel("ca")).dump())
    animator = Animator(AnimatorArchStore({label: arch}), with_web_ui=False)

    def answer(environ, start_response):
        made.calls.append(environ["PATH_INFO"])
        if made.down:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        return animator(environ, start_response)

    server.set_app(answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
