import { aliveRoutes } from '../../server/alive-routes.ts';
import { answerError, refuseUnknownRoutes } from '../../server/error-answer.ts';
import { type Address, type Listening, listen } from '../../server/server.ts';
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

/** Runs a role that only works: it answers whether it is alive and can. */
export const runWorkingRole = (
  address: Address,
  notReady: () => string | null,
  letGo: () => Promise<void>,
): Promise<RunningRole> =>
  runRole(
    listen(address, async (app) => {
      app.setErrorHandler(answerError);
      refuseUnknownRoutes(app);
      await app.register(aliveRoutes, { notReady });
    }),
    letGo,
  );
