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
  `properties` JSON(max_dynamic_types = 0, max_dynamic_paths = 64, `text` Nullable(String), `kind` LowCardinality(Nullable(String)), `flag` Nullable(Bool), `small` Nullable(Int32), `big` Nullable(Int64), `ratio` Nullable(Float64), `money` Nullable(Decimal(18, 2)), `fine` Nullable(Decimal(18, 18)), `share` Nullable(Decimal(4, 4)), `whole` Nullable(Decimal(18, 0)), `at` Nullable(DateTime64(3, 'UTC')), `key` Nullable(UUID), `words` Array(String), `amounts` Array(Decimal(18, 2)), `grid` Array(Array(Int32)), `lines` Array(JSON(max_dynamic_paths = 0, `sku` Nullable(String), `count` Nullable(Int32), `price` Nullable(Decimal(18, 2)), `at` Nullable(DateTime64(3, 'UTC')))), `place.city` Nullable(String), `place.order` Nullable(Int32), `place.inner.n` Nullable(Int64)) CODEC(ZSTD(1)),
  `context` JSON(max_dynamic_types = 0, max_dynamic_paths = 32) CODEC(ZSTD(1)),
  `late` Bool,
  `_partition` UInt32 MATERIALIZED 0,
  `_offset` UInt64 MATERIALIZED 0 CODEC(Delta(8), ZSTD(1)),
  `appended_at` DateTime64(3, 'UTC') MATERIALIZED `received_at` CODEC(Delta(8), ZSTD(1)),
  INDEX `event_id_bloom` `event_id` TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX `user_id_bloom` `user_id` TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY (toYYYYMM(`timestamp`), `type`)
ORDER BY (`type`, `timestamp`)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, min_bytes_for_wide_part = 134217728, object_shared_data_buckets_for_compact_part = 1, object_shared_data_buckets_for_wide_part = 1, ttl_only_drop_parts = 0;

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

CREATE TABLE IF NOT EXISTS `millrace`.`per_second__v1`
(
  `bucket` DateTime64(0, 'UTC'),
  `type` String,
  `n` SimpleAggregateFunction(sum, UInt64),
  `money` SimpleAggregateFunction(sum, Decimal(38, 2)),
  `fine` SimpleAggregateFunction(sum, Decimal(38, 18)),
  `whole` SimpleAggregateFunction(sum, Decimal(38, 0))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(`bucket`)
ORDER BY (`bucket`, `type`)
SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`per_second__v1__fill` TO `millrace`.`per_second__v1` AS
SELECT
  fromUnixTimestamp64Second(((intDiv((toUnixTimestamp64Milli(`e`.`timestamp`) + 2244067200000), 1000) * 1) - 2244067200), 'UTC') AS `bucket`,
  `e`.`type` AS `type`,
  count() AS `n`,
  ifNull(sum(`e`.`properties`.`money`), 0) AS `money`,
  ifNull(sum(`e`.`properties`.`fine`), 0) AS `fine`,
  ifNull(sum(`e`.`properties`.`whole`), 0) AS `whole`
FROM `millrace`.`events` AS `e`
WHERE (`e`.`type` IN ('sale'))
GROUP BY ALL;

CREATE OR REPLACE VIEW `millrace`.`per_second` AS
SELECT
  `r`.`bucket` AS `bucket`,
  `r`.`type` AS `type`,
  sum(`r`.`n`) AS `n`,
  sum(`r`.`money`) AS `money`,
  sum(`r`.`fine`) AS `fine`,
  sum(`r`.`whole`) AS `whole`
FROM `millrace`.`per_second__v1` AS `r`
GROUP BY ALL;

CREATE TABLE IF NOT EXISTS `millrace`.`per_minute__v1`
(
  `bucket` DateTime64(0, 'UTC'),
  `kind` LowCardinality(Nullable(String)),
  `place_city` Nullable(String),
  `small` SimpleAggregateFunction(sum, Int64),
  `big` SimpleAggregateFunction(sum, Int128),
  `ratio` SimpleAggregateFunction(sum, Float64),
  `n` SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(`bucket`)
ORDER BY (`bucket`, `kind`, `place_city`)
SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`per_minute__v1__fill` TO `millrace`.`per_minute__v1` AS
SELECT
  fromUnixTimestamp64Second(((intDiv((toUnixTimestamp64Milli(`e`.`timestamp`) + 2244067200000), 60000) * 60) - 2244067200), 'UTC') AS `bucket`,
  `e`.`properties`.`kind` AS `kind`,
  `e`.`properties`.`place`.`city` AS `place_city`,
  ifNull(sum(`e`.`properties`.`small`), 0) AS `small`,
  ifNull(sum(toInt128(`e`.`properties`.`big`)), 0) AS `big`,
  ifNull(sum(`e`.`properties`.`ratio`), 0) AS `ratio`,
  count() AS `n`
FROM `millrace`.`events` AS `e`
WHERE (`e`.`type` IN ('sale', 'refund'))
GROUP BY ALL;

CREATE OR REPLACE VIEW `millrace`.`per_minute` AS
SELECT
  `r`.`bucket` AS `bucket`,
  `r`.`kind` AS `kind`,
  `r`.`place_city` AS `place_city`,
  sum(`r`.`small`) AS `small`,
  sum(`r`.`big`) AS `big`,
  sum(`r`.`ratio`) AS `ratio`,
  sum(`r`.`n`) AS `n`
FROM `millrace`.`per_minute__v1` AS `r`
GROUP BY ALL;

CREATE TABLE IF NOT EXISTS `millrace`.`per_hour__v1`
(
  `bucket` DateTime64(0, 'UTC'),
  `text_min` SimpleAggregateFunction(min, Nullable(String)),
  `text_max` SimpleAggregateFunction(max, Nullable(String)),
  `small_min` SimpleAggregateFunction(min, Nullable(Int32)),
  `big_max` SimpleAggregateFunction(max, Nullable(Int64)),
  `ratio_min` SimpleAggregateFunction(min, Nullable(Float64)),
  `money_max` SimpleAggregateFunction(max, Nullable(Decimal(18, 2))),
  `at_min` SimpleAggregateFunction(min, Nullable(Int64)),
  `at_max` SimpleAggregateFunction(max, Nullable(Int64)),
  `first` SimpleAggregateFunction(min, Nullable(Int64)),
  `last` SimpleAggregateFunction(max, Nullable(Int64)),
  `user_max` SimpleAggregateFunction(max, Nullable(String))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(`bucket`)
ORDER BY (`bucket`)
SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`per_hour__v1__fill` TO `millrace`.`per_hour__v1` AS
SELECT
  fromUnixTimestamp64Second(((intDiv((toUnixTimestamp64Milli(`e`.`timestamp`) + 2244067200000), 3600000) * 3600) - 2244067200), 'UTC') AS `bucket`,
  min(`e`.`properties`.`text`) AS `text_min`,
  max(`e`.`properties`.`text`) AS `text_max`,
  min(`e`.`properties`.`small`) AS `small_min`,
  max(`e`.`properties`.`big`) AS `big_max`,
  min(`e`.`properties`.`ratio`) AS `ratio_min`,
  max(`e`.`properties`.`money`) AS `money_max`,
  min(toUnixTimestamp64Milli(`e`.`properties`.`at`)) AS `at_min`,
  max(toUnixTimestamp64Milli(`e`.`properties`.`at`)) AS `at_max`,
  min(toUnixTimestamp64Milli(`e`.`timestamp`)) AS `first`,
  max(toUnixTimestamp64Milli(`e`.`received_at`)) AS `last`,
  max(`e`.`user_id`) AS `user_max`
FROM `millrace`.`events` AS `e`
WHERE (`e`.`type` IN ('sale', 'refund', 'ping', 'page'))
GROUP BY ALL;

CREATE OR REPLACE VIEW `millrace`.`per_hour` AS
SELECT
  `r`.`bucket` AS `bucket`,
  min(`r`.`text_min`) AS `text_min`,
  max(`r`.`text_max`) AS `text_max`,
  min(`r`.`small_min`) AS `small_min`,
  max(`r`.`big_max`) AS `big_max`,
  min(`r`.`ratio_min`) AS `ratio_min`,
  max(`r`.`money_max`) AS `money_max`,
  fromUnixTimestamp64Milli(min(`r`.`at_min`), 'UTC') AS `at_min`,
  fromUnixTimestamp64Milli(max(`r`.`at_max`), 'UTC') AS `at_max`,
  fromUnixTimestamp64Milli(min(`r`.`first`), 'UTC') AS `first`,
  fromUnixTimestamp64Milli(max(`r`.`last`), 'UTC') AS `last`,
  max(`r`.`user_max`) AS `user_max`
FROM `millrace`.`per_hour__v1` AS `r`
GROUP BY ALL;

CREATE TABLE IF NOT EXISTS `millrace`.`per_day__v1`
(
  `bucket` DateTime64(0, 'UTC'),
  `flag` Nullable(Bool),
  `late` Bool,
  `small_mean__sum` SimpleAggregateFunction(sum, Int64),
  `small_mean__count` SimpleAggregateFunction(sum, UInt64),
  `big_mean__sum` SimpleAggregateFunction(sum, Int128),
  `big_mean__count` SimpleAggregateFunction(sum, UInt64),
  `ratio_mean__sum` SimpleAggregateFunction(sum, Float64),
  `ratio_mean__count` SimpleAggregateFunction(sum, UInt64),
  `money_mean__sum` SimpleAggregateFunction(sum, Decimal(38, 2)),
  `money_mean__count` SimpleAggregateFunction(sum, UInt64),
  `nested_mean__sum` SimpleAggregateFunction(sum, Int128),
  `nested_mean__count` SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(`bucket`)
ORDER BY (`bucket`, `flag`, `late`)
SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`per_day__v1__fill` TO `millrace`.`per_day__v1` AS
SELECT
  fromUnixTimestamp64Second(((intDiv((toUnixTimestamp64Milli(`e`.`timestamp`) + 2244067200000), 86400000) * 86400) - 2244067200), 'UTC') AS `bucket`,
  `e`.`properties`.`flag` AS `flag`,
  `e`.`late` AS `late`,
  ifNull(sum(`e`.`properties`.`small`), 0) AS `small_mean__sum`,
  count(`e`.`properties`.`small`) AS `small_mean__count`,
  ifNull(sum(toInt128(`e`.`properties`.`big`)), 0) AS `big_mean__sum`,
  count(`e`.`properties`.`big`) AS `big_mean__count`,
  ifNull(sum(`e`.`properties`.`ratio`), 0) AS `ratio_mean__sum`,
  count(`e`.`properties`.`ratio`) AS `ratio_mean__count`,
  ifNull(sum(`e`.`properties`.`money`), 0) AS `money_mean__sum`,
  count(`e`.`properties`.`money`) AS `money_mean__count`,
  ifNull(sum(toInt128(`e`.`properties`.`place`.`inner`.`n`)), 0) AS `nested_mean__sum`,
  count(`e`.`properties`.`place`.`inner`.`n`) AS `nested_mean__count`
FROM `millrace`.`events` AS `e`
WHERE (`e`.`type` IN ('sale', 'refund'))
GROUP BY ALL;

CREATE OR REPLACE VIEW `millrace`.`per_day` AS
SELECT
  `r`.`bucket` AS `bucket`,
  `r`.`flag` AS `flag`,
  `r`.`late` AS `late`,
  (toFloat64(sum(`r`.`small_mean__sum`)) / nullIf(sum(`r`.`small_mean__count`), 0)) AS `small_mean`,
  (toFloat64(sum(`r`.`big_mean__sum`)) / nullIf(sum(`r`.`big_mean__count`), 0)) AS `big_mean`,
  (toFloat64(sum(`r`.`ratio_mean__sum`)) / nullIf(sum(`r`.`ratio_mean__count`), 0)) AS `ratio_mean`,
  (toFloat64(sum(`r`.`money_mean__sum`)) / nullIf(sum(`r`.`money_mean__count`), 0)) AS `money_mean`,
  (toFloat64(sum(`r`.`nested_mean__sum`)) / nullIf(sum(`r`.`nested_mean__count`), 0)) AS `nested_mean`
FROM `millrace`.`per_day__v1` AS `r`
GROUP BY ALL;

CREATE TABLE IF NOT EXISTS `millrace`.`per_week__v1`
(
  `bucket` DateTime64(0, 'UTC'),
  `small` Nullable(Int32),
  `money` Nullable(Decimal(18, 2)),
  `users` AggregateFunction(uniqCombined64, String),
  `texts` AggregateFunction(uniqCombined64, String),
  `kinds` AggregateFunction(uniqCombined64, String),
  `flags` AggregateFunction(uniqCombined64, Bool),
  `bigs` AggregateFunction(uniqCombined64, Int64),
  `ratios` AggregateFunction(uniqCombined64, Float64),
  `moneys` AggregateFunction(uniqCombined64, Decimal(18, 2)),
  `times` AggregateFunction(uniqCombined64, DateTime64(3, 'UTC')),
  `keys` AggregateFunction(uniqCombined64, UUID),
  `types` AggregateFunction(uniqCombined64, String),
  `ids` AggregateFunction(uniqCombined64, String)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(`bucket`)
ORDER BY (`bucket`, `small`, `money`)
SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`per_week__v1__fill` TO `millrace`.`per_week__v1` AS
SELECT
  fromUnixTimestamp64Second(((intDiv((toUnixTimestamp64Milli(`e`.`timestamp`) + 2244067200000), 604800000) * 604800) - 2244067200), 'UTC') AS `bucket`,
  `e`.`properties`.`small` AS `small`,
  `e`.`properties`.`money` AS `money`,
  uniqCombined64StateIf(assumeNotNull(`e`.`user_id`), isNotNull(`e`.`user_id`)) AS `users`,
  uniqCombined64StateIf(assumeNotNull(`e`.`properties`.`text`), isNotNull(`e`.`properties`.`text`)) AS `texts`,
  uniqCombined64StateIf(assumeNotNull(`e`.`properties`.`kind`), isNotNull(`e`.`properties`.`kind`)) AS `kinds`,
  uniqCombined64StateIf(assumeNotNull(`e`.`properties`.`flag`), isNotNull(`e`.`properties`.`flag`)) AS `flags`,
  uniqCombined64StateIf(assumeNotNull(`e`.`properties`.`big`), isNotNull(`e`.`properties`.`big`)) AS `bigs`,
  uniqCombined64StateIf(assumeNotNull(`e`.`properties`.`ratio`), isNotNull(`e`.`properties`.`ratio`)) AS `ratios`,
  uniqCombined64StateIf(assumeNotNull(`e`.`properties`.`money`), isNotNull(`e`.`properties`.`money`)) AS `moneys`,
  uniqCombined64StateIf(assumeNotNull(`e`.`properties`.`at`), isNotNull(`e`.`properties`.`at`)) AS `times`,
  uniqCombined64StateIf(assumeNotNull(`e`.`properties`.`key`), isNotNull(`e`.`properties`.`key`)) AS `keys`,
  uniqCombined64State(`e`.`type`) AS `types`,
  uniqCombined64State(`e`.`event_id`) AS `ids`
FROM `millrace`.`events` AS `e`
WHERE (`e`.`type` IN ('sale', 'refund', 'ping'))
GROUP BY ALL;

CREATE OR REPLACE VIEW `millrace`.`per_week` AS
SELECT
  `r`.`bucket` AS `bucket`,
  `r`.`small` AS `small`,
  `r`.`money` AS `money`,
  uniqCombined64Merge(`r`.`users`) AS `users`,
  uniqCombined64Merge(`r`.`texts`) AS `texts`,
  uniqCombined64Merge(`r`.`kinds`) AS `kinds`,
  uniqCombined64Merge(`r`.`flags`) AS `flags`,
  uniqCombined64Merge(`r`.`bigs`) AS `bigs`,
  uniqCombined64Merge(`r`.`ratios`) AS `ratios`,
  uniqCombined64Merge(`r`.`moneys`) AS `moneys`,
  uniqCombined64Merge(`r`.`times`) AS `times`,
  uniqCombined64Merge(`r`.`keys`) AS `keys`,
  uniqCombined64Merge(`r`.`types`) AS `types`,
  uniqCombined64Merge(`r`.`ids`) AS `ids`
FROM `millrace`.`per_week__v1` AS `r`
GROUP BY ALL;

CREATE TABLE IF NOT EXISTS `millrace`.`per_month__v1`
(
  `bucket` DateTime64(0, 'UTC'),
  `user_id` Nullable(String),
  `small_q` AggregateFunction(quantilesDD(0.01, 0.5, 0.95), Float64),
  `big_q` AggregateFunction(quantilesDD(0.01, 0.25), Float64),
  `ratio_q` AggregateFunction(quantilesDD(0.01, 0.01, 0.5, 0.99), Float64),
  `money_q` AggregateFunction(quantilesDD(0.01, 0.5), Float64),
  `fine_q` AggregateFunction(quantilesDD(0.01, 0.1, 0.9), Float64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(`bucket`)
ORDER BY (`bucket`, `user_id`)
SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`per_month__v1__fill` TO `millrace`.`per_month__v1` AS
SELECT
  fromUnixTimestamp64Second((((intDiv((toUnixTimestamp64Milli(`e`.`timestamp`) + 2244067200000), 86400000) * 86400) - 2244067200) - ((toDayOfMonth(fromUnixTimestamp64Second(((intDiv((toUnixTimestamp64Milli(`e`.`timestamp`) + 2244067200000), 86400000) * 86400) - 2244067200), 'UTC')) - 1) * 86400)), 'UTC') AS `bucket`,
  `e`.`user_id` AS `user_id`,
  quantilesDDStateIf(0.01, 0.5, 0.95)(toFloat64(assumeNotNull(`e`.`properties`.`small`)), isNotNull(`e`.`properties`.`small`)) AS `small_q`,
  quantilesDDStateIf(0.01, 0.25)(toFloat64(assumeNotNull(`e`.`properties`.`big`)), isNotNull(`e`.`properties`.`big`)) AS `big_q`,
  quantilesDDStateIf(0.01, 0.01, 0.5, 0.99)(if((abs(assumeNotNull(`e`.`properties`.`ratio`)) < 1e-30), 0, (toFloat64(assumeNotNull(`e`.`properties`.`ratio`)) * 100000000)), isNotNull(`e`.`properties`.`ratio`)) AS `ratio_q`,
  quantilesDDStateIf(0.01, 0.5)((toFloat64(assumeNotNull(`e`.`properties`.`money`)) * 100), isNotNull(`e`.`properties`.`money`)) AS `money_q`,
  quantilesDDStateIf(0.01, 0.1, 0.9)((toFloat64(assumeNotNull(`e`.`properties`.`fine`)) * 1000000000000000000), isNotNull(`e`.`properties`.`fine`)) AS `fine_q`
FROM `millrace`.`events` AS `e`
WHERE (`e`.`type` IN ('sale', 'refund'))
GROUP BY ALL;

CREATE OR REPLACE VIEW `millrace`.`per_month` AS
SELECT
  `r`.`bucket` AS `bucket`,
  `r`.`user_id` AS `user_id`,
  arrayMap(`q` -> if(isNaN(`q`), null, (`q` / 1)), quantilesDDMerge(0.01, 0.5, 0.95)(`r`.`small_q`)) AS `small_q`,
  arrayMap(`q` -> if(isNaN(`q`), null, (`q` / 1)), quantilesDDMerge(0.01, 0.25)(`r`.`big_q`)) AS `big_q`,
  arrayMap(`q` -> if(isNaN(`q`), null, (`q` / 100000000)), quantilesDDMerge(0.01, 0.01, 0.5, 0.99)(`r`.`ratio_q`)) AS `ratio_q`,
  arrayMap(`q` -> if(isNaN(`q`), null, (`q` / 100)), quantilesDDMerge(0.01, 0.5)(`r`.`money_q`)) AS `money_q`,
  arrayMap(`q` -> if(isNaN(`q`), null, (`q` / 1000000000000000000)), quantilesDDMerge(0.01, 0.1, 0.9)(`r`.`fine_q`)) AS `fine_q`
FROM `millrace`.`per_month__v1` AS `r`
GROUP BY ALL;

CREATE TABLE IF NOT EXISTS `millrace`.`some__v1`
(
  `bucket` DateTime64(0, 'UTC'),
  `big` Nullable(Int64),
  `at` Nullable(DateTime64(3, 'UTC')),
  `key` Nullable(UUID),
  `n` SimpleAggregateFunction(sum, UInt64),
  `money` SimpleAggregateFunction(sum, Decimal(38, 2))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(`bucket`)
ORDER BY (`bucket`, `big`, `at`, `key`)
TTL (`bucket` + toIntervalSecond(3153600000))
SETTINGS allow_nullable_key = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`some__v1__fill` TO `millrace`.`some__v1` AS
SELECT
  fromUnixTimestamp64Second(((intDiv((toUnixTimestamp64Milli(`e`.`timestamp`) + 2244067200000), 86400000) * 86400) - 2244067200), 'UTC') AS `bucket`,
  `e`.`properties`.`big` AS `big`,
  `e`.`properties`.`at` AS `at`,
  `e`.`properties`.`key` AS `key`,
  count() AS `n`,
  ifNull(sum(`e`.`properties`.`money`), 0) AS `money`
FROM `millrace`.`events` AS `e`
WHERE ((`e`.`type` IN ('sale', 'refund')) AND (ifNull((`e`.`properties`.`money` >= toDecimal64('0.00', 2)), false) AND ifNull((`e`.`properties`.`money` != toDecimal64('1.00', 2)), false) AND ifNull((`e`.`properties`.`kind` IN ('a', 'it\'s \\ `quoted`')), false) AND (ifNull((`e`.`properties`.`flag` = true), false) OR ifNull((`e`.`properties`.`share` > toDecimal64('0.2500', 4)), false) OR not(isNotNull(`e`.`properties`.`place`.`order`)) OR not(ifNull((`e`.`properties`.`small` < 0), false))) AND ifNull((`e`.`user_id` != 'u0'), false)))
GROUP BY ALL;

CREATE OR REPLACE VIEW `millrace`.`some` AS
SELECT
  `r`.`bucket` AS `bucket`,
  `r`.`big` AS `big`,
  `r`.`at` AS `at`,
  `r`.`key` AS `key`,
  sum(`r`.`n`) AS `n`,
  sum(`r`.`money`) AS `money`
FROM `millrace`.`some__v1` AS `r`
GROUP BY ALL;
