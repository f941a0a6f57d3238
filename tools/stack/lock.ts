import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checksums, downloadUnchecked } from './download.ts';
import { type Parts, readVersions, writeVersions } from './versions.ts';

/** Downloads what versions.json names and writes the checksums into it: after a change of versions. */
export function lockVersions(): void {
  const { kafka, flink, seaweedfs, jdbc, go } = readVersions();
  writeVersions({
    kafka: locked(kafka),
    flink: locked(flink),
    seaweedfs: locked(seaweedfs),
    jdbc: locked(jdbc),
    go: locked(go),
  });
}

function locked(parts: Parts): Parts {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
  try {
    downloadUnchecked(parts, folder);
    return { ...parts, sha256: checksums(folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
