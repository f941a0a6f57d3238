import type { Listening } from '../../server/server.ts';
import type { RunningRole } from './role-settings.ts';

/** Serves for a role; what it needed is let go after the server, or when that does not come up. */
export async function runRole(
  listening: Promise<Listening>,
  letGo: () => Promise<void>,
): Promise<RunningRole> {
  try {
    const server = await listening;
    return {
      url: server.url,
      async close() {
        await server.close();
        await letGo();
      },
    };
  } catch (error) {
    await letGo();
    throw error;
  }
}
