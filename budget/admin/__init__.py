"""The admin of organisations, source documents and programmes: importing it registers them."""

from budget.admin import programmes

__all__ = ["programmes"]
