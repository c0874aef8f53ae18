"""The small language of SMS texts: a fixed part of Twig, checked whole before anything is rendered.

source ─▶ syntax (signs, tags) ─▶ allowlist (every node by name) ─▶ parameters (what it needs)
       ─▶ lowering (Twig's meaning) ─▶ sandboxed Jinja ─▶ text of at most 1,000 characters
"""

from crm.mobiletech.template_language.compiled import CompiledTemplate, compile_template
from crm.mobiletech.template_language.errors import (
    MissingParameterError,
    TemplateLanguageError,
    TemplateRefusedError,
    TemplateRenderError,
)
from crm.mobiletech.template_language.parameters import Parameter

__all__ = [
    "CompiledTemplate",
    "MissingParameterError",
    "Parameter",
    "TemplateLanguageError",
    "TemplateRefusedError",
    "TemplateRenderError",
    "compile_template",
]
