"""Settings that people change while we run: the table `configs`, and what is in force.

An environment variable `CRM_` + the key in capitals beats the table. Source: interface.md section 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Identity, Text, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.core.db import Base
from crm.core.errors import N_, InvalidInputError, NotFoundError
from crm.core.setting_definitions import DEFINITIONS, Definition


class BusinessSetting(Base):
    """A value that somebody has set; keys that stand on their default have no row."""

    __tablename__ = "configs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    value: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("crm_now()"))
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=text("crm_now()"), onupdate=func.crm_now()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a key stands on, and where that was said: `environment`, `database` or `default`."""

    key: str
    value: str
    source: str


_fixed: dict[str, str] = {}  # key -> value, said by the environment at start


def fix_by_environment(environ: Mapping[str, str]) -> list[str]:
    """Take over what the environment fixes; return a line for each variable that says something impossible."""
    faults = []
    _fixed.clear()
    for definition in DEFINITIONS.values():
        name = variable_of(definition.key)
        if name not in environ:
            continue
        value = _fixed[definition.key] = environ[name].strip()
        try:
            definition.check(value)
        except ValueError as error:
            faults.append(f"{name}: {error}")
    return faults


def list_settings(session: Session) -> list[Value]:
    """Return every key with its value, in the order of the definitions."""
    stored = dict(session.execute(select(BusinessSetting.name, BusinessSetting.value)).all())
    return [_value(definition, stored) for definition in DEFINITIONS.values()]


def get_setting(session: Session, key: str) -> str:
    """Return the value in force.

    Raises: NotFoundError for a key that does not exist.
    """
    return _value(_definition(key), _stored(session)).value


def check_setting(key: str, value: str) -> None:
    """Raises: NotFoundError for a key that does not exist, InvalidInputError with the rule that the value breaks."""
    definition = _definition(key)
    try:
        definition.check(value.strip())
    except ValueError as error:
        raise InvalidInputError(N_("%(key)s %(rule)s."), key=key, rule=error.args[0]) from error


def set_setting(session: Session, key: str, value: str) -> None:
    """Store a value; it is in force at once unless the environment fixes the key.

    Raises: NotFoundError, InvalidInputError with the rule.
    """
    check_setting(key, value)
    statement = insert(BusinessSetting).values(name=key, value=value.strip())
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"value": statement.excluded.value, "updated_at": func.crm_now()}
        )
    )
    session.info.pop("business_settings", None)


def reset_setting(session: Session, key: str) -> None:
    """Forget what was stored: the key stands on its default again, unless the environment fixes it.

    Raises: NotFoundError.
    """
    session.execute(delete(BusinessSetting).where(BusinessSetting.name == _definition(key).key))
    session.info.pop("business_settings", None)


def variable_of(key: str) -> str:
    """Return the environment variable that fixes a key."""
    return f"CRM_{key.upper()}"


def _stored(session: Session) -> Mapping[str, str]:
    """Read the table once a session block: a batch of a hundred messages asks a thousand times."""
    stored: Mapping[str, str] | None = session.info.get("business_settings")
    if stored is None or not session.info.get("in_transaction_block"):
        stored = dict(session.execute(select(BusinessSetting.name, BusinessSetting.value)).all())
        session.info["business_settings"] = stored
    return stored


def _definition(key: str) -> Definition:
    if key not in DEFINITIONS:
        raise NotFoundError(N_("There is no setting %(key)r. `crm settings list` shows them all."), key=key)
    return DEFINITIONS[key]


def _value(definition: Definition, stored: Mapping[str, str]) -> Value:
    if definition.key in _fixed:
        return Value(key=definition.key, value=_fixed[definition.key], source="environment")
    if definition.key in stored:
        return Value(key=definition.key, value=stored[definition.key], source="database")
    return Value(key=definition.key, value=definition.default, source="default")
