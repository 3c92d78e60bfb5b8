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

-- name: last_place
SELECT coalesce(max(place::INTEGER), 0) FROM content_offers

-- name: offers
-- What to offer next. What is for another persona is not offered; what is for the person's own, and about the person's
-- product, goes before; what is about another product comes last. Then the order of the catalogue counts. People of one
-- stage, persona and product share one row of items, of which each is given the first not seen; what a person has seen
-- is one bit an item.
CREATE OR REPLACE TEMP TABLE next_offers AS
WITH items AS (
  SELECT content, rank::INTEGER AS rank, place::INTEGER AS place, coalesce(from_rank::INTEGER, 0) AS from_rank,
    persona, product
  FROM content_offers
),
alike AS (
  SELECT DISTINCT rank, persona, product FROM offered_to
),
rows_of_items AS (
  SELECT alike.rank, alike.persona, alike.product,
    list({
      'content': item.content,
      'place': item.place,
      'why': list_filter([
        CASE WHEN item.rank > greatest(alike.rank, 1) THEN 'next_stage' ELSE 'stage' END,
        CASE WHEN item.persona IS NOT NULL THEN 'persona' END,
        CASE WHEN item.product = alike.product THEN 'product' END
      ], lambda one: one IS NOT NULL)
    } ORDER BY
      item.persona IS NULL,
      CASE WHEN alike.product IS NULL OR item.product = alike.product THEN 0 WHEN item.product IS NULL THEN 1 ELSE 2 END,
      item.place
    ) AS items
  FROM alike
  JOIN items AS item ON item.rank IN (greatest(alike.rank, 1), alike.rank + 1)
  WHERE item.from_rank <= alike.rank AND (item.persona IS NULL OR item.persona = alike.persona)
  GROUP BY ALL
),
seen AS (
  SELECT activity.person_id, bitstring_agg(item.place, 0, <<last_place>>) AS places
  FROM activities AS activity
  JOIN items AS item USING (content)
  WHERE activity.occurred_at <= $as_of
  GROUP BY activity.person_id
),
chosen AS (
  SELECT who.person_id,
    list_filter(together.items, lambda one: coalesce(get_bit(seen.places, one.place) = 0, TRUE))[1] AS item
  FROM offered_to AS who
  JOIN rows_of_items AS together
    ON together.rank = who.rank AND together.persona IS NOT DISTINCT FROM who.persona
    AND together.product IS NOT DISTINCT FROM who.product
  LEFT JOIN seen ON seen.person_id = who.person_id
)
SELECT person_id, item.content AS content, item.why AS why FROM chosen WHERE item IS NOT NULL
