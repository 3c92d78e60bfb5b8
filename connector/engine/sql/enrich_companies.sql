-- name: mentions
-- Where companies are named: by the accounts of Salesforce, and by people without an account.
CREATE OR REPLACE TEMP TABLE company_mentions AS
SELECT 'account' AS source, id, trim(name) AS name, corporate_number AS number_text, website AS web_text,
    NULL AS mail_text, prefecture
FROM seen_salesforce_account
WHERE NOT coalesce(is_deleted, FALSE)
UNION ALL
SELECT 'person', person_id, trim(company), corporate_number, website, lower(split_part(email, '@', 2)), prefecture
FROM enrich_chosen
WHERE account_id IS NULL;

-- name: number_texts
SELECT DISTINCT number_text FROM company_mentions WHERE trim(number_text) <> '' ORDER BY ALL;

-- name: domain_texts
SELECT web_text FROM company_mentions WHERE trim(web_text) <> ''
UNION
SELECT mail_text FROM company_mentions WHERE mail_text <> ''
ORDER BY ALL;

-- name: name_texts
SELECT DISTINCT name FROM company_mentions WHERE name <> '' ORDER BY ALL;

-- name: inputs
-- The mentions with their keys; equal ones share an input, so that each is matched once.
CREATE OR REPLACE TEMP TABLE company_inputs AS
SELECT mention.source, mention.id, numbers.number AS corporate_number, coalesce(web.domain, mail.domain) AS domain,
    keys.strict, keys.loose, keys.cut, keys.form, keys.position, nullif(trim(mention.prefecture), '') AS prefecture,
    mention.source || chr(31) || concat_ws(
        chr(31), coalesce(numbers.number, ''), coalesce(web.domain, mail.domain, ''), coalesce(mention.name, ''),
        coalesce(trim(mention.prefecture), '')
    ) AS input_id
FROM company_mentions AS mention
LEFT JOIN company_numbers AS numbers USING (number_text)
LEFT JOIN company_domains AS web ON web.text = mention.web_text
LEFT JOIN company_domains AS mail ON mail.text = mention.mail_text
LEFT JOIN company_names AS keys ON keys.name = mention.name;

-- name: match_inputs
CREATE OR REPLACE TEMP TABLE match_inputs AS
SELECT input_id, any_value(corporate_number) AS corporate_number, any_value(domain) AS domain,
    any_value(strict) AS strict, any_value(loose) AS loose, any_value(cut) AS cut, any_value(form) AS form,
    any_value(position) AS position, any_value(prefecture) AS prefecture
FROM company_inputs
WHERE source = $source
GROUP BY input_id;

-- name: register_masters
CREATE OR REPLACE TEMP TABLE match_masters AS
SELECT company.company_id, company.corporate_number, domains.domain, keys.strict, keys.loose, keys.form, keys.position,
    company.prefecture, company.closed = 'yes' AS closed
FROM company_register AS company
LEFT JOIN company_domains AS domains ON domains.text = company.domain
LEFT JOIN company_names AS keys ON keys.name = company.name;

-- name: accounts
-- Which company each account is: the register's where the match is sure, else one of its own.
CREATE OR REPLACE TEMP TABLE company_accounts AS
SELECT input.id AS account_id,
    CASE WHEN result.status LIKE 'matched%' THEN result.company_id ELSE 'account:' || input.id END AS company_id,
    result.status, result.method, result.confidence, result.company_id AS best_company_id
FROM company_inputs AS input
JOIN match_results AS result USING (input_id)
WHERE input.source = 'account';

-- name: account_masters
-- Accounts that the register does not know can be what a lead means, too.
INSERT INTO match_masters
SELECT owned.company_id, input.corporate_number, input.domain, input.strict, input.loose, input.form, input.position,
    input.prefecture, FALSE
FROM company_accounts AS owned
JOIN company_inputs AS input ON input.source = 'account' AND input.id = owned.account_id
WHERE owned.company_id LIKE 'account:%';

-- name: matches
-- All that was matched, sure or not, for the review of doubtful ones.
CREATE OR REPLACE TEMP TABLE company_matches AS
SELECT 'account' AS source, account_id AS id, best_company_id AS company_id, status, method, confidence
FROM company_accounts
UNION ALL
SELECT 'person', input.id, result.company_id, result.status, result.method, result.confidence
FROM company_inputs AS input
JOIN match_results AS result USING (input_id)
WHERE input.source = 'person';

-- name: person_companies
-- A contact belongs to its account's company; a doubtful match gives no company.
CREATE OR REPLACE TEMP TABLE enrich_person_companies AS
SELECT id AS person_id, CASE WHEN status LIKE 'matched%' THEN company_id END AS company_id, status AS match_status,
    method AS match_method, confidence AS match_confidence
FROM company_matches
WHERE source = 'person'
UNION ALL
SELECT chosen.person_id, owned.company_id, 'matched', 'account', 1.0
FROM enrich_chosen AS chosen
JOIN company_accounts AS owned USING (account_id);

-- name: companies
-- What the register says of a company counts before what the account's own fields say.
CREATE OR REPLACE TEMP TABLE companies AS
WITH accounts AS (
    SELECT owned.company_id, list(account.id ORDER BY account.created_at, account.id) AS account_ids,
        <<first_values>>
    FROM company_accounts AS owned
    JOIN seen_salesforce_account AS account ON account.id = owned.account_id
    LEFT JOIN company_inputs AS input ON input.source = 'account' AND input.id = owned.account_id
    GROUP BY owned.company_id
),
wanted AS (
    SELECT company_id FROM company_register WHERE target = 'yes'
    UNION
    SELECT company_id FROM company_accounts
    UNION
    SELECT company_id FROM enrich_person_companies WHERE company_id IS NOT NULL
)
SELECT wanted.company_id, coalesce(known.name, accounts.name) AS name,
    coalesce(known.corporate_number, accounts.corporate_number) AS corporate_number,
    coalesce(known.domain, accounts.domain) AS domain,
    coalesce(known.industry, accounts.industry) AS industry,
    coalesce(known.employees::BIGINT, accounts.employees) AS employees,
    coalesce(known.revenue_jpy::BIGINT, accounts.revenue_jpy) AS revenue_jpy,
    known.capital_jpy::BIGINT AS capital_jpy,
    coalesce(known.prefecture, accounts.prefecture) AS prefecture,
    known.listed = 'yes' AS listed,
    coalesce(known.target = 'yes', FALSE) AS target,
    CASE WHEN known.company_id IS NULL THEN 'none' WHEN known.closed = 'yes' THEN 'matched_closed' ELSE 'matched' END
        AS match_status,
    coalesce(accounts.account_ids, []) AS account_ids<<extra>>
FROM wanted
LEFT JOIN company_register AS known USING (company_id)
LEFT JOIN accounts USING (company_id);
