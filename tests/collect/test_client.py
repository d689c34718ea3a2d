"""The address that is checked is the one connected to: by name or number, at every connect, whatever a resolver says."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from digest.collect.addresses import Addresses, IPAddress
from digest.collect.client import Client, Rule, trust
from digest.errors import FetchError
from digest.testing import FeedServer, Reply

NAME = "rebind.example"


class Resolver(AbstractResolver):
    """Answers with what it is told, one list a question; the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def client(rule: Rule, resolver: Resolver | None = None) -> AsyncIterator[Client]:
    made = Client(
        rule, trust(), user_agent="test", connect_s=1.0, read_s=2.0, at_once=8, resolver=resolver
    )  # the sockets themselves are real
    async with made:
        yield made


async def body(opened: Client, url: str) -> bytes:
    async with opened.get(url, {}) as response:
        return await response.read()


async def kind(opened: Client, url: str) -> str:
    with pytest.raises(FetchError) as caught:
        await body(opened, url)
    return caught.value.kind


def only(*allowed: str) -> tuple[Rule, list[tuple[str, str, int]]]:
    """A rule that admits those addresses, and what it was asked."""
    asked: list[tuple[str, str, int]] = []

    def rule(host: str, ip: IPAddress, port: int) -> bool:
        asked.append((host, str(ip), port))
        return str(ip) in allowed

    return rule, asked


async def test_the_rule_sees_host_address_and_port_of_the_connection(server: FeedServer) -> None:
    server.serve("/f", b"x")
    rule, asked = only("127.0.0.1")
    async with client(rule, Resolver(["127.0.0.1"])) as opened:
        assert await body(opened, f"http://{NAME}:{server.port}/f") == b"x"
    assert asked == [(NAME, "127.0.0.1", server.port)]


async def test_a_name_that_moves_into_a_private_network_is_refused_there(server: FeedServer) -> None:
    """DNS rebinding: the first answer is fine, the next is not."""
    server.route("/f", Reply(body=b"x", headers=(("Connection", "close"),)))
    rule, _ = only("127.0.0.1")
    resolver = Resolver(["127.0.0.1"], ["127.0.0.2"])
    with FeedServer(host="127.0.0.2", port=server.port) as inner:
        inner.serve("/f", b"secret")
        async with client(rule, resolver) as opened:
            url = f"http://{NAME}:{server.port}/f"
            assert await body(opened, url) == b"x"
        async with client(rule, resolver) as opened:
            assert await kind(opened, url) == "private"
        assert inner.requests == []


async def test_of_several_addresses_the_refused_are_not_connected_to(server: FeedServer) -> None:
    server.serve("/f", b"x")
    rule, asked = only("127.0.0.1")
    with FeedServer(host="127.0.0.2", port=server.port) as inner:
        async with client(rule, Resolver(["127.0.0.2", "127.0.0.1"])) as opened:
            assert await body(opened, f"http://{NAME}:{server.port}/f") == b"x"
        assert inner.requests == []
    assert {ip for _, ip, _ in asked} == {"127.0.0.1", "127.0.0.2"}


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "localhost"])
async def test_an_address_that_needs_no_resolver_is_checked_as_well(server: FeedServer, host: str) -> None:
    async with client(Addresses().admits) as opened:
        assert await kind(opened, f"http://{host}:{server.port}/f") == "private"
    assert server.requests == []


async def test_only_the_host_the_owner_named_is_trusted_however_its_address_is_reached(server: FeedServer) -> None:
    server.serve("/f", b"x")
    named = Addresses(named=[f"http://intranet.example:{server.port}/f"])
    async with client(named.admits_named, Resolver(["127.0.0.1"])) as opened:
        assert await body(opened, f"http://intranet.example:{server.port}/f") == b"x"
        assert await kind(opened, f"http://other.example:{server.port}/f") == "private"
    assert server.count("/f") == 1


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (lambda server: server.route("/f", Reply(silent=True)), "timeout"),
        (lambda server: server.route("/f", Reply(body=b"x" * 100, hang_up=True)), "connect"),
        (lambda _: "http://127.0.0.1:1/", "connect"),
        (lambda _: "http://", "address"),
        (lambda _: "mailto:x@example.org", "address"),
        (lambda _: "http://exa mple.org:x/", "address"),
    ],
    ids=["silent", "cut", "nobody", "empty", "scheme", "junk"],
)
async def test_what_goes_wrong_has_its_kind(
    server: FeedServer, answer: Callable[[FeedServer], str], wanted: str
) -> None:
    rule, _ = only("127.0.0.1")
    async with client(rule) as opened:
        assert await kind(opened, answer(server)) == wanted


async def test_a_path_is_sent_as_it_was_written(server: FeedServer) -> None:
    """A signature over the address holds only so."""
    path = "/%7Eann/a%2Fb?x=%41+b&sig=a%3D%3d"
    server.serve(path, b"x")
    rule, _ = only("127.0.0.1")
    async with client(rule) as opened:
        assert await body(opened, server.url(path)) == b"x"
        server.serve("/caf%C3%A9", b"y")
        assert await body(opened, server.url("/café")) == b"y"


async def test_a_long_header_breaks_nothing(server: FeedServer) -> None:
    url = server.serve("/f", b"x", headers=(("Content-Security-Policy", "x" * 20_000),))
    rule, _ = only("127.0.0.1")
    async with client(rule) as opened:
        assert await body(opened, url) == b"x"


class Failing(Resolver):
    """Fails as the system's resolver does."""

    def __init__(self, number: int) -> None:
        super().__init__([])
        self.number = number

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise socket.gaierror(self.number, "as the system says it")


@pytest.mark.parametrize(
    ("number", "said"), [(socket.EAI_NONAME, "is not known"), (socket.EAI_AGAIN, "cannot be looked up now")]
)
async def test_a_resolver_that_is_away_is_told_from_a_name_that_is_not_there(number: int, said: str) -> None:
    rule, _ = only()
    async with client(rule, Failing(number)) as opened:
        with pytest.raises(FetchError, match=rf"its host name {said}$") as caught:
            await body(opened, "http://feeds.example/")
    assert caught.value.kind == "dns"
