"""Who may do what: each role and what it can do, as one table.

Source: interface.md section 7.
"""

from collections.abc import Mapping
from enum import StrEnum

from crm.core.errors import N_


class Role(StrEnum):
    """What a person is to us."""

    CUSTOMER = "customer"
    SUPPORT = "support"
    EDITOR = "editor"
    BILLING = "billing"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a page or a button asks for."""

    READ = "read"  # messages, payments, subscribers, renewals, templates
    ANSWER = "answer"  # notes, free answers, linking numbers
    EDIT_TEMPLATES = "edit_templates"
    EDIT_RULES = "edit_rules"
    MANAGE_BILLKEYS = "manage_billkeys"
    MANAGE_TYPES = "manage_types"  # subscription types
    MANAGE_RENEWALS = "manage_renewals"  # payments and renewals, settling what is unknown
    STOP_RENEWALS = "stop_renewals"
    MANAGE_PEOPLE = "manage_people"  # accounts, roles, their sign-ins
    MANAGE_TOKENS = "manage_tokens"  # keys of other systems
    MANAGE_SETTINGS = "manage_settings"
    READ_AUDIT = "read_audit"
    OPERATE = "operate"  # retry and give up work
    IMPORT = "import"  # bring history in from files, and see what of it breaks a rule


STAFF = frozenset(Role) - {Role.CUSTOMER}

ROLE_WORDS: Mapping[Role, str] = {
    Role.CUSTOMER: N_("customer"),
    Role.SUPPORT: N_("support"),
    Role.EDITOR: N_("editor"),
    Role.BILLING: N_("billing"),
    Role.ADMIN: N_("admin"),
}

# What the matrix of roles says: what can be done today.
MEANINGS: Mapping[Permission, str] = {
    Permission.READ: N_(
        "Reads messages, payments, subscribers, renewals, templates, rules, numbers and operations"
    ),
    Permission.ANSWER: N_("Answers readers free of charge, writes notes, links numbers"),
    Permission.EDIT_TEMPLATES: N_("Writes templates"),
    Permission.EDIT_RULES: N_("Writes rules"),
    Permission.MANAGE_BILLKEYS: N_("Looks after billing keys"),
    Permission.MANAGE_TYPES: N_("Looks after subscription types"),
    Permission.MANAGE_RENEWALS: N_("Looks after payments and renewals, and settles unknown outcomes"),
    Permission.STOP_RENEWALS: N_("Stops a renewal"),
    Permission.MANAGE_PEOPLE: N_("Looks after people: accounts, numbers, roles, sign-ins"),
    Permission.MANAGE_TOKENS: N_("Makes and revokes API tokens"),
    Permission.MANAGE_SETTINGS: N_("Changes settings"),
    Permission.READ_AUDIT: N_("Reads and exports the audit log"),
    Permission.OPERATE: N_("Tries failed work again or gives it up"),
    Permission.IMPORT: N_("Imports history from files, and checks it"),
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.CUSTOMER: frozenset(),
    Role.SUPPORT: frozenset({Permission.READ, Permission.ANSWER, Permission.STOP_RENEWALS}),
    Role.EDITOR: frozenset({Permission.READ, Permission.EDIT_TEMPLATES, Permission.EDIT_RULES}),
    Role.BILLING: frozenset(
        {
            Permission.READ,
            Permission.MANAGE_BILLKEYS,
            Permission.MANAGE_TYPES,
            Permission.MANAGE_RENEWALS,
            Permission.STOP_RENEWALS,
        }
    ),
    Role.ADMIN: frozenset(Permission),
}


def may(role: str, permission: Permission) -> bool:
    """Return whether the role has the permission."""
    return permission in PERMISSIONS[Role(role)]
