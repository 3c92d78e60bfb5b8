-- name: deals
-- Each deal as it stood: by its versions where it changed its mind, else open from its beginning to its closing, then
-- won or lost. Of one that is closed and nobody knows since when, nobody knows that it was ever open.
CREATE OR REPLACE TEMP TABLE deal_spans AS
SELECT * REPLACE ('open' AS status, NULL::TIMESTAMP AS closed_at),
  coalesce(epoch_us(created_at), -<<for_ever>>) AS begins,
  coalesce(CASE WHEN status <> 'open' THEN epoch_us(coalesce(closed_at, created_at)) END, <<for_ever>>) AS ends
FROM opportunities
ANTI JOIN deal_past USING (opportunity_id)
WHERE person_id IS NOT NULL AND (status = 'open' OR closed_at > coalesce(created_at, TIMESTAMP '-infinity'))
UNION ALL
SELECT *, coalesce(epoch_us(coalesce(closed_at, created_at)), -<<for_ever>>), <<for_ever>>
FROM opportunities
ANTI JOIN deal_past USING (opportunity_id)
WHERE person_id IS NOT NULL AND status <> 'open'
UNION ALL
SELECT deal.* REPLACE (past.status AS status, past.closed_at AS closed_at), epoch_us(past.begins),
  coalesce(epoch_us(past.ends), <<for_ever>>)
FROM opportunities AS deal
JOIN deal_past AS past USING (opportunity_id)
WHERE deal.person_id IS NOT NULL AND past.begins < coalesce(past.ends, TIMESTAMP 'infinity')

-- name: spans
-- What the CRM said of a person, from when to when, as the deals and the words of the records tell it: an open deal
-- comes first, then won, then disqualified, then lost (LC-1). `deal` is the one that was closed last.
CREATE OR REPLACE TEMP TABLE crm_told AS
WITH marks AS (
  SELECT person_id, begins AS t, opportunity_id AS tie, 1 AS opened, NULL AS closed, NULL AS word, NULL AS lost_at
  FROM deal_spans
  WHERE status = 'open'
  UNION ALL
  SELECT person_id, ends, opportunity_id, -1, NULL, NULL, NULL
  FROM deal_spans
  WHERE status = 'open' AND ends < <<for_ever>>
  UNION ALL
  SELECT person_id, begins, opportunity_id, 0, {'status': status, 'deal': opportunity_id}, NULL,
    CASE WHEN status = 'lost' THEN epoch_us(coalesce(closed_at, created_at)) END
  FROM deal_spans
  WHERE status <> 'open'
  UNION ALL
  SELECT person_id, coalesce(epoch_us(begins), -<<for_ever>>), NULL, 0, NULL,
    {'status': status, 'undated': begins IS NULL}, NULL
  FROM crm_words
),
states AS (
  SELECT person_id, t,
    sum(opened) OVER past > 0 AS is_open,
    last_value(closed IGNORE NULLS) OVER past AS closed,
    last_value(word IGNORE NULLS) OVER past AS word,
    max(lost_at) OVER past AS lost_at
  FROM marks
  WINDOW past AS (
    PARTITION BY person_id ORDER BY t, tie NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
  QUALIFY t IS DISTINCT FROM lead(t) OVER (PARTITION BY person_id ORDER BY t, tie NULLS FIRST)
),
said AS (
  SELECT person_id, t AS begins, closed.deal AS deal, lost_at,
    CASE
      WHEN is_open THEN 'opportunity'
      WHEN closed.status = 'won' THEN 'won'
      WHEN word.status = 'disqualified' THEN 'disqualified'
      ELSE coalesce(closed.status, word.status)
    END AS status,
    NOT is_open AND coalesce(word.undated, FALSE) AND (word.status = 'disqualified' OR closed IS NULL) AS undated
  FROM states
)
SELECT person_id, begins, coalesce(lead(begins) OVER (PARTITION BY person_id ORDER BY begins), <<for_ever>>) AS ends,
  status, deal, lost_at, undated
FROM said

-- name: checked
-- Where what was told does not end with what the CRM says now, only that is believed: lost since the day of the loss,
-- all else since nobody knows when.
CREATE OR REPLACE TEMP TABLE crm_spans AS
WITH now_told AS (
  SELECT person_id, status, lost_at FROM crm_told WHERE begins <= <<now>> AND ends > <<now>>
),
doubtful AS (
  SELECT person.person_id, person.crm_status AS status, epoch_us(person.lost_at) AS lost_at
  FROM people AS person
  LEFT JOIN now_told AS told USING (person_id)
  WHERE person.crm_status IS DISTINCT FROM told.status
    OR (person.crm_status = 'lost' AND epoch_us(person.lost_at) IS DISTINCT FROM told.lost_at)
)
SELECT * FROM crm_told ANTI JOIN doubtful USING (person_id)
UNION ALL
SELECT person_id,
  CASE WHEN status = 'lost' AND lost_at <= <<now>> THEN lost_at ELSE -<<for_ever>> END, <<for_ever>>, status, NULL,
  lost_at, NOT coalesce(status = 'lost' AND lost_at <= <<now>>, FALSE)
FROM doubtful
WHERE status IS NOT NULL

-- name: recycled
-- From when to when somebody stood recycled, and when that life of the score began (RC-3).
CREATE OR REPLACE TEMP TABLE recycled_spans AS
WITH dues AS (
  SELECT span.person_id, span.begins, span.ends,
    CASE
      WHEN span.ends > <<now>> AND span.begins <= <<now>> THEN epoch_us(recycling.recycled_at)
      WHEN span.status = 'lost' THEN epoch_us(closing.due_at)
      WHEN closing.closed_at IS NULL THEN epoch_us(lead.due_at)
      -- Beside a closed lead the one of both counts that waits longer.
      WHEN lead.due_at >= closing.due_at THEN epoch_us(lead.due_at)
      WHEN lead.due_at < closing.due_at THEN epoch_us(closing.due_at)
    END AS born
  FROM crm_spans AS span
  LEFT JOIN recycling USING (person_id)
  LEFT JOIN closings AS closing
    ON closing.person_id = span.person_id AND closing.kind = 'deal' AND closing.record_id = span.deal
  ASOF LEFT JOIN (SELECT person_id, epoch_us(closed_at) AS t, due_at FROM closings WHERE past) AS lead
    ON lead.person_id = span.person_id AND span.begins >= lead.t
  WHERE span.status IN ('lost', 'disqualified')
)
SELECT row_number() OVER () AS life, person_id, born, greatest(begins, born) AS begins, ends
FROM dues
WHERE born < ends AND born <= <<now>>
