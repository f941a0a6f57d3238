-- shop.dedup;

SET 'pipeline.name' = 'shop.dedup';

SET 'parallelism.default' = '2';

SET 'pipeline.object-reuse' = 'true';

SET 'execution.runtime-mode' = 'streaming';

SET 'execution.checkpointing.interval' = '3000 ms';

SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE';

SET 'execution.checkpointing.externalized-checkpoint-retention' = 'RETAIN_ON_CANCELLATION';

SET 'restart-strategy.type' = 'exponential-delay';

SET 'state.backend.type' = 'rocksdb';

SET 'execution.checkpointing.incremental' = 'true';

SET 'state.backend.rocksdb.use-bloom-filter' = 'true';

SET 'table.exec.state.ttl' = '172800000 ms';

SET 'table.exec.source.idle-timeout' = '5 s';

SET 'table.exec.mini-batch.enabled' = 'false';

SET 'table.local-time-zone' = 'UTC';

CREATE TEMPORARY TABLE `raw_log`
(
  `event_key` BYTES,
  `event_line` BYTES,
  `record_headers` MAP<STRING, BYTES> METADATA FROM 'headers',
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
  `arrived` AS PROCTIME()
)
WITH (
  'connector' = 'kafka',
  'topic' = 'shop.raw',
  'properties.bootstrap.servers' = 'kafka-1:9092,kafka-2:9092',
  'properties.group.id' = 'shop.dedup',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'key.format' = 'raw',
  'key.fields' = 'event_key',
  'value.format' = 'raw',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TEMPORARY TABLE `clean_log`
(
  `event_key` BYTES,
  `event_line` BYTES,
  `record_headers` MAP<STRING, BYTES> METADATA FROM 'headers',
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp'
)
WITH (
  'connector' = 'kafka',
  'topic' = 'shop.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092,kafka-2:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'shop.dedup',
  'key.format' = 'raw',
  'key.fields' = 'event_key',
  'value.format' = 'raw',
  'value.fields-include' = 'EXCEPT_KEY'
);

INSERT INTO `clean_log` (`event_key`, `event_line`, `record_headers`, `record_time`)
SELECT
  `event_key` AS `event_key`,
  `event_line` AS `event_line`,
  `record_headers` AS `record_headers`,
  `record_time` AS `record_time`
FROM (
SELECT
  `event_key` AS `event_key`,
  `event_line` AS `event_line`,
  `record_headers` AS `record_headers`,
  `record_time` AS `record_time`,
  ROW_NUMBER() OVER (PARTITION BY `event_key` ORDER BY `arrived`) AS `seen`
FROM `raw_log`
)
WHERE (`seen` = 1);
