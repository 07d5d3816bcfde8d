"""What a reply means. Words in the languages that we serve, as data; everything else is for a person to read.

A command is the whole reply, give or take punctuation and a "please". A sentence that only sounds like leaving is never
taken for the command: that person gets nothing until somebody has read it.
"""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum


class Wish(StrEnum):
    """What somebody who answers us wants. The value is what the inbox shows."""

    STOP = "stop"  # the channel it came by, for good
    HELP = "help"
    START = "start"  # the person's own yes
    DONE = "done"  # "I wrote"
    JOIN = "join"
    SOUNDS_LIKE_LEAVING = "sounds like leaving"
    AUTOMATIC = "automatic answer"
    OTHER = "reply"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


# The first row of STOP and HELP is what the carriers of North America prescribe (CTIA, 10DLC); the others are what
# people write in French, Spanish, Arabic, Chinese and Russian.
WORDS: Mapping[Wish, frozenset[str]] = {
    Wish.STOP: _words(
        "stop|stopall|stop all|unsubscribe|cancel|end|quit|revoke|optout|opt out|opt-out|stop it|leave"
        "|arret|arrêt|arrêter|arreter|désabonner|desabonner|désinscription|desinscription|stop sms"
        "|baja|alto|parar|pare|cancelar|salir|darse de baja|dar de baja"
        "|توقف|قف|وقف|إلغاء|الغاء|إلغاء الاشتراك|الغاء الاشتراك|ايقاف|إيقاف"
        "|停止|退订|退訂|取消|取消订阅|取消訂閱|td|tui ding"
        "|стоп|отписаться|отписка|отмена|отпишите|хватит"
    ),
    Wish.HELP: _words(
        "help|info|aide|infos|ayuda|información|informacion|مساعدة|معلومات|帮助|幫助|помощь|справка|инфо|?"
    ),
    Wish.START: _words(
        "start|unstop|yes|y|oui|commencer|reprendre|si|sí|iniciar|empezar|نعم|ابدأ|ابدا|是|开始|開始|确认|確認|да|старт|начать"
    ),
    Wish.DONE: _words(
        "done|i wrote|i have written|i've written|wrote|written|i did it|sent|i sent it|posted"
        "|fait|c'est fait|j'ai écrit|j'ai ecrit|envoyé|envoye|écrit"
        "|hecho|he escrito|escribí|escribi|ya escribí|ya está|enviado|ya escribi"
        "|تم|كتبت|لقد كتبت|أرسلت|ارسلت"
        "|已写|已寫|我写了|我寫了|写了|寫了|完成|已完成|已寄|已发送"
        "|сделано|готово|я написал|я написала|написал|написала|отправил|отправила|отправлено"
    ),
    Wish.JOIN: _words(
        "join|subscribe|rejoindre|s'abonner|abonner|inscription|unirme|unirse|suscribir|suscribirme|انضم|انضمام|اشترك|اشتراك"
        "|加入|订阅|訂閱|вступить|подписаться|присоединиться"
    ),
}

# What people write who want to leave and do not know the word. It stops their messages until somebody has read it.
_SOUNDS = re.compile(
    r"unsubscri|opt(ed|ing)?[ -]?out|remove me|take me off|stop (send|writ|text|mail|email|contact|messag|bother)|leave me alone"
    r"|do not (contact|write|text|email|message)|don'?t (contact|write|text|email|message)|no more (e-?mail|mail|text|sms|message|reminder)"
    r"|delete my|never asked|how did you get my|gdpr|spam"
    r"|désabonn|desabonn|désinscri|desinscri|ne m'écrivez plus|n'écrivez plus|plus de (mail|message|sms|courriel)|retirez[- ]moi|supprimez"
    r"|dar(me)? de baja|darse de baja|no me (escrib|env|mand|contact)|no quiero (recibir|más)|quítenme|quitenme|bórrenme|borrenme"
    r"|إلغاء الاشتراك|الغاء الاشتراك|لا ترسل|لا تراسل|احذف|توقفوا"
    r"|退订|退訂|取消订阅|取消訂閱|不要再发|不要再發|别再发|別再發|删除我|刪除我"
    r"|отпиш|не пишите|не присылайте|больше не|удалите|уберите меня|прекратите",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"\b(please|pls|plz|thanks|thank you|svp|s'il vous plaît|merci|por favor|gracias|пожалуйста|спасибо)\b"
)
_EDGES = " \t\r\n.,;:!¡¿\"'«»“”‘’()[]<>*_-–—。！，؟،/\\"
LONGEST_COMMAND = 40


def plain(text: str) -> str:
    """A reply as it is compared: one line, lower case, without politeness and punctuation around it."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(char for char in text if unicodedata.category(char) not in {"Cf", "So"})
    return " ".join(_POLITE.sub(" ", text).split()).strip(_EDGES)


def wish_of(text: str) -> Wish:
    """What a reply means; only new text, without what it quotes."""
    words = plain(text)
    if len(words) <= LONGEST_COMMAND:
        for wish, known in WORDS.items():
            if words in known:
                return wish
        # "STOP!!! now": nobody who begins with the word that every carrier knows wants more of it.
        if words.split(" ")[0].strip(_EDGES) in {"stop", "stopall", "unsubscribe", "стоп", "退订"}:
            return Wish.STOP
    return Wish.SOUNDS_LIKE_LEAVING if _SOUNDS.search(words) else Wish.OTHER


_AUTOMATIC = re.compile(r"auto-generated|auto-replied|auto-notified", re.IGNORECASE)
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})


def is_automatic(headers: Mapping[str, str]) -> bool:
    """Whether a mail was written by a machine (RFC 3834, and what Outlook and old programs do); lower-case header names."""
    if _AUTOMATIC.search(headers.get("auto-submitted", "")) or headers.get("precedence", "").strip().lower() in _BULK:
        return True
    if any(
        name in headers for name in ("x-autoreply", "x-autorespond", "x-auto-response-suppress", "x-failed-recipients")
    ):
        return True
    if headers.get("return-path", "").strip() == "<>":
        return True
    return headers.get("content-type", "").strip().lower().startswith("multipart/report")
