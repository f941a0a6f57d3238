/** What one request, and one event of it, may be at most. */
export interface CollectLimits {
  /** Of a body, after decompression. */
  readonly bodyBytesMax: number;
  /** Of one event in canonical form, as UTF-8. */
  readonly eventBytesMax: number;
  readonly batchEventsMax: number;
  /** How deep an event may nest: the event itself is 1, `properties` is 2. */
  readonly depthMax: number;
  /** Undeclared names in `properties`, and names in `context`, nested ones included (those inside arrays are not). */
  readonly namesMax: number;
}

export const defaultCollectLimits: CollectLimits = {
  bodyBytesMax: 10 * 1024 * 1024,
  eventBytesMax: 512 * 1024,
  batchEventsMax: 10_000,
  depthMax: 32,
  namesMax: 1_000,
};
