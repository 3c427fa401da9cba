"""The admin of outcome targets, progress reports and what importers propose: importing it registers them."""

from kpis.admin import proposals, reports, targets

__all__ = ["proposals", "reports", "targets"]
