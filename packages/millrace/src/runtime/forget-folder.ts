import { ask } from '../client/ask.ts';
import type { ForgetRequest, ForgetStatus } from '../forget/forgetter.ts';
import { commandKey } from '../server/read-key.ts';
import { type DataFolderSettings, openDataFolder } from './open-data-folder.ts';
import { ownerUrl } from './owner-url.ts';

/** Orders of a data folder, in the process that has it open or in this one. */
export interface FolderOrders {
  order(request: ForgetRequest): Promise<ForgetStatus>;
  orders(): Promise<readonly ForgetStatus[]>;
  /** Lets go of the folder, if this process has it. What is under way goes on when it is opened again. */
  close(): Promise<void>;
}

/** @throws MillraceError what opening the data folder throws. */
export async function forgetFolder(
  settings: DataFolderSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<FolderOrders> {
  const url = await ownerUrl(settings.data);
  return url === null
    ? inThisProcess(settings, onProblem)
    : ofAnother(url, commandKey(settings.readKeys));
}

function ofAnother(url: string, key: string | undefined): FolderOrders {
  const place = new URL('/v1/forgotten', url);
  return {
    order: ({ person: { userId, anonymousId }, rebuild }) => {
      const body = JSON.stringify({
        ...(userId === null ? {} : { user_id: userId }),
        ...(anonymousId === null ? {} : { anonymous_id: anonymousId }),
        rebuild,
      });
      return ask<ForgetStatus>(place, { method: 'PUT', key, body });
    },
    orders: async () =>
      (await ask<{ readonly orders: readonly ForgetStatus[] }>(place, { key })).orders,
    close: async () => {},
  };
}

async function inThisProcess(
  settings: DataFolderSettings,
  onProblem: (what: string, error: unknown) => void,
): Promise<FolderOrders> {
  const embedded = await openDataFolder(settings, onProblem);
  const { forgetter } = embedded;
  return {
    order: (request) => forgetter.order(request),
    orders: async () => forgetter.orders,
    close: async () => {
      await embedded.close();
    },
  };
}
