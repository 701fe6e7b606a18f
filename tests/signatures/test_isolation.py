"""Once loaded, judging opens no file, connects nowhere, and starts nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from signatures.throwaway import LeafOptions, ThrowawayPki, sign
from signatures.trust import Trust
from tests.signatures.papers import NOW, RECEIVED

PROGRAM = """
import json, sys
from datetime import datetime
from pathlib import Path
from signatures.judge import judge
from signatures.trust import Trust
folder = Path(sys.argv[1])
trust = Trust.from_json(json.loads((folder / "trust.json").read_text()))
files = [(folder / name).read_bytes() for name in ("issued.pdf", "b-b.pdf", "b-lta.pdf")]
seen = []
WATCHED = {"open", "socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.fork", "os.exec"}
sys.addaudithook(lambda event, arguments: seen.append((event, repr(arguments)[:200])) if event in WATCHED else None)
at = datetime.fromisoformat(sys.argv[2])
reports = [judge(pdf, trust=trust, at=at, issued=files[0]) for pdf in files]
watched = list(seen)
print(json.dumps([[report.indication for report in reports], watched]))
"""


def test_judging_opens_nothing_even_where_certificates_name_addresses(
    pki: ThrowawayPki, trust: Trust, agreement: bytes, tmp_path: Path
) -> None:
    kari = pki.person("Kari Nordmann", options=LeafOptions(ocsp_url="http://localhost:9/ocsp"))
    (tmp_path / "issued.pdf").write_bytes(agreement)
    (tmp_path / "b-b.pdf").write_bytes(sign(agreement, kari, field="Signatur1", now=NOW, embed_revocation=False))
    (tmp_path / "b-lta.pdf").write_bytes(sign(agreement, kari, field="Signatur1", level="B-LTA", now=NOW))
    (tmp_path / "trust.json").write_text(json.dumps(trust.to_json()))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), RECEIVED.isoformat()],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    indications, opened = json.loads(done.stdout)
    assert indications == ["NO-SIGNATURE", "INDETERMINATE", "TOTAL-PASSED"]
    assert opened == []
    assert done.stderr == ""


WITHOUT_NETWORK = """
import ctypes, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # clone(2)
if libc.unshare(NEW_USER | NEW_NETWORK) != 0:
    print("not permitted")
    sys.exit(0)
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except OSError as error:
    assert error.errno == 101, error  # ENETUNREACH: not even this machine can be reached
"""


@pytest.mark.may_skip(reason="some kernels permit no name spaces to ordinary users; the sandbox's own tests tell there")
def test_judging_takes_no_network_at_all(pki: ThrowawayPki, trust: Trust, agreement: bytes, tmp_path: Path) -> None:
    kari = pki.person("Kari Nordmann", options=LeafOptions(ocsp_url="http://localhost:9/ocsp"))
    (tmp_path / "issued.pdf").write_bytes(agreement)
    (tmp_path / "b-b.pdf").write_bytes(sign(agreement, kari, field="Signatur1", now=NOW, embed_revocation=False))
    (tmp_path / "b-lta.pdf").write_bytes(sign(agreement, kari, field="Signatur1", level="B-LTA", now=NOW))
    (tmp_path / "trust.json").write_text(json.dumps(trust.to_json()))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NETWORK + PROGRAM, str(tmp_path), RECEIVED.isoformat()],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    if done.stdout.startswith("not permitted"):
        pytest.skip("no name spaces here")
    indications, opened = json.loads(done.stdout)
    assert (indications, opened) == (["NO-SIGNATURE", "INDETERMINATE", "TOTAL-PASSED"], [])
