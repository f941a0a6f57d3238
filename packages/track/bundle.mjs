// Makes the two files that pages load as they are: `millrace.js` for a <script>,
// which Millrace serves too, and `millrace.mjs` for an import. Packages use the
// modules that tsc wrote.
import { mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @param {string} path */
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * @param {string} entry a file of `src`
 * @param {'iife' | 'esm'} format
 * @returns {Promise<string>} the text of the bundle
 */
export async function bundle(entry, format) {
  const { build } = await import('rolldown');
  const { output } = await build({
    input: at(`src/${entry}`),
    platform: 'browser',
    transform: { target: 'es2020' },
    write: false,
    output: { format, minify: true },
  });
  return output[0].code;
}

/**
 * At once as a whole: somebody may be reading.
 *
 * @param {string} file
 * @param {string} text
 */
function replace(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

/** @param {string} file */
const changedAtMs = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const script = at('dist/millrace.js');
const served = at('../millrace/dist/track/millrace.js');
const module = at('dist/millrace.mjs');

function isUpToDate() {
  const sources = readdirSync(at('src')).map((file) => at(`src/${file}`));
  const newest = Math.max(...[...sources, fileURLToPath(import.meta.url)].map(changedAtMs));
  return [script, served, module].every((file) => changedAtMs(file) > newest);
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !isUpToDate()) {
  const code = await bundle('script.ts', 'iife');
  replace(script, code);
  replace(served, code);
  replace(module, await bundle('index.ts', 'esm'));
}
