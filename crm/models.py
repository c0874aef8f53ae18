"""Every table, for migrations and for tests."""

from crm.core.business_settings import BusinessSetting
from crm.core.db import Base, db
from crm.events.models import OutboxBatch, OutboxEntry, PeriodicRun
from crm.importer.models import (
    ImportCheck,
    ImportChunk,
    ImportClaim,
    ImportDifference,
    ImportFile,
    ImportRefusal,
    ImportRun,
    ImportStop,
)
from crm.mobiletech.breaker_state import GatewayState
from crm.mobiletech.catalogue.models import Billkey, OperatorPrefix, ShortNumber, StatusCode
from crm.mobiletech.conversations.models import InboxItem, Note
from crm.mobiletech.figures.models import DailyCount
from crm.mobiletech.models import (
    InboundMessage,
    NotSent,
    OutboundMessage,
    SendAttempt,
    SmsTemplate,
    SmsTemplateVersion,
    StatusReport,
)
from crm.mobiletech.rules.models import Decision, Rule
from crm.mobiletech.search.models import MessageWords
from crm.payments.figures.models import MoneyDay, SubscriberDay
from crm.payments.models import (
    ChargingState,
    Payment,
    PaymentGateway,
    PaymentItem,
    PaymentLog,
    PaymentMeta,
    PaymentMethod,
    RecurrentPayment,
)
from crm.sms_billing.figures.models import BillingDay
from crm.sms_billing.models import SettledOutcome, SmsOffer, SmsOrder
from crm.subscriptions.models import (
    Subscription,
    SubscriptionType,
    SubscriptionTypeItem,
    SubscriptionTypeMeta,
)
from crm.users.models import (
    AccessToken,
    ApiToken,
    AuditEntry,
    KnownNumber,
    LoginAttempt,
    MobilePhone,
    OneTimeCode,
    PhoneLink,
    User,
    UserMeta,
)

__all__ = [
    "AccessToken",
    "ApiToken",
    "AuditEntry",
    "Base",
    "BillingDay",
    "Billkey",
    "BusinessSetting",
    "ChargingState",
    "DailyCount",
    "Decision",
    "GatewayState",
    "ImportCheck",
    "ImportChunk",
    "ImportClaim",
    "ImportDifference",
    "ImportFile",
    "ImportRefusal",
    "ImportRun",
    "ImportStop",
    "InboundMessage",
    "InboxItem",
    "KnownNumber",
    "LoginAttempt",
    "MessageWords",
    "MobilePhone",
    "MoneyDay",
    "NotSent",
    "Note",
    "OneTimeCode",
    "OperatorPrefix",
    "OutboundMessage",
    "OutboxBatch",
    "OutboxEntry",
    "Payment",
    "PaymentGateway",
    "PaymentItem",
    "PaymentLog",
    "PaymentMeta",
    "PaymentMethod",
    "PeriodicRun",
    "PhoneLink",
    "RecurrentPayment",
    "Rule",
    "SendAttempt",
    "SettledOutcome",
    "ShortNumber",
    "SmsOffer",
    "SmsOrder",
    "SmsTemplate",
    "SmsTemplateVersion",
    "StatusCode",
    "StatusReport",
    "SubscriberDay",
    "Subscription",
    "SubscriptionType",
    "SubscriptionTypeItem",
    "SubscriptionTypeMeta",
    "User",
    "UserMeta",
    "db",
]
