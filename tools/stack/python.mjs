// Makes a Python environment with the packages of requirements.txt, in the cache
// folder outside the checkout, unless it is there. Prints where its interpreter is.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));
const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const folder = join(cache, 'millrace', `python-${digest}`);
const python = join(folder, 'bin', 'python');
const complete = join(folder, '.complete');

if (!existsSync(complete)) {
  rmSync(folder, { recursive: true, force: true });
  run('python3', '-m', 'venv', folder);
  run(
    python,
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    '--only-binary=:all:',
    '-r',
    requirements,
  );
  writeFileSync(complete, '');
}
process.stdout.write(`${python}\n`);

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (error === undefined && status === 0) return;
  process.stderr.write(
    `${command} ${args.join(' ')}: ${error?.message ?? `ended with ${status}`}\n`,
  );
  process.exit(1);
}
