-- name: claim_changes
CREATE OR REPLACE TEMP TABLE claim_changes AS
WITH moments AS (
  SELECT person_id, <<left>> AS moment FROM counted_activities GROUP BY person_id
  UNION ALL
  SELECT person_id, last_activity_at + to_days(each.days)
  FROM scored CROSS JOIN (SELECT unnest(<<spells>>) AS days) AS each
  UNION ALL
  SELECT person_id, "at" + to_days(each.days)
  FROM heard_ever CROSS JOIN (SELECT unnest(<<answered>>) AS days) AS each
  UNION ALL
  SELECT person_id, "at" FROM hearing
  UNION ALL
  SELECT activity.person_id, activity.occurred_at + to_days(each.days)
  FROM activities AS activity SEMI JOIN content_stages USING (content)
  CROSS JOIN (SELECT unnest(<<seen>>) AS days) AS each
)
SELECT person_id, min(moment) AS next_change_at FROM moments WHERE moment > $as_of GROUP BY person_id
