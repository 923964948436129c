import io
import sys
import unittest
from wsgiref.validate import validator

from skep_runtime import asgi, wsgi
from skep_runtime.messages import Request


class Kept:
    """An answer that keeps what it gets."""

    def __init__(self) -> None:
        self.status, self.headers, self.parts = 0, [], []

    def begin(self, status, headers) -> None:
        self.status, self.headers = status, headers

    def write(self, content) -> None:
        self.parts.append(content)


def request(method: str = "GET", target: str = "/", body: bytes = b"", **headers: str) -> Request:
    named = [(name.replace("_", "-"), value.encode("latin-1")) for name, value in headers.items()]
    return Request(method, "https", "example.org", target, named, io.BytesIO(body))


class Wsgi(unittest.TestCase):
    def serve(self, application, given: Request | None = None) -> Kept:
        answer = Kept()
        wsgi.serve(application, given or request(), answer)
        return answer

    def test_the_environment_is_that_of_pep_3333(self) -> None:
        given = request(
            "POST",
            "/a%20b/%C3%A4?q=%20",
            b"body",
            x_forwarded_prefix="/f/",
            content_type="text/plain",
            cookie="a=1",
            x_forwarded_for="1.2.3.4, 5.6.7.8",
        )
        given.headers.append(("cookie", b"b=2"))
        found = wsgi.environment(given)
        wanted = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "/f",
            "PATH_INFO": "/a b/Ã¤",
            "QUERY_STRING": "q=%20",
            "SERVER_NAME": "example.org",
            "SERVER_PORT": "443",
            "CONTENT_TYPE": "text/plain",
            "HTTP_COOKIE": "a=1; b=2",
            "REMOTE_ADDR": "1.2.3.4",
            "HTTP_HOST": "example.org",
            "wsgi.url_scheme": "https",
        }
        self.assertEqual(found | wanted, found)
        self.assertEqual(found["wsgi.input"].read(), b"body")

    def test_an_application_that_the_validator_watches_is_content(self) -> None:
        def application(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [environ["wsgi.input"].read(4), b" more"]

        self.assertEqual(
            self.serve(validator(application), request("POST", "/", b"body", content_length="4")).parts,
            [b"body", b" more"],
        )

    def test_an_iterable_is_closed_also_when_it_fails(self) -> None:
        closed = []

        class Parts:
            def __iter__(self):
                yield b"a"
                raise ValueError("late")

            def close(self):
                closed.append(True)

        def application(environ, start_response):
            start_response("200 OK", [])
            return Parts()

        with self.assertRaises(ValueError):
            self.serve(application)
        self.assertEqual(closed, [True])

    def test_an_error_page_may_take_the_place_of_a_page_that_has_not_begun(self) -> None:
        def application(environ, start_response):
            start_response("200 OK", [])
            try:
                raise ValueError("no")
            except ValueError:
                start_response("500 Error", [("x-a", "1")], sys.exc_info())
            return [b"error"]

        answer = self.serve(application)
        self.assertEqual((answer.status, answer.headers, answer.parts), (500, [("x-a", b"1")], [b"error"]))

    def test_head_has_no_body_and_no_length_and_hop_by_hop_headers_stay(self) -> None:
        def application(environ, start_response):
            start_response("200 OK", [("Content-Length", "4"), ("Connection", "close"), ("X-A", "1")])
            return [b"body"]

        answer = self.serve(application, request("HEAD"))
        self.assertEqual((answer.headers, answer.parts), ([("X-A", b"1")], []))

    def test_an_application_that_does_not_start_fails(self) -> None:
        with self.assertRaisesRegex(AssertionError, "before it called start_response"):
            self.serve(lambda environ, start_response: [b"body"])


class Asgi(unittest.TestCase):
    def serve(self, application, given: Request | None = None) -> Kept:
        answer = Kept()
        asgi.serve(application, given or request(), answer)
        return answer

    def test_the_scope_is_that_of_asgi_3(self) -> None:
        found = asgi.scope(request("GET", "/a%20b/%C3%A4?q=%20", x_forwarded_prefix="/f"))
        wanted = {
            "type": "http",
            "method": "GET",
            "path": "/a b/ä",
            "raw_path": b"/a%20b/%C3%A4",
            "query_string": b"q=%20",
            "root_path": "/f",
            "server": ("example.org", 443),
            "scheme": "https",
        }
        self.assertEqual(found | wanted, found)
        self.assertIn((b"host", b"example.org"), found["headers"])

    def test_an_application_reads_and_streams(self) -> None:
        async def application(scope, receive, send):
            message = await receive()
            await send({"type": "http.response.start", "status": 201, "headers": [(b"X-A", b"1")]})
            await send({"type": "http.response.body", "body": message["body"], "more_body": True})
            await send({"type": "http.response.body", "body": b"!"})

        answer = self.serve(application, request("POST", body=b"body"))
        self.assertEqual((answer.status, answer.headers, answer.parts), (201, [("X-A", b"1")], [b"body", b"!"]))

    def test_an_application_that_does_not_end_fails(self) -> None:
        async def application(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})

        with self.assertRaisesRegex(RuntimeError, "before it ended its response"):
            self.serve(application)


if __name__ == "__main__":
    unittest.main()
