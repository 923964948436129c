def handler(event):
    """Called with the arguments of a call as a tuple; what it returns is the result, as JSON."""
    name = event[0] if event else "world"
    print(f"greeting {name}")
    return {"greeting": f"hello {name}"}


def app(environ, start_response):
    """Answers requests to /f/ACCOUNT/NAME/…"""
    start_response("200 OK", [("content-type", "text/plain")])
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}\n".encode()]
