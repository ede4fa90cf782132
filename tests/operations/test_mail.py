"""Mail leaves through the server that is set, and says in words why it does not."""

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from crowdsite.errors import CrowdsiteError
from crowdsite.roles import ADMINISTRATOR, VIEWER
from operations import mail
from operations.models import MailSettings
from operations.services import change_settings
from tests.support.mail_server import mail_server, silent_server
from tests.support.people import person
from tests.support.redis_server import free_port

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def use(port: int, **changes: object) -> None:
    change_settings(
        MailSettings, {"smtp_host": "127.0.0.1", "smtp_port": port, "security": "none", "from_addr": "site@example.com"} | changes
    )  # fmt: skip


def problem() -> str:
    with pytest.raises(CrowdsiteError) as error:
        mail.send_test("you@example.com")
    return error.value.message


def test_a_mail_arrives_from_the_sender_that_is_set():
    with mail_server() as server:
        use(server.port)
        mail.send_test("you@example.com")
        assert "From: site@example.com" in server.mails[0]
        assert "To: you@example.com" in server.mails[0]
        EmailMessage("s", "b", "own@example.com", ["x@example.com"], connection=mail.StoredSmtpBackend()).send()
        assert "From: own@example.com" in server.mails[1]


def test_user_and_password_are_used_and_never_part_of_a_sentence():
    with mail_server(AUTH="535 no") as server:
        use(server.port, smtp_user="me", smtp_pass="mail-word")
        said = problem()
        assert "refused the user name or the password (535)" in said
        assert "mail-word" not in said
        assert any(line.startswith("AUTH") for line in server.said)


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ({"MAIL": "550 not you"}, "does not accept mail from"),
        ({"RCPT": "550 not them"}, "does not accept mail to"),
        ({"DATA": "554 spam"}, "554 spam"),
    ],
)
def test_each_refusal_of_a_server_has_its_sentence(answers, word):
    with mail_server(**answers) as server:
        use(server.port)
        assert word in problem()


def test_what_is_wrong_with_the_address_is_said():
    assert "No mail server is set" in problem()
    use(free_port())
    assert "does not accept connections" in problem()
    use(25, smtp_host="no-such-host.invalid")
    assert "no server called" in problem()
    with mail_server() as server:
        use(server.port, security="starttls")
        assert "does not offer" in problem()


def test_a_server_that_says_nothing_holds_nobody_up(monkeypatch):
    monkeypatch.setattr(mail, "TIMEOUT_SECS", 0.2)
    with silent_server() as port:
        use(port)
        assert "did not answer" in problem()


def test_whoever_sends_mail_can_ask_whether_it_is_set_up():
    assert not mail.StoredSmtpBackend().is_configured
    use(25)
    assert mail.StoredSmtpBackend().is_configured


def test_the_page_says_how_the_test_mail_went():
    client = Client()
    client.force_login(person(ADMINISTRATOR))
    with mail_server() as server:
        use(server.port)
        answer = client.post("/settings/mail/test", {"to": "you@example.com"}, follow=True)
        assert "took a test mail to you@example.com" in answer.content.decode()
        assert "no mail address" in client.post("/settings/mail/test", {"to": "you"}).content.decode()
    refused = client.post("/settings/mail/test", {"to": "you@example.com"})
    assert refused.status_code == 422
    assert "does not accept connections" in refused.content.decode()


def test_viewers_send_no_mail():
    client = Client()
    client.force_login(person(VIEWER))
    assert client.post("/settings/mail/test", {"to": "you@example.com"}).status_code == 403


def test_a_sender_who_asks_for_silence_gets_it_where_nothing_is_set():
    message = EmailMessage("s", "b", None, ["x@example.com"], connection=mail.StoredSmtpBackend(fail_silently=True))
    assert message.send(fail_silently=True) == 0
