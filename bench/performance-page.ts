import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url));

/** Puts a section between its markers on the page; the prose around them stays. */
export function writeSection(name: string, text: string): void {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const content = readFileSync(page, 'utf8');
  const from = content.indexOf(begin);
  const to = content.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${page} has no ${begin} … ${end}`);
  writeFileSync(page, `${content.slice(0, from)}${begin}\n\n${text}\n\n${content.slice(to)}`);
}

/** When and where a section was measured. */
export function provenance(how: string): string {
  const gib = Math.round(totalmem() / 1024 ** 3);
  const [cpu] = cpus();
  const manifest: { readonly version: string } = createRequire(import.meta.url)(
    'chdb/package.json',
  );
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)}: ${how}.`,
    `Machine: ${availableParallelism()} cores (${cpu?.model.trim() ?? 'unknown'}), ${gib} GiB,`,
    `Node ${process.versions.node}, chDB ${manifest.version}.`,
  ].join(' ');
}
