"""People and what they did over two years, made in the engine itself: the same ones for the same numbers.

What people do is skewed as it is in life: many do next to nothing, few very much. It comes in visits.
"""

from __future__ import annotations

from datetime import UTC, datetime

from connector.domain.inputs import INPUTS
from connector.store.database import Store
from connector.store.files import empty_table

AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
MONTHS = 24

_SECONDS = MONTHS * 30 * 86_400

_PEOPLE = """
INSERT INTO people BY NAME
SELECT 'p' || lpad(i::VARCHAR, 7, '0') AS person_id,
  $as_of::TIMESTAMP - to_seconds((hash(i, 'age') % $seconds)::BIGINT) AS created_at,
  'p' || i || '@company' || (hash(i, 'company') % $companies) || '.example' AS email,
  'c' || (hash(i, 'company') % $companies) AS company_id,
  ['部長', '課長', '担当', 'CEO', 'Manager', NULL][(1 + hash(i, 'title') % 6)::INTEGER] AS title,
  ['営業', '情報システム', '経営企画', NULL][(1 + hash(i, 'department') % 4)::INTEGER] AS department,
  ['web_inquiry', 'thought_leader', 'webinar', 'event', 'referral', 'list', 'other'][
    (1 + hash(i, 'source') % 7)::INTEGER] AS source,
  CASE WHEN hash(i, 'owned') % 3 = 0 THEN 'rep' || hash(i, 'rep') % 50 END AS owner_id,
  hash(i, 'out') % 20 = 0 AS opted_out
FROM range($first, $last) AS made(i)
"""

_COMPANIES = """
INSERT INTO companies BY NAME
SELECT 'c' || i AS company_id, 'Company ' || i AS name,
  ['機械', '情報通信', '小売', '金融'][(1 + hash(i, 'industry') % 4)::INTEGER] AS industry,
  (10 ** (1 + hash(i, 'size') % 4))::BIGINT AS employees,
  ['東京都', '大阪府', '愛知県', '福岡県'][(1 + hash(i, 'place') % 4)::INTEGER] AS prefecture
FROM range($companies) AS made(i)
"""

# How many activities somebody has is log-normal (Box-Muller over two hashes), scaled to the mean asked for.
_COUNTS = """
CREATE OR REPLACE TEMP TABLE made_counts AS
SELECT i, floor($mean * exp(1.4 * sqrt(-2 * ln((1 + hash(i, 'u') % 1000000) / 1000001.0))
    * cos(2 * pi() * (hash(i, 'v') % 1000000) / 1000000.0) - 0.98))::INTEGER AS activities,
  1 + hash(i, 'length') % 6 AS a_visit,
  epoch_us($as_of::TIMESTAMP) - 1000000 * (hash(i, 'age') % $seconds)::BIGINT AS created
FROM range($first, $last) AS made(i)
"""

_ACTIVITIES = """
INSERT INTO activities BY NAME
WITH each AS (
  SELECT i, created, j, j // a_visit AS visit, (j % a_visit)::BIGINT AS page,
    hash(i, j) AS dice, hash(i, j, 'what') AS what
  FROM (SELECT i, created, a_visit, unnest(range(activities)) AS j FROM made_counts WHERE activities > 0)
),
kinds AS (
  SELECT *, CASE
      WHEN dice % 1000 < 560 THEN 'page_view' WHEN dice % 1000 < 760 THEN 'email_open'
      WHEN dice % 1000 < 850 THEN 'email_sent' WHEN dice % 1000 < 900 THEN 'email_click'
      WHEN dice % 1000 < 935 THEN 'content_download' WHEN dice % 1000 < 955 THEN 'form_submit'
      WHEN dice % 1000 < 970 THEN 'search' WHEN dice % 1000 < 980 THEN 'webinar_register'
      WHEN dice % 1000 < 986 THEN 'webinar_attend' WHEN dice % 1000 < 992 THEN 'video_view'
      WHEN dice % 1000 < 996 THEN 'demo_view' WHEN dice % 1000 < 998 THEN 'call' ELSE 'inquiry'
    END AS type
  FROM each
)
SELECT 'a' || i || '-' || j AS activity_id, 'p' || lpad(i::VARCHAR, 7, '0') AS person_id,
  make_timestamp((created + (
    (epoch_us($as_of::TIMESTAMP) - created) * (1 - pow((hash(i, visit, 'when') % 1000003) / 1000003.0, 1.0))
  )::BIGINT + page * 45000000)::BIGINT) AS occurred_at,
  type,
  CASE WHEN type IN ('email_open', 'email_sent', 'email_click') THEN 'email:' || what % 300
    WHEN type = 'content_download' THEN 'file:' || what % 200 END AS content,
  CASE WHEN type = 'search' THEN ['brand', NULL, NULL][(1 + what % 3)::INTEGER]
    WHEN type = 'page_view' AND what % 61 = 0 THEN 'careers'
    WHEN type IN ('page_view', 'content_download') THEN ['know_how', 'know_how', 'thought_leadership', 'product',
      'product', 'case_study', 'comparison', 'pricing', 'company_profile', NULL, NULL, NULL][
      (1 + what % 12)::INTEGER]
  END AS theme,
  CASE WHEN type = 'page_view' THEN 'https://www.example.com/page/' || what % 5000 END AS url,
  CASE WHEN type = 'page_view' THEN i || '/' || visit END AS visit_id,
  FALSE AS machine
FROM kinds
"""

_A_STEP = 100_000
"""People whose activities are made at a time: what one statement holds in memory."""


def make_world(store: Store, people: int, activities: int) -> None:
    """Fills the tables of `connector evaluate` with so many people and about so many activities."""
    for table in INPUTS.values():
        empty_table(store, table)
    params: dict[str, object] = {
        "as_of": AS_OF.replace(tzinfo=None),
        "companies": max(1, people // 20),
        "seconds": _SECONDS,
    }
    store.run(_COMPANIES, params)
    for first in range(0, people, _A_STEP):
        part = {**params, "first": first, "last": min(first + _A_STEP, people), "mean": activities / people}
        store.run(_PEOPLE, part)
        store.run(_COUNTS, part)
        store.run(_ACTIVITIES, part)
    store.run("DROP TABLE made_counts")
