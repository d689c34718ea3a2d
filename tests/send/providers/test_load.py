"""Which providers there are, and what a configuration makes of them."""

from dataclasses import replace

import pytest
from send.world import config

from digest.errors import ConfigError
from digest.send import providers
from digest.send.providers.base import Account, Capabilities, Codec


def test_all_of_the_design_are_known() -> None:
    named = "mailbox file ses resend postmark mailgun sendgrid brevo mailtrap kumomta mailpit"
    assert set(named.split()) <= set(providers.known())


@pytest.mark.parametrize("name", ["resend", "postmark", "mailgun", "sendgrid", "brevo", "mailtrap"])
def test_each_has_its_own_address_and_base_url_goes_before_it(name: str, tmp_path) -> None:
    ours = providers.load(config(tmp_path, provider=name).mail, folder=tmp_path)
    assert ours.name == name
    assert "https://" in repr(ours)
    theirs = providers.load(config(tmp_path, provider=name, base_url="http://127.0.0.1:9").mail, folder=tmp_path)
    assert "http://127.0.0.1:9" in repr(theirs)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"provider": "nonesuch"}, "there is no provider 'nonesuch'"),
        ({"provider": "mailpit"}, "needs an address"),
        ({"provider": "kumomta"}, "needs an address"),
        ({"provider": "mailbox"}, "is not being served"),
        ({"provider": "resend", "api_key": ""}, "needs a key"),
        ({"provider": "ses", "api_key": ""}, "needs a key"),
    ],
)
def test_what_cannot_be_used_is_said_at_once(changes: dict, words: str, tmp_path) -> None:
    mail = config(tmp_path).mail
    given = {"api_key": type(mail.api_key)(changes.pop("api_key", "key")), **changes}
    with pytest.raises(ConfigError, match=words) as raised:
        providers.load(mail.model_copy(update=given), folder=tmp_path, environ={})
    assert raised.value.exit_code == 2


def test_amazons_keys_come_from_the_environment(tmp_path) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "very-secret", "AWS_REGION": "eu-central-1"}
    mail = config(tmp_path, provider="ses").mail
    made = providers.load(mail.model_copy(update={"api_key": type(mail.api_key)("")}), folder=tmp_path, environ=environ)
    assert "email.eu-central-1.amazonaws.com" in repr(made)
    assert "very-secret" not in repr(made)


def test_only_our_own_mailbox_is_known_to_know_a_message_again(tmp_path) -> None:
    ours = providers.load(config(tmp_path, provider="mailbox").mail, base_url="http://127.0.0.1:9", folder=tmp_path)
    theirs = providers.load(config(tmp_path, provider="mailbox", base_url="http://127.0.0.1:9").mail, folder=tmp_path)
    assert ours.capabilities.idempotency is not None
    assert theirs.capabilities.idempotency is None


class Mute(Codec):
    name = "mute"
    capabilities = Capabilities(batch_max=1, unsubscribe_headers=False, why_not="it drops List-Unsubscribe")


def test_one_that_cannot_carry_the_unsubscribe_headers_is_refused_by_name() -> None:
    account = Account(base_url="http://127.0.0.1:9", sender="a@b.example")
    with pytest.raises(ConfigError, match=r"mute cannot carry List-Unsubscribe.*it drops List-Unsubscribe"):
        providers.check(Mute(account))
    able = Mute(account)
    able.capabilities = replace(able.capabilities, unsubscribe_headers=True)
    providers.check(able)
