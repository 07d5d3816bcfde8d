"""Which providers there are. Adding one: a file, a line here, samples for the tests; docs/providers.md has the list."""

from collections.abc import Mapping
from importlib import import_module

import httpx

from reminder.errors import BadSetting
from reminder.providers.contract import Provider
from reminder.providers.options import Option, Options, setting_name

REGISTRY: dict[str, str] = {
    "smtp": "reminder.providers.email.smtp.Smtp",
    "sendgrid": "reminder.providers.email.sendgrid.SendGrid",
    "mailgun": "reminder.providers.email.mailgun.Mailgun",
    "postmark": "reminder.providers.email.postmark.Postmark",
    "resend": "reminder.providers.email.resend.Resend",
    "brevo": "reminder.providers.email.brevo.Brevo",
    "mailjet": "reminder.providers.email.mailjet.Mailjet",
    "ses": "reminder.providers.email.ses.Ses",
    "email-folder": "reminder.providers.email.folder.EmailFolder",
    "twilio": "reminder.providers.sms.twilio.Twilio",
    "vonage": "reminder.providers.sms.vonage.Vonage",
    "vonage-messages": "reminder.providers.sms.vonage_messages.VonageMessages",
    "telnyx": "reminder.providers.sms.telnyx.Telnyx",
    "kannel": "reminder.providers.sms.kannel.Kannel",
    "aws-sms": "reminder.providers.sms.aws_sms.AwsSms",
    "africas-talking": "reminder.providers.sms.africas_talking.AfricasTalking",
    "infobip": "reminder.providers.sms.infobip.Infobip",
    "sms-folder": "reminder.providers.sms.folder.SmsFolder",
}


def provider_class(name: str) -> type[Provider]:
    """The class behind a name. Raises `BadSetting` for an unknown one."""
    if name not in REGISTRY:
        raise BadSetting("provider", f"{name!r} is not known", f"Choose one of: {', '.join(REGISTRY)}.")
    module, _, attribute = REGISTRY[name].rpartition(".")
    found: type[Provider] = getattr(import_module(module), attribute)
    return found


def build(name: str, options: Mapping[str, str], http: httpx.AsyncClient) -> Provider:
    """The provider called `name` with its options by short name ("host", not "SMTP_HOST"); opens no connection.

    Raises `BadSetting` naming the setting that is unknown, missing or out of its range.
    """
    chosen = provider_class(name)
    return chosen.from_options(Options(name, chosen.options, options), http)


def settings_of(name: str) -> dict[str, Option]:
    """The environment variables of a provider and what each is for: {"SMTP_HOST": Option("host", …)}."""
    return {setting_name(name, option.name): option for option in provider_class(name).options}


def options_from(name: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Pick the options of a provider out of environment variables; what is not set is left out."""
    return {option.name: settings[key] for key, option in settings_of(name).items() if key in settings}
