"""The invariants of messages and of the work behind them. Source: reliability.md 6.

They speak of what was done here. History that an import brought is held to rules of its own (`crm import check`):
where the two differ, rows with an `import_id` are left out.
"""

from crm.audit.kinds import Invariant
from crm.core.errors import N_

INVARIANTS = (
    Invariant(
        "inbound_without_work",
        N_("Every message that was accepted has its piece of work."),
        """SELECT message.id FROM mobiletech_inbound_messages AS message
           WHERE message.created_at > crm_now() - interval '29 days' AND message.raw IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.key = 'inbound:' || message.id)""",
    ),
    Invariant(
        "inbound_not_handled",
        N_("Every message that was accepted is handled within five minutes (crm outbox list)."),
        """SELECT id, handler, attempts, error FROM outbox
           WHERE state = 'ready' AND event = 'mobiletech-inbound'
             AND created_at < crm_now() - interval '5 minutes' ORDER BY id""",
    ),
    Invariant(
        "work_dead",
        N_("No work waits for a person (crm outbox list)."),
        "SELECT id, event, error FROM outbox WHERE state = 'dead'",
    ),
    Invariant(
        "work_overdue",
        N_(
            "No work is overdue by more than two minutes, no charge by more than an hour: a worker is running."
        ),
        """SELECT id, event, available_at FROM outbox
           WHERE state = 'ready' AND available_at < crm_now() - CASE WHEN is_bulk THEN interval '1 hour'
                                                                  ELSE interval '120 seconds' END
           ORDER BY available_at""",
    ),
    Invariant(
        "sending_after_lease",
        N_("No message is on its way for longer than its lease and a minute."),
        """SELECT id, sending_at FROM mobiletech_outbound_messages
           WHERE state = 'sending' AND sending_at < crm_now() - interval '120 seconds'""",
    ),
    Invariant(
        "queued_without_work",
        N_("Every message that waits or is on its way has work that will move it."),
        """SELECT message.id, message.state FROM mobiletech_outbound_messages AS message
           WHERE message.state IN ('queued', 'sending')
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.key = 'send:' || message.id AND state = 'ready')""",
    ),
    Invariant(
        "unknown_too_long",
        N_("No message has been without a known outcome for three days."),
        """SELECT id, paid, sending_at FROM mobiletech_outbound_messages
           WHERE state = 'unknown' AND updated_at < crm_now() - interval '72 hours'""",
    ),
    Invariant(
        "status_not_applied",
        N_("Every report about a message of ours has been applied, or its work is ready."),
        """SELECT report.id, report.status FROM mobiletech_status_log AS report
           JOIN mobiletech_outbound_messages AS message USING (mobiletech_id)
           WHERE report.applied_at IS NULL AND NOT EXISTS (
               SELECT 1 FROM outbox WHERE outbox.key = 'status:' || report.id AND outbox.state = 'ready')""",
    ),
    Invariant(
        "status_weakened",
        N_("A message that was reported billed or delivered counts as billed."),
        """SELECT message.id, report.status FROM mobiletech_status_log AS report
           JOIN mobiletech_outbound_messages AS message USING (mobiletech_id)
           WHERE report.applied_at IS NOT NULL AND message.billing <> 'billed'
             AND (report.status ~ '^(A0{1,5}|D0{0,4}1)$'
                  OR (report.status ~ '^D0{1,5}$' AND message.operator_type = '2'))""",
    ),
    Invariant(
        "orphan_status",
        N_("No report has spoken for an hour of a message that is none of ours."),
        """SELECT id, mobiletech_id, status FROM mobiletech_status_log AS report
           WHERE applied_at IS NULL AND received_at < crm_now() - interval '1 hour'
             AND NOT EXISTS (SELECT 1 FROM mobiletech_outbound_messages AS message
                             WHERE message.mobiletech_id = report.mobiletech_id)""",
    ),
    Invariant(
        "paid_without_payment",
        N_("A paid message has a payment, unless it is a test."),
        """SELECT id, billkey FROM mobiletech_outbound_messages
           WHERE paid AND payment_id IS NULL AND purpose <> 'test' AND import_id IS NULL""",
    ),
    Invariant(
        "conflict",
        N_("No message was reported both billed and refused."),
        "SELECT id, status FROM mobiletech_outbound_messages WHERE conflict",
    ),
    Invariant(
        "secret_kept",
        N_("The text of a one-time code is gone once it is sent or given up."),
        """SELECT id, state FROM mobiletech_outbound_messages
           WHERE is_secret AND content <> '' AND state NOT IN ('queued', 'sending', 'held')""",
    ),
    Invariant(
        "phone_history",
        N_("Whose number it is stands in the history too, and the history ends with whose it is."),
        """SELECT phone.id AS phone_id, link.id AS link_id, coalesce(phone.user_id, link.user_id) AS user_id
           FROM mobiletech_phone_numbers AS phone
           FULL JOIN (SELECT * FROM phone_number_links WHERE until IS NULL) AS link
             ON link.phone_number = phone.phone_number AND link.user_id = phone.user_id
           WHERE phone.id IS NULL OR link.id IS NULL""",
    ),
)

# Nothing is broken, and yet a person should see it. Source: interface.md 8, Messages and Statuses.
REMARKS = (
    Invariant(
        "paid_tests",
        "Tests on a paid key within 30 days: they charge a reader without a payment.",
        """SELECT id, billkey, state, billing FROM mobiletech_outbound_messages
           WHERE paid AND payment_id IS NULL AND purpose = 'test' AND created_at > crm_now() - interval '30 days'
           ORDER BY id DESC""",
    ),
    Invariant(
        "unknown_codes",
        "Reports within 30 days whose code nobody knows: they changed nothing; ask the gateway.",
        """SELECT id, mobiletech_id, status FROM mobiletech_status_log
           WHERE received_at > crm_now() - interval '30 days' AND status <> '_OPERATOR_CHANGE'
             AND status !~ '^[AD][0-9]{1,5}$' ORDER BY id DESC""",
    ),
)
