"""What providers report, verified and read: one pure module each, `events(report, secret, now)`.

Each verifies the raw bytes before it parses them, and raises Forged or Unreadable.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from digest.model import Event
from digest.web.hooks import brevo, kumomta, mailgun, mailtrap, postmark, resend, sendgrid, ses
from digest.web.hooks.report import Forged, Report, Unreadable

Hook = Callable[[Report, str, datetime], tuple[Event, ...]]

HOOKS: Mapping[str, Hook] = {
    "brevo": brevo.events,
    "kumomta": kumomta.events,
    "mailgun": mailgun.events,
    "mailtrap": mailtrap.events,
    "postmark": postmark.events,
    "resend": resend.events,
    "sendgrid": sendgrid.events,
    "ses": ses.events,
}

__all__ = ["HOOKS", "Forged", "Hook", "Report", "Unreadable"]
