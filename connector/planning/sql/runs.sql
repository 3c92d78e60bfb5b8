-- name: open
-- The runs that the ledger knows as open, with all that says whether they go on.
SELECT run.person_id, run.cadence, run.start_date, run.key_record, coalesce(pause.pauses, ''), ended.reason, ended.came_at,
  coalesce(ended.restarts, FALSE), last.person_id IS NOT NULL, coalesce(last.waits, FALSE), asked.person_id IS NOT NULL,
  coalesce(answer.answered >= run.crossed_at, FALSE), coalesce(lead.is_converted, FALSE)
FROM cadence_runs AS run
LEFT JOIN run_pauses AS pause
  ON pause.person_id = run.person_id AND pause.cadence = run.cadence AND pause.start_date = run.start_date
LEFT JOIN run_ends AS ended
  ON ended.person_id = run.person_id AND ended.cadence = run.cadence AND ended.start_date = run.start_date
LEFT JOIN run_lasts AS last
  ON last.person_id = run.person_id AND last.cadence = run.cadence AND last.start_date = run.start_date
LEFT JOIN next_contacts AS asked ON asked.person_id = run.person_id
  AND coalesce(asked.waiting_since <= run.crossed_at, TRUE)
LEFT JOIN inquiry_answers AS answer ON answer.person_id = run.person_id
LEFT JOIN seen_salesforce_lead AS lead ON lead.id = run.key_record AND coalesce(lead.converted_on >= run.start_date, TRUE)
WHERE run.ended_at IS NULL AND NOT list_contains($beside::VARCHAR[], run.cadence)
ORDER BY run.person_id, run.cadence, run.start_date

-- name: reachable
SELECT people.person_id, coalesce(people.contact_ids[1], people.lead_ids[1]) AS who_id, people.owner_id,
  coalesce(people.opted_out, FALSE), coalesce(people.do_not_call, FALSE), decided.stage, decided.stage_rule,
  scored.score, decided.hot_since AS crossed_at, decided.cadence_starts, decided.review, decided.cadence
FROM people JOIN decided USING (person_id) JOIN scored USING (person_id)
WHERE len(people.contact_ids) + len(people.lead_ids) > 0
  AND (decided.cadence_starts OR decided.review
    OR person_id IN (SELECT person_id FROM cadence_runs WHERE ended_at IS NULL)
    OR person_id IN (SELECT person_id FROM next_contacts))
ORDER BY people.person_id

-- name: begun
SELECT person_id FROM cadence_runs WHERE list_contains($cadences::VARCHAR[], cadence) AND start_date = $day

-- name: inquiries
-- Inquiries that nobody answered and for which no run has begun: neither those of people who are no leads, nor those that
-- a backfill brought (WB-7). `taken`: the days on which the person had a run for another inquiry.
WITH last AS (SELECT acts_from FROM backfill ORDER BY begun_at DESC, backfill_id DESC LIMIT 1)
SELECT contact.person_id, choice.inquiry, contact.waiting_since,
  (SELECT list(start_date) FROM cadence_runs AS run
   WHERE run.person_id = contact.person_id AND run.cadence = choice.inquiry) AS taken
FROM next_contacts AS contact
JOIN decided ON decided.person_id = contact.person_id
JOIN cadence_choices AS choice ON choice.person_id = contact.person_id
WHERE choice.inquiry IS NOT NULL AND decided.stage <> 'disqualified'
  AND contact.person_id NOT IN (SELECT person_id FROM screened)
  AND NOT EXISTS (
    SELECT 1 FROM cadence_runs AS run
    WHERE run.person_id = contact.person_id AND run.cadence = choice.inquiry
      AND coalesce(run.crossed_at >= contact.waiting_since, run.ended_at IS NULL))
  AND NOT EXISTS (
    SELECT 1 FROM last
    WHERE contact.asked_at <= last.acts_from
      AND contact.person_id NOT IN (SELECT person_id FROM waiting_before_backfill))
ORDER BY contact.person_id

-- name: open_steps
SELECT DISTINCT person_id, cadence, step, channel FROM our_tasks WHERE is_open AND channel IS NOT NULL

-- name: made_today
-- How many tasks we have made today for each owner, by the clock of the zone.
SELECT json_extract_string(values_after, '$.OwnerId') AS owner, count(*)
FROM journal
WHERE kind = 'task' AND outcome = 'done' AND timezone($zone, timezone('UTC', intended_at))::DATE = $today
GROUP BY owner

-- name: ranks
-- What speaks for turning to a person first (CD-5): timing, expected size, relation, budget known, score.
SELECT who.person_id, list_has_any(qualified.acceptable, ['timeframe', 'timing']), coalesce(company.employees, 0),
  EXISTS (SELECT 1 FROM opportunities AS deal WHERE deal.status = 'won' AND deal.company_id = person.company_id),
  list_contains(qualified.acceptable, 'budget'), scored.score_deciding
FROM (SELECT unnest($persons::VARCHAR[]) AS person_id) AS who
JOIN people AS person ON person.person_id = who.person_id
JOIN qualified ON qualified.person_id = who.person_id
JOIN scored ON scored.person_id = who.person_id
LEFT JOIN companies AS company ON company.company_id = person.company_id
