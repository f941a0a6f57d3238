// `npm start`: installs and builds what is missing, then runs the example shop
// and its shoppers until a signal comes. Settings (MILLRACE_*) and arguments after `--` go to
// `millrace start`; another pipeline is run without the shop's shoppers.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

await import('./setup.mjs');

const root = fileURLToPath(new URL('..', import.meta.url));
const shop = join(root, 'examples', 'shop', 'millrace.config.ts');
const args = process.argv.slice(2);
const { values: flags } = parseArgs({
  args,
  strict: false,
  options: { data: { type: 'string' }, pipeline: { type: 'string' } },
});
const env = {
  MILLRACE_PIPELINE: shop,
  MILLRACE_DATA: join(root, '.millrace', 'shop'),
  ...process.env,
};
const pipeline = resolve(String(flags.pipeline ?? env.MILLRACE_PIPELINE));
const data = resolve(String(flags.data ?? env.MILLRACE_DATA));

const server = run([join(root, 'packages', 'millrace', 'bin', 'millrace.js'), 'start', ...args]);
let simulator;
forwardSignals();
if (pipeline === shop && env.MILLRACE_SIMULATE !== 'off') void simulate();
process.exitCode = await server.ended;
simulator?.child.kill('SIGTERM');
await simulator?.ended;

async function simulate() {
  const url = await readyUrl();
  if (url === undefined) return;
  const cli = join(
    createRequire(join(root, 'packages', 'millrace', 'package.json')).resolve('jiti/package.json'),
    '..',
    'lib',
    'jiti-cli.mjs',
  );
  env.MILLRACE_URL = url;
  simulator = run([cli, join(root, 'examples', 'shop', 'simulator', 'main.ts')]);
}

/** The server's address once it takes events; undefined if it ends before. */
async function readyUrl() {
  while (server.child.exitCode === null && server.child.signalCode === null) {
    const url = await ownUrl();
    if (url !== undefined) {
      const answer = await fetch(`${url}/readyz`).catch(() => undefined);
      if (answer?.ok) return url;
    }
    await sleep(200);
  }
}

/** The server writes its address into its data folder; a note of another process is not its. */
async function ownUrl() {
  const note = await readFile(join(data, 'owner.json'), 'utf8').catch(() => '');
  const { pid, url } = JSON.parse(note || '{}');
  return pid === server.child.pid ? url : undefined;
}

/**
 * In a process group of its own: Ctrl-C reaches a whole group, npm passes it on
 * once more, and the server takes a second signal as an order to stop at once.
 */
function run(command) {
  const child = spawn(process.execPath, command, {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const ended = new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', (code, signal) => done(code ?? 128 + constants.signals[signal]));
  });
  return { child, ended };
}

function forwardSignals() {
  const sameSignalMs = 500;
  let lastAt = Number.NEGATIVE_INFINITY;
  const forward = (signal) => () => {
    const now = performance.now();
    if (now - lastAt < sameSignalMs) return;
    lastAt = now;
    simulator?.child.kill('SIGTERM');
    server.child.kill(signal);
  };
  process.on('SIGINT', forward('SIGINT'));
  process.on('SIGTERM', forward('SIGTERM'));
  process.on('SIGHUP', forward('SIGTERM'));
}
