"""Why no connection to an SMTP server can be had, and trying one without sending anything."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace

import aiosmtplib

from reminder.domain.states import Fault
from reminder.errors import Trouble
from reminder.providers.email.smtp_replies import Step, classify, read_reply
from reminder.providers.email.smtp_session import Session
from reminder.providers.email.smtp_volley import Setback, setback_of
from reminder.providers.options import setting_name

MAIL_PORTS = (25, 465, 587)
KNOCK_SECONDS = 3.0


async def prove(open_session: Callable[[], Awaitable[Session]], host: str, port: int, name: str) -> None:
    """Open a connection, log in and say goodbye. `Trouble` that says what to do where that fails.

    A port that does not answer at all, not even with a refusal, is most often one that the hoster closes.
    """
    try:
        session = await open_session()
    except (aiosmtplib.SMTPException, OSError) as problem:
        if port in (silent := await silent_ports(host, {port, *MAIL_PORTS})):
            others = " and ".join(str(each) for each in sorted(silent - {port}))
            raise Trouble(
                f"{host}",
                f"port {port} does not answer at all{f', nor do {others}' if others else ''}: many hosters close them",
                "Use a provider that is reached over HTTPS (`reminder providers list`), or ask the hoster to open the port.",
            ) from None
        found = trouble_of(problem)
        said = " ".join(part for part in (found.code, found.detail) if part)
        wrong = setting_name(name, "user" if found.fault is Fault.ACCOUNT else "host")
        raise Trouble(wrong, f"no connection to {host}, port {port}: {said}", "Correct the settings of it.") from None
    session.quit()


async def silent_ports(host: str, ports: set[int]) -> set[int]:
    """Those of the ports that neither let us in nor refuse us."""

    async def is_silent(port: int) -> bool:
        try:
            async with asyncio.timeout(KNOCK_SECONDS):
                _, writer = await asyncio.open_connection(host, port)
        except TimeoutError:
            return True
        except OSError:
            return False
        writer.close()
        return False

    asked = sorted(ports)
    return {port for port, silent in zip(asked, await asyncio.gather(*map(is_silent, asked)), strict=True) if silent}


def trouble_of(problem: Exception) -> Setback:
    """Why no connection could be had. A login or certificate that is refused is our account's fault."""
    if isinstance(problem, aiosmtplib.SMTPResponseException):
        reply = read_reply(problem.code, problem.message.split("\n"))
        if not isinstance(problem, aiosmtplib.SMTPAuthenticationError):
            return setback_of(reply, classify(Step.CONNECT, reply)[1])
        # The words of a careless server may hold what we logged in with.
        return setback_of(replace(reply, text="login refused"), classify(Step.LOGIN, reply)[1])
    causes = {type(problem), type(problem.__cause__)}
    if any(issubclass(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Setback("the server's certificate is not trusted", Fault.ACCOUNT)
    if isinstance(problem, aiosmtplib.SMTPException) and not isinstance(problem, (ConnectionError, TimeoutError)):
        # Neither a lost connection nor a reply: the server lacks STARTTLS or AUTH, which our settings ask for.
        return Setback(f"could not connect: {problem.message}", Fault.ACCOUNT)
    cause = problem.__cause__ or problem
    return Setback(f"could not connect: {type(cause).__name__}")
