// Puts the dashboard into the package millrace, which serves it: one script, one
// stylesheet and an icon, named by their content so that browsers may keep them
// for ever, each also packed, and the page that names them.
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** @param {string} path */
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const target = at('../millrace/dist/dashboard');

/** @param {string} folder */
const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => statSync(file).isFile())
    .sort();

/** @returns the text of the script, and the packages that are in it */
async function script() {
  const { build } = await import('rolldown');
  const { output } = await build({
    input: at('src/main.tsx'),
    platform: 'browser',
    tsconfig: at('tsconfig.json'),
    transform: { target: 'es2023' },
    write: false,
    output: { format: 'esm', minify: true, codeSplitting: false },
  });
  const [{ code, moduleIds }] = output;
  const folders = moduleIds.flatMap(
    (id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [],
  );
  return { code, packages: [...new Set(folders)].sort() };
}

/**
 * Their licences ask that they go where the code goes.
 *
 * @param {readonly string[]} packages folders
 */
const licences = (packages) =>
  packages
    .map((folder) => {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      return `${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}\n`;
    })
    .join('\n\n');

/** Of all first what a library needs, then what is common, then what views add. */
function stylesheet() {
  const library = fileURLToPath(import.meta.resolve('uplot/dist/uPlot.min.css'));
  const own = filesIn(at('src')).filter((file) => file.endsWith('.css'));
  const common = own.filter((file) => file.includes('styles'));
  const ofViews = own.filter((file) => !common.includes(file));
  return [library, ...common, ...ofViews].map((file) => readFileSync(file, 'utf8')).join('\n');
}

/**
 * At once as a whole: somebody may be reading.
 *
 * @param {string} name
 * @param {string | Uint8Array} content
 */
function write(name, content) {
  const file = join(target, name);
  writeFileSync(`${file}.${process.pid}`, content);
  renameSync(`${file}.${process.pid}`, file);
}

/**
 * @param {string} name
 * @param {string} content
 * @returns {string[]} the files written
 */
function writePacked(name, content) {
  write(name, content);
  write(`${name}.gz`, gzipSync(content, { level: 9 }));
  write(`${name}.br`, brotliCompressSync(content));
  return [name, `${name}.gz`, `${name}.br`];
}

/** @param {string} file */
const changedAtMs = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function isUpToDate() {
  const sources = [...filesIn(at('src')), at('index.html'), at('icon.svg'), at('package.json')];
  const newest = Math.max(...[...sources, fileURLToPath(import.meta.url)].map(changedAtMs));
  return changedAtMs(join(target, 'index.html')) > newest;
}

async function build() {
  const { code, packages } = await script();
  const assets = [
    { name: 'main.js', content: code },
    { name: 'style.css', content: stylesheet() },
    { name: 'icon.svg', content: readFileSync(at('icon.svg'), 'utf8') },
  ];
  mkdirSync(target, { recursive: true });
  let page = readFileSync(at('index.html'), 'utf8');
  write('licences.txt', licences(packages));
  const written = ['licences.txt'];
  for (const { name, content } of assets) {
    const digest = createHash('sha256').update(content).digest('hex').slice(0, 12);
    const named = name.replace('.', `-${digest}.`);
    page = page.replace(`/dashboard/${name}`, `/dashboard/${named}`);
    written.push(...writePacked(named, content));
  }
  // Last: what it names is there.
  written.push(...writePacked('index.html', page));
  for (const file of readdirSync(target)) {
    if (!written.includes(file)) rmSync(join(target, file), { recursive: true });
  }
}

if (!isUpToDate()) await build();
