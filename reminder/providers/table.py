"""The tables of docs/providers.md, made from the code."""

from collections.abc import Callable

from reminder.domain.states import Channel
from reminder.providers.contract import Capabilities
from reminder.providers.registry import REGISTRY, provider_class, settings_of

CHANNEL_WORDS = {Channel.EMAIL: "email", Channel.SMS: "SMS"}


def capability_table() -> str:
    """One row a provider: what it can do with its default settings. Markdown."""
    rows = ["| provider | by | " + " | ".join(CAPABILITY_WORDS) + " |", "|---|---|" + "---|" * len(CAPABILITY_WORDS)]
    for name in REGISTRY:
        chosen = provider_class(name)
        cells = " | ".join(word(chosen.capabilities) for word in CAPABILITY_WORDS.values())
        rows.append(f"| {name} | {CHANNEL_WORDS[chosen.channel]} | {cells} |")
    return "\n".join(rows)


def settings_table() -> str:
    """One row a setting, by its environment variable. Markdown."""
    rows = ["| setting | what it is | default |", "|---|---|---|"]
    for name in REGISTRY:
        for variable, option in settings_of(name).items():
            marks = [word for word, holds in (("required", option.required), ("secret", option.secret)) if holds]
            default = f"`{option.default}`" if option.default else ""
            rows.append(f"| `{variable}` | {option.sentence} | {', '.join([default, *marks]).strip(', ')} |")
    return "\n".join(rows)


def conditions() -> str:
    """One line a provider whose terms ask for more than the law. Markdown."""
    found = {name: provider_class(name).capabilities.conditions for name in REGISTRY}
    return "\n".join(f"- {name}: {sentence}" for name, sentence in found.items() if sentence)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


CAPABILITY_WORDS: dict[str, Callable[[Capabilities], str]] = {
    "messages a call": lambda can: _size(can),
    "calls side by side": lambda can: str(can.connections),
    "same call twice": lambda can: f"once within {can.idempotent_seconds} s" if can.idempotent_seconds else "twice",
    "can be asked afterwards": lambda can: "about what it took" if can.look_up_by_own_id else _yes(can.look_up),
    "gives up at a given time": lambda can: _yes(can.validity),
    "keeps our Message-ID": lambda can: _yes(can.keeps_message_id),
    "headers per person": lambda can: _yes(can.recipient_headers),
    "calls us back": lambda can: _yes(can.webhooks),
    "names a message by": lambda can: _named_by(can),
    "hands us answers": lambda can: _yes(can.inbound),
    "its own list is read": lambda can: _yes(can.suppressions),
    "asks questions from (complaints, bounces)": lambda can: _walls(can),
    "leaves this machine": lambda can: _yes(can.real),
}


def _size(can: Capabilities) -> str:
    return f"one by one, {can.volley} a volley" if can.batch_size == 1 else f"up to {can.batch_size}"


def _named_by(can: Capabilities) -> str:
    if not can.webhooks:
        return ""
    return "its own id" if can.names_by_own_id else "our id"


def _walls(can: Capabilities) -> str:
    walls = (can.complaints_wall, can.bounces_wall)
    return "" if min(walls) >= 100 else ", ".join("–" if wall >= 100 else f"{wall:g} %" for wall in walls)
