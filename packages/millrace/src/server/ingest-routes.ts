import type { FastifyInstance } from 'fastify';
import type { Admission } from '../collect/admission.ts';
import type { Collector } from '../collect/collector.ts';
import { allowBrowsers } from './cors.ts';
import { answerError } from './error-answer.ts';
import { eventRoutes } from './event-routes.ts';
import type { Keys } from './keys.ts';
import {
  createReceive,
  defaultReceiveLimits,
  leaveBodiesUnread,
  type Receive,
  type ReceiveLimits,
} from './receive.ts';
import { sdkSettingsRoutes } from './sdk-settings-routes.ts';
import { segmentRoutes } from './segment-routes.ts';
import { trackerRoutes } from './tracker-routes.ts';

export interface IngestOptions {
  readonly collector: Collector;
  readonly admission: Admission;
  readonly keys: Keys;
  readonly limits?: Partial<Omit<ReceiveLimits, 'bodyBytesMax'>>;
}

/** What the routes of each protocol share, one bound on the bytes in flight among it. */
export interface Ingest {
  readonly collector: Collector;
  readonly keys: Keys;
  readonly receive: Receive;
}

/** Everything that takes events: Millrace's own way, CloudEvents, the Segment API; and the script that sends them. */
export async function ingestRoutes(
  server: FastifyInstance,
  { collector, admission, keys, limits }: IngestOptions,
): Promise<void> {
  const { bodyBytesMax } = collector.limits;
  const receive = createReceive({ ...defaultReceiveLimits, ...limits, bodyBytesMax }, admission);
  leaveBodiesUnread(server);
  server.setErrorHandler(answerError);
  trackerRoutes(server);
  const ingest = { collector, keys, receive };
  allowBrowsers(server, [
    ...eventRoutes(server, ingest),
    ...segmentRoutes(server, ingest),
    ...sdkSettingsRoutes(server, keys),
  ]);
}
