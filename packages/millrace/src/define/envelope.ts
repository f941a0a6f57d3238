import {
  type BooleanType,
  boolean,
  type StringType,
  string,
  type TimestampType,
  timestamp,
} from './property.ts';

/** The type of each field that all events have, and whether it is always there. */
export interface Envelope {
  readonly event_id: EnvelopeEntry<StringType, true>;
  readonly type: EnvelopeEntry<StringType, true>;
  readonly timestamp: EnvelopeEntry<TimestampType, true>;
  readonly received_at: EnvelopeEntry<TimestampType, true>;
  readonly user_id: EnvelopeEntry<StringType, false>;
  readonly anonymous_id: EnvelopeEntry<StringType, false>;
  readonly session_id: EnvelopeEntry<StringType, false>;
  readonly late: EnvelopeEntry<BooleanType, true>;
}
interface EnvelopeEntry<Type, Required extends boolean> {
  readonly type: Type;
  readonly required: Required;
}

/** What every event carries beside its properties, and what a rollup may ask of it. */
export const envelope: Envelope = {
  event_id: { type: string(), required: true },
  type: { type: string(), required: true },
  timestamp: { type: timestamp(), required: true },
  received_at: { type: timestamp(), required: true },
  user_id: { type: string(), required: false },
  anonymous_id: { type: string(), required: false },
  session_id: { type: string(), required: false },
  late: { type: boolean(), required: true },
};

export type EnvelopeField = keyof Envelope;

export const isEnvelopeField = (name: string): name is EnvelopeField =>
  Object.hasOwn(envelope, name);
