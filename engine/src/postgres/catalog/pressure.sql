-- How busy a server is with others: sessions that run a statement, and how far replicas are behind.
-- $1 int4[]: pg_stat_activity.pid of the sessions that do not count.
--
-- A standby is behind while it has received what it has not replayed: by then it is as old as the
-- last transaction that it replayed. replay_lag is NULL where there was nothing to replay for a while.
SELECT (SELECT pg_catalog.count(*)
          FROM pg_catalog.pg_stat_activity AS a
         WHERE a.backend_type = 'client backend'
           AND a.state = 'active'
           -- Who waits for a lock, perhaps one of ours, keeps the server from nothing.
           AND a.wait_event_type IS DISTINCT FROM 'Lock'
           AND a.pid <> ALL ($1))::pg_catalog.int8 AS active_sessions,
       pg_catalog.date_part('epoch', GREATEST(
           (SELECT pg_catalog.max(r.replay_lag) FROM pg_catalog.pg_stat_replication AS r),
           CASE WHEN pg_catalog.pg_is_in_recovery()
                 AND pg_catalog.pg_last_wal_receive_lsn() > pg_catalog.pg_last_wal_replay_lsn()
                THEN pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp() END,
           '0'::pg_catalog.interval))::pg_catalog.float8 AS replica_lag
