-- name: cells
-- Every field that a run wrote and nobody took back since: what stood there before and what it wrote, as JSON, and the run
-- that wrote it last. `known`: whether the journal says what stood there. An entry of a run that took another one back
-- covers the entries of that one; what lies below counts again.
WITH ours AS (
  SELECT object, record, min(number) AS number FROM journal
  WHERE run_id = $run AND outcome = 'done' AND record <> '' AND kind IN ('update', 'close', 'prospect', 'native_grade', 'membership')
  GROUP BY object, record
),
entries AS (
  SELECT journal.number, journal.run_id, undo.undoes, journal.object, journal.record, journal.values_before,
    journal.values_after, unnest(json_keys(journal.values_after)) AS field
  FROM journal
  JOIN ours ON ours.object = journal.object AND ours.record = journal.record AND journal.number >= ours.number
  LEFT JOIN undo ON undo.run_id = journal.run_id
  WHERE journal.outcome = 'done' AND journal.kind IN ('update', 'close', 'prospect', 'native_grade', 'membership')
),
taken_back AS (
  SELECT undoes AS run_id, object, record, field, max(number) AS number FROM entries
  WHERE undoes IS NOT NULL GROUP BY ALL
),
standing AS (
  SELECT entries.*, {
      'known': json_exists(values_before, '$.' || entries.field),
      'value': json_extract(values_before, '$.' || entries.field)::VARCHAR} AS before,
    json_extract(values_after, '$.' || entries.field)::VARCHAR AS after
  FROM entries
  LEFT JOIN taken_back ON taken_back.run_id = entries.run_id AND taken_back.object = entries.object
    AND taken_back.record = entries.record AND taken_back.field = entries.field
    AND taken_back.number > entries.number
  WHERE entries.undoes IS NULL AND taken_back.number IS NULL
)
SELECT object, record, field, arg_min(before, number) FILTER (run_id = $run) AS before,
  arg_max(after, number) FILTER (run_id = $run) AS after, arg_max(run_id, number) AS written_by
FROM standing
GROUP BY object, record, field
HAVING bool_or(run_id = $run)
ORDER BY object, record, field

-- name: tasks
-- The tasks that a run made, by key, with what was sent.
SELECT record, any_value(values_after) FROM journal
WHERE run_id = $run AND kind = 'task' AND outcome = 'done' AND record <> ''
GROUP BY record ORDER BY record

-- name: opportunities
-- The opportunities that a run made, by key: they stay.
SELECT DISTINCT record FROM journal
WHERE run_id = $run AND kind = 'opportunity' AND outcome = 'done' AND record <> '' AND values_after <> '{}'
ORDER BY record

-- name: taken_back
-- The tasks that were closed or deleted when a run was taken back, by id and by key.
SELECT journal.record, json_extract_string(journal.values_before, '$.Connector_Key__c')
FROM journal JOIN undo ON undo.run_id = journal.run_id
WHERE undo.undoes = $run AND journal.outcome = 'done' AND journal.object = 'Task'

-- name: put_away
-- What a run wrote and the journal cannot tell any more: entries of people who were forgotten, and emptied ones.
SELECT object, record, record = '' AS forgotten FROM journal
WHERE run_id = $run AND outcome = 'done' AND (record = '' OR values_after = '{}')
ORDER BY number

-- name: open
-- What a run sent and of which nobody can say yet whether it arrived: a bulk job or an import that still runs.
SELECT object, record FROM journal WHERE run_id = $run AND outcome IS NULL AND record <> '' ORDER BY number

-- name: begun
-- The follow-ups that a run began and that are still open.
SELECT person_id, cadence, start_date::VARCHAR, key_record FROM cadence_runs
WHERE run_id = $run AND ended_at IS NULL
ORDER BY ALL

-- name: persons
-- Whose records these are.
SELECT record_key, person_id FROM known_persons WHERE record_key IN (SELECT unnest($keys::VARCHAR[]))
