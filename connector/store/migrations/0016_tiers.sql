-- Which tier each company has had: since when we know, by which rule of which version of the rules, and what moved it. A
-- row stands until the next one of the company. `facts`: what the rule looked at.
CREATE TABLE tier_history (
    company_id VARCHAR NOT NULL,
    tier VARCHAR,
    tier_rule VARCHAR,
    rules_hash VARCHAR NOT NULL,
    facts VARCHAR NOT NULL,
    moved_by VARCHAR[] NOT NULL,
    since TIMESTAMP NOT NULL
);
