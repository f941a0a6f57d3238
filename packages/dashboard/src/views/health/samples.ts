import { useEffect, useState } from 'preact/hooks';
import type { Status } from './ask-health.ts';

/** Ten minutes, at one in two seconds. */
const samplesMax = 300;

export interface Samples {
  /** Seconds since the epoch. */
  readonly times: readonly number[];
  readonly rates: readonly number[];
  readonly lags: readonly (number | null)[];
}

const none: Samples = { times: [], rates: [], lags: [] };

/** What was seen of a status that is asked again and again. */
export function useSamples(status: Status | undefined): Samples {
  const [samples, setSamples] = useState(none);
  useEffect(() => {
    if (status === undefined) return;
    setSamples(({ times, rates, lags }) => ({
      times: [...times, Date.now() / 1_000].slice(-samplesMax),
      rates: [...rates, status.events_per_second].slice(-samplesMax),
      lags: [...lags, status.lag_ms].slice(-samplesMax),
    }));
  }, [status]);
  return samples;
}
