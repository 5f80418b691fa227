"""Numbers of cells as the digit places of number formats show them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from chat.documents.readers.sheets.format_tokens import FormatToken

_CONTEXT = Context(prec=2000, rounding=ROUND_HALF_UP)
"""Room for the largest number, with as many ``%`` as a code has room for."""

_WHOLE = 1e21
"""Whole numbers below it are shown digit by digit."""

# Schemes of codes, in which each token is a letter, and x are words.
_PLAIN = re.compile("([x 1-9%]*)((?:#,##)?0(?:[.]0+)?)([x 1-9%]*)")
_FRACTION = re.compile("(?:([0#?]+)[x ]+)?[0#?]+ */ *([0#?]+|[1-9][0-9]*)")
_LAST_DIGITS = re.compile(r"\d+(?=\D*$)")
_Show = Callable[[float], str]


def as_it_is(value: float) -> str:
    """Return a number without a format: of a fraction at most 15 digits, a whole number whole."""
    return str(int(value)) if abs(value) < _WHOLE and value == int(value) else format(value, ".15g")


def digits_section(tokens: Sequence[FormatToken]) -> _Show:
    """Return what shows a number, none below 0, in the digit places of ``tokens``."""
    scheme = "".join(map(_letter, tokens))
    if (exponent := scheme.find("E")) > 0:
        return _scientific(tokens[:exponent], tokens[exponent:])
    if fraction := _FRACTION.search(scheme):
        return _fraction(tokens, fraction)
    number = _places(tokens)
    return lambda value: number(_decimal(value))


def _letter(token: FormatToken) -> str:
    if token.kind == "exponent":
        return "E"
    is_plain = token.kind in ("digit", "sign") or token.text in tuple(" 123456789")
    return token.text if is_plain else "x"


def _decimal(value: float) -> Decimal:
    return Decimal(as_it_is(value))


def _places(tokens: Sequence[FormatToken]) -> Callable[[Decimal], str]:
    """Return what shows a number in these digit places, without exponents and fractions."""
    scheme = "".join(map(_letter, tokens))
    whole = scheme.partition(".")[0]
    places = whole.rstrip(",x 123456789%")
    thousands = (whole[len(places) :] + scheme[len(scheme.rstrip(",x 123456789%")) :] * ("." in scheme)).count(",")
    shift = 2 * scheme.count("%") - 3 * thousands
    decimals = sum(map(scheme[len(whole) :].count, "0#?"))
    unit = Decimal(1).scaleb(-decimals)

    def rounded(number: Decimal) -> Decimal:
        return _CONTEXT.quantize(number.scaleb(shift, _CONTEXT) if shift else number, unit)

    if plain := _PLAIN.fullmatch(scheme):
        before, behind = (_literal(tokens[slice(*plain.span(part))]) for part in (1, 3))
        form = f"{',' * (',' in plain[2])}.{decimals}f"
        return lambda number: f"{before}{rounded(number):{form}}{behind}"

    def show(number: Decimal) -> str:
        digits, _, fraction = f"{rounded(number):f}".partition(".")
        shown = _whole_part(tokens[: len(whole)], digits.lstrip("0"), has_groups="," in places)
        return shown + _fraction_part(tokens[len(whole) :], fraction)

    return show


def _literal(tokens: Sequence[FormatToken]) -> str:
    return "".join(token.text for token in tokens)


def _whole_part(tokens: Sequence[FormatToken], digits: str, *, has_groups: bool) -> str:
    """Return the digits in their places, from the right; those for which there is no place before the first one."""
    shown: list[str] = []
    places = sum(token.kind == "digit" for token in tokens)
    left = digits
    for kind, text in reversed(tokens):
        if kind == "digit":
            places -= 1
            placed = left[-1:] if places else left
            left = left[: len(left) - len(placed)]
            shown.append(placed or {"0": "0", "?": " "}.get(text, ""))
        elif kind == "literal" or text == "%":
            shown.append(text)
    whole = left + "".join(reversed(shown))
    return _LAST_DIGITS.sub(_grouped, whole) if has_groups else whole


def _grouped(digits: re.Match[str]) -> str:
    return f"{int(digits[0]):,}" if digits[0][0] != "0" else digits[0]


def _fraction_part(tokens: Sequence[FormatToken], digits: str) -> str:
    """Return the point and the digits behind it; zeros at the end only in places that want them."""
    needed = len(digits.rstrip("0"))
    shown, at = [], 0
    for kind, text in tokens:
        if kind == "digit":
            shown.append(digits[at] if at < needed or text == "0" else " " * (text == "?"))
            at += 1
        elif text != "," or kind == "literal":
            shown.append(text)
    return "".join(shown)


def _scientific(mantissa: Sequence[FormatToken], exponent: Sequence[FormatToken]) -> _Show:
    scheme = "".join(map(_letter, mantissa))
    step = max(1, sum(map(scheme.partition(".")[0].count, "0#?")))
    show = _places(mantissa)
    unit = Decimal(1).scaleb(-sum(map(scheme.partition(".")[2].count, "0#?")))
    places = sum(token.kind == "digit" for token in exponent)
    behind = _literal([token for token in exponent[1:] if token.kind != "digit"])
    plus = "+" if exponent[0].text.endswith("+") else ""

    def shown(value: float) -> str:
        number = _decimal(value)
        power = number.adjusted() // step * step if number else 0
        if _CONTEXT.quantize(number.scaleb(-power, _CONTEXT), unit) >= 10**step:
            power += step
        sign = "-" if power < 0 else plus
        return f"{show(number.scaleb(-power, _CONTEXT))}E{sign}{abs(power):0{places}}{behind}"

    return shown


def _fraction(tokens: Sequence[FormatToken], match: re.Match[str]) -> _Show:
    """Return what shows a number as ``3 1/4``; without a place for the whole number as ``13/4``."""
    before, behind = _literal(tokens[: match.start()]), _literal(tokens[match.end() :])
    below = match[2]
    fixed = int(below) if below.strip("0#?") else 0

    def shown(value: float) -> str:
        number = Fraction(_decimal(value))
        whole = int(number) if match[1] else 0
        rest = number - whole
        part = rest.limit_denominator(10 ** len(below) - 1)
        above, under = (round(rest * fixed), fixed) if fixed else (part.numerator, part.denominator)
        if match[1] and above == under:
            whole, above = whole + 1, 0
        fraction = f"{above}/{under}" if above or not match[1] else ""
        return f"{before}{' '.join(filter(None, (str(whole) if whole or not fraction else '', fraction)))}{behind}"

    return shown
