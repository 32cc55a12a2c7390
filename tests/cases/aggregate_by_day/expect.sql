-- source: what PostgreSQL makes of the same SQL
SELECT date_trunc('day', placed_at) AS day, count(*) AS orders, count(total) AS with_total,
       sum(total) AS revenue, min(total) AS least, max(total) AS most
  FROM public.orders WHERE status <> 'cancelled' GROUP BY 1
-- destination:
SELECT * FROM analytics.daily_revenue
