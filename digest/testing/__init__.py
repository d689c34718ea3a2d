"""Public test doubles for plug-in authors: no mocks, real sockets on loopback."""

from digest.testing.contract import ProviderContract, Received
from digest.testing.feed_server import FeedServer, Reply, Request
from digest.testing.mail_server import Fault, MailServer

__all__ = ["Fault", "FeedServer", "MailServer", "ProviderContract", "Received", "Reply", "Request"]
