import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { findPid, kill, pause, resume } from './pid.ts';

/** Threads that never rest, and one that says again and again that it goes on. */
const busy = `
  const { Worker } = require('node:worker_threads');
  for (let n = 0; n < 8; n += 1) new Worker('for (;;);', { eval: true });
  setInterval(() => console.log('on'), 1);
`;

test('of a paused process no thread goes on until it is resumed', async () => {
  const child = spawn(process.execPath, ['-e', busy]);
  const pid = child.pid === undefined ? undefined : findPid(child.pid);
  if (pid === undefined) throw new Error('it did not start');
  onTestFinished(() => kill(pid));
  await once(child.stdout, 'data');
  for (let round = 0; round < 20; round += 1) {
    await pause(pid);
    const threads = readdirSync(`/proc/${pid.pid}/task`);
    expect(threads.length).toBeGreaterThan(8);
    const states = threads.map((thread) =>
      readFileSync(`/proc/${pid.pid}/task/${thread}/status`, 'utf8')
        .match(/^State:\t(.)/m)
        ?.at(1),
    );
    expect(new Set(states)).toEqual(new Set(['T']));
    resume(pid);
    await once(child.stdout, 'data');
  }
});
