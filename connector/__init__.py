"""The connector: pull → mirror → enrich → score → decide → plan → apply → report."""
