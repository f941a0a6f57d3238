/**
 * Why one event of a request can be refused while the others are accepted, in
 * one place. A code never changes its meaning; `docs/reference/errors.md` is
 * generated from this table.
 */
export const refusals = {
  // It could not be read as an event at all.
  invalid_json: 'This line is not JSON.',
  not_an_object: 'An event is a JSON object.',
  invalid_utf8: 'The bytes of the event are not UTF-8.',
  not_a_cloudevent: 'A CloudEvent has specversion 1.0, id, source and type.',

  // Its envelope.
  missing_type: 'An event names its type.',
  unknown_event_type: 'The pipeline defines no such event.',
  event_id_invalid: 'An event id is a string of 1 to 128 bytes.',
  event_id_too_long: 'An event id has at most 128 bytes.',
  bad_timestamp: 'A time is ISO 8601 (UTC unless it says otherwise) or a number of milliseconds.',
  timestamp_in_future: 'The timestamp lies further in the future than the pipeline allows.',
  timestamp_too_old: 'The timestamp is older than what the pipeline keeps.',

  // Its properties.
  missing_property: 'A required property is missing.',
  unknown_property: 'The event type refuses properties it does not declare.',
  wrong_type: 'A value is not of the declared type.',
  not_in_enum: 'A value is none of the declared ones.',
  number_out_of_range: 'A number does not fit its type.',
  decimal_out_of_range: 'A decimal has more digits before the point than declared.',
  decimal_too_precise: 'A decimal has more digits after the point than declared.',
  timestamp_out_of_range: 'A time lies outside the years 1900 to 2299.',

  // Its strings, names and size.
  nul_character: 'A string or name holds a NUL character.',
  lone_surrogate: 'A string or name holds half of a surrogate pair.',
  reserved_key: 'No name may be __proto__, or hold %2E.',
  too_deep: 'The event nests too deep.',
  too_many_properties: 'The event has too many properties.',
  event_too_large: 'The event is too large.',

  // Found later, by the loader.
  store_refused: 'The store refused the event.',
} as const;

export type RefusalCode = keyof typeof refusals;

/**
 * Thrown to leave the checks of one event. Not an Error: a hostile batch can
 * raise ten thousand of them, and nobody would read their stacks.
 */
export class Refusal {
  readonly code: RefusalCode;
  /** A sentence for the sender, naming the place. */
  readonly message: string;

  constructor(code: RefusalCode, message: string = refusals[code]) {
    this.code = code;
    // What it quotes may end in half a character, which the store does not take.
    this.message = message.toWellFormed();
  }
}
