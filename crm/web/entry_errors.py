"""A refusal, put beside the field that it speaks of."""

from crm.core.errors import CrmError, InvalidFieldError
from crm.web.forms import Form
from crm.web.languages import told


def put_beside(form: Form, error: CrmError, *, otherwise: str) -> None:
    """Tell the error at its field, or at the one that is named, if the form has none for it."""
    name = error.field if isinstance(error, InvalidFieldError) and error.field in form else otherwise
    form[name].errors = [told(error)]
