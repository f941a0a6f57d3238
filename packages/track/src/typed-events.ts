import type { AnyPipeline, EventInput, EventName } from 'millrace';

/** What one may say of an event beside its properties. */
export interface EventOptions {
  /** 1 to 128 bytes, for an event that is sent from elsewhere too. Default: a UUID. */
  readonly eventId?: string;
  /** When it happened, by the clock of this device. Default: now. */
  readonly timestamp?: Date | number;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly sessionId?: string;
  readonly context?: { readonly [name: string]: unknown };
}

export type EventProperties<P extends AnyPipeline, Type extends EventName<P>> = EventInput<
  P,
  Type
>['properties'];

/** The properties may be left out where none is required. */
export type TrackArguments<P extends AnyPipeline, Type extends EventName<P>> =
  undefined extends EventProperties<P, Type>
    ? [properties?: EventProperties<P, Type>, options?: EventOptions]
    : [properties: EventProperties<P, Type>, options?: EventOptions];

/** Takes the events of a pipeline: another type, or properties that it does not declare, do not compile. */
export type Track<P extends AnyPipeline> = <Type extends EventName<P>>(
  type: Type,
  ...given: TrackArguments<P, Type>
) => void;
