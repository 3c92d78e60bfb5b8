-- name: interested
-- The product that a person is interested in: of those whose content the person used lately the one used most, then last.
CREATE OR REPLACE TEMP TABLE interested AS
WITH used AS (
  SELECT activity.person_id, activity.product, count(*) AS times, min(activity.occurred_at) AS first_at,
    max(activity.occurred_at) AS last_at
  FROM activities AS activity
  WHERE activity.product IS NOT NULL
    AND activity.occurred_at <= $as_of AND activity.occurred_at > $as_of::TIMESTAMP - to_days(<<days>>)
    AND activity.type IN (<<types>>) AND <<not_noise>>
  GROUP BY activity.person_id, activity.product
)
SELECT person_id, arg_max(product, (times, last_at, product)) AS product,
  min(first_at) + to_days(<<days>>) AS next_change_at
FROM used
GROUP BY person_id

-- name: offered_to
-- To whom content may be offered at all: never to those who were screened out, competitors above all, nor without consent.
CREATE OR REPLACE TEMP TABLE offered_to AS
WITH ranks AS (
  SELECT stage, max(rank::INTEGER) AS rank FROM content_stages GROUP BY stage
)
SELECT decided.person_id, coalesce(ranks.rank, 0) AS rank, personified.persona, interested.product
FROM decided
JOIN qualified USING (person_id)
JOIN grade_fit AS fit USING (person_id)
LEFT JOIN ranks ON ranks.stage = qualified.buying_stage
LEFT JOIN personified USING (person_id)
LEFT JOIN interested USING (person_id)
LEFT JOIN screened USING (person_id)
WHERE screened.person_id IS NULL AND decided.may_email AND <<consent>>

-- name: offers
-- What to offer next. What is for another persona is not offered; what is for the person's own, and about the person's
-- product, goes before; what is about another product comes last. Then the order of the catalogue counts.
CREATE OR REPLACE TEMP TABLE next_offers AS
WITH items AS (
  SELECT content, rank::INTEGER AS rank, place::INTEGER AS place, coalesce(from_rank::INTEGER, 0) AS from_rank,
    persona, product
  FROM content_offers
),
seen AS (
  SELECT DISTINCT activity.person_id, activity.content
  FROM activities AS activity
  SEMI JOIN items USING (content)
  WHERE activity.occurred_at <= $as_of
)
SELECT who.person_id,
  arg_min(item.content, (
    item.persona IS NULL,
    CASE WHEN who.product IS NULL OR item.product = who.product THEN 0 WHEN item.product IS NULL THEN 1 ELSE 2 END,
    item.place
  )) AS content,
  arg_min(
    list_filter([
      CASE WHEN item.rank > greatest(who.rank, 1) THEN 'next_stage' ELSE 'stage' END,
      CASE WHEN item.persona IS NOT NULL THEN 'persona' END,
      CASE WHEN item.product = who.product THEN 'product' END
    ], lambda one: one IS NOT NULL),
    (
      item.persona IS NULL,
      CASE WHEN who.product IS NULL OR item.product = who.product THEN 0 WHEN item.product IS NULL THEN 1 ELSE 2 END,
      item.place
    )
  ) AS why
FROM offered_to AS who
JOIN items AS item ON item.rank IN (greatest(who.rank, 1), who.rank + 1)
ANTI JOIN seen ON seen.person_id = who.person_id AND seen.content = item.content
WHERE item.from_rank <= who.rank AND (item.persona IS NULL OR item.persona = who.persona)
GROUP BY who.person_id
