"""The admin of outcome targets and progress reports: importing it registers them."""

from kpis.admin import reports, targets

__all__ = ["reports", "targets"]
