CREATE TABLE IF NOT EXISTS `millrace`.`by_kind__v1__results`
(
  `window_start` DateTime64(3, 'UTC'),
  `window_end` DateTime64(3, 'UTC'),
  `kind` LowCardinality(Nullable(String)),
  `place_city` Nullable(String),
  `n` UInt64,
  `small` Int64,
  `big` Int128,
  `ratio` Float64,
  `money` Decimal(38, 2),
  `big_mean__sum` Int128,
  `big_mean__count` UInt64,
  `money_mean__sum` Decimal(38, 2),
  `money_mean__count` UInt64,
  `money_q__values` Array(Decimal(18, 2)),
  `_partition` UInt32,
  `_offset` UInt64,
  `_stored_at` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY ()
ORDER BY (`_partition`, `_offset`)
TTL (`_stored_at` + toIntervalSecond(604800))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`by_kind__v1__results__fill` TO `millrace`.`by_kind__v1` AS
SELECT
  `w`.`window_start` AS `window_start`,
  `w`.`window_end` AS `window_end`,
  `w`.`kind` AS `kind`,
  `w`.`place_city` AS `place_city`,
  `w`.`n` AS `n`,
  `w`.`small` AS `small`,
  `w`.`big` AS `big`,
  `w`.`ratio` AS `ratio`,
  `w`.`money` AS `money`,
  `w`.`big_mean` AS `big_mean`,
  `w`.`money_mean` AS `money_mean`,
  `w`.`money_q` AS `money_q`,
  now64(3, 'UTC') AS `emitted_at`
FROM (
SELECT
  `d`.`window_start` AS `window_start`,
  `d`.`window_end` AS `window_end`,
  `d`.`kind` AS `kind`,
  `d`.`place_city` AS `place_city`,
  `d`.`n` AS `n`,
  `d`.`small` AS `small`,
  `d`.`big` AS `big`,
  `d`.`ratio` AS `ratio`,
  `d`.`money` AS `money`,
  (toFloat64(`d`.`big_mean__sum`) / nullIf(`d`.`big_mean__count`, 0)) AS `big_mean`,
  (toFloat64(`d`.`money_mean__sum`) / nullIf(`d`.`money_mean__count`, 0)) AS `money_mean`,
  arrayMap(`q` -> if(isNaN(`q`), null, (`q` / 100)), arrayReduce('quantilesDD(0.01, 0.5, 0.99)', arrayMap(`v` -> (toFloat64(`v`) * 100), `d`.`money_q__values`))) AS `money_q`
FROM `millrace`.`by_kind__v1__results` AS `d`
) AS `w`;

CREATE TABLE IF NOT EXISTS `millrace`.`by_number__v1__results`
(
  `window_start` DateTime64(3, 'UTC'),
  `window_end` DateTime64(3, 'UTC'),
  `small` Nullable(Int32),
  `flag` Nullable(Bool),
  `n` UInt64,
  `first` Nullable(Int64),
  `text_min` Nullable(String),
  `text_max` Nullable(String),
  `at_max` Nullable(Int64),
  `ratio_min` Nullable(Float64),
  `users__values` Array(String),
  `kinds__values` Array(String),
  `moneys__values` Array(Decimal(18, 2)),
  `keys__values` Array(UUID),
  `_partition` UInt32,
  `_offset` UInt64,
  `_stored_at` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY ()
ORDER BY (`_partition`, `_offset`)
TTL (`_stored_at` + toIntervalSecond(604800))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`by_number__v1__results__fill` TO `millrace`.`by_number__v1` AS
SELECT
  `w`.`window_start` AS `window_start`,
  `w`.`window_end` AS `window_end`,
  `w`.`small` AS `small`,
  `w`.`flag` AS `flag`,
  `w`.`n` AS `n`,
  `w`.`first` AS `first`,
  `w`.`text_min` AS `text_min`,
  `w`.`text_max` AS `text_max`,
  `w`.`at_max` AS `at_max`,
  `w`.`ratio_min` AS `ratio_min`,
  `w`.`users` AS `users`,
  `w`.`kinds` AS `kinds`,
  `w`.`moneys` AS `moneys`,
  `w`.`keys` AS `keys`,
  now64(3, 'UTC') AS `emitted_at`
FROM (
SELECT
  `d`.`window_start` AS `window_start`,
  `d`.`window_end` AS `window_end`,
  `d`.`small` AS `small`,
  `d`.`flag` AS `flag`,
  `d`.`n` AS `n`,
  fromUnixTimestamp64Milli(`d`.`first`, 'UTC') AS `first`,
  `d`.`text_min` AS `text_min`,
  `d`.`text_max` AS `text_max`,
  fromUnixTimestamp64Milli(`d`.`at_max`, 'UTC') AS `at_max`,
  `d`.`ratio_min` AS `ratio_min`,
  arrayReduce('uniqCombined64', `d`.`users__values`) AS `users`,
  arrayReduce('uniqCombined64', `d`.`kinds__values`) AS `kinds`,
  arrayReduce('uniqCombined64', `d`.`moneys__values`) AS `moneys`,
  arrayReduce('uniqCombined64', `d`.`keys__values`) AS `keys`
FROM `millrace`.`by_number__v1__results` AS `d`
) AS `w`;

CREATE TABLE IF NOT EXISTS `millrace`.`all_together__v1__results`
(
  `window_start` DateTime64(3, 'UTC'),
  `window_end` DateTime64(3, 'UTC'),
  `n` UInt64,
  `fine` Decimal(38, 18),
  `ids__values` Array(String),
  `ratio_q__values` Array(Float64),
  `fine_q__values` Array(Decimal(18, 18)),
  `big_q__values` Array(Int64),
  `_partition` UInt32,
  `_offset` UInt64,
  `_stored_at` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY ()
ORDER BY (`_partition`, `_offset`)
TTL (`_stored_at` + toIntervalSecond(604800))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`all_together__v1__results__fill` TO `millrace`.`all_together__v1` AS
SELECT
  `w`.`window_start` AS `window_start`,
  `w`.`window_end` AS `window_end`,
  `w`.`n` AS `n`,
  `w`.`fine` AS `fine`,
  `w`.`ids` AS `ids`,
  `w`.`ratio_q` AS `ratio_q`,
  `w`.`fine_q` AS `fine_q`,
  `w`.`big_q` AS `big_q`,
  now64(3, 'UTC') AS `emitted_at`
FROM (
SELECT
  `d`.`window_start` AS `window_start`,
  `d`.`window_end` AS `window_end`,
  `d`.`n` AS `n`,
  `d`.`fine` AS `fine`,
  arrayReduce('uniqCombined64', `d`.`ids__values`) AS `ids`,
  arrayMap(`q` -> if(isNaN(`q`), null, (`q` / 100000000)), arrayReduce('quantilesDD(0.01, 0.01, 0.5, 0.99)', arrayMap(`v` -> if((abs(`v`) < 1e-30), 0, (toFloat64(`v`) * 100000000)), `d`.`ratio_q__values`))) AS `ratio_q`,
  arrayMap(`q` -> if(isNaN(`q`), null, (`q` / 1000000000000000000)), arrayReduce('quantilesDD(0.01, 0.1, 0.9)', arrayMap(`v` -> (toFloat64(`v`) * 1000000000000000000), `d`.`fine_q__values`))) AS `fine_q`,
  arrayMap(`q` -> if(isNaN(`q`), null, (`q` / 1)), arrayReduce('quantilesDD(0.01, 0.25)', arrayMap(`v` -> toFloat64(`v`), `d`.`big_q__values`))) AS `big_q`
FROM `millrace`.`all_together__v1__results` AS `d`
) AS `w`
WHERE (ifNull((`w`.`n` >= toInt64('3')), false) AND ifNull((`w`.`fine` != toDecimal64('0.000000000000000000', 18)), false));

CREATE TABLE IF NOT EXISTS `millrace`.`visits__v1__results`
(
  `window_start` DateTime64(3, 'UTC'),
  `window_end` DateTime64(3, 'UTC'),
  `user_id` Nullable(String),
  `n` UInt64,
  `first` Nullable(Int64),
  `last` Nullable(Int64),
  `money` Decimal(38, 2),
  `texts__values` Array(String),
  `small_q__values` Array(Int32),
  `_partition` UInt32,
  `_offset` UInt64,
  `_stored_at` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY ()
ORDER BY (`_partition`, `_offset`)
TTL (`_stored_at` + toIntervalSecond(604800))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`visits__v1__results__fill` TO `millrace`.`visits__v1` AS
SELECT
  `w`.`window_start` AS `window_start`,
  `w`.`window_end` AS `window_end`,
  `w`.`user_id` AS `user_id`,
  `w`.`n` AS `n`,
  `w`.`first` AS `first`,
  `w`.`last` AS `last`,
  `w`.`money` AS `money`,
  `w`.`texts` AS `texts`,
  `w`.`small_q` AS `small_q`,
  now64(3, 'UTC') AS `emitted_at`
FROM (
SELECT
  `d`.`window_start` AS `window_start`,
  `d`.`window_end` AS `window_end`,
  `d`.`user_id` AS `user_id`,
  `d`.`n` AS `n`,
  fromUnixTimestamp64Milli(`d`.`first`, 'UTC') AS `first`,
  fromUnixTimestamp64Milli(`d`.`last`, 'UTC') AS `last`,
  `d`.`money` AS `money`,
  arrayReduce('uniqCombined64', `d`.`texts__values`) AS `texts`,
  arrayMap(`q` -> if(isNaN(`q`), null, (`q` / 1)), arrayReduce('quantilesDD(0.01, 0.5)', arrayMap(`v` -> toFloat64(`v`), `d`.`small_q__values`))) AS `small_q`
FROM `millrace`.`visits__v1__results` AS `d`
) AS `w`;

CREATE TABLE IF NOT EXISTS `millrace`.`activity__v1__results`
(
  `window_start` DateTime64(3, 'UTC'),
  `window_end` DateTime64(3, 'UTC'),
  `n` UInt64,
  `last` Nullable(Int64),
  `_partition` UInt32,
  `_offset` UInt64,
  `_stored_at` DateTime DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY ()
ORDER BY (`_partition`, `_offset`)
TTL (`_stored_at` + toIntervalSecond(604800))
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`activity__v1__results__fill` TO `millrace`.`activity__v1` AS
SELECT
  `w`.`window_start` AS `window_start`,
  `w`.`window_end` AS `window_end`,
  `w`.`n` AS `n`,
  `w`.`last` AS `last`,
  now64(3, 'UTC') AS `emitted_at`
FROM (
SELECT
  `d`.`window_start` AS `window_start`,
  `d`.`window_end` AS `window_end`,
  `d`.`n` AS `n`,
  fromUnixTimestamp64Milli(`d`.`last`, 'UTC') AS `last`
FROM `millrace`.`activity__v1__results` AS `d`
) AS `w`
WHERE ifNull((`w`.`n` > toInt64('1')), false);
