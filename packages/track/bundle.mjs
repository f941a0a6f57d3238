// Makes the two files that pages load as they are: `millrace.js` for a <script>,
// which Millrace serves too, and `millrace.mjs` for an import. Packages use the
// modules that tsc wrote.
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

/** @param {string} path */
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * @param {string} entry a file of `src`
 * @param {'iife' | 'esm'} format
 * @param {string} [file] of `dist`; without it nothing is written
 * @returns {Promise<string>} the text of the bundle
 */
export async function bundle(entry, format, file) {
  const { output } = await build({
    input: at(`src/${entry}`),
    platform: 'browser',
    transform: { target: 'es2020' },
    ...(file === undefined ? { write: false } : {}),
    output: { format, minify: true, ...(file === undefined ? {} : { file: at(`dist/${file}`) }) },
  });
  return output[0].code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await bundle('script.ts', 'iife', 'millrace.js');
  await bundle('index.ts', 'esm', 'millrace.mjs');
  cpSync(at('dist/millrace.js'), at('../millrace/dist/track/millrace.js'));
}
