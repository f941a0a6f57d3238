import { type AskOptions, ask } from '../client/ask.ts';
import { urlOf } from '../server/address.ts';
import { commandKey } from '../server/read-key.ts';
import type { Settings } from './settings.ts';

/**
 * Asks the Millrace that runs where the settings say, with one of its read keys.
 *
 * @throws MillraceError `not_running`, and with the code it answers.
 */
export const askRunning = <Answer>(
  { host, port, readKeys }: Pick<Settings, 'host' | 'port' | 'readKeys'>,
  path: string,
  options: Omit<AskOptions, 'key'> = {},
): Promise<Answer> =>
  ask<Answer>(new URL(path, urlOf(host, port)), { ...options, key: commandKey(readKeys) });
