-- name: ground
-- Where nobody read the users of an org nobody has a name.
CREATE TEMP TABLE IF NOT EXISTS owner_names (owner_id VARCHAR, name VARCHAR, is_active BOOLEAN, is_queue BOOLEAN)

-- name: owner_names
-- Everybody to whom records can belong.
CREATE OR REPLACE TEMP TABLE owner_names AS
SELECT id AS owner_id, name, coalesce(is_active, TRUE) AS is_active, FALSE AS is_queue FROM seen_salesforce_user
UNION ALL
SELECT id, name, TRUE, TRUE FROM seen_salesforce_group

-- name: routed
-- The chain of teams of each person, the team that has the person now, and the one that comes next: of an owner who is in
-- no team of the chain nobody knows more than where the chain begins.
CREATE OR REPLACE TEMP TABLE routed AS
WITH members(team, member) AS (VALUES <<members>>),
modes(team, mode) AS (VALUES <<modes>>),
chained AS (
  SELECT fit.person_id, fit.owner_id, <<chain>> AS chain, <<teams>> AS teams FROM grade_fit AS fit
),
owners AS (
  SELECT owner_names.owner_id, members.team FROM members JOIN owner_names ON owner_names.name = members.member
  UNION
  SELECT member, team FROM members
),
placed AS (
  SELECT chained.*, greatest(list_position(chained.teams, owners.team), 1) AS place
  FROM chained
  LEFT JOIN (SELECT owner_id, min(team) AS team FROM owners GROUP BY owner_id) AS owners USING (owner_id)
)
SELECT placed.person_id, placed.chain, placed.teams[coalesce(place, 1)] AS team, modes.mode,
  placed.teams[1] AS first_team, coalesce(placed.teams[coalesce(place, 1) + 1], placed.teams[-1]) AS next_team,
  placed.teams[-1] AS last_team
FROM placed
LEFT JOIN modes ON modes.team = placed.teams[coalesce(place, 1)]

-- name: touches
-- What we did about each person: ever, and within the run that is under way.
CREATE OR REPLACE TEMP TABLE touches AS
WITH runs AS (
  SELECT person_id, timezone('UTC', timezone(<<zone>>, max(start_date)::TIMESTAMP)) AS begun_at
  FROM cadence_runs WHERE ended_at IS NULL AND cadence NOT IN (<<apart>>) GROUP BY person_id
),
acts AS (
  SELECT activity.person_id,
    count(*) FILTER (activity.type IN ('call', 'call_attempt')) AS calls,
    count(*) FILTER (activity.type = 'email_sent' AND activity.content IS NULL) AS emails,
    count(*) FILTER (activity.type = 'meeting') AS meetings,
    count(*) FILTER (activity.occurred_at >= runs.begun_at AND (activity.type <> 'email_sent' OR activity.content IS NULL))
      AS in_run
  FROM activities AS activity
  LEFT JOIN runs USING (person_id)
  WHERE activity.occurred_at <= $as_of AND activity.type IN ('call', 'call_attempt', 'email_sent', 'meeting')
  GROUP BY activity.person_id
),
ticked AS (
  SELECT person_id, count(*) AS tasks FROM our_tasks WHERE is_done AND done_at IS NOT NULL GROUP BY person_id
)
SELECT person_id, coalesce(calls, 0) AS calls, coalesce(emails, 0) AS emails, coalesce(meetings, 0) AS meetings,
  coalesce(in_run, 0) AS in_run, coalesce(tasks, 0) AS tasks
FROM acts FULL JOIN ticked USING (person_id)
