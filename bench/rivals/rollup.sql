-- The deltas of the rollup by minute and type, written by hand and tuned for these two cores.
-- {{bootstrap}}, {{from}}, {{to}} and {{name}} are filled in.

SET 'pipeline.name' = '{{name}}';
SET 'parallelism.default' = '2';
SET 'pipeline.object-reuse' = 'true';
SET 'execution.checkpointing.interval' = '3 s';
SET 'state.backend.type' = 'hashmap';
SET 'table.exec.source.idle-timeout' = '5 s';
SET 'table.local-time-zone' = 'UTC';

CREATE TEMPORARY TABLE clean_log (
  `type` STRING,
  `timestamp` BIGINT,
  user_id STRING,
  properties ROW<price DECIMAL(18, 2)>,
  source_partition INT METADATA FROM 'partition',
  arrived AS PROCTIME()
) WITH (
  'connector' = 'kafka',
  'topic' = '{{from}}',
  'properties.bootstrap.servers' = '{{bootstrap}}',
  'properties.group.id' = '{{name}}',
  'properties.isolation.level' = 'read_committed',
  'properties.fetch.min.bytes' = '65536',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY TABLE deltas (
  bucket BIGINT,
  `type` STRING,
  events BIGINT,
  amount DECIMAL(38, 2),
  people__values ARRAY<STRING>
) WITH (
  'connector' = 'kafka',
  'topic' = '{{to}}',
  'properties.bootstrap.servers' = '{{bootstrap}}',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.max.request.size' = '16777216',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = '{{name}}',
  'value.format' = 'json',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO deltas
SELECT
  minute_of,
  `type`,
  COUNT(*),
  COALESCE(SUM(price), 0),
  ARRAY_AGG(DISTINCT user_id IGNORE NULLS)
FROM TABLE(TUMBLE(
  DATA => (
    SELECT `type`, `timestamp` / 60000 * 60 AS minute_of, user_id, properties.price AS price,
           source_partition, arrived
    FROM clean_log
    WHERE `type` IN ('view', 'click', 'add_to_cart', 'purchase')
  ),
  TIMECOL => DESCRIPTOR(arrived),
  SIZE => INTERVAL '1' SECOND))
GROUP BY window_start, window_end, source_partition, minute_of, `type`;
