-- every_window.by_kind__v1;

CREATE TEMPORARY TABLE `clean_log`
(
  `type` STRING,
  `timestamp` BIGINT,
  `late` BOOLEAN,
  `properties` ROW<`kind` STRING, `place` ROW<`city` STRING>, `small` INT, `big` BIGINT, `ratio` DOUBLE, `money` DECIMAL(18, 2)>,
  `heartbeat` BIGINT,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
  `happened` AS TO_TIMESTAMP_LTZ(COALESCE(`timestamp`, `heartbeat`), 3),
  WATERMARK FOR `happened` AS CASE WHEN (`heartbeat` IS NOT NULL) THEN TO_TIMESTAMP_LTZ((`heartbeat` - 9001), 3) END
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_window.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.group.id' = 'every_window.by_kind__v1',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY VIEW `in_time` AS
SELECT
  `happened` AS `happened`,
  `properties`.`kind` AS `dimension_0`,
  `properties`.`place`.`city` AS `dimension_1`,
  `properties`.`small` AS `value_1`,
  `properties`.`big` AS `value_2`,
  `properties`.`ratio` AS `value_3`,
  `properties`.`money` AS `value_4`,
  `properties`.`big` AS `value_5`,
  `properties`.`money` AS `value_6`,
  `properties`.`money` AS `value_7`
FROM `clean_log`
WHERE ((`type` IN (CAST('sale' AS STRING), CAST('refund' AS STRING))) AND (NOT `late`) AND (TO_TIMESTAMP_LTZ(((`timestamp` - MOD((MOD(`timestamp`, 2000) + 2000), 2000)) + 6000), 3) > `record_time`));

CREATE TEMPORARY TABLE `results`
(
  `window_start` TIMESTAMP(3),
  `window_end` TIMESTAMP(3),
  `kind` STRING,
  `place_city` STRING,
  `n` BIGINT,
  `small` BIGINT,
  `big` DECIMAL(38, 0),
  `ratio` DOUBLE,
  `money` DECIMAL(38, 2),
  `big_mean__sum` DECIMAL(38, 0),
  `big_mean__count` BIGINT,
  `money_mean__sum` DECIMAL(38, 2),
  `money_mean__count` BIGINT,
  `money_q__values` ARRAY<DECIMAL(18, 2)>
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_window.by_kind__v1',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'every_window.by_kind__v1',
  'properties.max.request.size' = '16777216',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'SQL',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO `results` (`window_start`, `window_end`, `kind`, `place_city`, `n`, `small`, `big`, `ratio`, `money`, `big_mean__sum`, `big_mean__count`, `money_mean__sum`, `money_mean__count`, `money_q__values`)
SELECT
  `window_start` AS `window_start`,
  `window_end` AS `window_end`,
  `dimension_0` AS `kind`,
  `dimension_1` AS `place_city`,
  COUNT(*) AS `n`,
  COALESCE(SUM(CAST(`value_1` AS BIGINT)), CAST(0 AS BIGINT)) AS `small`,
  COALESCE(SUM(CAST(`value_2` AS DECIMAL(38, 0))), CAST(0 AS DECIMAL(38, 0))) AS `big`,
  COALESCE(SUM(CAST(`value_3` AS DOUBLE)), CAST(0 AS DOUBLE)) AS `ratio`,
  COALESCE(SUM(`value_4`), CAST(0 AS DECIMAL(38, 2))) AS `money`,
  COALESCE(SUM(CAST(`value_5` AS DECIMAL(38, 0))), CAST(0 AS DECIMAL(38, 0))) AS `big_mean__sum`,
  COUNT(`value_5`) AS `big_mean__count`,
  COALESCE(SUM(`value_6`), CAST(0 AS DECIMAL(38, 2))) AS `money_mean__sum`,
  COUNT(`value_6`) AS `money_mean__count`,
  ARRAY_AGG(`value_7` IGNORE NULLS) AS `money_q__values`
FROM TABLE(TUMBLE(TABLE `in_time`, DESCRIPTOR(`happened`), INTERVAL '2.000' SECOND(10, 3)))
GROUP BY `window_start`, `window_end`, `dimension_0`, `dimension_1`;

-- every_window.by_number__v1;

CREATE TEMPORARY TABLE `clean_log`
(
  `type` STRING,
  `timestamp` BIGINT,
  `late` BOOLEAN,
  `user_id` STRING,
  `properties` ROW<`small` INT, `flag` BOOLEAN, `text` STRING, `at` BIGINT, `ratio` DOUBLE, `kind` STRING, `money` DECIMAL(18, 2), `key` STRING>,
  `heartbeat` BIGINT,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
  `happened` AS TO_TIMESTAMP_LTZ(COALESCE(`timestamp`, `heartbeat`), 3),
  WATERMARK FOR `happened` AS CASE WHEN (`heartbeat` IS NOT NULL) THEN TO_TIMESTAMP_LTZ((`heartbeat` - 9001), 3) END
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_window.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.group.id' = 'every_window.by_number__v1',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY VIEW `in_time` AS
SELECT
  `happened` AS `happened`,
  `properties`.`small` AS `dimension_0`,
  `properties`.`flag` AS `dimension_1`,
  `timestamp` AS `value_1`,
  `properties`.`text` AS `value_2`,
  `properties`.`text` AS `value_3`,
  `properties`.`at` AS `value_4`,
  `properties`.`ratio` AS `value_5`,
  `user_id` AS `value_6`,
  `properties`.`kind` AS `value_7`,
  `properties`.`money` AS `value_8`,
  `properties`.`key` AS `value_9`
FROM `clean_log`
WHERE ((`type` IN (CAST('sale' AS STRING), CAST('refund' AS STRING), CAST('ping' AS STRING))) AND (NOT `late`) AND (TO_TIMESTAMP_LTZ(((`timestamp` - MOD((MOD(`timestamp`, 2000) + 2000), 2000)) + 10000), 3) > `record_time`) AND (COALESCE((`type` = CAST('ping' AS STRING)), FALSE) OR COALESCE((`user_id` <> CAST('u0' AS STRING)), FALSE)));

CREATE TEMPORARY TABLE `results`
(
  `window_start` TIMESTAMP(3),
  `window_end` TIMESTAMP(3),
  `small` INT,
  `flag` BOOLEAN,
  `n` BIGINT,
  `first` BIGINT,
  `text_min` STRING,
  `text_max` STRING,
  `at_max` BIGINT,
  `ratio_min` DOUBLE,
  `users__values` ARRAY<STRING>,
  `kinds__values` ARRAY<STRING>,
  `moneys__values` ARRAY<DECIMAL(18, 2)>,
  `keys__values` ARRAY<STRING>
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_window.by_number__v1',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'every_window.by_number__v1',
  'properties.max.request.size' = '16777216',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'SQL',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO `results` (`window_start`, `window_end`, `small`, `flag`, `n`, `first`, `text_min`, `text_max`, `at_max`, `ratio_min`, `users__values`, `kinds__values`, `moneys__values`, `keys__values`)
SELECT
  `window_start` AS `window_start`,
  `window_end` AS `window_end`,
  `dimension_0` AS `small`,
  `dimension_1` AS `flag`,
  COUNT(*) AS `n`,
  MIN(`value_1`) AS `first`,
  DECODE(UNHEX(MIN(HEX(`value_2`))), 'UTF-8') AS `text_min`,
  DECODE(UNHEX(MAX(HEX(`value_3`))), 'UTF-8') AS `text_max`,
  MAX(`value_4`) AS `at_max`,
  MIN(`value_5`) AS `ratio_min`,
  ARRAY_AGG(DISTINCT `value_6` IGNORE NULLS) AS `users__values`,
  ARRAY_AGG(DISTINCT `value_7` IGNORE NULLS) AS `kinds__values`,
  ARRAY_AGG(DISTINCT `value_8` IGNORE NULLS) AS `moneys__values`,
  ARRAY_AGG(DISTINCT `value_9` IGNORE NULLS) AS `keys__values`
FROM TABLE(HOP(TABLE `in_time`, DESCRIPTOR(`happened`), INTERVAL '2.000' SECOND(10, 3), INTERVAL '6.000' SECOND(10, 3)))
GROUP BY `window_start`, `window_end`, `dimension_0`, `dimension_1`;

-- every_window.all_together__v1;

CREATE TEMPORARY TABLE `clean_log`
(
  `type` STRING,
  `timestamp` BIGINT,
  `late` BOOLEAN,
  `event_id` STRING,
  `properties` ROW<`fine` DECIMAL(18, 18), `ratio` DOUBLE, `big` BIGINT>,
  `heartbeat` BIGINT,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
  `happened` AS TO_TIMESTAMP_LTZ(COALESCE(`timestamp`, `heartbeat`), 3),
  WATERMARK FOR `happened` AS CASE WHEN (`heartbeat` IS NOT NULL) THEN TO_TIMESTAMP_LTZ((`heartbeat` - 9001), 3) END
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_window.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.group.id' = 'every_window.all_together__v1',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY VIEW `in_time` AS
SELECT
  `happened` AS `happened`,
  `properties`.`fine` AS `value_1`,
  `event_id` AS `value_2`,
  `properties`.`ratio` AS `value_3`,
  `properties`.`fine` AS `value_4`,
  `properties`.`big` AS `value_5`
FROM `clean_log`
WHERE ((`type` IN (CAST('sale' AS STRING), CAST('refund' AS STRING), CAST('ping' AS STRING))) AND (NOT `late`) AND (TO_TIMESTAMP_LTZ(((`timestamp` - MOD((MOD(`timestamp`, 1000) + 1000), 1000)) + 7000), 3) > `record_time`));

CREATE TEMPORARY TABLE `results`
(
  `window_start` TIMESTAMP(3),
  `window_end` TIMESTAMP(3),
  `n` BIGINT,
  `fine` DECIMAL(38, 18),
  `ids__values` ARRAY<STRING>,
  `ratio_q__values` ARRAY<DOUBLE>,
  `fine_q__values` ARRAY<DECIMAL(18, 18)>,
  `big_q__values` ARRAY<BIGINT>
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_window.all_together__v1',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'every_window.all_together__v1',
  'properties.max.request.size' = '16777216',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'SQL',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO `results` (`window_start`, `window_end`, `n`, `fine`, `ids__values`, `ratio_q__values`, `fine_q__values`, `big_q__values`)
SELECT
  `window_start` AS `window_start`,
  `window_end` AS `window_end`,
  COUNT(*) AS `n`,
  COALESCE(SUM(`value_1`), CAST(0 AS DECIMAL(38, 18))) AS `fine`,
  ARRAY_AGG(DISTINCT `value_2` IGNORE NULLS) AS `ids__values`,
  ARRAY_AGG(`value_3` IGNORE NULLS) AS `ratio_q__values`,
  ARRAY_AGG(`value_4` IGNORE NULLS) AS `fine_q__values`,
  ARRAY_AGG(`value_5` IGNORE NULLS) AS `big_q__values`
FROM TABLE(HOP(TABLE `in_time`, DESCRIPTOR(`happened`), INTERVAL '1.000' SECOND(10, 3), INTERVAL '3.000' SECOND(10, 3)))
GROUP BY `window_start`, `window_end`;

-- every_window.visits__v1;

CREATE TEMPORARY TABLE `clean_log`
(
  `type` STRING,
  `timestamp` BIGINT,
  `late` BOOLEAN,
  `user_id` STRING,
  `properties` ROW<`money` DECIMAL(18, 2), `text` STRING, `small` INT>,
  `heartbeat` BIGINT,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
  `happened` AS TO_TIMESTAMP_LTZ(COALESCE(`timestamp`, `heartbeat`), 3),
  WATERMARK FOR `happened` AS CASE WHEN (`heartbeat` IS NOT NULL) THEN TO_TIMESTAMP_LTZ((`heartbeat` - 9002), 3) END
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_window.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.group.id' = 'every_window.visits__v1',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY VIEW `in_time` AS
SELECT
  `happened` AS `happened`,
  `timestamp` AS `happened_ms`,
  (`timestamp` - MOD((MOD(`timestamp`, 7000) + 7000), 7000)) AS `period`,
  `user_id` AS `dimension_0`,
  `timestamp` AS `value_1`,
  `timestamp` AS `value_2`,
  `properties`.`money` AS `value_3`,
  `properties`.`text` AS `value_4`,
  `properties`.`small` AS `value_5`
FROM `clean_log`
WHERE ((`type` IN (CAST('sale' AS STRING), CAST('refund' AS STRING), CAST('ping' AS STRING))) AND (NOT `late`) AND (TO_TIMESTAMP_LTZ((`timestamp` + 5500), 3) > `record_time`));

CREATE TEMPORARY TABLE `results`
(
  `window_start` TIMESTAMP(3),
  `window_end` TIMESTAMP(3),
  `user_id` STRING,
  `n` BIGINT,
  `first` BIGINT,
  `last` BIGINT,
  `money` DECIMAL(38, 2),
  `texts__values` ARRAY<STRING>,
  `small_q__values` ARRAY<INT>
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_window.visits__v1',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'every_window.visits__v1',
  'properties.max.request.size' = '16777216',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'SQL',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO `results` (`window_start`, `window_end`, `user_id`, `n`, `first`, `last`, `money`, `texts__values`, `small_q__values`)
SELECT
  CAST(TO_TIMESTAMP_LTZ(MIN(`happened_ms`), 3) AS TIMESTAMP(3)) AS `window_start`,
  CAST(TO_TIMESTAMP_LTZ(LEAST((MAX(`happened_ms`) + 1500), (`period` + 7000)), 3) AS TIMESTAMP(3)) AS `window_end`,
  `dimension_0` AS `user_id`,
  COUNT(*) AS `n`,
  MIN(`value_1`) AS `first`,
  MAX(`value_2`) AS `last`,
  COALESCE(SUM(`value_3`), CAST(0 AS DECIMAL(38, 2))) AS `money`,
  ARRAY_AGG(DISTINCT `value_4` IGNORE NULLS) AS `texts__values`,
  ARRAY_AGG(`value_5` IGNORE NULLS) AS `small_q__values`
FROM TABLE(SESSION(TABLE `in_time` PARTITION BY (`period`, `dimension_0`), DESCRIPTOR(`happened`), INTERVAL '1.499' SECOND(10, 3)))
GROUP BY `window_start`, `window_end`, `period`, `dimension_0`;

-- every_window.activity__v1;

CREATE TEMPORARY TABLE `clean_log`
(
  `type` STRING,
  `timestamp` BIGINT,
  `late` BOOLEAN,
  `heartbeat` BIGINT,
  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
  `happened` AS TO_TIMESTAMP_LTZ(COALESCE(`timestamp`, `heartbeat`), 3),
  WATERMARK FOR `happened` AS CASE WHEN (`heartbeat` IS NOT NULL) THEN TO_TIMESTAMP_LTZ((`heartbeat` - 9002), 3) END
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_window.clean',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.group.id' = 'every_window.activity__v1',
  'properties.isolation.level' = 'read_committed',
  'properties.max.partition.fetch.bytes' = '4194304',
  'properties.max.poll.records' = '2000',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'json'
);

CREATE TEMPORARY VIEW `in_time` AS
SELECT
  `happened` AS `happened`,
  `timestamp` AS `happened_ms`,
  (`timestamp` - MOD((MOD(`timestamp`, 20000) + 20000), 20000)) AS `period`,
  `timestamp` AS `value_1`
FROM `clean_log`
WHERE ((`type` IN (CAST('ping' AS STRING))) AND (NOT `late`) AND (TO_TIMESTAMP_LTZ((`timestamp` + 5000), 3) > `record_time`));

CREATE TEMPORARY TABLE `results`
(
  `window_start` TIMESTAMP(3),
  `window_end` TIMESTAMP(3),
  `n` BIGINT,
  `last` BIGINT
)
WITH (
  'connector' = 'kafka',
  'topic' = 'every_window.activity__v1',
  'properties.bootstrap.servers' = 'kafka-1:9092',
  'properties.compression.type' = 'lz4',
  'properties.batch.size' = '262144',
  'properties.linger.ms' = '20',
  'properties.transaction.timeout.ms' = '900000',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'every_window.activity__v1',
  'properties.max.request.size' = '16777216',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'SQL',
  'value.json.encode.decimal-as-plain-number' = 'true',
  'value.json.encode.ignore-null-fields' = 'true'
);

INSERT INTO `results` (`window_start`, `window_end`, `n`, `last`)
SELECT
  CAST(TO_TIMESTAMP_LTZ(MIN(`happened_ms`), 3) AS TIMESTAMP(3)) AS `window_start`,
  CAST(TO_TIMESTAMP_LTZ(LEAST((MAX(`happened_ms`) + 1000), (`period` + 20000)), 3) AS TIMESTAMP(3)) AS `window_end`,
  COUNT(*) AS `n`,
  MAX(`value_1`) AS `last`
FROM TABLE(SESSION(TABLE `in_time` PARTITION BY (`period`), DESCRIPTOR(`happened`), INTERVAL '0.999' SECOND(10, 3)))
GROUP BY `window_start`, `window_end`, `period`;
