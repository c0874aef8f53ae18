"""Every door of the house: blueprint and prefix, in one table."""

from flask import Blueprint

from crm.web.account import account
from crm.web.account_messages import account_messages
from crm.web.account_password import account_password
from crm.web.account_payments import account_payments
from crm.web.account_phone import account_phone
from crm.web.account_sign_ins import account_sign_ins
from crm.web.account_subscription import account_subscription
from crm.web.api.documentation import api_docs
from crm.web.api.recurrent_payments import recurrent_payments
from crm.web.api.users_email import users_email
from crm.web.api.users_registration import users_registration
from crm.web.api.users_sign_in import users_sign_in
from crm.web.audit_pages import audit_pages
from crm.web.billkeys import billkeys
from crm.web.confirm import confirm
from crm.web.connection_pages import connection_pages
from crm.web.failed_work import failed_work
from crm.web.gateway_exchange import gateway_exchange
from crm.web.gateway_log import gateway_log
from crm.web.health import health
from crm.web.help_page import help_page
from crm.web.home import home
from crm.web.import_acts import import_acts
from crm.web.import_checks import import_checks
from crm.web.import_compare import import_compare
from crm.web.import_entities import import_entities
from crm.web.import_mapping import import_mapping
from crm.web.import_run import import_run
from crm.web.imports import imports
from crm.web.inbox import inbox
from crm.web.insight import insight
from crm.web.insight_forecast import insight_forecast
from crm.web.language_choice import language_choice
from crm.web.login import login
from crm.web.login_code import login_code
from crm.web.message_decisions import message_decisions
from crm.web.message_export import message_export
from crm.web.message_list import message_list
from crm.web.message_search import message_search
from crm.web.messages import messages
from crm.web.metrics_page import metrics_page
from crm.web.mobiletech_webhook import webhook
from crm.web.near_stop import near_stop
from crm.web.number import number
from crm.web.number_candidates import number_candidates
from crm.web.number_links import number_links
from crm.web.numbers import numbers
from crm.web.operations import operations
from crm.web.overview import overview
from crm.web.payment_list import payment_list
from crm.web.payments import payments
from crm.web.people import people
from crm.web.person import person
from crm.web.person_acts import person_acts
from crm.web.prefixes import prefixes
from crm.web.price_list_page import price_list_page
from crm.web.renewal import renewal
from crm.web.renewal_acts import renewal_acts
from crm.web.renewal_duplicates import renewal_duplicates
from crm.web.renewal_hold import renewal_hold
from crm.web.renewals import renewals
from crm.web.rule_acts import rule_acts
from crm.web.rules import rules
from crm.web.server_proxy import server_proxy
from crm.web.settings_pages import settings_pages
from crm.web.short_numbers import short_numbers
from crm.web.sms_template_list import sms_template_list
from crm.web.sms_template_versions import sms_template_versions
from crm.web.sms_templates import sms_templates
from crm.web.status_codes import status_codes
from crm.web.stop_link import stop_link
from crm.web.subscriber_export import subscriber_export
from crm.web.subscribers import subscribers
from crm.web.subscription_types import subscription_types
from crm.web.subscriptions import subscriptions
from crm.web.threads import threads
from crm.web.tokens import tokens
from crm.web.work_decisions import work_decisions

BLUEPRINTS: tuple[tuple[Blueprint, str], ...] = (
    (home, ""),
    (login, ""),
    (login_code, "/login/code"),
    (confirm, ""),
    (account, "/account"),
    (account_subscription, "/account/subscription"),
    (account_payments, "/account/payments"),
    (account_password, "/account/password"),
    (account_phone, "/account/phone"),
    (account_sign_ins, "/account/sign-ins"),
    (account_messages, "/account/messages"),
    (price_list_page, ""),
    (language_choice, ""),
    (stop_link, "/s"),
    (health, ""),
    (metrics_page, ""),
    (webhook, "/api/v1/mobiletech"),
    (server_proxy, "/api/v1/mobiletech"),
    (users_email, "/api"),
    (users_registration, "/api"),
    (users_sign_in, "/api"),
    (recurrent_payments, "/api"),
    (api_docs, "/api"),
    (overview, "/admin"),
    (help_page, "/admin/help"),
    (inbox, "/admin/inbox"),
    (message_search, "/admin"),
    (message_list, "/admin/messages"),
    (message_export, "/admin/messages"),
    (messages, "/admin/messages"),
    (payment_list, "/admin/payments"),
    (payments, "/admin/payments"),
    (message_decisions, "/admin/messages"),
    (numbers, "/admin/phone-numbers"),
    (number, "/admin/phone-numbers"),
    (number_candidates, "/admin/phone-numbers"),
    (number_links, "/admin/phone-numbers"),
    (threads, "/admin/threads"),
    (subscribers, "/admin/subscribers"),
    (subscriptions, "/admin/subscriptions"),
    (subscriber_export, "/admin"),
    (insight, "/admin/insight"),
    (insight_forecast, "/admin/insight"),
    (near_stop, "/admin/threads"),
    (sms_templates, "/admin/templates"),
    (rules, "/admin/rules"),
    (rule_acts, "/admin/rules"),
    (sms_template_list, "/admin/templates"),
    (sms_template_versions, "/admin/templates"),
    (renewals, "/admin/recurrent-payments"),
    (renewal_hold, "/admin/recurrent-payments"),
    (renewal_duplicates, "/admin/recurrent-payments"),
    (renewal, "/admin/recurrent-payments"),
    (renewal_acts, "/admin/recurrent-payments"),
    (operations, "/admin/operations"),
    (failed_work, "/admin/operations/work"),
    (work_decisions, "/admin/operations/work"),
    (gateway_log, "/admin/operations/gateway"),
    (gateway_exchange, "/admin/operations/gateway"),
    (imports, "/admin/imports"),
    (import_entities, "/admin/imports/entities"),
    (import_mapping, "/admin/imports/files"),
    (import_checks, "/admin/imports/check"),
    (import_compare, "/admin/imports/compare"),
    (import_run, "/admin/imports"),
    (import_acts, "/admin/imports"),
    (billkeys, "/admin/billkeys"),
    (subscription_types, "/admin/subscription-types"),
    (people, "/admin/users"),
    (person, "/admin/users"),
    (person_acts, "/admin/users"),
    (tokens, "/admin/tokens"),
    (settings_pages, "/admin/settings"),
    (connection_pages, "/admin/settings/connection"),
    (short_numbers, "/admin/settings/short-numbers"),
    (prefixes, "/admin/settings/prefixes"),
    (status_codes, "/admin/settings/status-codes"),
    (audit_pages, "/admin/audit"),
)

# Guards and CSRF of doors that cannot say it themselves: endpoint -> why anybody may knock.
OPEN_ENDPOINTS = {
    "static": "style sheets, scripts and drawings, the same for everybody",
    "mobiletech_webhook.hear": "the gateway; its address and password are checked before the body is read",
}

# No cookie opens these doors, so a foreign page in a browser of ours can do nothing through them.
WITHOUT_CSRF = (
    webhook,
    server_proxy,
    stop_link,
    users_email,
    users_registration,
    users_sign_in,
    recurrent_payments,
)
