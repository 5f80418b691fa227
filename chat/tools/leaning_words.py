"""The words by which a question leans on the one before, by language: pronouns without their noun, and openers.

Words that lean in one of their senses only ("das", "la") are left out unless the words around them tell which it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_OPENING = r"^[\s¿¡]*"


def _pattern(words: str, *, opening: str = "", also: str = "") -> re.Pattern[str]:
    """Match one of ``words`` anywhere, one of ``opening`` at the beginning, or the expression ``also``."""
    parts = [rf"\b(?:{'|'.join(words.split())})\b"] if words else []
    parts += [rf"{_OPENING}(?:{'|'.join(opening.split())})\b"] if opening else []
    parts += [also] if also else []
    return re.compile("|".join(parts), re.IGNORECASE)


_LEANING = {
    "en": _pattern(
        "it its they them their he she his her this that these those there then same others? else more again",
        opening="and but or so why",
        also=rf"{_OPENING}(?:how|what) about\b",
    ),
    "de": _pattern(
        "da(?:für|von|zu|mit|ran|rauf|rin|rüber|bei|durch|nach|gegen|rum) dies(?:e[rsmn]?)? jene[rsmn]? er ihn ihm "
        "dort dann sonst auch andere[rsmn]? d(?:er|ie|as|en|em)selben?",
        opening="und aber oder also warum wieso",
        also=r"\b(?-i:sie|ihnen)\b|(?<!gibt )\bes\b|\b(?:das|die|den|der|dem)(?=\s*[?.!]|\s+(?:auch|noch|dann|denn)\b)",
    ),
    "fr": _pattern(
        "ça cela ceci celui celle ceux celles lui eux aussi autres? encore cet cette",
        opening="et mais ou alors donc pourquoi",
        also=r"(?<!-)\bces?\b(?! qu)|\ben (?:est|a|sont|ont|fait)\b|-(?:le|la|les|lui|leur|y|en)\b|\b[cs]'est\b|-là\b"
        r"|-(?:je|tu|on|il|elle|nous|vous) (?:(?:le|la|les|lui|leur|y|en) |l')\w+(?:er|ir|re)\b"
        r"|\b(?:comment|où|quand) (?:(?:le|la|les|lui|leur|y|en) |l')\w+(?:er|ir|re)\s*[?.!]*$",
    ),
    "es": _pattern(
        "él ell[ao]s? es[aeo]s? est[aeo]s? aquel(?:los|las?)? también otr[ao]s? allí entonces",
        opening="y pero o entonces",
        also=r"\w(?:ar|er|ir)(?:me|te|se)?(?:l[aeo]s?)\b",
    ),
    "it": _pattern(
        "ne ciò quest[oaie] quel(?:l[oaie])? quei quegli esso essa essi esse lui lei loro anche altr[oaie] ancora "
        "lì allora stess[oaie]",
        opening="e ma o allora perché",
        also=r"\w(?:ar|er|ir)(?:l[oaie]|ne|ci)\b",
    ),
    "nl": _pattern(
        "dat dit deze (?:daar|er)(?:voor|mee|op|van|aan|bij|over|door|in|na|uit) daar ze hij hem hen hun ook andere "
        "nog dan",
        opening="en maar of waarom",
        also=r"\b(?:ik|je|we|u|men) (?:het|die)(?=\s+\w+en\b|\s*[?.])",
    ),
    "pt": _pattern(
        "n?isso n?isto n?aquilo disso disto el[ae]s? nel[ae]s? del[ae]s? n?ess[ea]s? dess[ea]s? n?est[ea]s? dest[ea]s? "
        "também outr[ao]s? ainda então",
        opening="e mas ou então",
        also=r"\w-(?:l?[oa]s?|lhes?)\b",
    ),
    "pl": _pattern(
        "to tego tym temu ten tę tą te tej tych taki(?:m|ego|ch)? takiej jego jej go ją ich im nim nich oni one "
        "on ona ono także też również inn[eyai] innych jeszcze tam wtedy",
        opening="a i ale lub albo dlaczego",
    ),
    "ru": _pattern(
        "эт(?:о|ого|ому|ом|от|а|и|их|им|у|ой) он[аои]? его ему её ее ей их им ними нём нем ней них тоже также "
        "друг(?:ие|ой|ая|ое|их|им|ими) ещё еще там тогда так(?:ой|ом|их|ая|ие)",
        opening="а и но или почему",
    ),
    "ja": _pattern(
        "",
        also="[それこあ][れのこ](?!ら?くらい)|そう|こう(?=い|し|な)|(?:他|ほか)[にの]|もっと|また|にも|^(?:では|じゃ|でも|なぜ|どうして)"
        r"|(?:は|場合は|なら)[？?]?\s*$|はどう(?:です|でしょう)",
    ),
    "zh": _pattern("", also=r"[它她这那]|他们|其[他它中]|也|还有|另外|^(?:为什么|如果|但是|可是)|呢[？?]?\s*$"),
}


def leans(question: str, *, languages: Iterable[str]) -> bool:
    """Return whether ``question``, in one of ``languages``, has such a word. Other languages have none."""
    return any(_LEANING[language].search(question) for language in languages if language in _LEANING)
