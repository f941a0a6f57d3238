import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../tools/stack/ports.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** An accepted event can be asked for within a second; a busy machine is given more. */
const answerMaxMs = 60_000;

interface Block {
  readonly language: string;
  readonly text: string;
}

/** What is fenced in a page: files (ts), commands (sh), and what they print (text). */
function blocksOf(...path: readonly string[]): readonly Block[] {
  const page = readFileSync(join(root, ...path), 'utf8');
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
}

/** `…` in an expected output stands for anything. */
const pattern = (expected: string): RegExp =>
  new RegExp(
    `^${expected
      .trim()
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );

let folder: string;
let server: ChildProcess | undefined;
let env: NodeJS.ProcessEnv;
let origin: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-guide-'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  // What `npm link` does.
  symlinkSync(join(root, 'packages', 'millrace', 'bin', 'millrace.js'), join(bin, 'millrace'));
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    MILLRACE_PORT: String(port),
  };
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

test('the guide does what it says', async () => {
  const blocks = blocksOf('docs', 'guide.md');
  expect(blocks.filter(({ language }) => language === 'sh').length).toBeGreaterThan(8);
  for (const [place, { language, text }] of blocks.entries()) {
    if (language === 'ts') writeFileSync(join(folder, 'millrace.config.ts'), text);
    if (language !== 'sh') continue;
    if (text.trim() === 'millrace start') await start();
    else await run(text, blocks[place + 1]);
  }
});

test('the pipeline of the README is one', async () => {
  const pipelines = blocksOf('README.md').filter(({ language }) => language === 'ts');
  expect(pipelines.length).toBeGreaterThan(0);
  for (const { text } of pipelines) {
    writeFileSync(join(folder, 'millrace.config.ts'), text);
    await run('millrace check', undefined);
  }
});

async function run(commands: string, next: Block | undefined): Promise<void> {
  const expected = next?.language === 'text' ? pattern(next.text) : undefined;
  const until = Date.now() + answerMaxMs;
  for (;;) {
    const { stdout, stderr, status } = spawnSync(
      'bash',
      ['-ec', commands.replaceAll('http://127.0.0.1:8080', origin)],
      { cwd: folder, env, encoding: 'utf8' },
    );
    expect(`${stderr}${status}`, commands).toBe('0');
    if (expected === undefined || expected.test(stdout.trim())) return;
    // Only what asks may be asked again.
    if (commands.includes('/v1/events') || Date.now() > until) {
      expect(stdout.trim(), commands).toMatch(expected);
    }
    await sleep(100);
  }
}

/** `millrace start` in its terminal; one that still runs there is stopped with Ctrl-C first. */
async function start(): Promise<void> {
  await stop();
  server = spawn('millrace', ['start'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  while (!(await fetch(`${origin}/readyz`).catch(() => undefined))?.ok) {
    if (server.exitCode !== null) throw new Error('millrace start ended.');
    await sleep(50);
  }
}

async function stop(): Promise<void> {
  if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server?.once('exit', resolve));
  server.kill('SIGINT');
  await ended;
}
