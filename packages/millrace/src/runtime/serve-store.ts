import { openChdbSqlEngine } from '../adapters/chdb/chdb-sql-engine.ts';
import { MillraceError } from '../errors.ts';
import { isLoopback } from '../server/address.ts';
import { createKeys } from '../server/keys.ts';
import { listen } from '../server/server.ts';
import { storeRoutes } from '../server/store-routes.ts';

export interface ServeStoreSettings {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly readKeys: readonly string[];
  readonly storeMemoryMb: number;
}

export interface RunningStore {
  readonly url: string;
  readonly folder: string;
  /** Answers what is under way, and lets go of the folder. */
  close(): Promise<void>;
}

/** One insert of a loader, with room to spare. */
const bodyBytesMax = 256 * 1024 * 1024;

/**
 * One ClickHouse in this process, for the other processes of Millrace: it does
 * whatever it is told by whoever has a key.
 *
 * @throws MillraceError `key_required`, `port_in_use`, `data_folder_in_use`.
 */
export async function serveStore(settings: ServeStoreSettings): Promise<RunningStore> {
  if (!isLoopback(settings.host) && settings.readKeys.length === 0) {
    throw new MillraceError(
      'key_required',
      `Bound to ${settings.host}, the store can be reached from other machines, so it needs read keys.`,
    );
  }
  const engine = await openChdbSqlEngine({
    folder: settings.data,
    memoryBytesMax: settings.storeMemoryMb * 1024 * 1024,
  });
  const { requireRead } = createKeys({ write: [], read: settings.readKeys });
  try {
    const server = await listen(settings, (app) =>
      storeRoutes(app, { engine, requireKey: requireRead, bodyBytesMax }),
    );
    return {
      url: server.url,
      folder: settings.data,
      async close() {
        await server.close();
        await engine.close();
      },
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}
