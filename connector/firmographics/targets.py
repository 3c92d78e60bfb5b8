"""The target list against the register: which companies are wanted, and those that the register does not know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping

from connector.firmographics.names import name_keys
from connector.firmographics.register import Register, RegisterCompany, Target


def resolve_targets(register: Register) -> tuple[tuple[RegisterCompany, bool], ...]:
    """Every company of the register with whether it is wanted, then a company for each target that is in none.

    A target means the company with its number; without one, the only company with its domain, else the only one
    with its name.
    """
    by_number = {company.corporate_number: company for company in register.companies}
    unnumbered = [target for target in register.targets if not target.corporate_number]
    searched = register.companies if unnumbered else ()
    by_domain = _only(_grouped((company.domain, company) for company in searched))
    by_name = _only(_grouped((name_keys(company.name).loose, company) for company in searched))
    wanted: set[int] = set()
    unknown: dict[Target, None] = {}
    for target in register.targets:
        found = by_number.get(target.corporate_number) if target.corporate_number else None
        if found is None and not target.corporate_number:
            found = by_domain.get(target.domain) or by_name.get(name_keys(target.name or "").loose)
        if found is None:
            unknown[target] = None
        else:
            wanted.add(id(found))
    named = ((company, id(company) in wanted) for company in register.companies)
    return (*named, *((_company(target), True) for target in unknown))


def _grouped(pairs: Iterable[tuple[Hashable, RegisterCompany]]) -> Mapping[Hashable, list[RegisterCompany]]:
    groups: defaultdict[Hashable, list[RegisterCompany]] = defaultdict(list)
    for key, company in pairs:
        groups[key].append(company)
    return groups


def _only(groups: Mapping[Hashable, list[RegisterCompany]]) -> dict[Hashable, RegisterCompany]:
    return {key: companies[0] for key, companies in groups.items() if key is not None and len(companies) == 1}


def _company(target: Target) -> RegisterCompany:
    return RegisterCompany(
        name=target.name or target.domain or target.corporate_number or "",
        corporate_number=target.corporate_number,
        domain=target.domain,
    )
