import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MillraceProcess } from './millrace-process.ts';

const command = fileURLToPath(new URL('../../packages/millrace/bin/millrace.js', import.meta.url));
const run = promisify(execFile);

interface Env {
  readonly [name: string]: string;
}

/** A data folder and its archive, in a folder of their own, and at most one process that has them open. */
export class ArchivedFolder {
  readonly #pipeline: string;
  readonly #root: string;
  #process: MillraceProcess | null = null;

  constructor(pipeline: string) {
    this.#pipeline = pipeline;
    this.#root = mkdtempSync(join(tmpdir(), 'millrace-archived-'));
  }

  get data(): string {
    return join(this.#root, 'data');
  }

  get archive(): string {
    return join(this.#root, 'archive');
  }

  /** A path of a file beside them. */
  beside(name: string): string {
    return join(this.#root, name);
  }

  start(env: Env = {}, args: readonly string[] = []): MillraceProcess {
    this.#process = new MillraceProcess({
      ...{ pipeline: this.#pipeline, data: this.data, env },
      args: ['--archive', this.archive, '--archive-seconds', '1', ...args],
    });
    return this.#process;
  }

  /** What a command about them prints, as a user would run it. */
  async run(args: readonly string[], env: Env = {}): Promise<string> {
    const place = ['--pipeline', this.#pipeline, '--data', this.data, '--archive', this.archive];
    const { stdout } = await run(command, [...args, ...place], { env: { ...process.env, ...env } });
    return stdout;
  }

  async remove(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#process?.exited;
    rmSync(this.#root, { recursive: true, force: true });
  }
}
