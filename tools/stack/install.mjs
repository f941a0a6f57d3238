// Installs what the tests with real services need: Debian's packages, for which it
// needs root, and Python's. Fails, rather than letting tests be skipped, where it cannot.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** What shows that a package is there, and the package. */
const needed = [
  [() => existsSync('/usr/bin/chromium'), 'chromium'],
  [() => spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0, 'python3-venv'],
];

const missing = needed.filter(([isThere]) => !isThere()).map(([, name]) => name);
if (missing.length > 0) {
  if (process.getuid?.() !== 0) {
    process.stderr.write(`Run as root once, or install by hand: ${missing.join(' ')}\n`);
    process.exit(1);
  }
  // Debian starts services as it installs them, unless this says no.
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    apt('update', '-qq');
    apt('install', '-y', '-qq', '--no-install-recommends', ...missing);
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

await import('./python.mjs');

function apt(...args) {
  const { status } = spawnSync('apt-get', args, {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status === 0) return;
  process.stderr.write(`apt-get ${args.join(' ')} ended with ${status}\n`);
  process.exit(1);
}
