"""The parts that a goal text (成果目標) is read with; `kpis.importers.pr_document.extract` puts them together."""
