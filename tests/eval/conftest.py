"""A scripted judge model on loopback that counts what it is asked."""

import http.server
import json
import threading

import pytest


class Model(http.server.ThreadingHTTPServer):
    """A chat model that answers what the test says.

    Text, text and finish reason, a status, or a dict of fields beside a plain yes.
    """

    def __init__(self, answers, port=0):
        super().__init__(("127.0.0.1", port), _Handler)
        self.answers = answers
        self.logprobs = None
        self.cost = None
        self.requests = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(request)
        said = self.server.answers(request, len(self.server.requests))
        if isinstance(said, int):
            return self.reply(said, {"error": {"message": f"refused with {said}"}})
        finish, odd = "stop", {}
        if isinstance(said, dict):
            said, odd = '{"rationale": "because", "verdict": "yes"}', said
        if isinstance(said, tuple):
            said, finish = said
        choice = {"index": 0, "message": {"role": "assistant", "content": said}}
        if self.server.logprobs is not None:
            choice["logprobs"] = self.server.logprobs
        return self.reply(
            200,
            {
                "id": "x",
                "object": "chat.completion",
                "model": request["model"],
                "choices": [choice | {"finish_reason": finish}],
                "usage": {
                    "prompt_tokens": 10,
                    "completion_tokens": 5,
                    "cost": self.server.cost,
                },
            }
            | odd,
        )

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def model(monkeypatch):
    server = Model(lambda request, number: '{"rationale": "because", "verdict": "yes"}')
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "test-key-for-loopback")
    yield server
    server.shutdown()
    server.server_close()
