"""Tests against real documents are collected only where those lie beside the project."""

from pathlib import Path

REAL_DOCUMENTS = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "ua"
collect_ignore = [] if REAL_DOCUMENTS.is_dir() else ["test_real_documents.py"]
