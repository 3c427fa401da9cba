"""The admin of outcome targets, progress reports, locks and what importers propose: importing it registers them."""

from kpis.admin import locks, proposals, reports, targets

__all__ = ["locks", "proposals", "reports", "targets"]
