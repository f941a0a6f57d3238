-- The dedup stage, written by hand and tuned for these two cores: each record once by its key,
-- bytes, headers and times passed on, exactly once, state for two windows of a day.
-- {{bootstrap}}, {{from}}, {{to}} and {{name}} are filled in.

SET 'pipeline.name' = '{{name}}';
SET 'parallelism.default' = '2';
SET 'pipeline.object-reuse' = 'true';
SET 'execution.checkpointing.interval' = '3 s';
SET 'state.backend.type' = 'rocksdb';
SET 'execution.checkpointing.incremental' = 'true';
SET 'state.backend.rocksdb.predefined-options' = 'FLASH_SSD_OPTIMIZED';
SET 'state.backend.rocksdb.use-bloom-filter' = 'true';
SET 'table.exec.state.ttl' = '48 h';

CREATE TEMPORARY TABLE raw_log (
  id BYTES,
  line BYTES,
  headers MAP<STRING, BYTES> METADATA,
  `timestamp` TIMESTAMP_LTZ(3) METADATA,
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
  'key.format' = 'raw',
  'key.fields' = 'id',
  'value.format' = 'raw',
  'value.fields-include' = 'EXCEPT_KEY'
);

CREATE TEMPORARY TABLE clean_log (
  id BYTES,
  line BYTES,
  headers MAP<STRING, BYTES> METADATA,
  `timestamp` TIMESTAMP_LTZ(3) METADATA
) WITH (
  'connector' = 'kafka',
  'topic' = '{{to}}',
  'properties.bootstrap.servers' = '{{bootstrap}}',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = '{{name}}',
  'key.format' = 'raw',
  'key.fields' = 'id',
  'value.format' = 'raw',
  'value.fields-include' = 'EXCEPT_KEY'
);

INSERT INTO clean_log
SELECT id, line, headers, `timestamp`
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY arrived) AS nth FROM raw_log
)
WHERE nth = 1;
