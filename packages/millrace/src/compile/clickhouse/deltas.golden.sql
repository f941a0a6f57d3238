CREATE TABLE IF NOT EXISTS `millrace`.`per_second__v1__deltas`
(
  `bucket` DateTime64(0, 'UTC'),
  `type` String,
  `n` UInt64,
  `money` Decimal(38, 2),
  `fine` Decimal(38, 18),
  `whole` Decimal(38, 0),
  `_partition` UInt32,
  `_offset` UInt64,
  `_stored_at` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY ()
ORDER BY (`_partition`, `_offset`)
TTL (`_stored_at` + toIntervalSecond(604800))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`per_second__v1__deltas__fill` TO `millrace`.`per_second__v1` AS
SELECT
  `d`.`bucket` AS `bucket`,
  `d`.`type` AS `type`,
  `d`.`n` AS `n`,
  `d`.`money` AS `money`,
  `d`.`fine` AS `fine`,
  `d`.`whole` AS `whole`
FROM `millrace`.`per_second__v1__deltas` AS `d`;

CREATE TABLE IF NOT EXISTS `millrace`.`per_minute__v1__deltas`
(
  `bucket` DateTime64(0, 'UTC'),
  `kind` LowCardinality(Nullable(String)),
  `place_city` Nullable(String),
  `small` Int64,
  `big` Int128,
  `ratio` Float64,
  `n` UInt64,
  `_partition` UInt32,
  `_offset` UInt64,
  `_stored_at` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY ()
ORDER BY (`_partition`, `_offset`)
TTL (`_stored_at` + toIntervalSecond(604800))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`per_minute__v1__deltas__fill` TO `millrace`.`per_minute__v1` AS
SELECT
  `d`.`bucket` AS `bucket`,
  `d`.`kind` AS `kind`,
  `d`.`place_city` AS `place_city`,
  `d`.`small` AS `small`,
  `d`.`big` AS `big`,
  `d`.`ratio` AS `ratio`,
  `d`.`n` AS `n`
FROM `millrace`.`per_minute__v1__deltas` AS `d`;

CREATE TABLE IF NOT EXISTS `millrace`.`per_hour__v1__deltas`
(
  `bucket` DateTime64(0, 'UTC'),
  `text_min` Nullable(String),
  `text_max` Nullable(String),
  `small_min` Nullable(Int32),
  `big_max` Nullable(Int64),
  `ratio_min` Nullable(Float64),
  `money_max` Nullable(Decimal(18, 2)),
  `at_min` Nullable(Int64),
  `at_max` Nullable(Int64),
  `first` Nullable(Int64),
  `last` Nullable(Int64),
  `user_max` Nullable(String),
  `_partition` UInt32,
  `_offset` UInt64,
  `_stored_at` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY ()
ORDER BY (`_partition`, `_offset`)
TTL (`_stored_at` + toIntervalSecond(604800))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`per_hour__v1__deltas__fill` TO `millrace`.`per_hour__v1` AS
SELECT
  `d`.`bucket` AS `bucket`,
  `d`.`text_min` AS `text_min`,
  `d`.`text_max` AS `text_max`,
  `d`.`small_min` AS `small_min`,
  `d`.`big_max` AS `big_max`,
  `d`.`ratio_min` AS `ratio_min`,
  `d`.`money_max` AS `money_max`,
  `d`.`at_min` AS `at_min`,
  `d`.`at_max` AS `at_max`,
  `d`.`first` AS `first`,
  `d`.`last` AS `last`,
  `d`.`user_max` AS `user_max`
FROM `millrace`.`per_hour__v1__deltas` AS `d`;

CREATE TABLE IF NOT EXISTS `millrace`.`per_day__v1__deltas`
(
  `bucket` DateTime64(0, 'UTC'),
  `flag` Nullable(Bool),
  `late` Bool,
  `small_mean__sum` Int64,
  `small_mean__count` UInt64,
  `big_mean__sum` Int128,
  `big_mean__count` UInt64,
  `ratio_mean__sum` Float64,
  `ratio_mean__count` UInt64,
  `money_mean__sum` Decimal(38, 2),
  `money_mean__count` UInt64,
  `nested_mean__sum` Int128,
  `nested_mean__count` UInt64,
  `_partition` UInt32,
  `_offset` UInt64,
  `_stored_at` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY ()
ORDER BY (`_partition`, `_offset`)
TTL (`_stored_at` + toIntervalSecond(604800))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`per_day__v1__deltas__fill` TO `millrace`.`per_day__v1` AS
SELECT
  `d`.`bucket` AS `bucket`,
  `d`.`flag` AS `flag`,
  `d`.`late` AS `late`,
  `d`.`small_mean__sum` AS `small_mean__sum`,
  `d`.`small_mean__count` AS `small_mean__count`,
  `d`.`big_mean__sum` AS `big_mean__sum`,
  `d`.`big_mean__count` AS `big_mean__count`,
  `d`.`ratio_mean__sum` AS `ratio_mean__sum`,
  `d`.`ratio_mean__count` AS `ratio_mean__count`,
  `d`.`money_mean__sum` AS `money_mean__sum`,
  `d`.`money_mean__count` AS `money_mean__count`,
  `d`.`nested_mean__sum` AS `nested_mean__sum`,
  `d`.`nested_mean__count` AS `nested_mean__count`
FROM `millrace`.`per_day__v1__deltas` AS `d`;

CREATE TABLE IF NOT EXISTS `millrace`.`per_week__v1__deltas`
(
  `bucket` DateTime64(0, 'UTC'),
  `small` Nullable(Int32),
  `money` Nullable(Decimal(18, 2)),
  `users__values` Array(String),
  `texts__values` Array(String),
  `kinds__values` Array(String),
  `flags__values` Array(Bool),
  `bigs__values` Array(Int64),
  `ratios__values` Array(Float64),
  `moneys__values` Array(Decimal(18, 2)),
  `times__values` Array(DateTime64(3, 'UTC')),
  `keys__values` Array(UUID),
  `types__values` Array(String),
  `ids__values` Array(String),
  `_partition` UInt32,
  `_offset` UInt64,
  `_stored_at` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY ()
ORDER BY (`_partition`, `_offset`)
TTL (`_stored_at` + toIntervalSecond(604800))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`per_week__v1__deltas__fill` TO `millrace`.`per_week__v1` AS
SELECT
  `d`.`bucket` AS `bucket`,
  `d`.`small` AS `small`,
  `d`.`money` AS `money`,
  arrayReduce('uniqCombined64State', `d`.`users__values`) AS `users`,
  arrayReduce('uniqCombined64State', `d`.`texts__values`) AS `texts`,
  arrayReduce('uniqCombined64State', `d`.`kinds__values`) AS `kinds`,
  arrayReduce('uniqCombined64State', `d`.`flags__values`) AS `flags`,
  arrayReduce('uniqCombined64State', `d`.`bigs__values`) AS `bigs`,
  arrayReduce('uniqCombined64State', `d`.`ratios__values`) AS `ratios`,
  arrayReduce('uniqCombined64State', `d`.`moneys__values`) AS `moneys`,
  arrayReduce('uniqCombined64State', `d`.`times__values`) AS `times`,
  arrayReduce('uniqCombined64State', `d`.`keys__values`) AS `keys`,
  arrayReduce('uniqCombined64State', `d`.`types__values`) AS `types`,
  arrayReduce('uniqCombined64State', `d`.`ids__values`) AS `ids`
FROM `millrace`.`per_week__v1__deltas` AS `d`;

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

CREATE TABLE IF NOT EXISTS `millrace`.`some__v1__deltas`
(
  `bucket` DateTime64(0, 'UTC'),
  `big` Nullable(Int64),
  `at` Nullable(DateTime64(3, 'UTC')),
  `key` Nullable(UUID),
  `n` UInt64,
  `money` Decimal(38, 2),
  `_partition` UInt32,
  `_offset` UInt64,
  `_stored_at` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY ()
ORDER BY (`_partition`, `_offset`)
TTL (`_stored_at` + toIntervalSecond(604800))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`some__v1__deltas__fill` TO `millrace`.`some__v1` AS
SELECT
  `d`.`bucket` AS `bucket`,
  `d`.`big` AS `big`,
  `d`.`at` AS `at`,
  `d`.`key` AS `key`,
  `d`.`n` AS `n`,
  `d`.`money` AS `money`
FROM `millrace`.`some__v1__deltas` AS `d`;
