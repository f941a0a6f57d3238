import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../packages/millrace/bin/millrace.js', import.meta.url));

export interface ImportRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ImportOrder {
  readonly file: string;
  /** Paths from the folder `examples`, or absolute. */
  readonly pipeline: string;
  readonly mapping: string;
  readonly data: string;
  readonly flags?: readonly string[];
  readonly env?: { readonly [name: string]: string };
  /** Given what the command wrote to standard error so far, says when to interrupt it. */
  readonly interruptWhen?: (progress: string) => boolean;
}

/** Runs `millrace import` as a user would, until it ends. */
export function runImport(order: ImportOrder): Promise<ImportRun> {
  const examples = fileURLToPath(new URL('../../examples', import.meta.url));
  const child = spawn(
    process.execPath,
    [
      ...[bin, 'import', order.file, '--data', order.data],
      ...['--pipeline', resolve(examples, order.pipeline)],
      ...['--mapping', resolve(examples, order.mapping)],
      ...(order.flags ?? []),
    ],
    { env: { ...process.env, ...order.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let stdout = '';
  let stderr = '';
  let interrupted = false;
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (interrupted || !order.interruptWhen?.(stderr)) return;
    interrupted = true;
    child.kill('SIGINT');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
