"""Each filter of the template language with Slovak text, as Twig has it.

Compared with Twig 3.5.1 on PHP 8.2. Ours differs on purpose: `replace` also takes two texts, and large numbers
are exact.
"""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crm.mobiletech.template_language import TemplateRenderError, compile_template

FILTERED = [
    ("x|default('nič')", None, "nič"),
    ("x|default('nič')", "", "nič"),
    ("x|default('nič')", False, "nič"),
    ("x|default('nič')", 0, "0"),
    ("x|default('nič')", "0", "0"),
    ("y|default('nič')", None, "nič"),
    ("y|default", None, ""),
    ("y|default(x)", "náhrada", "náhrada"),
    ("x|default(y)", "je", "je"),
    ("x|upper", "čučoriedka ľúbi", "ČUČORIEDKA ĽÚBI"),
    ("x|lower", "ŽIAR NAD HRONOM", "žiar nad hronom"),
    ("x|capitalize", "šAĽA A OKOLIE", "Šaľa a okolie"),
    ("x|trim", " \t\n ďakujeme \r\n", "ďakujeme"),
    ("x|trim", "\u00a0pevná\u00a0", "\u00a0pevná\u00a0"),
    ("x|trim('.!')", "..koniec!.", "koniec"),
    ("x|trim('0', 'left')", "00120", "120"),
    ("x|trim(' ', side)", " a ", " a"),
    ("x|replace({'%meno%': 'Žofia', '%n%': 3})", "Ahoj %meno%, %n%x", "Ahoj Žofia, 3x"),
    ("x|replace({'á': 'a', 'č': 'c', 'a': 'á'})", "čaká", "cáka"),
    ("x|replace({'a': '1', 'ab': '2'})", "aba", "21"),
    ("x|replace({'.': ','})", Decimal("4.99"), "4,99"),
    ("x|replace('.', ',')", "4.99", "4,99"),
    ("x|replace({'a': side})", "a-a", "right-right"),
    ("x|slice(0, 4)", "ľščťžý", "ľščť"),
    ("x|slice(2)", "ľščťžý", "čťžý"),
    ("x|slice(-2)", "ľščťžý", "žý"),
    ("x|slice(1, -1)", "ľščťžý", "ščťž"),
    ("x|slice(-9, 2)", "abc", "ab"),
    ("x|slice(9)", "abc", ""),
    ("x|slice(2, -2)", "abc", ""),
    ("x|slice(1, null)", 1234, "234"),
    ("x|number_format", 1234.5, "1,235"),
    ("x|number_format(2)", Decimal("1234.5"), "1,234.50"),
    ("x|number_format(2, ',', ' ')", "1234567.895", "1 234 567,90"),
    ("x|number_format(2, ',', '')", Decimal("4.99"), "4,99"),
    ("x|number_format(2, ',')", 1.005, "1,01"),
    ("x|number_format(1)", -0.04, "0.0"),
    ("x|number_format", -1234, "-1,234"),
    ("x|number_format(10)", 10**29, "100,000,000,000,000,000,000,000,000,000.0000000000"),
    ("x|date('d.m.Y')", date(2026, 7, 1), "01.07.2026"),
    ("x|date('j. n. y')", "2026-07-01", "1. 7. 26"),
    ("x|date('d.m.Y H:i')", "2026-12-31T23:30:00Z", "01.01.2027 00:30"),
    ("x|date('d.m.Y H:i:s')", datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC), "02.07.2026 00:30:05"),
    ("x|date('G:i a, g A, h')", datetime(2026, 7, 1, 15, 5), "15:05 pm, 3 PM, 03"),  # noqa: DTZ001
    ("x|date('D N l, M F, w W')", date(2026, 11, 22), "Sun 7 Sunday, Nov November, 0 47"),
    ("x|date('\\\\d\\\\o j.n.')", date(2026, 7, 1), "do 1.7."),
    ("x|date", date(2026, 7, 1), "July 1, 2026 00:00"),
    ("x|date('Y-m-d')", 0, "1970-01-01"),
    ("x|round", "2.5", "3"),
    ("x|round", -2.5, "-3"),
    ("x|round(1)", 2.25, "2.3"),
    ("x|round(2)", Decimal("4.900"), "4.9"),
    ("x|round(-2)", 1250, "1300"),
    ("x|round(0, 'floor')", Decimal("4.99"), "4"),
    ("x|round(1, 'ceil')", Decimal("4.91"), "5"),
    ("x|round|number_format(2, ',')", Decimal("4.99"), "5,00"),
    ("x|raw", "<b>&", "<b>&"),
    ("x|trim|upper|slice(0, 3)|default('-')", "  ďakujem ", "ĎAK"),
]


@pytest.mark.parametrize(("expression", "x", "expected"), FILTERED)
def test_filter_does_what_it_does_in_twig(expression: str, x: object, expected: str) -> None:
    template = compile_template("{{ " + expression + " }}")

    assert template.render({"x": x, "side": "right"}) == expected


UNFIT = {
    "word as number": (
        "x|number_format(2)",
        "štyri",
        "number_format was given something that is not a number",
    ),
    "comma as number": ("x|number_format(2)", "4,99", "not a number"),
    "null as number": ("x|round", None, "not a number"),
    "true as number": ("x|round", True, "not a number"),
    "huge text as number": ("x|round", "9" * 31, "not a number"),
    "now": ("x|date('Y')", "now", "neither a date nor an ISO text"),
    "Slovak date as text": ("x|date('Y')", "1.7.2026", "neither a date nor an ISO text"),
    "null as date": ("x|date('Y')", None, "neither a date nor an ISO text"),
    "second without end": ("x|date('Y')", 10**20, "neither a date nor an ISO text"),
    "first second of all": ("x|date('Y')", "0001-01-01T00:00:00+05:00", "neither a date nor an ISO text"),
    "date letter from a parameter": ("'2026-07-01'|date(x)", "e", 'does not support the letter "e"'),
    "decimals from a parameter": ("1|number_format(x)", 10**9, "needs a whole number from 0 to 10"),
    "separator from a parameter": ("1|number_format(2, x)", "a" * 6, "at most 5 characters"),
    "start from a parameter": ("'a'|slice(x)", "1", "needs a whole number"),
    "rounding from a parameter": ("1|round(0, x)", "up", "needs one of common, ceil, floor"),
    "old text from a parameter": ("'a'|replace(x, 'b')", 5, "needs a text"),
}


@pytest.mark.parametrize(("expression", "x", "reason"), UNFIT.values(), ids=UNFIT)
def test_value_that_does_not_fit_its_filter_is_refused(expression: str, x: object, reason: str) -> None:
    template = compile_template("{{ " + expression + " }}")

    with pytest.raises(TemplateRenderError, match=reason):
        template.render({"x": x})
