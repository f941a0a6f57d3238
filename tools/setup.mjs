// Installs and builds what is missing or out of date, and nothing else, so that
// `npm start` and `npm test` work on a fresh clone and are quick afterwards.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(title, command, args) {
  const started = Date.now();
  process.stderr.write(`${title} …\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) throw error;
  if (status !== 0) {
    process.stderr.write(`${title} failed: ${command} ${args.join(' ')} ended with ${status}\n`);
    process.exit(status ?? 1);
  }
  process.stderr.write(`${title}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 15)) {
  process.stderr.write(`Millrace needs Node 20.15 or newer; this is ${process.version}.\n`);
  process.exit(1);
}

const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const installed = join(root, 'node_modules', '.installed-lock');
if (!existsSync(installed) || readFileSync(installed, 'utf8') !== lock) {
  run('Installing packages', 'npm', ['ci', '--no-audit', '--no-fund']);
  writeFileSync(installed, lock);
}
run('Building', process.execPath, [
  join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
  '-b',
  join(root, 'packages', 'track'),
]);
run('Bundling', process.execPath, [join(root, 'packages', 'track', 'bundle.mjs')]);
run('Bundling the dashboard', process.execPath, [join(root, 'packages', 'dashboard', 'build.mjs')]);
