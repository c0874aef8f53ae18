"""Tidy up after imports: end those done anew; forget files, claims, and refused rows; apply what came beside them."""

from collections.abc import Mapping

from sqlalchemy import TextClause, text

from crm.core.db import transaction
from crm.importer.late_reports import heed_reports_left
from crm.importer.overtaking import end_overtaken

FILES_KEPT_DAYS = 7
REFUSALS_KEPT_DAYS = 90
BATCH = 10_000

# One file at a time: its pieces go with it, up to half a gigabyte.
_FORGET_FILES = text("""
    DELETE FROM import_files WHERE id IN (
        SELECT file.id FROM import_files AS file
        WHERE file.created_at < crm_now() - make_interval(days => :days)
          AND NOT EXISTS (
              SELECT 1 FROM imports
              WHERE imports.file_id = file.id
                AND COALESCE(imports.finished_at, imports.beat_at, imports.created_at)
                    > crm_now() - make_interval(days => :days)
          )
        ORDER BY file.id LIMIT 1
    )
""")
# By their place in the table: found through an index, and a million of them cost no more than what they are.
_FORGET_CLAIMS = text("""
    DELETE FROM import_claims WHERE ctid = ANY(ARRAY(
        SELECT claim.place
        FROM imports, LATERAL (
            SELECT ctid AS place FROM import_claims WHERE import_id = imports.id LIMIT :batch
        ) AS claim
        WHERE imports.finished_at IS NOT NULL
        LIMIT :batch
    ))
""")
_FORGET_REFUSALS = text("""
    DELETE FROM import_refusals WHERE ctid = ANY(ARRAY(
        SELECT refusal.place
        FROM imports, LATERAL (
            SELECT ctid AS place FROM import_refusals WHERE import_id = imports.id LIMIT :batch
        ) AS refusal
        WHERE imports.created_at < crm_now() - make_interval(days => :days)
        LIMIT :batch
    ))
""")
_FORGET_DIFFERENCES = text("""
    DELETE FROM import_differences USING imports
    WHERE imports.id = import_differences.import_id
      AND imports.created_at < crm_now() - make_interval(days => :days)
""")


def forget_old_imports() -> None:
    """Remove files 7 days after their last import, claims of ended imports, refused and compared rows after 90 days.

    The imports themselves stay, with who, when and how many.
    """
    _forget(_FORGET_FILES, {"days": FILES_KEPT_DAYS})
    _forget(_FORGET_CLAIMS, {"batch": BATCH})
    _forget(_FORGET_REFUSALS, {"days": REFUSALS_KEPT_DAYS, "batch": BATCH})
    _forget(_FORGET_DIFFERENCES, {"days": REFUSALS_KEPT_DAYS})


def apply_late_reports() -> None:
    """Apply reports of messages that came while these were imported, and that no step of the import has applied."""
    with transaction() as session:
        heed_reports_left(session)


def end_overtaken_imports() -> None:
    """Cancel what is left of files that are done since."""
    with transaction() as session:
        end_overtaken(session)


def _forget(statement: TextClause, values: Mapping[str, int]) -> None:
    while True:
        with transaction() as session:
            removed = session.execute(statement, values).rowcount  # type: ignore[attr-defined]
        if not removed:
            return
