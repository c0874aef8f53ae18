"""The elements of `receive` become a Receive; whatever is odd is noted and nothing is refused but the id."""

import re
from datetime import datetime, tzinfo

from crm.core.phone import find_slovak_mobile
from crm.mobiletech.wire.commands import Receive
from crm.mobiletech.wire.content import decode_content
from crm.mobiletech.wire.elements import Elements
from crm.mobiletech.wire.operators import find_operator
from crm.mobiletech.wire.problems import Problem
from crm.mobiletech.wire.receive_date import parse_receive_date

_SHORT_NUMBER = re.compile(r"[0-9]{3,6}")


def read_receive(elements: Elements, zone: tzinfo, now: datetime | None) -> Receive:
    """Read a customer's SMS.

    Raises: MalformedMessageError if its id is missing or not well-formed.
    """
    message_id = elements.get_id()
    # The original read `content_encoding`, so somebody may have taught a gateway to send that.
    coding = elements.read_field("content_coding" if elements.has("content_coding") else "content_encoding")
    dcs, content_raw = elements.read_field("dcs"), elements.read_text("content")
    content, content_problem = decode_content(content_raw, coding, dcs)
    date_raw = elements.read_field("receive_date")
    date, date_problem = parse_receive_date(date_raw, zone, now)
    from_, to = elements.read_field("from"), elements.read_field("to")
    operator_type = elements.read_field("operator_type")
    serv_id, project_id = elements.read_field("serv_id"), elements.read_field("project_id")
    esm = elements.read_field("esm")
    found = (_judge_sender(from_), _judge_recipient(to), _judge_operator(operator_type))
    for problem in (content_problem, date_problem, *found, None if serv_id else Problem.ELEMENT_MISSING):
        if problem is not None:
            elements.note(problem)
    return Receive(
        id=message_id,
        serv_id=serv_id,
        project_id=project_id,
        from_=from_,
        to=to,
        content=content,
        content_coding=coding,
        content_raw=content_raw,
        dcs=dcs,
        esm=esm,
        operator_type=operator_type,
        receive_date=date,
        receive_date_raw=date_raw,
        problems=elements.problems,
    )


def _judge_sender(number: str) -> Problem | None:
    local = find_slovak_mobile(number)
    if local is None:
        return Problem.FROM_FOREIGN
    return None if number == f"+421{local[1:]}" else Problem.FROM_SPELLING


def _judge_recipient(number: str) -> Problem | None:
    return None if _SHORT_NUMBER.fullmatch(number) else Problem.TO_ODD


def _judge_operator(operator_type: str) -> Problem | None:
    return None if find_operator(operator_type) else Problem.OPERATOR_UNKNOWN
