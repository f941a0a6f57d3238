import fc from 'fast-check';

const whole = Buffer.from(
  JSON.stringify({
    batch: [
      { event_id: 'a', type: 'view', properties: { product_id: 'ü\n', category: 'c', price: '1' } },
      { type: 'everything', timestamp: '2026-05-01T12:00:00Z', properties: { numbers: [1, 2] } },
      { type: 'page', context: { deep: { deeper: [null, true, 1.5e3] } }, sent_at: 1 },
    ],
  }),
);

const tokens = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '\\u0000', '\\ud800', '-', '1e999', 'null'],
  ...['12345678901234567890', '0.12345678901234567', '"__proto__":', '\n', '\0'],
];

/** A batch with a few of its bytes left out, and others put in. */
export const mutatedBatch = fc
  .array(
    fc.record({
      at: fc.nat(whole.length),
      length: fc.nat(12),
      put: fc.oneof(
        fc.constantFrom(...tokens).map((token) => Buffer.from(token)),
        fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((mutations) =>
    mutations.reduce(
      (body, { at, length, put }) =>
        Buffer.concat([body.subarray(0, at), put, body.subarray(at + length)]),
      whole,
    ),
  );
