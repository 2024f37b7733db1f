"""Opt-outs in words of people's own: "please stop texting me", "wrong number".

They count where nobody else could be meant. In a conversation they may be meant for the partner.
"""

import re
import unicodedata
from collections.abc import Iterable

# What follows is a letter, no request.
_MAX_LENGTH = 300

_CLAUSE_END = re.compile(r"[.,;:!?\u00a1\u00bf()\u3002\uff0c]+")

_APOSTROPHES = re.compile("['\u2018\u2019`]")

_BEFORE = (
    r"please|pls|plz|kindly|ok|okay|hi|hey|hello|sorry|and|so|just|"
    r"por favor|porfavor|favor de|hola|y|svp|s il vous plait|sil vous plait|bonjour|et"
)

_AFTER = (
    r"please|pls|plz|now|right now|immediately|already|thanks|thank you|thx|ty|again|anymore|"
    r"any more|por favor|porfavor|ya|gracias|svp|s il vous plait|sil vous plait|merci"
)

_POLITE = re.compile(rf"(?:(?:{_BEFORE}) )*(?P<request>.+?)(?: (?:{_AFTER}))*")

_MESSAGES = r"(?:texts?|txts?|messages?|msgs?|sms|spam|texting|messaging)"

# What may follow a verb: to whom, from where, how many.
_OBJECTS = (
    r"(?: (?:me|us|this|these|those|the|my|your|all|any|more|to|from|of|on|it|phone|cell|number|"
    rf"list|service|anything|everything|{_MESSAGES}))*"
)

_ES_MESSAGES = r"(?:mensajes?|textos?|sms)"

_ES_OBJECTS = rf"(?: (?:me|mas|de|a|este|mi|numero|nada|los|estos|sus|{_ES_MESSAGES}))*"

_REQUESTS = (
    # English
    rf"(?:stop|quit|cease)(?: (?:texting|txting|messaging|sending|contacting|writing|bothering|"
    rf"spamming|calling))?{_OBJECTS}",
    rf"(?:i )?(?:do not|dont|never|no longer)(?: want(?: to)?(?: get| receive)?| text| txt|"
    rf" message| msg| contact| write| send| bother| spam){_OBJECTS} {_MESSAGES}{_OBJECTS}",
    rf"(?:do not|dont|never) (?:text|txt|message|msg|contact|write|bother|spam) (?:me|us|this)"
    rf"{_OBJECTS}",
    rf"no more(?: of)?{_OBJECTS} {_MESSAGES}{_OBJECTS}",
    rf"no more {_MESSAGES}{_OBJECTS}",
    r"(?:(?:this is|its|it is|you have|youve|you ve|you got|youve got|you are texting) )?"
    r"(?:the |a )?wrong (?:number|person|num|phone)",
    rf"(?:take|get) (?:me|my (?:number|phone|phone number)) off{_OBJECTS}",
    rf"(?:remove|delete) (?:me|my (?:number|phone|phone number))(?: (?:from|off){_OBJECTS})?",
    r"(?:(?:i|id|we) (?:want|wish|like|would like|need) to )?"
    rf"(?:unsubscribe|opt out|opt me out|optout|be (?:removed|unsubscribed)){_OBJECTS}",
    r"(?:i|we) (?:want|wish|would like|need) (?:this |it |you )?to stop",
    r"leave me alone",
    # Spanish
    rf"no (?:me )?(?:envie|envien|envies|mande|manden|mandes|escriba|escriban|escribas)(?:me)?"
    rf"{_ES_OBJECTS}",
    rf"(?:deje|dejen|deja|pare|paren|para|basta) de (?:enviar|mandar|escribir|molestar)(?:me|nos)?"
    rf"{_ES_OBJECTS}",
    rf"(?:ya )?no (?:quiero|deseo)(?: recibir)?(?: mas)?(?: de)?(?: sus| estos)? {_ES_MESSAGES}",
    rf"(?:no|basta de) (?:mas )?{_ES_MESSAGES}",
    r"(?:(?:tiene|tienes|es|este es) )?(?:el |un )?numero (?:equivocado|incorrecto)",
    r"(?:(?:quiero|deseo|quisiera) )?(?:darme|dar|dame|deme) de baja",
    # French, as in Canada
    r"(?:arretez|arrete|cessez)(?: (?:de )?(?:me |m)?(?:texter|ecrire|envoyer|contacter)"
    r"(?: (?:des |de )?(?:messages?|textos?))?)?",
    r"(?:plus|pas) de (?:messages?|textos?)",
    r"(?:(?:vous avez|c est|cest) )?(?:le |un )?(?:mauvais|faux) numero",
    r"(?:me )?desabonner|desabonnez moi",
)

_REQUEST = re.compile("|".join(f"(?:{request})" for request in _REQUESTS))

# Each request holds one of these words: most messages hold none.
_TELLING = frozenset(
    (
        *("stop", "quit", "cease", "text", "texts", "txt", "txts", "message", "messages", "msg"),
        *("msgs", "sms", "spam", "texting", "messaging", "contact", "bother", "wrong", "take"),
        *("get", "remove", "delete", "unsubscribe", "opt", "optout", "removed", "unsubscribed"),
        *("alone", "envie", "envien", "envies", "mande", "manden", "mandes", "escriba", "escriban"),
        *("escribas", "deje", "dejen", "deja", "pare", "paren", "para", "basta", "mensaje"),
        *("mensajes", "texto", "textos", "equivocado", "incorrecto", "baja", "arretez", "arrete"),
        *("cessez", "mauvais", "faux", "desabonner", "desabonnez"),
    )
)

_WORD = re.compile(r"[^\W\d_]+")


class OptOutWordings:
    """Recognises them; the keywords that opt out count with words of politeness too."""

    def __init__(self, keywords: Iterable[str]) -> None:
        self._keywords = frozenset(keywords)
        words = (word for keyword in self._keywords for word in keyword.split())
        self._telling = _TELLING.union(words)

    def match(self, text: str, first_line: str) -> bool:
        """Whether a clause of a text, or its first line, asks for no more texts.

        Both as `normalization.folded` returns them.
        """
        plain = _plain(text[:_MAX_LENGTH])
        if self._telling.isdisjoint(_WORD.findall(plain)):
            return False
        requests = list(map(_without_politeness, _clauses(plain)))
        return any(map(_REQUEST.fullmatch, requests)) or any(
            request in self._keywords for request in (*requests, first_line)
        )


def _without_politeness(clause: str) -> str:
    match = _POLITE.fullmatch(clause)
    return match["request"] if match else clause


def _clauses(text: str) -> Iterable[str]:
    clauses = (" ".join(clause.split()) for clause in _CLAUSE_END.split(text))
    return (clause for clause in clauses if clause)


def _plain(text: str) -> str:
    """Without accents, apostrophes and hyphens."""
    letters = _APOSTROPHES.sub("", text).replace("-", " ")
    if letters.isascii():
        return letters
    decomposed = unicodedata.normalize("NFD", letters)
    return "".join(letter for letter in decomposed if unicodedata.category(letter) != "Mn")
