SELECT
  sum(ignore(CAST(`e`.`properties` AS JSON(max_dynamic_types = 0, max_dynamic_paths = 64, `product_id` Nullable(String), `note` Nullable(String), `order_id` Nullable(String), `value` Nullable(Decimal(18, 2)), `currency` Nullable(String))))) AS `misfits`
FROM `millrace`.`events` AS `e`;

ALTER TABLE `millrace`.`events__local` ON CLUSTER `two` MODIFY COLUMN `properties` JSON(max_dynamic_types = 0, max_dynamic_paths = 64, `product_id` Nullable(String), `note` Nullable(String), `order_id` Nullable(String), `value` Nullable(Decimal(18, 2)), `currency` Nullable(String)) CODEC(ZSTD(1));

ALTER TABLE `millrace`.`events` ON CLUSTER `two` MODIFY COLUMN `properties` JSON(max_dynamic_types = 0, max_dynamic_paths = 64, `product_id` Nullable(String), `note` Nullable(String), `order_id` Nullable(String), `value` Nullable(Decimal(18, 2)), `currency` Nullable(String)) CODEC(ZSTD(1));

ALTER TABLE `millrace`.`events__local` ON CLUSTER `two` MODIFY TTL (`timestamp` + toIntervalSecond(2592000));

ALTER TABLE `millrace`.`events__local` ON CLUSTER `two` MODIFY SETTING non_replicated_deduplication_window = 5000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

ALTER TABLE `millrace`.`dead_letters__local` ON CLUSTER `two` MODIFY SETTING non_replicated_deduplication_window = 5000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

ALTER TABLE `millrace`.`revenue_per_minute__v1__local` ON CLUSTER `two` MODIFY SETTING non_replicated_deduplication_window = 5000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;

DROP VIEW IF EXISTS `millrace`.`revenue_per_minute__v2__fill` ON CLUSTER `two` SYNC;

DROP TABLE IF EXISTS `millrace`.`revenue_per_minute__v2` ON CLUSTER `two` SYNC;

DROP TABLE IF EXISTS `millrace`.`revenue_per_minute__v2__local` ON CLUSTER `two` SYNC;

CREATE TABLE IF NOT EXISTS `millrace`.`revenue_per_minute__v2__local` ON CLUSTER `two`
(
  `bucket` DateTime64(0, 'UTC'),
  `orders` SimpleAggregateFunction(sum, UInt64),
  `revenue` SimpleAggregateFunction(sum, Decimal(38, 2))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/millrace/revenue_per_minute__v2__local', '{replica}')
PARTITION BY toYYYYMM(`bucket`)
ORDER BY (`bucket`)
SETTINGS replicated_deduplication_window = 50000, replicated_deduplication_window_seconds = 17280000, allow_nullable_key = 1, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_fetch = 1;

CREATE TABLE IF NOT EXISTS `millrace`.`revenue_per_minute__v2` ON CLUSTER `two` AS `millrace`.`revenue_per_minute__v2__local`
ENGINE = Distributed('two', 'millrace', 'revenue_per_minute__v2__local');

CREATE MATERIALIZED VIEW IF NOT EXISTS `millrace`.`revenue_per_minute__v2__fill` ON CLUSTER `two` TO `millrace`.`revenue_per_minute__v2__local` AS
SELECT
  fromUnixTimestamp64Second(((intDiv((toUnixTimestamp64Milli(`e`.`timestamp`) + 2244067200000), 60000) * 60) - 2244067200), 'UTC') AS `bucket`,
  count() AS `orders`,
  ifNull(sum(`e`.`properties`.`value`), 0) AS `revenue`
FROM `millrace`.`events__local` AS `e`
WHERE (`e`.`type` IN ('purchase'))
GROUP BY ALL;

CREATE OR REPLACE VIEW `millrace`.`revenue_per_minute` ON CLUSTER `two` AS
SELECT
  `r`.`bucket` AS `bucket`,
  sum(`r`.`orders`) AS `orders`,
  sum(`r`.`revenue`) AS `revenue`
FROM `millrace`.`revenue_per_minute__v2` AS `r`
GROUP BY ALL;

DROP VIEW IF EXISTS `millrace`.`revenue_per_minute__v2__fill` ON CLUSTER `two` SYNC;

DROP TABLE IF EXISTS `millrace`.`revenue_per_minute__v2` ON CLUSTER `two` SYNC;

DROP TABLE IF EXISTS `millrace`.`revenue_per_minute__v2__local` ON CLUSTER `two` SYNC;

DROP VIEW IF EXISTS `millrace`.`revenue_per_minute` ON CLUSTER `two` SYNC;

DROP VIEW IF EXISTS `millrace`.`busy_minutes` ON CLUSTER `two` SYNC;

DROP TABLE IF EXISTS `millrace`.`busy_minutes__v1` ON CLUSTER `two` SYNC;

DROP TABLE IF EXISTS `millrace`.`busy_minutes__v1__local` ON CLUSTER `two` SYNC;
