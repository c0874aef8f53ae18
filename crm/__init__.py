"""Subscriptions sold by premium SMS.

The house, from the roof down. A package imports itself and lower floors, never upward, never sideways;
`make check` holds it (contracts in pyproject.toml).

    roof        app.py, worker.py; factory, wiring, cli, models, dev, simulator: the only places that know everybody
    web         routes, forms, guards, pages, the webhook's door, health
    sms_billing a paid SMS is a payment: what is sold by SMS, charging, STOP, telling people
    payments    money: payments, their life, renewals that are charged again; beside it, and never speaking to it:
    mobiletech  the words over the wire and what becomes of them: receive, notify, send, status
    subscriptions  what is sold, and who has it
    users       who: accounts, roles, phone numbers
    events      the outbox: durable work, done exactly once in effect, rung for by Redis
    core        clock, settings, database, errors, log, metrics, phone numbers
"""
