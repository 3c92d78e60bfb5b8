-- name: answers
-- One row a person: what was decided, as one text, and when time alone can change it next. `open`: a follow-up begins or
-- waits for somebody's time.
CREATE OR REPLACE TEMP TABLE answers AS
SELECT scored.person_id, person.company_id, decided.cadence_starts OR decided.review AS open,
  <<next_change_at>> AS next_change_at,
  to_json({
    'score': scored.score, 'source': scored.score_source, 'behaviour': scored.score_behaviour,
    'deciding': scored.score_deciding, 'crossed_at': scored.crossed_at, 'recycled_at': scored.recycled_at,
    'last_activity_at': scored.last_activity_at, 'activities': scored.activities,
    'grade': graded.grade, 'tier': tiered.tier, 'stage': decided.stage, 'stage_rule': decided.stage_rule,
    'hot_since': decided.hot_since, 'lacks': qualified.hot_lacks, 'heard': qualified.heard,
    'acceptable': qualified.acceptable, 'buying_stage': qualified.buying_stage, 'mql': qualified.mql_rules,
    'is_mql': qualified.is_mql, 'is_sql': qualified.is_sql, 'met': qualified.toss_up_met,
    'required': qualified.toss_up_required, 'ready': qualified.toss_up_ready
  })::VARCHAR AS answer
FROM scored
JOIN people AS person USING (person_id)
JOIN decided USING (person_id)
JOIN qualified USING (person_id)
LEFT JOIN graded USING (person_id)
LEFT JOIN tiered ON tiered.company_id = person.company_id
<<further>>
