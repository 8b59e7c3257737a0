# SPDX-License-Identifier: Apache-2.0
"""Is this Vietnamese? Syllables by the rules of spelling, letters with marks, old encodings.

Used as evidence only (which way is up, does a text layer lie); nothing here rewrites a word.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ocr.normalise import nfc

__all__ = [
    "fold",
    "from_tcvn3",
    "from_vni",
    "is_english",
    "is_syllable",
    "legacy_encoding",
    "marked_share",
    "nfc",
    "syllable_share",
    "words_of",
]

_ONSETS = "ngh ng nh ch gh gi kh ph qu th tr b c d đ g h k l m n p r s t v x"
_RHYMES = """
a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
e ec em en eng eo ep et ê êch êm ên ênh êp êt êu i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip
it iu o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi
om on ong ooc oong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt u ua uân uâng uât uây uc uê uênh
uêch ui um un ung uôc uôi uôm uôn uông uôt uơ up ut uy uya uych uyên uyêt uynh uyt uyu uyp
ư ưa ưc ưi
ưm ưn ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu y yêm yên yêng yêt yêu êt ynh yt
"""
_SYLLABLE = re.compile(
    f"(?:(?P<onset>{'|'.join(_ONSETS.split())}))?(?P<rhyme>{'|'.join(sorted(set(_RHYMES.split())))})$"
)
_TONES = {"\u0300": "huyền", "\u0301": "sắc", "\u0309": "hỏi", "\u0303": "ngã", "\u0323": "nặng"}
_STOPPED = re.compile(r"(?:c|ch|p|t)$")
_ENGLISH = frozenset(
    {"the", "of", "and", "to", "in", "for", "on", "by", "with", "is", "this", "shall"}
)


@lru_cache(maxsize=20_000)
def is_syllable(word: str) -> bool:
    """Whether one word, punctuation off, can be a Vietnamese syllable ("nghiêng", not "nghêng")."""
    letters, tone = [], ""
    for letter in unicodedata.normalize("NFD", word.strip(".,;:!?()[]\"'“”‘’-–").lower()):
        if letter in _TONES:
            if tone:
                return False
            tone = _TONES[letter]
        else:
            letters.append(letter)
    found = _SYLLABLE.match(unicodedata.normalize("NFC", "".join(letters)))
    if not found:
        return False
    # a syllable that ends in a stop has sắc or nặng
    return not _STOPPED.search(found["rhyme"]) or tone in ("sắc", "nặng")


def marked_share(text: str) -> float:
    """Share of the letters that bear a Vietnamese mark or are đ; 0.24-0.35 in legal texts."""
    letters = [c for c in unicodedata.normalize("NFC", text) if c.isalpha()]
    marked = sum(c in "đĐ" or len(unicodedata.normalize("NFD", c)) > 1 for c in letters)
    return marked / len(letters) if letters else 0.0


def words_of(text: str) -> list[str]:
    """Runs of letters, NFC; digits and punctuation part them."""
    return re.findall(r"[^\W\d_]+", nfc(text))


def fold(text: str) -> str:
    """Letters without their marks, case kept: "Đường" -> "Duong"."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return bare.replace("đ", "d").replace("Đ", "D")


def syllable_share(text: str) -> float:
    """Share of the words with two letters or more that are possible syllables."""
    asked = [w for w in words_of(text) if len(w) >= 2]
    return sum(is_syllable(w) for w in asked) / len(asked) if asked else 0.0


def is_english(text: str) -> bool:
    """Small words of English make up 15 % and more of an English page, hardly any of ours."""
    asked = [w.lower() for w in words_of(text)]
    return len(asked) >= 20 and sum(w in _ENGLISH for w in asked) >= 0.1 * len(asked)


# --- encodings from before Unicode ---------------------------------------------------------------
_TCVN3 = dict(
    zip(
        "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\u00adõøö÷ùúýûüþ¡¢§£¤¥¦",
        "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵĂÂĐÊÔƠƯ",
        strict=True,
    )
)
_VNI_MARKS = {
    "a": dict(zip("øùûõïêèéúüëâàáåãä", "àáảãạăằắẳẵặâầấẩẫậ", strict=True)),
    "e": dict(zip("øùûõïâàáåãä", "èéẻẽẹêềếểễệ", strict=True)),
    "o": dict(zip("øùûõïâàáåãä", "òóỏõọôồốổỗộ", strict=True)),
    "u": dict(zip("øùûõï", "ùúủũụ", strict=True)),
    "y": dict(zip("øùûõ", "ỳýỷỹ", strict=True)),
    "ô": dict(zip("øùûõï", "ờớởỡợ", strict=True)),
    "ö": dict(zip("øùûõï", "ừứửữự", strict=True)),
}
_VNI_ALONE = {"ô": "ơ", "ö": "ư", "ñ": "đ", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}
_LEAST_FOREIGN = 0.04
_JUMP = 0.15


def from_tcvn3(text: str) -> str:
    """TCVN 5712 (ABC, fonts named .Vn*) taken for Latin-1: "QuyÕt ®Þnh" -> "Quyết định"."""
    return "".join(_TCVN3.get(c, c) for c in nfc(text))


def from_vni(text: str) -> str:
    """VNI Windows taken for Latin-1, one letter in two: "Coäng hoøa" -> "Cộng hòa"."""
    text, made, at = nfc(text), [], 0
    while at < len(text):
        letter, after = text[at], text[at + 1 : at + 2].lower()
        marked = _VNI_MARKS.get(letter.lower(), {}).get(after)
        if marked is not None:
            at += 1
        else:
            marked = _VNI_ALONE.get(letter.lower(), letter)
        made.append(marked.upper() if letter.isupper() else marked)
        at += 1
    return "".join(made)


def legacy_encoding(text: str) -> str | None:
    """`tcvn3` or `vni` when the text reads as Vietnamese only after decoding it so; else None."""
    seen = [c for c in nfc(text) if not c.isspace() and not c.isdigit()]
    as_is = syllable_share(text)
    for name, decode, own in (
        ("tcvn3", from_tcvn3, frozenset("®§µ¶·¸¹»¼½¾ÆÇËÎÏÑÖ×ØÜÞß«¬ªæçåëîïñöø÷ûüþ")),
        ("vni", from_vni, frozenset("äåæëîïñöøûü")),
    ):
        foreign = sum(c in own for c in seen)
        if foreign >= _LEAST_FOREIGN * len(seen) and syllable_share(decode(text)) > as_is + _JUMP:
            return name
    return None
