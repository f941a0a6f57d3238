import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { run } from './command.ts';

/** What shows that a package is there, and the package. */
const needed: readonly (readonly [() => boolean, string])[] = [
  [() => existsSync('/usr/bin/chromium'), 'chromium'],
  // The one font that pages are drawn with, wherever they are looked at.
  [() => existsSync('/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'), 'fonts-dejavu-core'],
  [() => existsSync('/usr/bin/redis-server'), 'redis-server'],
  [() => spawnSync('python3', ['-c', 'import ensurepip, venv']).status === 0, 'python3-venv'],
  [() => spawnSync('javac', ['--version']).status === 0, 'openjdk-17-jdk-headless'],
  [() => spawnSync('mvn', ['--version']).status === 0, 'maven'],
];

/** Installs the packages of Debian that are missing, as root. Throws where it cannot. */
export function installDebianPackages(): void {
  const missing = needed.filter(([isThere]) => !isThere()).map(([, name]) => name);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    throw new Error(`Run as root once, or install by hand: ${missing.join(' ')}`);
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

const apt = (...args: readonly string[]): void =>
  run('apt-get', args, { DEBIAN_FRONTEND: 'noninteractive' });
