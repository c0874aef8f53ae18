"""`crm template …`: the words of our SMS."""

from pathlib import Path

import click

from crm.cli.application import needs_app
from crm.cli.output import as_json_option, print_rows
from crm.cli.refusals import Group
from crm.core.db import transaction
from crm.core.errors import InvalidInputError
from crm.mobiletech.errors import TemplateNotFoundError
from crm.mobiletech.sms_templates import (
    TemplatePurpose,
    create_template,
    find_template,
    get_template,
    list_templates,
    list_versions,
    save_template,
)

MAX_FILE_BYTES = 64 * 1024
REASON = "crm template set"

template = Group("template", help="SMS templates.")


@template.command("list")
@as_json_option
@needs_app
def list_(*, as_json: bool) -> None:
    """Show all templates."""
    with transaction() as session:
        rows = [
            {
                "code": each.code,
                "purpose": each.purpose,
                "version": each.version,
                "updated_at": each.updated_at,
                "content": each.content,
                "content_en": each.content_en,
            }
            for each in list_templates(session)
        ]
    print_rows(rows, as_json=as_json, nothing="There are no templates. `crm seed` adds the standard ones.")


@template.command("show")
@click.argument("code")
@as_json_option
@needs_app
def show(code: str, *, as_json: bool) -> None:
    """Print the text alone; with --json every version and its parameters."""
    with transaction() as session:
        found = get_template(session, code)
        content = found.content
        rows = [
            {
                "code": code,
                "version": each.version,
                "purpose": each.purpose,
                "content": each.content,
                "content_en": each.content_en,
                "parameters": each.parameters,
                "created_at": each.created_at,
            }
            for each in list_versions(session, found)
        ]
    if as_json:
        print_rows(rows, as_json=True, nothing="")
    else:
        click.echo(content)


@template.command("set")
@click.argument("code")
@click.option("--content", help="The text.")
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the text; one line end at its end does not count.",
)
@click.option(
    "--content-en",
    help='The text for readers of English; "" takes it away. May stand alone when the template is there.',
)
@click.option("--purpose", type=click.Choice([purpose.value for purpose in TemplatePurpose]))
@needs_app
def set_(
    code: str, content: str | None, path: Path | None, content_en: str | None, purpose: str | None
) -> None:
    """Add a template, or a new version of it; a refused text changes nothing."""
    if content is not None and path is not None:
        raise click.UsageError("Give either --content or --file.")
    if content is None and path is None and content_en is None:
        raise click.UsageError("Give --content, --file or --content-en.")
    text = content if path is None else read_text(path)
    with transaction() as session:
        before = find_template(session, code)
        version = before.version if before else 0
        if before is None:
            if text is None:
                raise TemplateNotFoundError(code)
            wanted = purpose or TemplatePurpose.SERVICE
            after = create_template(session, code, text, content_en=content_en, purpose=wanted, reason=REASON)
        else:
            text = before.content if text is None else text
            after = save_template(session, code, text, content_en=content_en, purpose=purpose, reason=REASON)
        now_version = after.version
    click.echo(
        f"{code} is as it was: version {version}."
        if now_version == version
        else f"{code} is now version {now_version}."
    )


def read_text(path: Path) -> str:
    """Return the file's text without one final line end.

    Raises: InvalidInputError if it is too large or no UTF-8 text.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InvalidInputError(f"{path} is larger than {MAX_FILE_BYTES} bytes.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path} is not UTF-8 text (byte {error.start + 1}).") from error
    return text.removesuffix("\n").removesuffix("\r")
