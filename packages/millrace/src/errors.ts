/**
 * Every error Millrace raises on purpose, in one place. A code never changes
 * its meaning; `docs/reference/errors.md` is generated from this table.
 */
export const errors = {
  // A request that could not be understood: nothing of it was stored.
  invalid_request: {
    status: 400,
    mend: 'Send a request of HTTP/1.1, with a path of valid escapes.',
  },
  headers_too_large: { status: 431, mend: 'Send a shorter path and fewer headers.' },
  invalid_body: { status: 400, mend: 'Send JSON, a JSON array, {"batch": […]} or NDJSON.' },
  unsupported_media_type: { status: 415, mend: 'Send application/json or application/x-ndjson.' },
  unsupported_encoding: { status: 415, mend: 'Use gzip, br, zstd, deflate, or none.' },
  body_too_large: { status: 413, mend: 'Send smaller batches.' },
  batch_too_large: { status: 413, mend: 'Send fewer events in a batch.' },
  unauthorized: { status: 401, mend: 'Send a key: Authorization: Bearer KEY.' },
  read_key_limited: {
    status: 403,
    mend: 'Use a read key that may. Who runs Millrace lists the tables of a key: KEY:tables=events+….',
  },
  not_found: {
    status: 404,
    mend: 'See the reference of the HTTP interface for the paths there are.',
  },
  method_not_allowed: { status: 405, mend: 'See the Allow header.' },
  request_timeout: { status: 408, mend: 'Send the body faster, or in smaller batches.' },

  // Too much at once, or a full disk: the same request may be sent again later.
  too_many_requests: { status: 429, mend: 'Wait as long as Retry-After says and send again.' },
  overloaded: { status: 503, mend: 'Wait as long as Retry-After says and send again.' },
  shutting_down: {
    status: 503,
    mend: 'Send again: another process, or the restarted one, will answer.',
  },
  log_full: {
    status: 503,
    mend: 'Free disk space in the data folder. Millrace recovers by itself.',
  },
  log_unavailable: { status: 503, mend: 'Look after Kafka. Millrace goes on by itself.' },
  log_overloaded: { status: 503, mend: 'Wait as long as Retry-After says and send again.' },
  archive_unavailable: {
    status: 503,
    mend: 'Look after the archive: its disk, or the S3 server and its keys. Millrace goes on by itself.',
  },
  archive_full: {
    status: 503,
    mend: 'Give the archive space: its disk, its bucket or the quota of it. Millrace goes on by itself.',
  },
  archive_damaged: {
    status: 500,
    mend: 'Restore what is named from a backup of the archive.',
  },
  store_unavailable: { status: 503, mend: 'Look after the store. Millrace goes on by itself.' },

  // The data folder and the log.
  data_folder_in_use: {
    status: 500,
    mend: 'Stop the other process, or use another --data folder.',
  },
  log_corrupt: {
    status: 500,
    mend: 'Restore the named segment from a backup, or move it away to give up its records.',
  },
  log_trimmed: { status: 500, mend: 'These records are older than the retention of the log.' },
  store_lost: {
    status: 500,
    mend: "Bring back what the archive and the log have: `millrace restore` with the same --data, and --archive. Or put the store's folder back from a backup.",
  },
  plan_conflict: { status: 500, mend: 'Undo the change, or use a new data folder.' },

  // Replays, and what an archive brings back.
  archive_ahead: {
    status: 500,
    mend: 'Bring its events back with `millrace restore` into a new folder, or give this one another --archive.',
  },
  restore_unfinished: { status: 500, mend: 'Run `millrace restore` again: it goes on.' },
  restore_refused: { status: 500, mend: 'Restore into a new --data folder.' },
  replay_invalid: { status: 400, mend: 'See `millrace replay --help`.' },
  replay_conflict: { status: 409, mend: 'See `millrace replay list` for the versions there are.' },
  history_incomplete: {
    status: 409,
    mend: 'Replay from another source: --from archive, --from log, --from events.',
  },

  // Forgetting a person.
  forget_invalid: { status: 400, mend: 'See `millrace forget --help`.' },
  forget_conflict: {
    status: 409,
    mend: 'Wait until the order before is carried out: `millrace forget --list` shows how far it is. In a cluster `millrace forget` without an id goes on with it.',
  },
  forget_unavailable: {
    status: 501,
    mend: 'The page about forgetting a person says what to do instead in a cluster.',
  },

  // Starting up.
  key_required: {
    status: 500,
    mend: 'Set MILLRACE_WRITE_KEYS and MILLRACE_READ_KEYS, or bind to 127.0.0.1.',
  },
  webhook_secret_required: {
    status: 500,
    mend: 'Set MILLRACE_WEBHOOK_SECRET to a long random text, and give it to the receivers.',
  },
  port_in_use: { status: 500, mend: 'Stop the other process, or choose another --port.' },
  pipeline_not_found: {
    status: 500,
    mend: 'Create millrace.config.ts, or point --pipeline at yours.',
  },
  pipeline_invalid: { status: 500, mend: 'Run `millrace check` for each mistake and its mend.' },
  not_running: {
    status: 500,
    mend: 'Start it with `millrace start`, or give its --host and --port.',
  },
  config_invalid: { status: 500, mend: 'See `millrace start --help` for the settings.' },

  // A part of a cluster.
  tables_missing: { status: 500, mend: 'Run `millrace apply` with this definition first.' },
  topics_missing: { status: 500, mend: 'Run `millrace apply` with this definition first.' },
  tables_differ: {
    status: 500,
    mend: 'Run `millrace apply` with this definition, or start with the one that was applied.',
  },
  retry_unavailable: {
    status: 501,
    mend: 'Send the events again: each letter has the bytes that came.',
  },

  // A cluster: Kafka, Flink and the store made to match a definition.
  flink_unavailable: {
    status: 503,
    mend: 'Look after Flink, or give its addresses: --flink-url, --sql-gateway-url.',
  },
  flink_refused: { status: 500, mend: 'Mend what Flink names, and apply again.' },
  apply_refused: { status: 500, mend: 'See each refusal, and what can be done about it.' },
  apply_in_progress: {
    status: 409,
    mend: 'Wait until the other has ended. One that died is waited for no longer than a minute.',
  },
  topic_conflict: { status: 500, mend: 'Give the numbers that the topic has.' },
  job_conflict: { status: 500, mend: 'Stop the job with a savepoint, and apply with --resume.' },
  job_state_unknown: {
    status: 500,
    mend: 'Find the newest checkpoint or savepoint of the job, and apply with --resume JOB=PATH.',
  },
  job_failed: {
    status: 500,
    mend: 'Mend what Flink names, and apply again: the job goes on from its last state.',
  },
  job_not_resumed: {
    status: 500,
    mend: 'Undo the change. The job runs as it was before, with all of its state.',
  },
  loaders_running: {
    status: 409,
    mend: 'Stop the loaders, apply, and start them again. Events wait in Kafka meanwhile.',
  },

  // Importing a file.
  import_invalid: {
    status: 400,
    mend: 'Correct the mapping file; `millrace import --help` shows one.',
  },
  import_file_invalid: {
    status: 400,
    mend: 'Correct the file at the place named, or say in the mapping how to read it (format, delimiter, encoding).',
  },
  import_too_old: {
    status: 400,
    mend: 'Let the pipeline keep events longer, or let the mapping return null for rows that old.',
  },
  import_changed: {
    status: 409,
    mend: 'Go back to the mapping of the first import, or use --again to import the rows as this one says.',
  },
  import_conflict: {
    status: 409,
    mend: 'Wait until the other import of this file ends, then run this one again.',
  },

  // Questions.
  question_invalid: { status: 400, mend: 'Correct the question at each place named.' },
  question_too_costly: {
    status: 422,
    mend: 'Ask for a shorter range, fewer groups or a sample, or define a rollup that answers it.',
  },
  internal: {
    status: 500,
    mend: 'This is a defect in Millrace. Please report it with the message.',
  },
} as const satisfies {
  readonly [code: string]: { readonly status: number; readonly mend: string };
};

export type ErrorCode = keyof typeof errors;

export interface MillraceErrorOptions extends ErrorOptions {
  readonly retryAfterS?: number;
}

/** An error with a stable code: what happened and where is the message, what to do is `mend`. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError';
  readonly code: ErrorCode;
  /** Seconds after which trying again may help, where that is known. */
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, message: string, options?: MillraceErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryAfterS = options?.retryAfterS;
  }

  get status(): number {
    return errors[this.code].status;
  }

  get mend(): string {
    return errors[this.code].mend;
  }
}
