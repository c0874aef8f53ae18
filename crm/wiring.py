"""The switchboard: who reacts to what, who lets people in, who speaks to the gateway, what is done every so often."""

import importlib
from datetime import timedelta

from crm.audit import audit_and_alert
from crm.core.config import Settings, SettingsError
from crm.core.errors import CrmError
from crm.events.housekeeping import forget_old_work
from crm.events.periodic import TICK, Periodic
from crm.events.registry import Registry
from crm.importer.check_work import run_checks
from crm.importer.events import IMPORT_CHECK, IMPORT_STEP
from crm.importer.housekeeping import apply_late_reports, end_overtaken_imports, forget_old_imports
from crm.importer.integrity.late_stops import find_stops_of
from crm.importer.integrity.stopping import is_kept, list_broken_if_active
from crm.importer.renewals.later import list_open_charges
from crm.importer.standing import HANDLER as TAKE_STEP
from crm.importer.working import take_steps
from crm.mobiletech.catalogue.billkey_use import FREE_SETTING
from crm.mobiletech.catalogue.key_rules import refuse_paid_as_free
from crm.mobiletech.client import GatewayClient
from crm.mobiletech.client_http import HttpGatewayClient
from crm.mobiletech.client_mock import MockGatewayClient
from crm.mobiletech.conversations.filing import file_in_inbox
from crm.mobiletech.events import INBOUND, OUTBOUND_ENDED, OUTBOUND_STATUS, PENDING_TIMEOUT, SEND
from crm.mobiletech.figures import housekeeping as figures
from crm.mobiletech.handlers import (
    answer_tests,
    confirm_users,
    mark_duplicates,
    send_codes,
)
from crm.mobiletech.last_look import last_look
from crm.mobiletech.rules.deciding import Action
from crm.mobiletech.rules.ports import money_actions
from crm.mobiletech.rules.running import heed_stop, run_rules
from crm.mobiletech.search.housekeeping import forget_old_words
from crm.mobiletech.search.keeping import keep_inbound
from crm.mobiletech.sending import SendEffect
from crm.payments.charging_run import EVERY_SECONDS, charge_due_now
from crm.payments.events import PAYMENT_STATUS_CHANGE, RENEWAL_STATE_CHANGED, RENEWAL_STOPPED
from crm.payments.figures.keeping import count_money_days, count_subscribers
from crm.payments.gateways import gateways
from crm.payments.import_rules import import_rules
from crm.sms_billing import stop_links
from crm.sms_billing.agreeing import heed_yes
from crm.sms_billing.figures.keeping import count_billing_days
from crm.sms_billing.gateways import MobiletechGateway, MobiletechRecurrentGateway
from crm.sms_billing.handlers import apply_reports, confirm_payments, end_waiting
from crm.sms_billing.last_look import find_obstacles
from crm.sms_billing.near_stops import heed_near_stops
from crm.sms_billing.reader_stops import heed_stops, stop_by_rules
from crm.sms_billing.sale import find_type_fault
from crm.sms_billing.states import tell_states
from crm.sms_billing.subscribing import subscribe
from crm.sms_billing.telling import tell_changes, tell_stops
from crm.sms_billing.turns import announce_renewals, look_for_timeouts
from crm.subscriptions import events as subscription_events
from crm.subscriptions import newsroom
from crm.subscriptions.housekeeping import keep_subscriptions
from crm.users import keyed_hash
from crm.users.authentication import Authenticator, chain
from crm.users.authenticators import AccessTokenAuthenticator, EmailAuthenticator, PhoneAuthenticator
from crm.users.codes import ONE_TIME_CODE
from crm.users.setting_changes import add_rule

# event, name in the outbox (never change it), order, handler; extensions stand at 100
HANDLERS = (
    (INBOUND, "mark_duplicates", 10, mark_duplicates),
    (INBOUND, "keep_findable", 15, keep_inbound),
    (INBOUND, "confirm_users", 20, confirm_users),
    (INBOUND, "heed_stop", 30, heed_stop),
    (INBOUND, "heed_yes", 40, heed_yes),
    (INBOUND, "run_rules", 200, run_rules),
    (INBOUND, "answer_tests", 900, answer_tests),
    (INBOUND, "file_in_inbox", 950, file_in_inbox),
    (OUTBOUND_STATUS, "apply_statuses", 10, apply_reports),
    (OUTBOUND_ENDED, "confirm_payments", 20, confirm_payments),
    (PENDING_TIMEOUT, "end_waiting", 10, end_waiting),
    (RENEWAL_STATE_CHANGED, "tell_readers", 20, tell_changes),
    (RENEWAL_STOPPED, "tell_readers", 20, tell_stops),
    (ONE_TIME_CODE, "send_codes", 10, send_codes),
    (IMPORT_STEP, TAKE_STEP, 10, take_steps),
    (IMPORT_CHECK, "import_check", 10, run_checks),
)

GATEWAYS = (MobiletechGateway(), MobiletechRecurrentGateway())

# priority, link of the chain that lets people in; extensions add theirs beside them
AUTHENTICATORS = (
    (500, EmailAuthenticator()),
    (200, PhoneAuthenticator()),
    (100, AccessTokenAuthenticator()),
)

# published for extensions; nobody here needs to react
UNHEARD = (
    PAYMENT_STATUS_CHANGE,
    subscription_events.NEW,
    subscription_events.STARTS,
    subscription_events.ENDS,
)

# what the money does when a rule says so
MONEY_ACTIONS = {Action.SUBSCRIBE: subscribe, Action.STOP: stop_by_rules, Action.STATE: tell_states}

# key of a setting -> what else must hold of its value
SETTING_RULES = ((FREE_SETTING, refuse_paid_as_free),)

PERIODIC = (
    Periodic(name=TICK, every=timedelta(minutes=1), run=lambda: None),
    Periodic(name="keep_subscriptions", every=timedelta(minutes=1), run=keep_subscriptions),
    Periodic(name="charge_due", every=timedelta(seconds=EVERY_SECONDS), run=charge_due_now),
    Periodic(name="charge_timeouts", every=timedelta(seconds=30), run=look_for_timeouts),
    Periodic(name="renewal_notices", every=timedelta(seconds=30), run=announce_renewals),
    Periodic(name="audit", every=timedelta(minutes=10), run=audit_and_alert),
    Periodic(name="forget_old_work", every=timedelta(days=1), run=forget_old_work),
    Periodic(name="forget_old_words", every=timedelta(days=1), run=forget_old_words),
    Periodic(name="end_overtaken", every=timedelta(minutes=1), run=end_overtaken_imports),
    Periodic(name="forget_old_imports", every=timedelta(days=1), run=forget_old_imports),
    Periodic(name="apply_late_reports", every=timedelta(minutes=10), run=apply_late_reports),
    Periodic(name="count_days", every=timedelta(hours=1), run=figures.count_days),
    Periodic(name="count_money_days", every=timedelta(hours=1), run=count_money_days),
    Periodic(name="count_billing_days", every=timedelta(hours=1), run=count_billing_days),
    Periodic(name="count_subscribers", every=timedelta(minutes=10), run=count_subscribers),
)


class ExtensionError(CrmError):
    """A module of CRM_EXTENSIONS cannot be used."""


class Switchboard:
    """What an extension's `register(registry)` is given: handlers of events, and links of the login chain."""

    def __init__(self, registry: Registry) -> None:
        self.on = registry.on
        self.on_many = registry.on_many

    def authenticator(self, link: Authenticator, *, priority: int = 100) -> None:
        """Add a link to the chain that lets people in; the highest priority is asked first."""
        chain.add(link, priority=priority)


def wire(settings: Settings, registry: Registry) -> None:
    """Fill the registry and the chain.

    Raises: SettingsError naming each module of CRM_EXTENSIONS that cannot be used.
    """
    keyed_hash.configure(settings.secret_key)
    figures.configure(settings.timezone)
    newsroom.configure(settings.timezone)
    stop_links.configure(settings.base_url)
    registry.clear()
    chain.clear()
    _fill_money_actions()
    for priority, link in AUTHENTICATORS:
        chain.add(link, priority=priority)
    for key, rule in SETTING_RULES:
        add_rule(key, rule)
    for event, name, order, handler in HANDLERS:
        registry.on_many(event, handler, name=name, order=order)
    registry.unheard.update(UNHEARD)
    registry.effect(SEND, SendEffect(gateway_client(settings)))
    last_look.look = find_obstacles
    import_rules.find_broken = list_broken_if_active
    import_rules.find_stops = find_stops_of
    import_rules.is_kept = is_kept
    import_rules.find_open = list_open_charges
    gateways.clear()
    for gateway in GATEWAYS:
        gateways.add(gateway)
    faults = []
    for module in settings.extensions:
        try:
            register_extension(module, registry)
        except ExtensionError as error:
            faults.append(str(error))
    if faults:
        raise SettingsError(faults)


def _fill_money_actions() -> None:
    money_actions.on_stop, money_actions.on_near_stop = heed_stops, heed_near_stops
    money_actions.actions, money_actions.find_type_fault = MONEY_ACTIONS, find_type_fault


def gateway_client(settings: Settings) -> GatewayClient:
    """Return the client that the settings ask for."""
    if settings.mobiletech_client == "mock":
        return MockGatewayClient()
    return HttpGatewayClient(token=settings.mobiletech_gateway_token)


def register_extension(module: str, registry: Registry) -> None:
    """Let a module register its handlers.

    Raises: ExtensionError if it cannot be imported, has no register(registry), or registers what cannot be.
    """
    try:
        register = importlib.import_module(module).register
    except (ImportError, AttributeError, SyntaxError, TypeError, ValueError) as error:
        raise ExtensionError(
            f"CRM_EXTENSIONS: {module} cannot be used: {error}. It must be a module with register(registry)."
        ) from error
    try:
        register(Switchboard(registry))
    except ValueError as error:
        raise ExtensionError(f"CRM_EXTENSIONS: {module} cannot be used: {error}.") from error
