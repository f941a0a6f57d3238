import { randomUUID } from 'node:crypto';
import {
  Consumer,
  FetchIsolationLevels,
  MessagesStreamModes,
  stringDeserializers,
} from '@platformatic/kafka';
import { TopicOffsets } from '../packages/millrace/src/adapters/kafka/topic-offsets.ts';
import { deltaMs } from '../packages/millrace/src/compile/flink/rollup-job.ts';
import type { Progress, Sample } from './flink-phase.ts';

/** Of a job that passes on each event once: by the ends of its topic. */
export async function passedOn(bootstrap: string, to: string, inAll: number): Promise<Progress> {
  const offsets = new TopicOffsets({ clientId: 'bench', brokers: [bootstrap] });
  return {
    inAll,
    async done() {
      // Ends of transactions count as well, a few of them.
      const ends = await offsets.ends(to);
      return ends.reduce((sum, end) => sum + end, 0);
    },
    steady: (samples) => [sampleAt(samples, 0), sampleAt(samples, -1)],
    close: () => offsets.close(),
  };
}

/** Of a job that writes deltas: by the events that they count. */
export async function counted(bootstrap: string, to: string, inAll: number): Promise<Progress> {
  const consumer = new Consumer({
    ...{ clientId: 'bench', groupId: randomUUID(), bootstrapBrokers: [bootstrap] },
    deserializers: stringDeserializers,
    isolationLevel: FetchIsolationLevels.READ_UNCOMMITTED,
    autocommit: false,
  });
  const stream = await consumer.consume({ topics: [to], mode: MessagesStreamModes.EARLIEST });
  let events = 0;
  stream.on('data', ({ value }) => {
    const delta: { readonly events: number } = JSON.parse(value);
    events += delta.events;
  });
  return {
    inAll,
    done: async () => events,
    steady: betweenWindows,
    async close() {
      await consumer.close(true);
    },
  };
}

/** From the end of one window of processing time to that of another, without the last, which is cut short. */
function betweenWindows(samples: readonly Sample[]): readonly [Sample, Sample] {
  const ends = samples.filter(({ atMs }, i) => {
    const next = samples[i + 1];
    return next === undefined || next.atMs - atMs > deltaMs / 2;
  });
  return [sampleAt(ends, 0), sampleAt(ends, -2)];
}

function sampleAt(samples: readonly Sample[], index: number): Sample {
  const sample = samples.at(index);
  if (sample === undefined) throw new Error('it was over too soon: give it more events');
  return sample;
}
