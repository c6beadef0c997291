"""A small S3 of one process: objects put whole, conditionally or in parts, read by range, listed."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class FakeS3(ThreadingHTTPServer):
    """Objects by ``bucket/key``, and what was asked, as ``METHOD bucket/key range``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeS3

    def log_message(self, *_: object) -> None:
        pass

    def _place(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        name = unquote(parts.path).strip("/")
        self.server.asked.append(f"{self.command} {name} {self.headers.get('Range', '')}".strip())
        return name, parse_qs(parts.query, keep_blank_values=True)

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _missing(self) -> None:
        self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "") and not (
            "aws-chunked" in self.headers.get("Content-Encoding", "")
        ):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        whole = b""
        while raw:
            size, _, raw = raw.partition(b"\r\n")
            length = int(size.split(b";")[0], 16)
            if not length:
                break
            whole, raw = whole + raw[:length], raw[length + 2 :]
        return whole

    def do_PUT(self) -> None:
        name, query = self._place()
        body = self._body()
        if "partNumber" in query:
            self.server.parts[query["uploadId"][0]][int(query["partNumber"][0])] = body
        elif self.headers.get("If-None-Match") == "*" and name in self.server.objects:
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        else:
            self.server.objects[name] = body
        self._answer(200, ETag='"e"')

    def do_POST(self) -> None:
        name, query = self._place()
        self._body()
        if "uploads" in query:
            self.server.parts["u1"] = {}
            self._answer(
                200,
                b"<InitiateMultipartUploadResult><UploadId>u1</UploadId>"
                b"</InitiateMultipartUploadResult>",
            )
            return
        parts = self.server.parts.pop(query["uploadId"][0])
        self.server.objects[name] = b"".join(parts[number] for number in sorted(parts))
        self._answer(
            200, b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
        )

    def do_HEAD(self) -> None:
        name, _ = self._place()
        if name not in self.server.objects:
            self._missing()
            return
        size = str(len(self.server.objects[name]))
        self._answer(200, Content_Length=size, ETag='"e"', Last_Modified=_DATE)

    def do_GET(self) -> None:
        name, query = self._place()
        if "list-type" in query:
            self._list(name, query)
            return
        data = self.server.objects.get(name)
        if data is None:
            self._missing()
            return
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if span is None:
            self._answer(200, data, ETag='"e"', Last_Modified=_DATE)
            return
        start, end = int(span[1]), int(span[2] or len(data) - 1)
        shown = f"bytes {start}-{end}/{len(data)}"
        self._answer(206, data[start : end + 1], Content_Range=shown, ETag='"e"')

    def _list(self, bucket: str, query: dict[str, list[str]]) -> None:
        prefix = f"{bucket}/{query.get('prefix', [''])[0]}"
        mark = query.get("delimiter", [""])[0]
        found, folders = "", set[str]()
        for name, data in sorted(self.server.objects.items()):
            if not name.startswith(prefix):
                continue
            rest = name[len(prefix) :]
            if mark and mark in rest:
                folders.add(prefix[len(bucket) + 1 :] + rest.split(mark)[0] + mark)
                continue
            key = escape(name[len(bucket) + 1 :])
            found += (
                f"<Contents><Key>{key}</Key><Size>{len(data)}</Size><ETag>e</ETag>"
                f"<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            )
        found += "".join(f"<CommonPrefixes><Prefix>{f}</Prefix></CommonPrefixes>" for f in folders)
        self._answer(
            200,
            f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode(),
        )


_DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


@contextmanager
def serving() -> Iterator[tuple[FakeS3, str]]:
    """The server, and its URL."""
    server = FakeS3()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
