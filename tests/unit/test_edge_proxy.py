"""The way to control through the edge."""

import asyncio

import pytest

from healthcode.adapters.control_proxy import ControlProxy
from healthcode.edge.http import Problem

OK = b"HTTP/1.1 200 OK\r\nconnection: close, x-inner\r\nx-inner: 1\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n"


class Control:
    """A control that remembers what it was sent and answers as told; an empty answer hangs up."""

    def __init__(self, answer):
        self.answer, self.seen = answer, b""

    async def serve(self, reader, writer):
        while not self._whole():
            self.seen += await reader.read(65536)
        writer.write(self.answer)
        writer.close()
        await writer.wait_closed()

    def _whole(self):
        head, end, body = self.seen.partition(b"\r\n\r\n")
        if b"transfer-encoding: chunked" in head:
            return body.endswith(b"0\r\n\r\n")
        lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length")]
        return bool(end) and len(body) >= sum(lengths)


def forward(control, *, method="GET", path="/console/?q=1", headers=(), bodies=(b"",)):
    """Status, headers and body of one forwarded request."""

    async def run():
        server = await asyncio.start_server(control.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        path_, _, query = path.partition("?")
        scope = {
            "method": method, "path": path_, "raw_path": path_.encode(), "query_string": query.encode(),
            "headers": [(b"host", b"code.example"), *headers], "client": ("10.1.2.3", 5), "scheme": "https",
        }  # fmt: skip
        waiting, sent = list(bodies), []

        async def receive():
            body = waiting.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(waiting)}

        async def send(message):
            sent.append(message)

        async with server:
            await ControlProxy("127.0.0.1", port)(scope, receive, send)
        return sent[0]["status"], sent[0]["headers"], b"".join(message["body"] for message in sent[1:])

    return asyncio.run(run())


def test_an_answer_comes_back_without_what_concerns_only_one_hop():
    status, headers, body = forward(Control(OK + b"content-length: 5\r\n\r\nhello"))
    assert (status, body) == (200, b"hello")
    assert [value for name, value in headers if name == b"set-cookie"] == [b"a=1", b"b=2"]
    assert not {name for name, _ in headers} & {b"connection", b"x-inner"}


def test_control_learns_the_clients_address_and_scheme_and_believes_no_forged_ones():
    control = Control(OK + b"content-length: 0\r\n\r\n")
    forward(control, headers=[(b"x-forwarded-for", b"6.6.6.6"), (b"te", b"trailers"), (b"cookie", b"c=1")])
    assert control.seen.startswith(b"GET /console/?q=1 HTTP/1.1\r\n")
    assert b"x-forwarded-for: 10.1.2.3" in control.seen
    assert b"x-forwarded-proto: https" in control.seen
    assert b"6.6.6.6" not in control.seen
    assert b"trailers" not in control.seen
    assert b"cookie: c=1" in control.seen


@pytest.mark.parametrize(
    "headers", [[(b"content-length", b"6")], [(b"transfer-encoding", b"chunked")]], ids=["length", "chunked"]
)
def test_an_upload_streams_in_parts(headers):
    control = Control(OK + b"content-length: 0\r\n\r\n")
    forward(control, method="POST", headers=headers, bodies=(b"abc", b"def"))
    body = control.seen.partition(b"\r\n\r\n")[2]
    assert body in (b"abcdef", b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")


def test_chunked_and_unmeasured_answers_arrive_whole():
    assert forward(Control(OK + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))[2] == b"abcde"
    assert forward(Control(OK + b"\r\nto the end"))[2] == b"to the end"


def test_a_redirect_without_body_and_a_head_request_end_at_once():
    assert forward(Control(b"HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n"))[0] == 304
    assert forward(Control(OK + b"content-length: 9\r\n\r\n"), method="HEAD")[0] == 200


def test_a_control_that_hangs_up_is_down():
    with pytest.raises(Problem) as problem:
        forward(Control(b""))
    assert problem.value.code == "control_down"


def test_a_control_that_is_not_there_is_down():
    async def run():
        scope = {"method": "GET", "raw_path": b"/", "query_string": b"", "headers": []}
        await ControlProxy("127.0.0.1", 9)(scope, None, None)

    with pytest.raises(Problem) as problem:
        asyncio.run(run())
    assert problem.value.code == "control_down"
