"""A Kannel of a test's own on loopback: its core, its door for texts, and an operator that is make-believe."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.gateways.programs import Running, free_ports, running

USER, PASSWORD, HOOK_SECRET, NUMBER = "appeals", "pass-word-of-kannel", "hook-secret-of-kannel", "12345"
PROGRAMS = ("bearerbox", "smsbox", "fakesmsc")

CONFIGURATION = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = nobody-asks
admin-allow-ip = 127.0.0.1
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
box-deny-ip = "*.*.*.*"
dlr-storage = internal
store-type = file
store-location = {folder}/store

group = smsc
smsc = fake
smsc-id = operator
port = {operator}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = {user}
password = {password}

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{hook}?key={secret}&from=%p&to=%P&text=%b&charset=%C&id=%I&at=%T"
"""


@dataclass
class Kannel:
    """The gateway. `phones` shows what arrived at the operator."""

    url: str
    operator_port: int

    @contextmanager
    def phones(self, *texts: str) -> Iterator[Running]:
        """The operator: it takes every text, and sends each of `texts` ("FROM TO text WORDS") once."""
        number = str(len(texts))
        address = ("-H", "127.0.0.1", "-r", str(self.operator_port), "-i", "0.1")
        with running("fakesmsc", *address, "-m", number, *(texts or ("1 2 text none",))) as operator:
            yield operator


@contextmanager
def kannel(folder: Path, hook: str) -> Iterator[Kannel]:
    """A gateway that tells `hook` everything, from the moment at which it takes texts until the end."""
    admin, boxes, operator, sendsms = free_ports(4)
    names = {"user": USER, "password": PASSWORD, "secret": HOOK_SECRET, "hook": hook, "folder": folder}
    file = folder / "kannel.conf"
    file.write_text(
        CONFIGURATION.format(admin=admin, boxes=boxes, operator=operator, sendsms=sendsms, **names), encoding="utf-8"
    )
    with ExitStack() as stack:
        core = stack.enter_context(running("bearerbox", str(file)))
        core.until("smsc_fake: start called")
        stack.enter_context(running("smsbox", str(file)))
        core.until("Client connected from <127.0.0.1>")
        yield Kannel(f"http://127.0.0.1:{sendsms}/cgi-bin/sendsms", operator)
