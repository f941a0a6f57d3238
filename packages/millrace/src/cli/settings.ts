import { existsSync, readFileSync } from 'node:fs';
import { MillraceError } from '../errors.ts';
import { defaults } from '../plan/defaults.ts';
import { dayMs } from '../plan/read-duration.ts';
import { readKey } from '../server/read-key.ts';

interface Setting<Value> {
  /** The flag without its dashes. In the settings file the same with underscores. */
  readonly flag: string;
  readonly env: string;
  /** What stands for the value in the help; none for a switch. */
  readonly value: string;
  readonly help: string;
  readonly fallback: Value;
  /** Understands the text of a flag or variable, or a value of the settings file. */
  readonly read: (given: unknown) => Value | undefined;
}

const text = (given: unknown): string | undefined =>
  typeof given === 'string' && given !== '' ? given : undefined;

const wholeNumber =
  (least: number, most: number) =>
  (given: unknown): number | undefined => {
    const number = typeof given === 'string' && given !== '' ? Number(given) : given;
    return typeof number === 'number' &&
      Number.isInteger(number) &&
      number >= least &&
      number <= most
      ? number
      : undefined;
  };

const list = (given: unknown): readonly string[] | undefined => {
  const items: readonly unknown[] = Array.isArray(given)
    ? given
    : typeof given === 'string'
      ? given.split(',')
      : [];
  const words = items.map((item) => (typeof item === 'string' ? item.trim() : ''));
  return words.length > 0 && words.every((word) => word !== '') ? words : undefined;
};

const readKeyList = (given: unknown): readonly string[] | undefined => {
  const keys = list(given);
  return keys?.every((text) => readKey(text) !== null) ? keys : undefined;
};

const oneOf =
  (...words: readonly string[]) =>
  (given: unknown): string | undefined =>
    words.find((word) => word === given);

const setting = <Value>(definition: Setting<Value>): Setting<Value> => definition;
const listed: readonly string[] = [];

/** Everything that can be set from outside, in the order of the help. */
export const settings = {
  pipeline: setting({
    flag: 'pipeline',
    env: 'MILLRACE_PIPELINE',
    value: 'FILE',
    help: 'the pipeline: a TypeScript file whose default export is definePipeline({…})',
    fallback: 'millrace.config.ts',
    read: text,
  }),
  data: setting({
    flag: 'data',
    env: 'MILLRACE_DATA',
    value: 'FOLDER',
    help: 'where the log and the store are kept',
    fallback: '.millrace',
    read: text,
  }),
  host: setting({
    flag: 'host',
    env: 'MILLRACE_HOST',
    value: 'ADDRESS',
    help: 'the address to listen on; any but a loopback one needs keys',
    fallback: '127.0.0.1',
    read: text,
  }),
  port: setting({
    flag: 'port',
    env: 'MILLRACE_PORT',
    value: 'NUMBER',
    help: 'the port to listen on; 0 takes a free one',
    fallback: 8080,
    read: wholeNumber(0, 65_535),
  }),
  writeKeys: setting({
    flag: 'write-keys',
    env: 'MILLRACE_WRITE_KEYS',
    value: 'KEY,…',
    help: 'keys that may send events; they are public (a browser shows them)',
    fallback: listed,
    read: list,
  }),
  readKeys: setting({
    flag: 'read-keys',
    env: 'MILLRACE_READ_KEYS',
    value: 'KEY,…',
    help: 'keys that may ask questions and read dead letters; keep them secret; KEY:tables=events+… may ask these tables alone',
    fallback: listed,
    read: readKeyList,
  }),
  webhookSecret: setting({
    flag: 'webhook-secret',
    env: 'MILLRACE_WEBHOOK_SECRET',
    value: 'SECRET',
    help: 'signs the calls of alerts; better given by the variable, which others cannot see',
    fallback: '',
    read: text,
  }),
  dedupMemoryMb: setting({
    flag: 'dedup-memory-mb',
    env: 'MILLRACE_DEDUP_MEMORY_MB',
    value: 'MB',
    help: 'memory for the ids of the dedup window; what exceeds it goes to disk',
    fallback: 1_500,
    read: wholeNumber(1, 1_000_000),
  }),
  questionRowsMax: setting({
    flag: 'question-rows-max',
    env: 'MILLRACE_QUESTION_ROWS_MAX',
    value: 'ROWS',
    help: 'a question that would read more rows of a table is refused; /sql is not bound by it',
    fallback: 1_000_000_000,
    read: wholeNumber(1, 1_000_000_000_000),
  }),
  storeMemoryMb: setting({
    flag: 'store-memory-mb',
    env: 'MILLRACE_STORE_MEMORY_MB',
    value: 'MB',
    help: 'memory for ClickHouse in all: inserts, merges, questions and caches',
    fallback: 4_096,
    read: wholeNumber(256, 1_000_000),
  }),
  logRetentionHours: setting({
    flag: 'log-retention-hours',
    env: 'MILLRACE_LOG_RETENTION_HOURS',
    value: 'HOURS',
    help: 'how long the log keeps what the store already has',
    fallback: 168,
    read: wholeNumber(0, 1_000_000),
  }),
  deadLetterRetentionDays: setting({
    flag: 'dead-letter-retention-days',
    env: 'MILLRACE_DEAD_LETTER_RETENTION_DAYS',
    value: 'DAYS',
    help: 'how long a dead letter can be listed and retried after it came',
    fallback: defaults.deadLettersKeepMs / dayMs,
    read: wholeNumber(1, 36_500),
  }),
  archive: setting({
    flag: 'archive',
    env: 'MILLRACE_ARCHIVE',
    value: 'PLACE',
    help: 'where events are archived as Parquet: a folder, or s3://BUCKET/PREFIX with keys as the AWS tools take them',
    fallback: '',
    read: text,
  }),
  archiveSeconds: setting({
    flag: 'archive-seconds',
    env: 'MILLRACE_ARCHIVE_SECONDS',
    value: 'SECONDS',
    help: 'how long events wait for the archive at most; half a million of them do not wait',
    fallback: 3_600,
    read: wholeNumber(1, 604_800),
  }),
  archiveCompactRanges: setting({
    flag: 'archive-compact-ranges',
    env: 'MILLRACE_ARCHIVE_COMPACT_RANGES',
    value: 'COUNT',
    help: "how many of the archive's small ranges that follow each other are put together; 0: none",
    fallback: 24,
    read: wholeNumber(0, 1_000),
  }),
  s3Endpoint: setting({
    flag: 's3-endpoint',
    env: 'MILLRACE_S3_ENDPOINT',
    value: 'URL',
    help: "an S3 server other than Amazon's",
    fallback: '',
    read: text,
  }),
  role: setting({
    flag: 'role',
    env: 'MILLRACE_ROLE',
    value: 'ROLE',
    help: 'all: the whole pipeline in this process; collector, gate, loader, query, alerts, archiver: that part of a cluster',
    fallback: 'all',
    read: oneOf('all', 'collector', 'gate', 'loader', 'query', 'alerts', 'archiver'),
  }),
  kafka: setting({
    flag: 'kafka',
    env: 'MILLRACE_KAFKA',
    value: 'HOST:PORT,…',
    help: "some of Kafka's brokers",
    fallback: listed,
    read: list,
  }),
  spillMb: setting({
    flag: 'spill-mb',
    env: 'MILLRACE_SPILL_MB',
    value: 'MB',
    help: 'what a collector may keep in its data folder while Kafka is away; only if --data is given',
    fallback: 1_024,
    read: wholeNumber(1, 10_000_000),
  }),
  ingestTopic: setting({
    flag: 'ingest-topic',
    env: 'MILLRACE_INGEST_TOPIC',
    value: 'TOPIC',
    help: "the topic of other producers that a gate lets in; the pipeline's name and .ingest if not set",
    fallback: '',
    read: text,
  }),
  storeUrl: setting({
    flag: 'store-url',
    env: 'MILLRACE_STORE_URL',
    value: 'URL',
    help: "ClickHouse's HTTP interface",
    fallback: 'http://127.0.0.1:8123',
    read: text,
  }),
  storeUser: setting({
    flag: 'store-user',
    env: 'MILLRACE_STORE_USER',
    value: 'NAME',
    help: "ClickHouse's user",
    fallback: 'default',
    read: text,
  }),
  storePassword: setting({
    flag: 'store-password',
    env: 'MILLRACE_STORE_PASSWORD',
    value: 'SECRET',
    help: "that user's password; better given by the variable, which others cannot see",
    fallback: '',
    read: text,
  }),
  redisUrl: setting({
    flag: 'redis-url',
    env: 'MILLRACE_REDIS_URL',
    value: 'URL',
    help: 'the Redis in which query processes keep answers for each other, redis://HOST:PORT; without it each keeps its own',
    fallback: '',
    read: text,
  }),
  cluster: setting({
    flag: 'cluster',
    env: 'MILLRACE_CLUSTER',
    value: 'NAME',
    help: "the name of ClickHouse's cluster in its servers' configuration",
    fallback: '',
    read: text,
  }),
  flinkUrl: setting({
    flag: 'flink-url',
    env: 'MILLRACE_FLINK_URL',
    value: 'URL',
    help: "the REST interface of Flink's JobManager",
    fallback: 'http://127.0.0.1:8081',
    read: text,
  }),
  sqlGatewayUrl: setting({
    flag: 'sql-gateway-url',
    env: 'MILLRACE_SQL_GATEWAY_URL',
    value: 'URL',
    help: "Flink's SQL Gateway",
    fallback: 'http://127.0.0.1:8083',
    read: text,
  }),
  savepoints: setting({
    flag: 'savepoints',
    env: 'MILLRACE_SAVEPOINTS',
    value: 'FOLDER',
    help: 'where Flink writes the savepoint of a job that is stopped, as file:///… or s3://…; its own setting if not given',
    fallback: '',
    read: text,
  }),
  partitions: setting({
    flag: 'partitions',
    env: 'MILLRACE_PARTITIONS',
    value: 'NUMBER',
    help: 'partitions of each topic; they cannot change once it is there',
    fallback: 8,
    read: wholeNumber(1, 100_000),
  }),
  replication: setting({
    flag: 'replication',
    env: 'MILLRACE_REPLICATION',
    value: 'NUMBER',
    help: 'brokers that hold each record',
    fallback: 3,
    read: wholeNumber(1, 100),
  }),
  parallelism: setting({
    flag: 'parallelism',
    env: 'MILLRACE_PARALLELISM',
    value: 'NUMBER',
    help: 'tasks of each step of a Flink job, at most as many as there are partitions',
    fallback: 2,
    read: wholeNumber(1, 10_000),
  }),
  checkpointSeconds: setting({
    flag: 'checkpoint-seconds',
    env: 'MILLRACE_CHECKPOINT_SECONDS',
    value: 'SECONDS',
    help: 'how often Flink takes a checkpoint: results can be read this long after they were made',
    fallback: 3,
    read: wholeNumber(1, 3_600),
  }),
  transactionTimeoutMinutes: setting({
    flag: 'transaction-timeout-minutes',
    env: 'MILLRACE_TRANSACTION_TIMEOUT_MINUTES',
    value: 'MINUTES',
    help: "how long Kafka waits for a Flink job that is away before what it wrote last is lost; at most the brokers' transaction.max.timeout.ms",
    fallback: 15,
    read: wholeNumber(1, 100_000),
  }),
  logSegmentMb: setting({
    flag: 'log-segment-mb',
    env: 'MILLRACE_LOG_SEGMENT_MB',
    value: 'MB',
    help: 'the size at which the log begins a new file; it is deleted file by file',
    fallback: 64,
    read: wholeNumber(1, 1_000),
  }),
} as const;

export type SettingName = keyof typeof settings;
export type Settings = {
  readonly [Name in SettingName]: (typeof settings)[Name]['fallback'] extends infer Value
    ? Value extends string
      ? string
      : Value extends number
        ? number
        : readonly string[]
    : never;
};

export interface SettingSources {
  /** Flags as typed; absent ones are undefined. */
  readonly flags: { readonly [name: string]: unknown };
  readonly env: { readonly [name: string]: string | undefined };
  /** `--config` or MILLRACE_CONFIG; `millrace.json` is read if it is there. */
  readonly file?: string;
}

/**
 * Flags win over environment variables, those over the settings file, that over
 * the defaults.
 *
 * @throws MillraceError `config_invalid` naming the setting and where it was given.
 */
export function resolveSettings(sources: SettingSources): Settings {
  const file = readSettingsFile(sources.file);
  const pick = <Value>(name: SettingName, { value, fallback, read }: Setting<Value>) => {
    for (const [candidate, place] of givenOf(name, sources, file)) {
      const understood = read(candidate);
      if (understood !== undefined) return understood;
      // The value may be a key, so it is not repeated.
      throw new MillraceError('config_invalid', `${place} is not a valid ${value}.`);
    }
    return fallback;
  };
  refuseUnknown(file);
  return {
    pipeline: pick('pipeline', settings.pipeline),
    data: pick('data', settings.data),
    host: pick('host', settings.host),
    port: pick('port', settings.port),
    writeKeys: pick('writeKeys', settings.writeKeys),
    readKeys: pick('readKeys', settings.readKeys),
    webhookSecret: pick('webhookSecret', settings.webhookSecret),
    dedupMemoryMb: pick('dedupMemoryMb', settings.dedupMemoryMb),
    storeMemoryMb: pick('storeMemoryMb', settings.storeMemoryMb),
    questionRowsMax: pick('questionRowsMax', settings.questionRowsMax),
    logRetentionHours: pick('logRetentionHours', settings.logRetentionHours),
    deadLetterRetentionDays: pick('deadLetterRetentionDays', settings.deadLetterRetentionDays),
    archive: pick('archive', settings.archive),
    archiveSeconds: pick('archiveSeconds', settings.archiveSeconds),
    archiveCompactRanges: pick('archiveCompactRanges', settings.archiveCompactRanges),
    s3Endpoint: pick('s3Endpoint', settings.s3Endpoint),
    role: pick('role', settings.role),
    kafka: pick('kafka', settings.kafka),
    spillMb: pick('spillMb', settings.spillMb),
    ingestTopic: pick('ingestTopic', settings.ingestTopic),
    storeUrl: pick('storeUrl', settings.storeUrl),
    storeUser: pick('storeUser', settings.storeUser),
    storePassword: pick('storePassword', settings.storePassword),
    redisUrl: pick('redisUrl', settings.redisUrl),
    cluster: pick('cluster', settings.cluster),
    flinkUrl: pick('flinkUrl', settings.flinkUrl),
    sqlGatewayUrl: pick('sqlGatewayUrl', settings.sqlGatewayUrl),
    savepoints: pick('savepoints', settings.savepoints),
    partitions: pick('partitions', settings.partitions),
    replication: pick('replication', settings.replication),
    parallelism: pick('parallelism', settings.parallelism),
    checkpointSeconds: pick('checkpointSeconds', settings.checkpointSeconds),
    transactionTimeoutMinutes: pick(
      'transactionTimeoutMinutes',
      settings.transactionTimeoutMinutes,
    ),
    logSegmentMb: pick('logSegmentMb', settings.logSegmentMb),
  };
}

/** Whether it is set, to whatever: where a default is not meant for all. */
export const isSet = (name: SettingName, sources: SettingSources): boolean =>
  givenOf(name, sources, readSettingsFile(sources.file)).length > 0;

/** What is given for a setting and where, what wins first. */
function givenOf(
  name: SettingName,
  sources: SettingSources,
  file: SettingsFile,
): readonly (readonly [unknown, string])[] {
  const { flag, env } = settings[name];
  const fileKey = flag.replaceAll('-', '_');
  const places: readonly (readonly [unknown, string])[] = [
    [sources.flags[name], `--${flag}`],
    [sources.env[env], env],
    [file.values[fileKey], `${fileKey} in ${file.path}`],
  ];
  return places.filter(([given]) => given !== undefined);
}

interface SettingsFile {
  readonly path: string;
  readonly values: { readonly [key: string]: unknown };
}

function readSettingsFile(named: string | undefined): SettingsFile {
  const path = named ?? 'millrace.json';
  if (!existsSync(path)) {
    if (named === undefined) return { path, values: {} };
    throw new MillraceError('config_invalid', `There is no settings file at ${path}.`);
  }
  let values: unknown;
  try {
    values = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new MillraceError('config_invalid', `${path} is not JSON: ${String(error)}`, {
      cause: error,
    });
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new MillraceError('config_invalid', `${path} must hold one JSON object.`);
  }
  return { path, values: { ...values } };
}

function refuseUnknown(file: SettingsFile): void {
  const known = Object.values(settings).map(({ flag }) => flag.replaceAll('-', '_'));
  for (const key of Object.keys(file.values)) {
    if (known.includes(key)) continue;
    throw new MillraceError(
      'config_invalid',
      `${file.path} has an unknown setting ${key}; there are ${known.join(', ')}.`,
    );
  }
}
