// npm leaves packages for other platforms out of the lock file when it cannot
// read or does not need them, and `npm ci` then refuses the lock, or installs no
// binary on another system. Run this after a change of dependencies: it adds
// what the optional dependencies of each locked package name.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const systems = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'win32',
  'sunos',
  'aix',
  'openharmony',
];
const processors = [
  'arm64',
  'x64',
  'ia32',
  'arm',
  'ppc64',
  'riscv64',
  's390x',
  'loong64',
  'mips64el',
  'wasm32',
];

/** npm skips a package whose system or processor is another one, without fetching it. */
function platformOf(name) {
  const words = name.replace(/^@[^/]+\//, '').split(/[-_.]/);
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : [];
  return { os, cpu, libc };
}

let added = 0;
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, wanted] of Object.entries(entry.optionalDependencies ?? {})) {
    const known = [`${place}/node_modules/${name}`, `node_modules/${name}`];
    if (known.some((candidate) => lock.packages[candidate])) continue;
    const version = wanted.replace(/^[\^~>=\s]+/, '');
    const { os, cpu, libc } = platformOf(name);
    if (!/^\d+\.\d+\.\d+/.test(version) || (os.length === 0 && cpu.length === 0)) {
      process.stderr.write(
        `${place} wants ${name} ${wanted}: not a package of a platform, left out\n`,
      );
      continue;
    }
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(cpu.length > 0 ? { cpu } : {}),
      ...(entry.dev ? { dev: true } : {}),
      ...(libc.length > 0 ? { libc } : {}),
      optional: true,
      ...(os.length > 0 ? { os } : {}),
    };
    added += 1;
  }
}
const root = lock.packages[''];
const others = Object.keys(lock.packages)
  .filter((place) => place !== '')
  .sort();
lock.packages = {
  '': root,
  ...Object.fromEntries(others.map((place) => [place, lock.packages[place]])),
};
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added} packages of other platforms added to the lock\n`);
