CREATE DATABASE IF NOT EXISTS `millrace`;

CREATE TABLE IF NOT EXISTS `millrace`.`events`
(
  `event_id` String CODEC(ZSTD(1)),
  `type` LowCardinality(String),
  `timestamp` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  `received_at` DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  `user_id` Nullable(String) CODEC(ZSTD(1)),
  `anonymous_id` Nullable(String) CODEC(ZSTD(1)),
  `session_id` Nullable(String) CODEC(ZSTD(1)),
  `properties` JSON(max_dynamic_types = 0, max_dynamic_paths = 64, `product_id` Nullable(String), `price` Nullable(Decimal(18, 2)), `order_id` Nullable(String), `value` Nullable(Decimal(18, 2)), `currency` Nullable(String)) CODEC(ZSTD(1)),
  `context` JSON(max_dynamic_types = 0, max_dynamic_paths = 32) CODEC(ZSTD(1)),
  `late` Bool,
  `_partition` UInt32 MATERIALIZED 0,
  `_offset` UInt64 MATERIALIZED 0 CODEC(Delta(8), ZSTD(1)),
  `appended_at` DateTime64(3, 'UTC') MATERIALIZED `received_at` CODEC(Delta(8), ZSTD(1)),
  INDEX `event_id_bloom` `event_id` TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX `user_id_bloom` `user_id` TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY (toYYYYMMDD(`timestamp`), if((`type` IN ('view', 'purchase')), `type`, ''))
ORDER BY (`type`, `timestamp`)
TTL (`timestamp` + toIntervalSecond(34560000))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728, object_shared_data_buckets_for_compact_part = 1, object_shared_data_buckets_for_wide_part = 1, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS `millrace`.`dead_letters`
(
  `received_at` DateTime64(3, 'UTC'),
  `code` LowCardinality(String),
  `reason` String,
  `protocol` LowCardinality(String),
  `event_id` Nullable(String),
  `type` Nullable(String),
  `raw_base64` String EPHEMERAL,
  `raw` String DEFAULT base64Decode(`raw_base64`),
  `_partition` UInt32,
  `_offset` UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(`received_at`)
ORDER BY (`received_at`, `_offset`)
TTL (`received_at` + toIntervalSecond(7776000))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS `millrace`.`dead_letters__retried`
(
  `_partition` UInt32,
  `_offset` UInt64,
  `retried_at` DateTime64(3, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(`retried_at`)
ORDER BY (`_partition`, `_offset`)
TTL (`retried_at` + toIntervalSecond(7776000))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS `millrace`.`revenue_per_minute__v1`
(
  `bucket` DateTime64(0, 'UTC'),
  `currency` Nullable(String),
  `orders` SimpleAggregateFunction(sum, UInt64),
  `revenue` SimpleAggregateFunction(sum, Decimal(38, 2))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(`bucket`)
ORDER BY (`bucket`, `currency`)
TTL (`bucket` + toIntervalSecond(7776000))
SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`revenue_per_minute__v1__fill` TO `millrace`.`revenue_per_minute__v1` AS
SELECT
  fromUnixTimestamp64Second(((intDiv((toUnixTimestamp64Milli(`e`.`timestamp`) + 2244067200000), 60000) * 60) - 2244067200), 'UTC') AS `bucket`,
  `e`.`properties`.`currency` AS `currency`,
  count() AS `orders`,
  ifNull(sum(`e`.`properties`.`value`), 0) AS `revenue`
FROM `millrace`.`events` AS `e`
WHERE ((`e`.`type` IN ('purchase')) AND ifNull((`e`.`properties`.`value` > toDecimal64('0.00', 2)), false))
GROUP BY ALL;

CREATE OR REPLACE VIEW `millrace`.`revenue_per_minute` AS
SELECT
  `r`.`bucket` AS `bucket`,
  `r`.`currency` AS `currency`,
  sum(`r`.`orders`) AS `orders`,
  sum(`r`.`revenue`) AS `revenue`
FROM `millrace`.`revenue_per_minute__v1` AS `r`
GROUP BY ALL;

CREATE TABLE IF NOT EXISTS `millrace`.`views_per_day__v1`
(
  `bucket` DateTime64(0, 'UTC'),
  `n` SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(`bucket`)
ORDER BY (`bucket`)
SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`views_per_day__v1__fill` TO `millrace`.`views_per_day__v1` AS
SELECT
  fromUnixTimestamp64Second(((intDiv((toUnixTimestamp64Milli(`e`.`timestamp`) + 2244067200000), 86400000) * 86400) - 2244067200), 'UTC') AS `bucket`,
  count() AS `n`
FROM `millrace`.`events` AS `e`
WHERE (`e`.`type` IN ('view'))
GROUP BY ALL;

CREATE OR REPLACE VIEW `millrace`.`views_per_day` AS
SELECT
  `r`.`bucket` AS `bucket`,
  sum(`r`.`n`) AS `n`
FROM `millrace`.`views_per_day__v1` AS `r`
GROUP BY ALL;
