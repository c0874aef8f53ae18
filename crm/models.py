"""Every table, for migrations and for tests."""

from crm.core.business_settings import BusinessSetting
from crm.core.db import Base, db
from crm.events.models import OutboxBatch, OutboxEntry, PeriodicRun
from crm.mobiletech.models import (
    GatewayState,
    InboundMessage,
    NotSent,
    OutboundMessage,
    SendAttempt,
    SmsTemplate,
    SmsTemplateVersion,
    StatusReport,
)
from crm.users.models import (
    AccessToken,
    ApiToken,
    AuditEntry,
    LoginAttempt,
    MobilePhone,
    OneTimeCode,
    User,
    UserMeta,
)

__all__ = [
    "AccessToken",
    "ApiToken",
    "AuditEntry",
    "Base",
    "BusinessSetting",
    "GatewayState",
    "InboundMessage",
    "LoginAttempt",
    "MobilePhone",
    "NotSent",
    "OneTimeCode",
    "OutboundMessage",
    "OutboxBatch",
    "OutboxEntry",
    "PeriodicRun",
    "SendAttempt",
    "SmsTemplate",
    "SmsTemplateVersion",
    "StatusReport",
    "User",
    "UserMeta",
    "db",
]
