import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { status } from './support/millrace-process.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** `npm start` as a person runs it, in a process group of its own as a shell gives it. */
class NpmStart {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  output = '';

  constructor(data: string, port: number, env: { readonly [name: string]: string } = {}) {
    this.child = spawn('npm', ['start', '--', '--port', String(port)], {
      cwd: root,
      env: { ...process.env, MILLRACE_DATA: data, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const keep = (chunk: unknown) => {
      this.output += String(chunk);
    };
    this.child.stdout?.on('data', keep);
    this.child.stderr?.on('data', keep);
    // `close` waits for everyone who still holds the output: it shows that none is left behind.
    this.exited = new Promise((resolve) => this.child.once('close', (code) => resolve(code)));
  }

  /** The first match in what was printed. */
  async printed(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.output)?.[0];
      if (found !== undefined) return found;
      if (this.child.exitCode !== null) throw new Error(`npm start ended:\n${this.output}`);
      await sleep(20);
    }
  }

  /** As Ctrl-C: to everyone in the foreground, npm among them. */
  interrupt(): void {
    if (this.child.pid !== undefined) process.kill(-this.child.pid, 'SIGINT');
  }
}

describe('npm start', () => {
  let data: string;
  let running: NpmStart | undefined;
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'millrace-start-'));
  });
  afterEach(async () => {
    if (running?.child.exitCode === null) running.interrupt();
    await running?.exited;
    rmSync(data, { recursive: true, force: true });
  });

  test('runs the shop with its shoppers, and ends all of it on Ctrl-C', async () => {
    running = new NpmStart(data, 0, { MILLRACE_SIMULATE_SEED: '7', MILLRACE_SIMULATE_RATE: '200' });
    const url = await running.printed(/http:\/\/127\.0\.0\.1:\d+/);
    expect(await running.printed(/simulator: .*/)).toContain('200 events/s, seed 7');
    while ((await status(url)).stored < 200) await sleep(20);

    running.interrupt();
    expect(await running.exited).toBe(0);
    expect(running.output).toContain('Everything accepted is stored.');
    expect(running.output).not.toContain('Stopped at once');
    await expect(fetch(url)).rejects.toThrow();
  });

  test('says so and ends when the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    try {
      running = new NpmStart(data, port);
      expect(await running.exited).toBe(1);
      expect(running.output).toContain(`Port ${port} on 127.0.0.1 is taken`);
      expect(running.output).not.toContain('simulator:');
    } finally {
      other.close();
    }
  });

  test('is silent without shoppers', async () => {
    running = new NpmStart(data, 0, { MILLRACE_SIMULATE: 'off' });
    const url = await running.printed(/http:\/\/127\.0\.0\.1:\d+/);
    while (!(await fetch(`${url}/readyz`)).ok) await sleep(20);
    running.interrupt();
    expect(await running.exited).toBe(0);
    expect(running.output).not.toContain('simulator:');
  });
});
