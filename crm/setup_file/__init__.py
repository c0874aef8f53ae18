"""The publisher's set-up as one YAML file: applied whole or not at all, safe to apply twice.

Source: interface.md section 5.
"""

from collections.abc import Mapping
from typing import Any

import yaml
from sqlalchemy.orm import Session

from crm.setup_file.applying import Applying, Change, Part
from crm.setup_file.billkeys import apply_billkeys, export_billkeys
from crm.setup_file.rules import apply_rules, export_rules
from crm.setup_file.settings import apply_settings, export_settings
from crm.setup_file.sms_templates import apply_templates, export_templates
from crm.setup_file.subscription_types import apply_types, export_types
from crm.setup_yaml import SetupFileError, read_yaml

__all__ = ["PARTS", "Change", "apply_setup", "export_setup"]

# In the order in which they are applied, whatever the order in the file: the later ones name the earlier ones.
PARTS: Mapping[str, Part] = {
    "settings": Part(apply=apply_settings, export=export_settings),
    "templates": Part(apply=apply_templates, export=export_templates),
    "billkeys": Part(apply=apply_billkeys, export=export_billkeys),
    "subscription_types": Part(apply=apply_types, export=export_types),
    "rules": Part(apply=apply_rules, export=export_rules),
}


def apply_setup(session: Session, source: bytes) -> Mapping[Change, int]:
    """Apply the file in the caller's transaction; return how many items were what.

    Raises: SetupFileError with all faults; the transaction must then be rolled back.
    """
    parts = _read_parts(source)
    applying = Applying(session)
    for name in parts:
        if name not in PARTS:
            applying.faults.append(f"{name}: there is no such part; the parts are {', '.join(PARTS)}")
    for name, part in PARTS.items():
        if name in parts:
            part.apply(applying, parts[name])
    if applying.faults:
        raise SetupFileError(applying.faults)
    return {change: applying.changes[change] for change in Change}


def export_setup(session: Session) -> str:
    """Return what `apply_setup` would need to make this set-up anew; what stands on its default is left out."""
    parts = {name: part.export(session) for name, part in PARTS.items()}
    return yaml.safe_dump(parts, allow_unicode=True, sort_keys=False, width=10_000)


def _read_parts(source: bytes) -> dict[str, Any]:
    parts = read_yaml(source)
    if not isinstance(parts, dict):
        raise SetupFileError([f"the file must have the parts {', '.join(PARTS)}"])
    return parts
