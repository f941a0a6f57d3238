import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { exactJson } from '../../packages/millrace/src/ports/store.ts';

const command = fileURLToPath(new URL('../../packages/millrace/bin/millrace.js', import.meta.url));

export interface MillraceOptions {
  readonly pipeline: string;
  readonly data: string;
  readonly env?: { readonly [name: string]: string };
  readonly args?: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built command `millrace start` as a user would run it, on a free port. */
export class MillraceProcess {
  readonly #child: ChildProcess;
  readonly #data: string;
  readonly exited: Promise<Exit>;
  #output = '';
  #errors = '';

  constructor({ pipeline, data, env = {}, args = [] }: MillraceOptions) {
    this.#data = data;
    this.#child = spawn(
      command,
      ['start', '--pipeline', pipeline, '--data', data, '--port', '0', ...args],
      { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child.stdout?.on('data', (chunk) => {
      this.#output += String(chunk);
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.#errors += String(chunk);
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the process did not start');
    return this.#child.pid;
  }

  get output(): string {
    return this.#output;
  }

  get errors(): string {
    return this.#errors;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Where it answers, once it does; null if it ended before it could. */
  async ready(): Promise<string | null> {
    while (this.running) {
      const url = this.#url();
      if (url !== null) {
        const response = await fetch(`${url}/readyz`).catch(() => null);
        if (response?.ok) return url;
      }
      await sleep(10);
    }
    return null;
  }

  /** As `ready`, for tests in which it must come up. */
  async url(): Promise<string> {
    const url = await this.ready();
    if (url !== null) return url;
    throw new Error(`millrace ended before it was ready:\n${this.#errors}\n${this.#output}`);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it as Ctrl-C would. */
  async stop(): Promise<Exit> {
    this.kill('SIGINT');
    return this.exited;
  }

  #url(): string | null {
    const path = join(this.#data, 'owner.json');
    if (!existsSync(path)) return null;
    const content = readFileSync(path, 'utf8');
    const owner: unknown = content === '' ? null : JSON.parse(content);
    if (typeof owner !== 'object' || owner === null) return null;
    if (!('pid' in owner) || owner.pid !== this.#child.pid) return null;
    return 'url' in owner && typeof owner.url === 'string' ? owner.url : null;
  }
}

/** Asks a running Millrace; the rows as objects. Numbers of 64 bits and decimals come as strings. */
export async function rows<Row>(url: string, sql: string): Promise<readonly Row[]> {
  const response = await fetch(
    `${url}/sql?default_format=JSONEachRow&output_format_json_quote_64bit_integers=1&output_format_json_quote_decimals=1`,
    { method: 'POST', body: sql },
  );
  const text = await response.text();
  if (!response.ok) throw new Error(`${sql}: ${text}`);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Row => JSON.parse(line));
}

/** The same with every value whole, and times as ISO 8601: as `rows` of a store process. */
export const exactRows = (url: string, sql: string): Promise<readonly ExactRow[]> =>
  rows(url, `${sql} SETTINGS ${exactSettings}`);

interface ExactRow {
  readonly [column: string]: unknown;
}

const exactSettings = Object.entries(exactJson)
  .map(([name, value]) => `${name} = ${typeof value === 'number' ? value : `'${value}'`}`)
  .join(', ');

export interface Status {
  readonly accepted: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly late: number;
  readonly dead_letters: number;
  readonly lag_ms: number;
  readonly problem: string | null;
  readonly archive: { readonly waiting: number | null; readonly problem: string | null } | null;
}

export async function status(url: string): Promise<Status> {
  const response = await fetch(`${url}/v1/status`);
  if (!response.ok) throw new Error(await response.text());
  const body: Status = JSON.parse(await response.text());
  return body;
}

/** Waits until everything accepted so far can be queried. */
export async function settled(url: string): Promise<Status> {
  for (;;) {
    const now = await status(url);
    if (now.stored === now.accepted - now.duplicates) return now;
    await sleep(20);
  }
}

/** What a running Millrace finds when it compares its log, or the archive before it, its events and its rollups. */
export async function verified(url: string, { withArchive = false } = {}): Promise<Verified> {
  const response = await fetch(`${url}/v1/verify?archive=${withArchive}`);
  const text = await response.text();
  const last: { readonly report?: Verified } = JSON.parse(text.trim().split('\n').at(-1) ?? '');
  if (last.report === undefined) throw new Error(`no report: ${text}`);
  return last.report;
}

export interface Verified {
  readonly equal: boolean;
  readonly log: { readonly to: number; readonly missing: number };
  readonly rollups: readonly { readonly rollup: string; readonly rows: number }[];
  readonly being_filled: readonly string[];
}
