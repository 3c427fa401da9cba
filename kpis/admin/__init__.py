"""The admin of outcome targets, progress reports, locks, seals and what importers propose: importing it registers them."""

from kpis.admin import locks, proposals, reports, seals, targets

__all__ = ["locks", "proposals", "reports", "seals", "targets"]
