"""The demo's name server: answers questions for TXT records on loopback (RFC 1035, UDP), and knows nothing else."""

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

_PIECE = 255  # bytes of one string of a TXT record (RFC 1035 3.3.14)


@contextmanager
def serving_names(records: Mapping[str, str]) -> Iterator[int]:
    """Serve the records (by name without the last dot) while the context is open; gives the port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, server = self.request
            server.sendto(_answer(dns.message.from_wire(data), records).to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _answer(query: dns.message.Message, records: Mapping[str, str]) -> dns.message.Message:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    question = query.question[0]
    record = records.get(question.name.to_text(omit_final_dot=True).lower())
    if record is None or question.rdtype != dns.rdatatype.TXT:
        response.set_rcode(dns.rcode.NXDOMAIN)
        return response
    pieces = (record[start : start + _PIECE] for start in range(0, len(record), _PIECE))
    quoted = " ".join(f'"{piece}"' for piece in pieces)
    response.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", quoted))
    return response
