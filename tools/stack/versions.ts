import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('versions.json', import.meta.url));

/** What one service is made of. */
export interface Parts {
  /** Maven's `group:artifact:version`, or `group:artifact:version:classifier`. */
  readonly maven: readonly string[];
  /** Whether what these depend on is needed too; a shaded jar brings its own. */
  readonly transitive: boolean;
  /** Wheels of PyPI, `name==version`. */
  readonly pypi: readonly string[];
  /** Every file that comes of them, with its SHA-256 in hex. */
  readonly sha256: { readonly [file: string]: string };
}

export type Versions = {
  readonly [service in 'kafka' | 'flink' | 'seaweedfs' | 'jdbc' | 'go']: Parts;
};

export function readVersions(): Versions {
  const versions: Versions = JSON.parse(readFileSync(path, 'utf8'));
  return versions;
}

export function writeVersions(versions: Versions): void {
  writeFileSync(path, `${JSON.stringify(versions, null, 2)}\n`);
}
