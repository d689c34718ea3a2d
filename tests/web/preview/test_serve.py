"""Where it listens."""

import socket

import pytest

from digest.errors import UsageError
from digest.web.preview import serve


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "192.0.2.1", "example.org", "::"])
def test_it_listens_on_loopback_whatever_is_configured(host):
    with serve.listening(host, 0) as bound:
        assert bound.getsockname()[0] == "127.0.0.1"
        assert serve.address(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}/"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_address_of_ipv6_is_written_in_brackets():
    try:
        bound = serve.listening("::1", 0)
    except UsageError:
        pytest.skip("LOUD: ::1 is not up here, so IPv6 was not tested")
    with bound:
        assert serve.address(bound) == f"http://[::1]:{bound.getsockname()[1]}/"


def test_a_port_that_is_taken_is_named_with_the_remedy():
    with serve.listening("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        with pytest.raises(UsageError, match=rf"127\.0\.0\.1:{port} .*--port"):
            serve.listening("127.0.0.1", port)
