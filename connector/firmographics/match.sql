-- name: pairs
-- Every company that an input could mean, by number, domain or a key of the name; a known other number excludes.
CREATE OR REPLACE TEMP TABLE match_pairs AS
WITH met AS (
    SELECT input.input_id, master.company_id
    FROM match_inputs AS input JOIN match_masters AS master ON master.corporate_number = input.corporate_number
    UNION
    SELECT input.input_id, master.company_id
    FROM match_inputs AS input JOIN match_masters AS master ON master.domain = input.domain
    UNION
    SELECT input.input_id, master.company_id
    FROM match_inputs AS input JOIN match_masters AS master ON master.loose = input.loose
    UNION
    SELECT input.input_id, master.company_id
    FROM match_inputs AS input JOIN match_masters AS master ON master.loose = input.cut
)
SELECT met.input_id, met.company_id, master.closed, master.loose,
    coalesce(input.corporate_number = master.corporate_number, FALSE) AS same_number,
    coalesce(input.domain = master.domain, FALSE) AS same_domain,
    input.domain <> master.domain AS other_domain,
    CASE
        WHEN input.strict = master.strict THEN 'name'
        WHEN input.loose = master.loose THEN 'folded_name'
        WHEN input.cut = master.loose THEN 'branch_cut'
    END AS same_name,
    input.loose IS NULL OR contains(input.loose, master.loose) OR contains(master.loose, input.loose)
        OR contains(input.loose, replace(split_part(master.domain, '.', 1), '-', '')) AS similar_name,
    CASE WHEN input.form IS NOT NULL AND master.form IS NOT NULL
        THEN CASE WHEN input.form = master.form THEN 0.02 ELSE -0.07 END ELSE 0 END
    + CASE WHEN input.position IS NOT NULL AND master.position IS NOT NULL
        THEN CASE WHEN input.position = master.position THEN 0.02 ELSE -0.03 END ELSE 0 END AS form_points,
    CASE WHEN regexp_matches(input.prefecture, '[a-zA-Z]') = regexp_matches(master.prefecture, '[a-zA-Z]')
        THEN regexp_replace(lower(trim(input.prefecture)), '(都|府|県)$', '')
            = regexp_replace(lower(trim(master.prefecture)), '(都|府|県)$', '') END AS same_prefecture
FROM met
JOIN match_inputs AS input USING (input_id)
JOIN match_masters AS master USING (company_id)
WHERE coalesce(input.corporate_number = master.corporate_number, TRUE);

-- name: results
-- One row an input: the best company with method, confidence (0 to 1) and state. Only a clear best that its number,
-- its domain, its prefecture, or a name borne once and no other domain confirms is matched; all else is a candidate.
CREATE OR REPLACE TEMP TABLE match_results AS
WITH namesakes AS (
    SELECT loose, count(*) AS bearers FROM match_masters WHERE loose IS NOT NULL GROUP BY loose
),
weighed AS (
    SELECT pair.*, coalesce(namesakes.bearers, 1) AS bearers,
        CASE
            WHEN same_number THEN 'corporate_number'
            WHEN same_domain THEN 'domain'
            ELSE same_name
        END AS method,
        CASE
            WHEN same_number THEN 1.0
            ELSE greatest(0, least(1.0,
                CASE
                    WHEN same_domain AND (same_name IS NOT NULL OR similar_name) THEN 0.99
                    WHEN same_domain THEN 0.70
                    WHEN same_name = 'name' THEN 0.90
                    WHEN same_name = 'folded_name' THEN 0.87
                    ELSE 0.86
                END
                + form_points
                + CASE same_prefecture WHEN TRUE THEN 0.04 WHEN FALSE THEN -0.08 ELSE 0 END
                - CASE WHEN other_domain THEN 0.06 ELSE 0 END
            ))
        END AS confidence
    FROM match_pairs AS pair
    LEFT JOIN namesakes USING (loose)
),
ranked AS (
    SELECT *,
        confidence - coalesce(lead(confidence) OVER ranking, 0) AS margin,
        row_number() OVER ranking AS rank
    FROM weighed
    WINDOW ranking AS (
        PARTITION BY input_id ORDER BY confidence DESC, closed, company_id
    )
),
best AS (
    SELECT *,
        same_number OR (
            confidence >= 0.82 AND margin >= 0.04
            AND (
                same_domain
                OR (bearers = 1 AND NOT coalesce(other_domain, FALSE))
                OR (bearers <= 5 AND coalesce(same_prefecture, FALSE))
            )
        ) AS sure
    FROM ranked
    WHERE rank = 1
)
SELECT input.input_id, best.company_id,
    CASE
        WHEN best.input_id IS NULL THEN 'none'
        ELSE CASE WHEN best.sure THEN 'matched' ELSE 'candidate' END || CASE WHEN best.closed THEN '_closed' ELSE '' END
    END AS status,
    best.method, round(best.confidence, 2)::DOUBLE AS confidence
FROM match_inputs AS input
LEFT JOIN best USING (input_id);
