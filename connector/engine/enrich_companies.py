"""People and accounts → companies, with the register's firmographics (EN-1, EN-4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connector.domain.running import Load, Run
from connector.domain.streams import AttributeType
from connector.engine.composing import compose
from connector.firmographics.corporate_number import corporate_number
from connector.firmographics.domains import company_domain
from connector.firmographics.match import match_companies
from connector.firmographics.names import name_key_rows
from connector.firmographics.register import Register, RegisterCompany
from connector.firmographics.targets import resolve_targets

_FILE = "enrich_companies"
_REGISTER_COLUMNS = (
    "company_id", "corporate_number", "name", "domain", "prefecture", "industry", "employees", "revenue_jpy",
    "capital_jpy", "listed", "closed", "target",
)  # fmt: skip
_BUILT_IN = frozenset({*_REGISTER_COLUMNS, "match_status", "account_ids", "website", "revenue", "owner_id"})
_OF_ACCOUNTS = {
    "name": "account.name",
    "corporate_number": "input.corporate_number",
    "domain": "input.domain",
    "industry": "account.industry",
    "employees": "account.employees",
    "revenue_jpy": "round(account.revenue)::BIGINT",
    "prefecture": "account.prefecture",
}


def enrich_companies(run: Run, load: Load, register: Register | None, extra: Mapping[str, AttributeType]) -> None:
    """Makes the temporary tables companies, company_accounts, company_matches and enrich_person_companies.

    Needs enrich_chosen. `extra`: the attributes that the admin added to accounts. Names, domains and numbers are
    brought into their keys once for each distinct text.
    """
    known = resolve_targets(register or Register())
    run(compose(_FILE, "mentions"), {})
    _load_keys(run, load, [company for company, _ in known])
    load("company_register", _REGISTER_COLUMNS, [_register_row(company, target) for company, target in known])
    run(compose(_FILE, "inputs"), {})
    run(compose(_FILE, "register_masters"), {})
    run(compose(_FILE, "match_inputs"), {"source": "account"})
    match_companies(run)
    run(compose(_FILE, "accounts"), {})
    run(compose(_FILE, "account_masters"), {})
    run(compose(_FILE, "match_inputs"), {"source": "person"})
    match_companies(run)
    run(compose(_FILE, "matches"), {})
    run(compose(_FILE, "person_companies"), {})
    run(_companies(extra), {})


def _load_keys(run: Run, load: Load, companies: Iterable[RegisterCompany]) -> None:
    known = tuple(companies)
    numbers = _texts(run, compose(_FILE, "number_texts"))
    domains = {*_texts(run, compose(_FILE, "domain_texts")), *(company.domain for company in known if company.domain)}
    names = {*_texts(run, compose(_FILE, "name_texts")), *(company.name for company in known)}
    load("company_numbers", ("number_text", "number"), [(text, corporate_number(text)) for text in numbers])
    load("company_domains", ("text", "domain"), [(text, company_domain(text)) for text in sorted(domains)])
    load("company_names", ("name", "strict", "loose", "cut", "form", "position"), name_key_rows(names))


def _texts(run: Run, sql: str) -> list[str]:
    return [str(row[0]) for row in run(sql, {})]


def _register_row(company: RegisterCompany, target: bool) -> tuple[object, ...]:
    return (
        company.company_id, company.corporate_number, company.name, company.domain, company.prefecture,
        company.industry, company.employees, company.revenue_jpy, company.capital_jpy,
        None if company.listed is None else _word(company.listed), _word(company.closed), _word(target),
    )  # fmt: skip


def _word(flag: bool) -> str:
    return "yes" if flag else "no"


def _companies(extra: Mapping[str, AttributeType]) -> str:
    added = [name for name in extra if name not in _BUILT_IN]
    values = {**_OF_ACCOUNTS, **{name: f'account."{name}"' for name in added}}
    first = ",\n        ".join(
        f'arg_min({value}, (account.created_at, account.id)) AS "{name}"' for name, value in values.items()
    )
    return compose(_FILE, "companies", first_values=first, extra="".join(f', accounts."{name}"' for name in added))
