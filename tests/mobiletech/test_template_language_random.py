"""Whatever is written as a template, it answers with text or with one of our own refusals."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from crm.mobiletech.template_language import (
    MissingParameterError,
    TemplateLanguageError,
    TemplateRefusedError,
    compile_template,
)

PIECES = [
    "{{", "{{-", "}}", "-}}", "{%", "%}", "{#", "#}", "{%if", "{%elif", "{%else%}", "{%endif%}", "{%for",
    "{%raw%}", "a", "b", "c", "a.b", "a|upper", "|default(", "|default", "|replace(", "|slice(",
    "|number_format(", "|date(", "|round(", "|trim(", "|raw", "|attr(", "'x'", '"y"', "'d.m.Y'",
    "'floor'", "{'a':'b'}", "{", "}", "(", ")", ",", "??", "?", ":", "is", "defined", "null", "true",
    "and", "or", "not", "in", "==", "!=", "<", ">=", "+", "-", "*", "~", ".", "..", "[", "]", "=", "|",
    "0", "1", "-1", "2.5", "1e999", "\\", "'", '"', "\n", "ž", "\0",
]  # fmt: skip
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**31),
    st.floats(),
    st.decimals(),
    st.dates(),
    st.datetimes(),
    st.sampled_from([Decimal("4.99"), date(2026, 7, 1), "7", "2026-07-01", "", "ž"]),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=1),
)
EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "c", "'x'", "2", "-1", "2.5", "null", "true", "a is defined", "b is null"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or", "==", "<", "!="]), inner),
        st.builds("({} ?? {})".format, st.sampled_from("abc"), inner),
        st.builds("(not ({}))".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds(
            "({})|{}".format,
            inner,
            st.sampled_from(["upper", "trim", "raw", "round", "default", "number_format"]),
        ),
        st.builds(
            "({})|{}({})".format, inner, st.sampled_from(["default", "slice", "round", "date", "trim"]), inner
        ),
        st.builds("({})|replace({{'a': {}}})".format, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(source=st.one_of(st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join), st.text(max_size=60)))
def test_random_source_is_rendered_or_refused_with_a_line_of_it(source: str) -> None:
    try:
        compile_template(source).render({"a": "ž", "b": 5})
    except TemplateRefusedError as refused:
        assert 1 <= refused.line <= len(source.splitlines()) + 1
    except TemplateLanguageError as error:
        assert str(error).endswith(".")


@settings(max_examples=150, deadline=None)
@given(
    condition=EXPRESSIONS,
    expression=EXPRESSIONS,
    params=st.dictionaries(st.sampled_from("abc"), VALUES),
)
def test_random_values_give_text_or_a_named_refusal(
    condition: str, expression: str, params: dict[str, object]
) -> None:
    source = "{% if " + condition + " %}{{ " + expression + " }}{% else %}{{ a ?? 1 }}{% endif %}"
    try:
        template = compile_template(source)
        assert isinstance(template.render(params), str)
    except MissingParameterError as missing:
        assert set(missing.names) <= set("abc") - set(params)
        assert missing.names
    except TemplateLanguageError as error:
        assert str(error).endswith(".")
