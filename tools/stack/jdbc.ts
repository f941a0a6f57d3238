import { join } from 'node:path';
import { cached } from './cache.ts';
import { download } from './download.ts';
import { readVersions } from './versions.ts';

/** A class path with ClickHouse's JDBC driver and what it needs. */
export async function jdbcDriver(): Promise<string> {
  const { jdbc } = readVersions();
  const folder = await cached('jdbc', JSON.stringify(jdbc), (made) => download(jdbc, made));
  return join(folder, '*');
}
