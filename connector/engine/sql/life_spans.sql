-- name: active
-- From when on somebody has done anything that counts, since they are known; whoever had done something before is looked
-- at activity by activity.
SELECT pid, 2 * first + 1 AS k, <<word>> AS word, <<bit>> AS delta
FROM (SELECT pid, min(first) AS first FROM score_knots WHERE active GROUP BY pid) AS begun
JOIN score_people AS who USING (pid)
WHERE first >= who.created
UNION ALL
SELECT event.pid, 2 * min(event.t) + 1, <<word>>, <<bit>>
FROM score_events AS event
JOIN (
  SELECT who.pid, who.created
  FROM score_people AS who
  JOIN (SELECT pid, min(first) AS first, max(last) AS last FROM score_knots WHERE active GROUP BY pid) AS begun USING (pid)
  WHERE begun.first < who.created AND begun.last >= who.created
) AS known ON known.pid = event.pid AND event.t >= known.created
GROUP BY event.pid

-- name: counted
-- What people did that some claim asks about.
CREATE OR REPLACE TEMP TABLE life_counted AS
SELECT who.pid, epoch_us(done.occurred_at) AS t, done.* EXCLUDE (person_id, occurred_at)
FROM counted_activities AS done
JOIN score_people AS who USING (person_id)
ANTI JOIN recycled_spans AS anew USING (person_id)

-- name: counted_before
-- Of those who were recycled, what they did before as well: then it counted.
INSERT INTO life_counted BY NAME
SELECT who.pid, epoch_us(activity.occurred_at) AS t, <<columns>>
FROM <<acts>> AS activity
JOIN score_people AS who USING (person_id)
SEMI JOIN recycled_spans AS anew USING (person_id)
WHERE activity.occurred_at <= $as_of AND <<not_noise>> AND (<<any>>)

-- name: counted_again
-- The same since a life began anew: what was done before counts for nothing there (RC-3).
CREATE OR REPLACE TEMP TABLE again_counted AS
SELECT again.pid, done.* EXCLUDE (pid)
FROM again_people AS again
JOIN recycled_spans AS span ON span.life = again.pid
JOIN score_people AS who USING (person_id)
JOIN life_counted AS done ON done.pid = who.pid AND done.t > span.born

-- name: spans
-- What holds of whom from when to when.
CREATE OR REPLACE TEMP TABLE life_spans AS
SELECT pid, slot, begins, ends
FROM (
  SELECT pid, slot, begins, ends FROM (<<by_number>>)
  UNION ALL
  SELECT who.pid, held.slot, held.begins, held.ends
  FROM (<<by_person>>) AS held
  JOIN score_people AS who USING (person_id)
  UNION ALL
  SELECT who.pid, held.slot, greatest(held.begins, span.begins), least(held.ends, span.ends)
  FROM (<<again>>) AS held
  JOIN recycled_spans AS span ON span.life = held.pid
  JOIN score_people AS who USING (person_id)
)
WHERE begins <= <<now>> AND ends > begins

-- name: joined
-- Spans that touch are one. Of each, where it begins and where it ends.
SELECT pid, 2 * edge.t + 1 AS k, word, edge.sign * bit AS delta
FROM (
  SELECT pid, slot.word, slot.bit, begins, reach, reached, following,
    unnest([{'t': begins, 'sign': 1}, {'t': reach, 'sign': -1}]) AS edge
  FROM (
    SELECT pid, slot, begins, reach, lag(reach) OVER life AS reached, lead(begins) OVER life AS following
    FROM (
      SELECT pid, slot, begins, ends, max(ends) OVER (
        PARTITION BY pid, slot ORDER BY begins, ends ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS reach
      FROM life_spans
    )
    WINDOW life AS (PARTITION BY pid, slot ORDER BY begins, ends)
  )
  JOIN (VALUES <<slots>>) AS slot(slot, word, bit) USING (slot)
)
WHERE CASE edge.sign WHEN 1 THEN coalesce(begins > reached, TRUE) ELSE coalesce(following > reach, TRUE) END

-- name: again
-- Thresholds in lives of the score that began anew, each up to where its span ends: what it had reached is taken back.
SELECT who.pid, level.k, level.word, level.delta
FROM (<<crossed>>) AS level
JOIN recycled_spans AS span ON span.life = level.pid
JOIN score_people AS who USING (person_id)
WHERE level.k <= 2 * span.ends
UNION ALL
SELECT who.pid, 2 * span.ends + 1, any_value(level.word), -sum(level.delta)
FROM (<<crossed>>) AS level
JOIN recycled_spans AS span ON span.life = level.pid
JOIN score_people AS who USING (person_id)
WHERE level.k <= 2 * span.ends
GROUP BY who.pid, span.life, span.ends

-- name: crm
SELECT span.person_id, slot.slot, span.begins, span.ends
FROM crm_spans AS span
JOIN (VALUES ('opportunity', <<opportunity>>), ('won', <<won>>), ('lost', <<lost>>), ('disqualified', <<disqualified>>))
  AS slot(status, slot) USING (status)
UNION ALL
SELECT person_id, <<crm_undated>>, begins, ends FROM crm_spans WHERE undated
UNION ALL
SELECT person_id, <<recycled>>, begins, ends FROM recycled_spans

-- name: decided
-- Who was disqualified by a decision at the end of a follow-up, until a life begins anew after it (CD-4).
SELECT off.person_id, <<slot>> AS slot, epoch_us(off.came_at) AS begins,
  coalesce(min(span.begins), <<for_ever>>) AS ends
FROM (
  SELECT decision.person_id, decision.start_date, coalesce(min(decision.came_at), decision.start_date::TIMESTAMP) AS came_at
  FROM run_decisions AS decision
  JOIN decided_off USING (person_id, start_date)
  WHERE decision.outcome = 'disqualified'
  GROUP BY decision.person_id, decision.start_date
) AS off
LEFT JOIN recycled_spans AS span
  ON span.person_id = off.person_id AND span.born > epoch_us(off.start_date::TIMESTAMP)
GROUP BY ALL

-- name: runs
-- A run counts from the first moment of the day on which an evaluation could have begun it.
SELECT run.person_id, <<slot>> AS slot,
  epoch_us(timezone('UTC', timezone(<<zone>>, day.opens::TIMESTAMP))) AS begins, epoch_us(run.open_until) AS ends
FROM decide_runs AS run
JOIN (VALUES <<days>>) AS day(start_date, opens) USING (start_date)

-- name: starts
-- The days on which runs began.
SELECT DISTINCT start_date FROM decide_runs ORDER BY start_date

-- name: did
-- A claim about activities holds from the one that completes the count until the first of those counted leaves the
-- window.
SELECT pid, <<slot>> AS slot, t AS begins, first_of_count + <<window>> AS ends
FROM (
  SELECT pid, t, lag(t, <<count>> - 1) OVER (PARTITION BY pid ORDER BY t) AS first_of_count
  FROM <<life>>_counted
  WHERE <<met>>
)
WHERE first_of_count + <<window>> > t

-- name: window
-- The points of a window change where some are earned and where they leave it; before the first there are none.
SELECT pid, <<slot>> AS slot, begins, ends
FROM (
  SELECT pid, t AS begins, coalesce(lead(t) OVER life, <<for_ever>>) AS ends, sum(sum(points)) OVER life AS points
  FROM (
    SELECT pid, t, points FROM <<life>>_events WHERE points <> 0
    UNION ALL
    SELECT pid, t, points FROM <<life>>_awards
    UNION ALL
    SELECT pid, t + <<window>>, -points FROM <<life>>_events WHERE points <> 0
    UNION ALL
    SELECT pid, t + <<window>>, -points FROM <<life>>_awards
    UNION ALL
    SELECT pid, -<<for_ever>>, 0 FROM <<life>>_people
  )
  GROUP BY pid, t
  WINDOW life AS (PARTITION BY pid ORDER BY t)
)
WHERE <<met>>

-- name: lately
-- Anything at all holds for so long.
SELECT pid, <<slot>> AS slot, t AS begins, t + <<window>> AS ends FROM <<life>>_events

-- name: answered
-- A claim about answers holds from an answer until the next one to the same item, or until it leaves the window.
-- What was heard nobody knows when is older than any other answer, and in no window.
SELECT person_id, <<slot>> AS slot, begins, least(ends, begins + <<window>>) AS ends
FROM (
  SELECT hearing.*,
    coalesce(epoch_us(hearing."at"), -<<for_ever>>) AS begins,
    coalesce(lead(epoch_us(hearing."at")) OVER (PARTITION BY person_id, item ORDER BY "at" NULLS FIRST), <<for_ever>>)
      AS ends
  FROM heard_ever AS hearing
) AS hearing
WHERE (<<acceptable>>) AND (<<met>>)

-- name: deal
SELECT deal.person_id, <<slot>> AS slot, deal.begins, deal.ends FROM deal_spans AS deal WHERE <<met>>

-- name: undated
-- What holds now and nobody knows since when.
SELECT person_id, <<slot>> AS slot, -<<for_ever>> AS begins, <<for_ever>> AS ends FROM claimed WHERE <<claim>>

-- name: always
-- What held of everybody before anything was done: a score of 0 is at or over such a threshold.
SELECT pid, -<<for_ever>> AS k, <<word>> AS word, <<bit>> AS delta FROM score_people

-- name: marks
CREATE OR REPLACE TEMP TABLE life_marks AS
<<marks>>
