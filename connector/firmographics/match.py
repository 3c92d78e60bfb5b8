"""Inputs (number, domain, name, prefecture) → companies, set-wise, with state, method and confidence (EN-1, EN-4)."""

from __future__ import annotations

from connector.domain.running import Run
from connector.domain.statements import statements


def match_companies(run: Run) -> None:
    """Makes match_results(input_id, company_id, status, method, confidence) and match_pairs, the evidence.

    Reads the temporary tables match_inputs(input_id, corporate_number, domain, strict, loose, cut, form, position,
    prefecture), one row a distinct input, and match_masters(company_id, corporate_number, domain, strict, loose,
    form, position, prefecture, closed). `status` is matched, candidate, none, matched_closed or candidate_closed;
    `method` is corporate_number, domain, name, folded_name or branch_cut.
    """
    sql = statements("connector.firmographics", "match.sql")
    run(sql["pairs"], {})
    run(sql["results"], {})
