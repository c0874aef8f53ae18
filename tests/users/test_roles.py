"""Who may do what, as interface.md section 7 has it."""

import pytest

from crm.users.roles import PERMISSIONS, STAFF, Permission, Role, may

TABLE = {
    "customer": set(),
    "support": {"read", "answer", "stop_renewals"},
    "editor": {"read", "edit_templates", "edit_rules"},
    "billing": {"read", "manage_billkeys", "manage_types", "manage_renewals", "stop_renewals"},
    "admin": {permission.value for permission in Permission},
}


def test_the_roles_are_those_of_the_contract() -> None:
    assert {role.value for role in Role} == set(TABLE)
    assert {role.value for role in STAFF} == set(TABLE) - {"customer"}
    assert set(PERMISSIONS) == set(Role)


@pytest.mark.parametrize("role", TABLE)
def test_a_role_may_what_the_table_says(role: str) -> None:
    assert {permission.value for permission in Permission if may(role, permission)} == TABLE[role]


def test_a_role_that_does_not_exist_opens_nothing() -> None:
    with pytest.raises(ValueError, match="root"):
        may("root", Permission.READ)
