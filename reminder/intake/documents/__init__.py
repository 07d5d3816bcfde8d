"""Reading documents: PDF, plain text and typed forms to a Document, with every doubt named."""

from reminder.intake.documents.describe import describe
from reminder.intake.documents.form import blank_form, document_from_form
from reminder.intake.documents.read import read_document, read_file

__all__ = ["blank_form", "describe", "document_from_form", "read_document", "read_file"]
