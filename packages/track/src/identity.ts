import type { KeptValues } from './kept-values.ts';
import { uuidV7 } from './uuid-v7.ts';
import type { Who } from './wire-event.ts';

export interface Identity {
  /** Who acts now; that they do keeps their session going. */
  act(nowMs: number): Who;
  /** From now on it is this user. */
  identify(userId: string): void;
  /** Somebody else from now on, nobody knows who. */
  reset(): void;
}

/** As in most of the field: half an hour without an event ends a session. */
const sessionIdleMs = 30 * 60_000;

/** Read anew each time, so that a sign-out in one tab holds in all of them. */
export function createIdentity(kept: KeptValues): Identity {
  const anonymousId = (nowMs: number): string => {
    const known = kept.get('anonymous_id');
    if (known !== null) return known;
    const id = uuidV7(nowMs);
    kept.set('anonymous_id', id);
    return id;
  };
  const sessionId = (nowMs: number): string => {
    const [known, actedAt] = kept.get('session')?.split(' ') ?? [];
    const goesOn = known !== undefined && nowMs - Number(actedAt) < sessionIdleMs;
    const id = goesOn ? known : uuidV7(nowMs);
    kept.set('session', `${id} ${nowMs}`);
    return id;
  };
  return {
    act: (nowMs) => ({
      user_id: kept.get('user_id') ?? undefined,
      anonymous_id: anonymousId(nowMs),
      session_id: sessionId(nowMs),
    }),
    identify(userId) {
      kept.set('user_id', userId);
    },
    reset() {
      for (const name of ['user_id', 'anonymous_id', 'session']) kept.remove(name);
    },
  };
}
