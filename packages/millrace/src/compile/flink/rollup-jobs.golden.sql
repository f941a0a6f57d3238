-- every_kind.per_second__v1;

CREATE TEMPORARY TABLE `clean_log`
(
  `type` STRING,
  `timestamp` BIGINT,
  `properties` ROW<`money` DECIMAL(18, 2), `fine` DECIMAL(18, 18), `whole` DECIMAL(18, 0)>,
  `source_partition` INT METADATA FROM 'partition',
  `arrived` AS PROCTIME()
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.group.id' = 'every_kind.per_second__v1',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY VIEW `counted` AS
SELECT
  `source_partition` AS `source_partition`,
  `arrived` AS `arrived`,
  ((`timestamp` - MOD((MOD(`timestamp`, 1000) + 1000), 1000)) / 1000) AS `bucket`,
  `type` AS `dimension_0`,
  `properties`.`money` AS `value_1`,
  `properties`.`fine` AS `value_2`,
  `properties`.`whole` AS `value_3`
FROM `clean_log`
WHERE (`type` IN (CAST('sale' AS STRING)));

CREATE TEMPORARY TABLE `deltas`
(
  `bucket` BIGINT,
  `type` STRING,
  `n` BIGINT,
  `money` DECIMAL(38, 2),
  `fine` DECIMAL(38, 18),
  `whole` DECIMAL(38, 0)
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.per_second__v1',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'every_kind.per_second__v1',
  'properties.max.request.size' = '16777216',
  'value.format' = 'json',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO `deltas` (`bucket`, `type`, `n`, `money`, `fine`, `whole`)
SELECT
  `bucket` AS `bucket`,
  `dimension_0` AS `type`,
  COUNT(*) AS `n`,
  COALESCE(SUM(`value_1`), CAST(0 AS DECIMAL(38, 2))) AS `money`,
  COALESCE(SUM(`value_2`), CAST(0 AS DECIMAL(38, 18))) AS `fine`,
  COALESCE(SUM(`value_3`), CAST(0 AS DECIMAL(38, 0))) AS `whole`
FROM TABLE(TUMBLE(TABLE `counted`, DESCRIPTOR(`arrived`), INTERVAL '1.000' SECOND(10, 3)))
GROUP BY `window_start`, `window_end`, `source_partition`, `bucket`, `dimension_0`;

-- every_kind.per_minute__v1;

CREATE TEMPORARY TABLE `clean_log`
(
  `type` STRING,
  `timestamp` BIGINT,
  `properties` ROW<`kind` STRING, `place` ROW<`city` STRING>, `small` INT, `big` BIGINT, `ratio` DOUBLE>,
  `source_partition` INT METADATA FROM 'partition',
  `arrived` AS PROCTIME()
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.group.id' = 'every_kind.per_minute__v1',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY VIEW `counted` AS
SELECT
  `source_partition` AS `source_partition`,
  `arrived` AS `arrived`,
  ((`timestamp` - MOD((MOD(`timestamp`, 60000) + 60000), 60000)) / 1000) AS `bucket`,
  `properties`.`kind` AS `dimension_0`,
  `properties`.`place`.`city` AS `dimension_1`,
  `properties`.`small` AS `value_0`,
  `properties`.`big` AS `value_1`,
  `properties`.`ratio` AS `value_2`
FROM `clean_log`
WHERE (`type` IN (CAST('sale' AS STRING), CAST('refund' AS STRING)));

CREATE TEMPORARY TABLE `deltas`
(
  `bucket` BIGINT,
  `kind` STRING,
  `place_city` STRING,
  `small` BIGINT,
  `big` DECIMAL(38, 0),
  `ratio` DOUBLE,
  `n` BIGINT
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.per_minute__v1',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'every_kind.per_minute__v1',
  'properties.max.request.size' = '16777216',
  'value.format' = 'json',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO `deltas` (`bucket`, `kind`, `place_city`, `small`, `big`, `ratio`, `n`)
SELECT
  `bucket` AS `bucket`,
  `dimension_0` AS `kind`,
  `dimension_1` AS `place_city`,
  COALESCE(SUM(CAST(`value_0` AS BIGINT)), CAST(0 AS BIGINT)) AS `small`,
  COALESCE(SUM(CAST(`value_1` AS DECIMAL(38, 0))), CAST(0 AS DECIMAL(38, 0))) AS `big`,
  COALESCE(SUM(CAST(`value_2` AS DOUBLE)), CAST(0 AS DOUBLE)) AS `ratio`,
  COUNT(*) AS `n`
FROM TABLE(TUMBLE(TABLE `counted`, DESCRIPTOR(`arrived`), INTERVAL '1.000' SECOND(10, 3)))
GROUP BY `window_start`, `window_end`, `source_partition`, `bucket`, `dimension_0`, `dimension_1`;

-- every_kind.per_hour__v1;

CREATE TEMPORARY TABLE `clean_log`
(
  `type` STRING,
  `timestamp` BIGINT,
  `received_at` BIGINT,
  `user_id` STRING,
  `properties` ROW<`text` STRING, `small` INT, `big` BIGINT, `ratio` DOUBLE, `money` DECIMAL(18, 2), `at` BIGINT>,
  `source_partition` INT METADATA FROM 'partition',
  `arrived` AS PROCTIME()
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.group.id' = 'every_kind.per_hour__v1',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY VIEW `counted` AS
SELECT
  `source_partition` AS `source_partition`,
  `arrived` AS `arrived`,
  ((`timestamp` - MOD((MOD(`timestamp`, 3600000) + 3600000), 3600000)) / 1000) AS `bucket`,
  `properties`.`text` AS `value_0`,
  `properties`.`text` AS `value_1`,
  `properties`.`small` AS `value_2`,
  `properties`.`big` AS `value_3`,
  `properties`.`ratio` AS `value_4`,
  `properties`.`money` AS `value_5`,
  `properties`.`at` AS `value_6`,
  `properties`.`at` AS `value_7`,
  `timestamp` AS `value_8`,
  `received_at` AS `value_9`,
  `user_id` AS `value_10`
FROM `clean_log`
WHERE (`type` IN (CAST('sale' AS STRING), CAST('refund' AS STRING), CAST('ping' AS STRING), CAST('page' AS STRING)));

CREATE TEMPORARY TABLE `deltas`
(
  `bucket` BIGINT,
  `text_min` STRING,
  `text_max` STRING,
  `small_min` INT,
  `big_max` BIGINT,
  `ratio_min` DOUBLE,
  `money_max` DECIMAL(18, 2),
  `at_min` BIGINT,
  `at_max` BIGINT,
  `first` BIGINT,
  `last` BIGINT,
  `user_max` STRING
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.per_hour__v1',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'every_kind.per_hour__v1',
  'properties.max.request.size' = '16777216',
  'value.format' = 'json',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO `deltas` (`bucket`, `text_min`, `text_max`, `small_min`, `big_max`, `ratio_min`, `money_max`, `at_min`, `at_max`, `first`, `last`, `user_max`)
SELECT
  `bucket` AS `bucket`,
  DECODE(UNHEX(MIN(HEX(`value_0`))), 'UTF-8') AS `text_min`,
  DECODE(UNHEX(MAX(HEX(`value_1`))), 'UTF-8') AS `text_max`,
  MIN(`value_2`) AS `small_min`,
  MAX(`value_3`) AS `big_max`,
  MIN(`value_4`) AS `ratio_min`,
  MAX(`value_5`) AS `money_max`,
  MIN(`value_6`) AS `at_min`,
  MAX(`value_7`) AS `at_max`,
  MIN(`value_8`) AS `first`,
  MAX(`value_9`) AS `last`,
  DECODE(UNHEX(MAX(HEX(`value_10`))), 'UTF-8') AS `user_max`
FROM TABLE(TUMBLE(TABLE `counted`, DESCRIPTOR(`arrived`), INTERVAL '1.000' SECOND(10, 3)))
GROUP BY `window_start`, `window_end`, `source_partition`, `bucket`;

-- every_kind.per_day__v1;

CREATE TEMPORARY TABLE `clean_log`
(
  `type` STRING,
  `timestamp` BIGINT,
  `late` BOOLEAN,
  `properties` ROW<`flag` BOOLEAN, `small` INT, `big` BIGINT, `ratio` DOUBLE, `money` DECIMAL(18, 2), `place` ROW<`inner` ROW<`n` BIGINT>>>,
  `source_partition` INT METADATA FROM 'partition',
  `arrived` AS PROCTIME()
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.group.id' = 'every_kind.per_day__v1',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY VIEW `counted` AS
SELECT
  `source_partition` AS `source_partition`,
  `arrived` AS `arrived`,
  ((`timestamp` - MOD((MOD(`timestamp`, 86400000) + 86400000), 86400000)) / 1000) AS `bucket`,
  `properties`.`flag` AS `dimension_0`,
  `late` AS `dimension_1`,
  `properties`.`small` AS `value_0`,
  `properties`.`big` AS `value_1`,
  `properties`.`ratio` AS `value_2`,
  `properties`.`money` AS `value_3`,
  `properties`.`place`.`inner`.`n` AS `value_4`
FROM `clean_log`
WHERE (`type` IN (CAST('sale' AS STRING), CAST('refund' AS STRING)));

CREATE TEMPORARY TABLE `deltas`
(
  `bucket` BIGINT,
  `flag` BOOLEAN,
  `late` BOOLEAN,
  `small_mean__sum` BIGINT,
  `small_mean__count` BIGINT,
  `big_mean__sum` DECIMAL(38, 0),
  `big_mean__count` BIGINT,
  `ratio_mean__sum` DOUBLE,
  `ratio_mean__count` BIGINT,
  `money_mean__sum` DECIMAL(38, 2),
  `money_mean__count` BIGINT,
  `nested_mean__sum` DECIMAL(38, 0),
  `nested_mean__count` BIGINT
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.per_day__v1',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'every_kind.per_day__v1',
  'properties.max.request.size' = '16777216',
  'value.format' = 'json',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO `deltas` (`bucket`, `flag`, `late`, `small_mean__sum`, `small_mean__count`, `big_mean__sum`, `big_mean__count`, `ratio_mean__sum`, `ratio_mean__count`, `money_mean__sum`, `money_mean__count`, `nested_mean__sum`, `nested_mean__count`)
SELECT
  `bucket` AS `bucket`,
  `dimension_0` AS `flag`,
  `dimension_1` AS `late`,
  COALESCE(SUM(CAST(`value_0` AS BIGINT)), CAST(0 AS BIGINT)) AS `small_mean__sum`,
  COUNT(`value_0`) AS `small_mean__count`,
  COALESCE(SUM(CAST(`value_1` AS DECIMAL(38, 0))), CAST(0 AS DECIMAL(38, 0))) AS `big_mean__sum`,
  COUNT(`value_1`) AS `big_mean__count`,
  COALESCE(SUM(CAST(`value_2` AS DOUBLE)), CAST(0 AS DOUBLE)) AS `ratio_mean__sum`,
  COUNT(`value_2`) AS `ratio_mean__count`,
  COALESCE(SUM(`value_3`), CAST(0 AS DECIMAL(38, 2))) AS `money_mean__sum`,
  COUNT(`value_3`) AS `money_mean__count`,
  COALESCE(SUM(CAST(`value_4` AS DECIMAL(38, 0))), CAST(0 AS DECIMAL(38, 0))) AS `nested_mean__sum`,
  COUNT(`value_4`) AS `nested_mean__count`
FROM TABLE(TUMBLE(TABLE `counted`, DESCRIPTOR(`arrived`), INTERVAL '1.000' SECOND(10, 3)))
GROUP BY `window_start`, `window_end`, `source_partition`, `bucket`, `dimension_0`, `dimension_1`;

-- every_kind.per_week__v1;

CREATE TEMPORARY TABLE `clean_log`
(
  `type` STRING,
  `timestamp` BIGINT,
  `user_id` STRING,
  `event_id` STRING,
  `properties` ROW<`small` INT, `money` DECIMAL(18, 2), `text` STRING, `kind` STRING, `flag` BOOLEAN, `big` BIGINT, `ratio` DOUBLE, `at` BIGINT, `key` STRING>,
  `source_partition` INT METADATA FROM 'partition',
  `arrived` AS PROCTIME()
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.group.id' = 'every_kind.per_week__v1',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY VIEW `counted` AS
SELECT
  `source_partition` AS `source_partition`,
  `arrived` AS `arrived`,
  ((`timestamp` - MOD((MOD((`timestamp` + 259200000), 604800000) + 604800000), 604800000)) / 1000) AS `bucket`,
  `properties`.`small` AS `dimension_0`,
  `properties`.`money` AS `dimension_1`,
  `user_id` AS `value_0`,
  `properties`.`text` AS `value_1`,
  `properties`.`kind` AS `value_2`,
  `properties`.`flag` AS `value_3`,
  `properties`.`big` AS `value_4`,
  `properties`.`ratio` AS `value_5`,
  `properties`.`money` AS `value_6`,
  `properties`.`at` AS `value_7`,
  `properties`.`key` AS `value_8`,
  `type` AS `value_9`,
  `event_id` AS `value_10`
FROM `clean_log`
WHERE (`type` IN (CAST('sale' AS STRING), CAST('refund' AS STRING), CAST('ping' AS STRING)));

CREATE TEMPORARY TABLE `deltas`
(
  `bucket` BIGINT,
  `small` INT,
  `money` DECIMAL(18, 2),
  `users__values` ARRAY<STRING>,
  `texts__values` ARRAY<STRING>,
  `kinds__values` ARRAY<STRING>,
  `flags__values` ARRAY<BOOLEAN>,
  `bigs__values` ARRAY<BIGINT>,
  `ratios__values` ARRAY<DOUBLE>,
  `moneys__values` ARRAY<DECIMAL(18, 2)>,
  `times__values` ARRAY<BIGINT>,
  `keys__values` ARRAY<STRING>,
  `types__values` ARRAY<STRING>,
  `ids__values` ARRAY<STRING>
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.per_week__v1',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'every_kind.per_week__v1',
  'properties.max.request.size' = '16777216',
  'value.format' = 'json',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO `deltas` (`bucket`, `small`, `money`, `users__values`, `texts__values`, `kinds__values`, `flags__values`, `bigs__values`, `ratios__values`, `moneys__values`, `times__values`, `keys__values`, `types__values`, `ids__values`)
SELECT
  `bucket` AS `bucket`,
  `dimension_0` AS `small`,
  `dimension_1` AS `money`,
  ARRAY_AGG(DISTINCT `value_0` IGNORE NULLS) AS `users__values`,
  ARRAY_AGG(DISTINCT `value_1` IGNORE NULLS) AS `texts__values`,
  ARRAY_AGG(DISTINCT `value_2` IGNORE NULLS) AS `kinds__values`,
  ARRAY_AGG(DISTINCT `value_3` IGNORE NULLS) AS `flags__values`,
  ARRAY_AGG(DISTINCT `value_4` IGNORE NULLS) AS `bigs__values`,
  ARRAY_AGG(DISTINCT `value_5` IGNORE NULLS) AS `ratios__values`,
  ARRAY_AGG(DISTINCT `value_6` IGNORE NULLS) AS `moneys__values`,
  ARRAY_AGG(DISTINCT `value_7` IGNORE NULLS) AS `times__values`,
  ARRAY_AGG(DISTINCT `value_8` IGNORE NULLS) AS `keys__values`,
  ARRAY_AGG(DISTINCT `value_9` IGNORE NULLS) AS `types__values`,
  ARRAY_AGG(DISTINCT `value_10` IGNORE NULLS) AS `ids__values`
FROM TABLE(TUMBLE(TABLE `counted`, DESCRIPTOR(`arrived`), INTERVAL '1.000' SECOND(10, 3)))
GROUP BY `window_start`, `window_end`, `source_partition`, `bucket`, `dimension_0`, `dimension_1`;

-- every_kind.some__v1;

CREATE TEMPORARY TABLE `clean_log`
(
  `type` STRING,
  `timestamp` BIGINT,
  `user_id` STRING,
  `properties` ROW<`big` BIGINT, `at` BIGINT, `key` STRING, `money` DECIMAL(18, 2), `kind` STRING, `flag` BOOLEAN, `share` DECIMAL(4, 4), `place` ROW<`order` INT>, `small` INT>,
  `source_partition` INT METADATA FROM 'partition',
  `arrived` AS PROCTIME()
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.group.id' = 'every_kind.some__v1',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY VIEW `counted` AS
SELECT
  `source_partition` AS `source_partition`,
  `arrived` AS `arrived`,
  ((`timestamp` - MOD((MOD(`timestamp`, 86400000) + 86400000), 86400000)) / 1000) AS `bucket`,
  `properties`.`big` AS `dimension_0`,
  `properties`.`at` AS `dimension_1`,
  `properties`.`key` AS `dimension_2`,
  `properties`.`money` AS `value_1`
FROM `clean_log`
WHERE ((`type` IN (CAST('sale' AS STRING), CAST('refund' AS STRING))) AND (COALESCE((`properties`.`money` >= CAST('0.00' AS DECIMAL(18, 2))), FALSE) AND COALESCE((`properties`.`money` <> CAST('1.00' AS DECIMAL(18, 2))), FALSE) AND COALESCE((`properties`.`kind` IN (CAST('a' AS STRING), CAST('it''s \ `quoted`' AS STRING))), FALSE) AND (COALESCE((`properties`.`flag` = TRUE), FALSE) OR COALESCE((`properties`.`share` > CAST('.2500' AS DECIMAL(4, 4))), FALSE) OR (NOT (`properties`.`place`.`order` IS NOT NULL)) OR (NOT COALESCE((`properties`.`small` < CAST('0' AS INT)), FALSE))) AND COALESCE((`user_id` <> CAST('u0' AS STRING)), FALSE)));

CREATE TEMPORARY TABLE `deltas`
(
  `bucket` BIGINT,
  `big` BIGINT,
  `at` BIGINT,
  `key` STRING,
  `n` BIGINT,
  `money` DECIMAL(38, 2)
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_kind.some__v1',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'every_kind.some__v1',
  'properties.max.request.size' = '16777216',
  'value.format' = 'json',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO `deltas` (`bucket`, `big`, `at`, `key`, `n`, `money`)
SELECT
  `bucket` AS `bucket`,
  `dimension_0` AS `big`,
  `dimension_1` AS `at`,
  `dimension_2` AS `key`,
  COUNT(*) AS `n`,
  COALESCE(SUM(`value_1`), CAST(0 AS DECIMAL(38, 2))) AS `money`
FROM TABLE(TUMBLE(TABLE `counted`, DESCRIPTOR(`arrived`), INTERVAL '1.000' SECOND(10, 3)))
GROUP BY `window_start`, `window_end`, `source_partition`, `bucket`, `dimension_0`, `dimension_1`, `dimension_2`;
