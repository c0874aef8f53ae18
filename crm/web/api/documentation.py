"""The description of the API, for programs and for people: one file, two shapes."""

from flask import Blueprint, Response, jsonify, render_template

from crm.web.api.reference import list_chapters, read_description
from crm.web.guards import public

api_docs = Blueprint("api_docs", __name__)


@api_docs.get("/openapi.json")
@public("a contract is of use only to who can read it; it holds nothing of anybody")
def openapi() -> Response:
    """Return the OpenAPI document."""
    return jsonify(read_description())


@api_docs.get("/docs")
@public("a contract is of use only to who can read it; it holds nothing of anybody")
def read() -> str:
    """Show the same to a person."""
    about = read_description()["info"]["description"].split("\n\n")
    return render_template("api/docs.html", about=about, chapters=list_chapters())
